"""What is played: nobody of the test split is learnt from, and every scene has its own name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from avatar_app.calibration_run import calibrate
from avatar_app.calibration_run.foreign import OTHERS
from avatar_app.calibration_run.glitches import JAWS
from avatar_app.calibration_run.plan import (
    AGAIN,
    AVATAR,
    CALM,
    FIT,
    FOREIGN,
    JAW,
    TEST,
    plan,
    pupils,
)
from avatar_app.types import AvatarAppError


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Return a folder that names many people, and a few real ones; no clip is opened."""
    folder = tmp_path / "synthetic"
    folder.mkdir()
    rows = [
        f"{split}{number}.mp4,{split}"
        for split, many in (("train", 200), ("val", 6), ("test", 6))
        for number in range(many)
    ]
    (folder / "index.csv").write_text("\n".join(["file,split", *rows]) + "\n")
    for name in ("edge/a_hand.mp4", "edge/b_hand.mp4", "real/somebody.mp4"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_people_are_in_one_split(clips: Path) -> None:
    """Nor is anybody of the plan among those the network learns from."""
    scenes = plan(clips, 3, 3)
    people = {split: {one.clip for one in scenes if one.split == split} for split in (FIT, TEST)}
    assert people[FIT]
    assert people[TEST]
    assert not people[FIT] & people[TEST]
    assert not (people[FIT] | people[TEST]) & set(pupils(clips))


def test_whose_clip_itself_is_broken_is_nobody_calm(clips: Path) -> None:
    """What is broken in a clip is no false alarm; the others stay."""
    rows = ["synth_000219.mp4,train", "synth_000327.mp4,train", "synth_000220.mp4,train"]
    index = clips / "synthetic" / "index.csv"
    people = [row for row in index.read_text().splitlines() if not row.endswith("train")]
    index.write_text("\n".join([*people, *rows]) + "\n")
    names = {one.clip.stem for one in plan(clips, 3, 3)}
    assert "synth_000220" in names
    assert not names & {"synth_000219", "synth_000327"}


def test_every_scene_has_its_own_name(clips: Path) -> None:
    """What was measured is kept by it."""
    scenes = plan(clips, 3, 3)
    assert len({one.name for one in scenes}) == len(scenes)


def test_everybody_becomes_an_avatar_that_others_drive_too(clips: Path) -> None:
    """Driven once by the clip itself, and then by what webcams show of it."""
    scenes = [one for one in plan(clips, 3, 3) if one.kind == CALM and one.what == AVATAR]
    for split in (FIT, TEST):
        seeds: dict[Path, set[int]] = {one.clip: set() for one in scenes if one.split == split}
        assert len(seeds) == 6
        for one in scenes:
            if one.split == split:
                seeds[one.clip].add(one.seed)
        assert all(found == set(range(len(found))) for found in seeds.values())
        assert all(len(found) > 1 for found in seeds.values())


@pytest.mark.parametrize(("kind", "glitches"), [(JAW, JAWS), (FOREIGN, OTHERS)])
def test_some_glitches_are_for_testing_only(
    clips: Path, kind: str, glitches: Collection[str]
) -> None:
    """Of rendered people and of real ones, in every way; nothing of it is learnt from."""
    found = [one for one in plan(clips, 3, 3) if one.kind == kind]
    assert {one.split for one in found} == {TEST}
    assert {one.clip.parent.name for one in found} == {"synthetic", "real"}
    assert len(found) == (3 + 1) * len(glitches)
    assert not set(glitches) & {one.what for one in plan(clips, 3, 3) if one.split == FIT}


def test_calm_avatars_are_played_again_where_that_is_asked_for(clips: Path) -> None:
    """Everybody of the test split so many times, each time filmed otherwise than before."""
    more = set(plan(clips, 3, 3, again=2)) - set(plan(clips, 3, 3))
    assert {(one.kind, one.split) for one in more} == {(AGAIN, TEST)}
    assert len(more) == 2 * 6
    before = {(one.clip, one.seed) for one in plan(clips, 3, 3) if one.what == AVATAR}
    assert not {(one.clip, one.seed) for one in more} & before


def test_an_index_without_a_column_is_one_sentence(clips: Path) -> None:
    """It names the file and what it must have."""
    (clips / "synthetic" / "index.csv").write_text("file,part\na.mp4,val\n")
    with pytest.raises(AvatarAppError, match=r"index\.csv must have the columns file and split"):
        plan(clips, 3, 3)


def test_an_index_that_a_spreadsheet_wrote_is_read_or_named(clips: Path) -> None:
    """With its mark before the first letter; in another alphabet than UTF-8 it is one sentence."""
    index, before = clips / "synthetic" / "index.csv", plan(clips, 3, 3)
    index.write_text(index.read_text(), encoding="utf-8-sig")
    assert plan(clips, 3, 3) == before
    index.write_bytes("file,split\nrené.mp4,val\n".encode("latin-1"))
    with pytest.raises(AvatarAppError, match=r"index\.csv is no table in UTF-8 .*save it again"):
        plan(clips, 3, 3)


def test_what_fits_is_looked_for_before_anything_is_played(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hours of playing would be lost otherwise."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AvatarAppError, match="scipy and sklearn must be there"):
        calibrate(clips, tmp_path / "glitch.json")
    assert not (tmp_path / "glitch.cache").exists()
