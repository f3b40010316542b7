"""The times of pictures in files whose own times jump."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.video import VideoReader
from tests.video.written import write_stream

STEPS = [step / 25 for step in range(50)]


def joined(path: Path, *starts: float) -> Path:
    """Join recordings that begin at these seconds, as `cat` does."""
    parts = [write_stream(path, [start + step for step in STEPS]).read_bytes() for start in starts]
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("starts", [(1000, 2), (10, 5), (2, 40_000), (0, 95_440)])
def test_joined_recordings_follow_each_other(tmp_path: Path, starts: tuple[float, float]) -> None:
    """A time that goes back, or far ahead, is no time that passes."""
    with VideoReader(joined(tmp_path / "joined.ts", *starts)) as reader:
        frames = list(reader)
        assert [frame.time for frame in frames] == pytest.approx(
            [step / 25 for step in range(100)], abs=1e-4
        )
        assert not reader.seek(1.0)


def test_a_counter_that_runs_over_is_no_jump(tmp_path: Path) -> None:
    """The 33 bits of a transport stream's times are full after a day, in the middle of anything."""
    full = 2**33 / 90_000 - 1.4  # as much is added to all times of a transport stream
    path = write_stream(tmp_path / "over.ts", [full - 1 + step for step in STEPS])
    with VideoReader(path) as reader:
        assert [frame.time for frame in reader] == pytest.approx(STEPS, abs=1e-4)


def test_a_picture_that_stands_for_long_is_kept(tmp_path: Path) -> None:
    """Some minutes without a picture are minutes that passed."""
    times = [0.0, 0.04, 600.0, 600.04]
    with VideoReader(write_stream(tmp_path / "still.mp4", times)) as reader:
        assert [frame.time for frame in reader] == pytest.approx(times, abs=1e-4)
