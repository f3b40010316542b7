"""A whole evaluation with an engine whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pictures

from avatar_app.evaluation import EvaluationOptions, clips, evaluate, portraits, run
from avatar_app.evaluation.report import MODEL, PREVIOUS, STILL, WARP
from avatar_app.fomm import checkpoints
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame, Image, KeyPoints, Rendered
from tests.evaluation.constructed import SIZE, FakeFinder, landmarks, picture

FRAMES = 12


def small(yaw: float) -> Floats:
    """A head in the middle of a small picture."""
    return landmarks(yaw=yaw, unit=12, centre=(SIZE / 2, SIZE / 2))


FACES: list[Floats | None] = [small(3 * number) for number in range(FRAMES)]


@dataclass
class CopyingEngine:
    """Renders the driver's picture, or without `copies` always the avatar's."""

    copies: bool = True
    size: int = SIZE
    closed: bool = False
    avatar: Avatar | None = None
    calibrated_on: int | None = None

    def set_source(self, avatar: Avatar) -> None:
        """Keep the avatar."""
        self.avatar = avatar

    def calibrate(self, frame: Frame) -> None:
        """Remember the frame."""
        self.calibrated_on = frame.index

    def animate(self, frame: Frame) -> Rendered:
        """Copy."""
        assert self.avatar is not None
        keypoints = KeyPoints(np.zeros((1, 1, 2), "f4"), np.zeros((1, 1, 2, 2), "f4"))
        return Rendered(frame, frame.image if self.copies else self.avatar.image, keypoints)

    def close(self) -> None:
        """Remember that."""
        self.closed = True


@dataclass
class World:
    """What the evaluation finds outside itself."""

    engines: dict[tuple[str, bool], CopyingEngine]
    finder: FakeFinder
    options: EvaluationOptions


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Two clips of numbered pictures, fake engines, a fake finder, and no LPIPS weights."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("one.mp4", "two.mp4"):
        (folder / name).write_bytes(b"not read")
    engines: dict[tuple[str, bool], CopyingEngine] = {}

    def load(model: str, device: str, runtime: str, absolute: bool) -> CopyingEngine:
        engines[model, absolute] = CopyingEngine(copies=model != "stiff")
        return engines[model, absolute]

    def read(path: Path, size: int) -> Image:
        if path.name == "broken.mp4":
            raise AvatarAppError(f"{path} is not a video.")
        return np.stack([picture(number) for number in range(FRAMES)])

    finder = FakeFinder(FACES)
    monkeypatch.setattr(run, "load_reenactor", load)
    monkeypatch.setattr(run, "FaceFinder", lambda: finder)
    monkeypatch.setattr(
        checkpoints, "load", lambda model: SimpleNamespace(name=model, sha256="0" * 64)
    )
    monkeypatch.setattr(clips, "read_clip", read)
    yield World(
        engines,
        finder,
        EvaluationOptions(
            folder, stride=1, sheet=tmp_path / "sheet.png", json=tmp_path / "quality.json"
        ),
    )
    assert all(engine.closed for engine in engines.values())


def changed(world: World, **changes: object) -> EvaluationOptions:
    """The world's options with these changes."""
    return EvaluationOptions(**{**vars(world.options), **changes})


def test_a_perfect_model_beats_both_anchors_everywhere(world: World, tmp_path: Path) -> None:
    """A copy of the driver has no distance and follows fully; the still source does neither."""
    found = evaluate(world.options)
    assert found.totals[MODEL].l1 == found.totals[MODEL].akd == 0
    assert found.totals[MODEL].correlation["yaw"] == pytest.approx(1)
    assert found.totals[STILL].correlation["yaw"] is None
    assert found.totals[STILL].l1 == pytest.approx(np.mean(range(FRAMES)) / 255)
    assert set(found.totals) == {MODEL, STILL, WARP}
    assert set(found.clips) == {"one.mp4", "two.mp4"}
    assert found.sheet is not None
    assert found.sheet.stat().st_size > 0
    assert json.loads((tmp_path / "quality.json").read_text())["about"]["stride"] == 1


def test_the_previous_model_is_measured_beside_the_new_one(world: World) -> None:
    """A model that never moves is as good as the still source."""
    found = evaluate(changed(world, previous="stiff"))
    assert found.totals[PREVIOUS] == found.totals[STILL]
    assert found.totals[MODEL].l1 == 0


def test_models_of_different_sizes_are_not_compared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, not an error deep inside; the engines are closed all the same."""
    sizes = iter((SIZE, 2 * SIZE))
    monkeypatch.setattr(run, "load_reenactor", lambda *_, **__: CopyingEngine(size=next(sizes)))
    with pytest.raises(AvatarAppError, match="different sizes"):
        evaluate(changed(world, previous="big"))


def test_each_frame_of_the_driver_is_searched_once(world: World) -> None:
    """Anchors and model share the clip's landmarks."""
    world.finder.searched.clear()
    evaluate(changed(world, previous="stiff", sheet=None))
    # per clip: driver once, model's copies once, still and stiff once each, the warp's pictures,
    # and two times the jitter's eight
    assert len(world.finder.searched) <= 2 * (3 * FRAMES + 2 + 16)


