"""Videos written live: playable after a killed process, ordinary after a clean end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avatar_app.types import AvatarAppError
from avatar_app.video import DurableVideoWriter, VideoReader, read_tags

RATE = 30
WRITE = f"""
import os, signal, sys
from pathlib import Path
import numpy as np
from avatar_app.video import DurableVideoWriter
writer = DurableVideoWriter(Path(sys.argv[1]), 64, 48, {RATE}, {{"comment": "kept"}})
for step in range(90):
    writer.write(np.full((48, 64, 3), step, np.uint8), step / {RATE})
os.kill(os.getpid(), signal.SIGKILL)
"""


def boxes(content: bytes) -> list[bytes]:
    """Return the names of an .mp4's outer boxes; fragments would show as moof."""
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    return names


@pytest.mark.skipif(os.name == "nt", reason="processes are killed in another way")
def test_a_killed_process_leaves_a_video(tmp_path: Path) -> None:
    """All but the last half second can be played, and the file says what it is."""
    path = tmp_path / "cut.mp4"
    ended = subprocess.run([sys.executable, "-c", WRITE, str(path)])
    assert ended.returncode == -signal.SIGKILL
    with VideoReader(path) as reader:
        greys = [int(frame.image.mean().round()) for frame in reader]
    assert len(greys) >= 90 - RATE // 2
    assert np.abs(np.array(greys) - np.arange(len(greys))).max() <= 4
    assert read_tags(path)["comment"] == "kept"


def test_a_clean_end_leaves_an_ordinary_file(tmp_path: Path) -> None:
    """It has all pictures at their times, announces its length, and has its index at hand."""
    path = tmp_path / "folder" / "whole.mp4"
    times = [0.0, 0.03, 0.1, 0.5, 0.54]
    writer = DurableVideoWriter(path, 64, 48, RATE, {"comment": "kept"})
    for step, time in enumerate(times):
        writer.write(np.full((48, 64, 3), 40 * step, np.uint8), time)
    writer.close()
    writer.close()
    with VideoReader(path) as reader:
        assert reader.frames == 5
        assert [frame.time for frame in reader] == pytest.approx(times, abs=0.001)
        assert reader.duration == pytest.approx(0.54 + 1 / RATE, abs=0.01)
    assert boxes(path.read_bytes())[-1] == b"moov"
    assert read_tags(path)["comment"] == "kept"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The sentence comes before anything is recorded."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        DurableVideoWriter(tmp_path / "file" / "a.mp4", 64, 48, RATE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk to try")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """It is one sentence, and letting go afterwards is harmless."""
    path = tmp_path / "a.mp4"
    path.symlink_to("/dev/full")
    writer = DurableVideoWriter(path, 64, 48, RATE)
    noise = np.random.default_rng(1)

    def write_much() -> None:
        for step in range(200):
            writer.write(noise.integers(0, 255, (48, 64, 3), np.uint8), step / RATE)

    with pytest.raises(AvatarAppError, match="disk is full"):
        write_much()
    writer.abandon()
