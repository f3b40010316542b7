"""Going to a moment of a video: the pictures from there on are those of a reading of the whole."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from avatar_app.types import Frame
from avatar_app.video import DurableVideoWriter, VideoReader
from tests.video.test_video import turn_flag
from tests.video.written import HEIGHT, WIDTH, picture, write_clip

COUNT = 150
UNEVEN = [step / 25 + (0.013 if step % 3 else 0.0) for step in range(COUNT)]


def durable(path: Path, times: list[float]) -> Path:
    """Write as a recording is written: with a key picture every thirty."""
    writer = DurableVideoWriter(path, WIDTH, HEIGHT, 25)
    for step, time in enumerate(times):
        writer.write(picture(step % 32), time)
    writer.close()
    return path


def whole(path: Path) -> list[Frame]:
    """Read all pictures from the beginning."""
    with VideoReader(path) as reader:
        return list(reader)


def check(path: Path, most: float) -> None:
    """Go to and fro, and beyond the end: what is found begins `most` seconds before it at most."""
    frames = whole(path)
    moments = [frame.time for frame in frames[::9]] + [frame.time + 0.01 for frame in frames[::11]]
    random.Random(2).shuffle(moments)
    with VideoReader(path) as reader:
        for time in [*moments, frames[-1].time + 5, 0.0]:
            assert reader.seek(time), time
            found = list(islice(reader, 3))
            assert found[0].time <= time
            assert min(time, frames[-1].time) - found[0].time <= most
            at = min(range(len(frames)), key=lambda n: abs(frames[n].time - found[0].time))
            for one, other in zip(found, frames[at:], strict=False):
                assert one.time == pytest.approx(other.time, abs=1e-6)
                assert np.array_equal(one.image, other.image)


def test_a_recording_is_sought_by_its_key_pictures(tmp_path: Path) -> None:
    """The way to any moment is at most as long as from one key picture to the next."""
    check(durable(tmp_path / "a.mp4", UNEVEN), most=30 / 25 + 0.05)


@pytest.mark.parametrize("first", [0.0, 0.5])
@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_other_files_are_sought_too(tmp_path: Path, suffix: str, first: float) -> None:
    """Whatever the container, and whenever its first picture comes."""
    check(write_clip(tmp_path / f"a{suffix}", [first + time for time in UNEVEN]), most=100)


def test_after_the_end_it_can_be_sought_again(tmp_path: Path) -> None:
    """A whole reading keeps nobody from another one, which is the same."""
    path = durable(tmp_path / "a.mp4", UNEVEN)
    with VideoReader(path) as reader:
        assert len(list(reader)) == COUNT
        assert reader.seek(0.0)
        again = list(reader)
    assert [frame.time for frame in again] == [frame.time for frame in whole(path)]
    assert not reader.truncated
    assert not reader.damaged


def test_a_recording_that_was_cut_off_is_sought(tmp_path: Path) -> None:
    """What a killed process left has no index yet, and all its moments are there."""
    path = durable(tmp_path / "a.mp4", UNEVEN)
    cut = tmp_path / "cut.mp4"
    writer = DurableVideoWriter(cut, WIDTH, HEIGHT, 25)
    for step, time in enumerate(UNEVEN):
        writer.write(picture(step % 32), time)
    left = tmp_path / "left.mp4"
    left.write_bytes(cut.read_bytes())
    writer.close()
    assert 100 < len(whole(left)) < len(whole(path))
    check(left, most=100)


def test_a_turned_video_stays_upright(tmp_path: Path) -> None:
    """How a phone was held is known after going back, too."""
    path = write_clip(tmp_path / "phone.mp4", UNEVEN)
    turn_flag(path, (0, 1, -1, 0))
    assert whole(path)[0].image.shape == (WIDTH, HEIGHT, 3)
    check(path, most=100)
