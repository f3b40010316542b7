"""Which clips are measured, and from which frame on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.evaluation import clips
from avatar_app.evaluation.clips import choose_clips, take_clip
from avatar_app.types import AvatarAppError, Image
from tests.evaluation.constructed import FakeFinder, landmarks, picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three clips (their content is not read here) and a file that is none."""
    for name in ("b.mp4", "a.MP4", "c.webm", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def indexed(folder: Path) -> Path:
    """The same with an index that names splits."""
    (folder / "index.csv").write_text("file,split\nb.mp4,test\na.MP4,train\nc.webm,test\n")
    return folder


@pytest.mark.parametrize(
    ("split", "names"),
    [
        (None, ["b.mp4", "c.webm"]),
        ("train", ["a.MP4"]),
        ("all", ["a.MP4", "b.mp4", "c.webm"]),
    ],
)
def test_the_index_decides_and_test_is_the_default(
    indexed: Path, split: str | None, names: list[str]
) -> None:
    """Nobody measures on training clips by accident."""
    assert [path.name for path in choose_clips(indexed, split)] == names


def test_without_an_index_all_videos_are_taken(folder: Path) -> None:
    """By name, and no other files."""
    assert [path.name for path in choose_clips(folder)] == ["a.MP4", "b.mp4", "c.webm"]


def test_an_unknown_split_names_the_known(indexed: Path) -> None:
    """The sentence helps to correct it."""
    with pytest.raises(AvatarAppError, match="tset; known: test, train, all"):
        choose_clips(indexed, "tset")


def test_an_index_may_come_from_a_spreadsheet(indexed: Path) -> None:
    """With the mark that Excel puts first; in Latin-1 the sentence says how to save it."""
    index, table = indexed / "index.csv", (indexed / "index.csv").read_text()
    index.write_text(table, encoding="utf-8-sig")
    assert [path.name for path in choose_clips(indexed)] == ["b.mp4", "c.webm"]
    index.write_text(table + "jörg.mp4,test\n", encoding="latin-1")
    with pytest.raises(AvatarAppError, match=r"index\.csv is no table in UTF-8 .*save it again"):
        choose_clips(indexed)


def test_a_split_without_an_index_is_refused(folder: Path) -> None:
    """What cannot be obeyed is not ignored."""
    with pytest.raises(AvatarAppError, match="has no index"):
        choose_clips(folder, "test")


@pytest.mark.parametrize("missing", [True, False])
def test_a_folder_without_videos_is_refused(tmp_path: Path, missing: bool) -> None:
    """Whether it is empty or not there."""
    with pytest.raises(AvatarAppError, match="empty"):
        choose_clips(tmp_path / "empty" if missing else _made(tmp_path / "empty"))


def _made(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture
def ten_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every clip reads as ten numbered pictures."""

    def read(path: Path, size: int) -> Image:
        return np.stack([picture(number) for number in range(10)])

    monkeypatch.setattr(clips, "read_clip", read)


def test_a_take_starts_with_the_first_measured_face(ten_frames: None) -> None:
    """Frames before it are left out; a later frame without a face stays."""
    known = [None, landmarks(), None, landmarks(), landmarks(), landmarks(), None, *[None] * 3]
    take = take_clip(Path("x.mp4"), 32, 3, FakeFinder(known))
    assert list(take.numbers) == [3, 6, 9]
    assert [image.mean() for image in take.images] == [3, 6, 9]
    assert [found is None for found in take.looks] == [False, True, True]
    assert take.source.image.mean() == 3


def test_a_clip_without_a_face_is_refused_by_name(ten_frames: None) -> None:
    """Nothing can be its source."""
    with pytest.raises(AvatarAppError, match=r"x\.mp4 shows no face"):
        take_clip(Path("x.mp4"), 32, 3, FakeFinder([None] * 10))


@pytest.mark.parametrize(("faces", "stride"), [(10, 100), (1, 9)], ids=["stride", "late face"])
def test_a_source_alone_is_nothing_to_measure(ten_frames: None, faces: int, stride: int) -> None:
    """Rebuilt of itself by doing nothing it would look perfect."""
    known = [None] * (10 - faces) + [landmarks()] * faces
    with pytest.raises(AvatarAppError, match=rf"x\.mp4 .* stride smaller than {stride}"):
        take_clip(Path("x.mp4"), 32, stride, FakeFinder(known))