def test_a_clip_that_cannot_be_read_is_named_and_left_out(world: World) -> None:
    """The others count."""
    (world.options.clips / "broken.mp4").touch()
    found = evaluate(world.options)
    assert set(found.clips) == {"one.mp4", "two.mp4"}
    assert any("broken.mp4 is not a video" in note for note in found.notes)


def test_where_nothing_can_be_measured_it_says_why(world: World) -> None:
    """An error, and no half result."""
    world.finder.known = [None] * FRAMES
    with pytest.raises(AvatarAppError, match=r"No clip .* shows no face"):
        evaluate(world.options)
    assert not world.options.json or not world.options.json.exists()


def test_a_first_frame_without_a_face_is_told(world: World) -> None:
    """The first frame with one is the source."""
    world.finder.known = [None, None, *FACES[2:]]
    found = evaluate(world.options)
    assert any("frame 2 is its source" in note for note in found.notes)
    assert found.totals[MODEL].frames == 2 * (FRAMES - 2)


def test_missing_lpips_weights_are_told_and_the_rest_is_measured(world: World) -> None:
    """The remedy is in the note."""
    found = evaluate(world.options)
    assert any("LPIPS was left out" in note and "models fetch" in note for note in found.notes)
    assert found.totals[MODEL].lpips is None


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two portraits, both in the pose of frame 7."""
    folder = tmp_path / "portraits"
    folder.mkdir()
    for name in ("amara.png", "kenji.png"):
        Pictures.fromarray(picture(7)).save(folder / name)
    monkeypatch.setattr(
        portraits, "load_avatar", lambda path, *_: Avatar(path.stem, picture(7), path, FACES[7])
    )
    return folder


def test_portraits_are_driven_from_the_pose_most_like_theirs(
    world: World, photos: Path, tmp_path: Path
) -> None:
    """Relative motion, calibrated on the frame in which the driver looks like the photo."""
    found = evaluate(changed(world, avatars=photos))
    assert world.engines["fomm-mini", False].calibrated_on == 7
    assert set(found.avatars) == {"amara", "kenji"}
    assert found.avatars_total is not None
    assert found.avatars_total.correlation["yaw"] == pytest.approx(1)
    assert found.avatars_total.akd is None
    assert found.avatar_sheet == tmp_path / "sheet_avatars.png"
    assert found.avatar_sheet.exists()


def test_portraits_that_differ_in_their_suffix_are_two(world: World, photos: Path) -> None:
    """Each has its own row, under a name that tells them apart, and its own frames."""
    (photos / "amara.png").rename(photos / "kenji.jpg")
    found = evaluate(changed(world, avatars=photos))
    assert set(found.avatars) == {"kenji.jpg", "kenji.png"}
    assert {scores.frames for scores in found.avatars.values()} == {2 * FRAMES}


def test_the_reel_shows_clips_that_were_measured_once_the_figures_are_safe(
    world: World, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip that cannot be read is left out of it, too; a reel that fails takes no figures."""
    (world.options.clips / "broken.mp4").touch()
    shown: list[str] = []

    def draw(clips: Sequence[Path], *_: object) -> None:
        shown.extend(clip.name for clip in clips)
        raise AvatarAppError("The disk is full.")

    monkeypatch.setattr(run, "draw_reel", draw)
    with pytest.raises(AvatarAppError, match="disk is full"):
        evaluate(changed(world, avatars=photos, video=tmp_path / "reel.mp4"))
    assert shown == ["one.mp4", "two.mp4"]
    assert set(json.loads((tmp_path / "quality.json").read_text())["clips"]) == set(shown)


def test_the_figures_do_not_hang_on_the_sheet(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full once the picture is to be written keeps what took long to measure."""

    def fail(*_: object) -> None:
        raise AvatarAppError("the disk is full")

    monkeypatch.setattr(run, "draw_sheet", fail)
    with pytest.raises(AvatarAppError, match="full"):
        evaluate(world.options)
    assert json.loads((tmp_path / "quality.json").read_text())["totals"]


def test_a_folder_without_portraits_is_refused(world: World, tmp_path: Path) -> None:
    """Whether it is missing or empty."""
    for folder in (tmp_path / "missing", world.options.clips):
        with pytest.raises(AvatarAppError, match=r"portrait"):
            evaluate(changed(world, avatars=folder))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stride": 0}, "stride of 0"),
        ({"sheet": Path(__file__, "sheet.png")}, "could not be written"),
        ({"json": Path("one.png"), "sheet": Path("one.png")}, "one.png is used twice"),
    ],
)
def test_impossible_options_are_refused_before_the_work(
    world: World,
    change: dict[str, object],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No engine is loaded for nothing."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AvatarAppError, match=sentence):
        evaluate(changed(world, **change))
    assert not world.engines


def test_a_clip_is_not_written_over(
    world: World, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the video that is asked for, or by what gets its name from the sheet's."""
    monkeypatch.chdir(tmp_path)
    clip = world.options.clips / "one.mp4"
    with pytest.raises(AvatarAppError, match=r"one\.mp4 is used twice"):
        evaluate(changed(world, avatars=photos, video=clip))
    taken = {"sheet": Path("of.png"), "json": Path("of_avatars.png")}
    with pytest.raises(AvatarAppError, match=r"of_avatars\.png is used twice"):
        evaluate(changed(world, avatars=photos, **taken))
    assert not world.engines
