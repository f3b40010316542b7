"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from avatar_app.files import check_writable, not_written, whole, write_whole
from avatar_app.types import AvatarAppError


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Until then another name is beside it, with the same extension; missing folders are made."""
    path = tmp_path / "new" / "picture.png"
    with whole(path) as part:
        part.write_bytes(b"whole")
        assert (part.parent, part.suffix) == (path.parent, ".png")
        assert not path.exists()
    assert list(path.parent.iterdir()) == [path]
    assert path.read_bytes() == b"whole"


def test_what_was_there_survives_an_interrupt(tmp_path: Path) -> None:
    """Neither is the old file touched nor a new one left beside it."""
    path = tmp_path / "a.txt"
    write_whole(path, b"old")

    def interrupted() -> None:
        with whole(path) as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_made_in_vain_go_again(tmp_path: Path) -> None:
    """Not those that were there before, nor those with something in them."""
    for name in ("out/new/deep/a.txt", "out/new/b.txt"):
        (tmp_path / "out").mkdir(exist_ok=True)
        with pytest.raises(KeyboardInterrupt), whole(tmp_path / name):
            raise KeyboardInterrupt
        assert [*tmp_path.rglob("*")] == [tmp_path / "out"]
    other = tmp_path / "new" / "other.txt"
    with suppress(InterruptedError), whole(tmp_path / "new" / "a.txt"):
        other.touch()
        raise InterruptedError
    assert [*other.parent.iterdir()] == [other]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file it points to is written, there or not yet."""
    link, target = tmp_path / "link.txt", tmp_path / "elsewhere" / "target.txt"
    link.symlink_to(target)
    for content in (b"first", b"second"):
        write_whole(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """So are devices: a null device that became a file would be missed by everybody."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_writable(pipe)
        write_whole(pipe, b"through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_the_longest_name_is_fine(tmp_path: Path) -> None:
    """What is beside it for a while is not longer; a longer one is told what is wrong."""
    write_whole(tmp_path / f"{'x' * 251}.txt", b"")
    with pytest.raises(AvatarAppError, match="name is too long"):
        check_writable(tmp_path / f"{'x' * 252}.txt")


def test_asking_leaves_nothing(tmp_path: Path) -> None:
    """Whether a file can be written is found out without making it or its folders."""
    check_writable(tmp_path / "new" / "newer" / "a.txt")
    assert list(tmp_path.iterdir()) == []


def test_where_not_even_the_root_is_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a drive that was taken out: nobody searches for ever above it."""
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(AvatarAppError, match="its drive or folder is not there; choose another"):
        check_writable(Path("taken-out") / "new" / "a.txt")


def test_unwritable_places_are_told_before_and_after_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder, a file as folder, a file that is not to be written: a sentence, nothing left."""
    (tmp_path / "text.txt").write_text("some words")
    (tmp_path / "folder").mkdir()
    cases = (
        ("folder", "is a folder; give a file name"),
        ("text.txt/a.csv", "its folder is a file"),
        ("text.txt", "may not be written; choose another name"),
    )
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    before = sorted(tmp_path.iterdir())
    for name, sentence in cases:
        with pytest.raises(AvatarAppError, match=sentence):
            check_writable(tmp_path / name)
        with pytest.raises(AvatarAppError, match=sentence):
            write_whole(tmp_path / name, b"x")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full; free some space or choose another folder"),
        (errno.EROFS, "no permission to write there; choose another folder"),
        (errno.EIO, "Input/output error; choose another place"),
    ],
)
def test_the_sentence_names_the_file_and_a_way_out(number: int, reason: str) -> None:
    """Also where the system's error is about the name beside it."""
    error = OSError(number, os.strerror(number), ".out.1234.part.mp4")
    assert str(not_written(Path("out.mp4"), error)) == f"out.mp4 could not be written: {reason}"
