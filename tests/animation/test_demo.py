"""The demo on the files that travel with the app, with a stand-in for the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from avatar_app import settings
from avatar_app.animation import job
from avatar_app.animation.demo import demo, draw_strip
from avatar_app.types import Avatar, AvatarAppError, Frame, KeyPoints, Rendered
from avatar_app.video import VideoReader


class Mirror:
    """Shows the driver itself."""

    size = 64
    model_name, model_sha256 = "mirror", "0" * 64
    runtime_description, device_reason = "nothing", "it is a test"

    def set_source(self, avatar: Avatar) -> None:
        """Need no avatar."""

    def calibrate(self, frame: Frame) -> None:
        """Need no neutral pose."""

    def animate(self, frame: Frame) -> Rendered:
        """Show the driver."""
        none = np.zeros((1, 1, 2), np.float32)
        points = KeyPoints(none, np.zeros((1, 1, 2, 2), np.float32))
        return Rendered(frame, frame.image, points, {}, {})

    def close(self) -> None:
        """Hold nothing."""


def test_demo_leaves_video_strip_and_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call renders the clip that comes along and shows its moments as a strip."""
    monkeypatch.setattr(job, "load_reenactor", lambda *_, **__: Mirror())
    result = demo(tmp_path / "demo-output")
    assert {path.name for path in (tmp_path / "demo-output").iterdir()} == {
        "demo.mp4",
        "strip.png",
        "stats.json",
    }
    with VideoReader(result.video) as reader:
        assert reader.frames == 300
    with Pictures.open(result.strip) as strip:
        assert strip.width > 3 * 256
        assert strip.height > 8 * 256
    assert json.loads(result.stats_json.read_text())["fps"] == result.stats.fps


def test_strip_shows_each_picture_in_its_place() -> None:
    """Rows are moments, columns what the headings say."""
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0)]
    cells = [np.full((32, 32, 3), colour, np.uint8) for colour in colours]
    strip = draw_strip(("one", "other"), [("first", cells[:2]), ("second", cells[2:])])
    found = [
        [(strip == colour).all(axis=2).nonzero() for colour in colours[:2]],
        [(strip == colour).all(axis=2).nonzero() for colour in colours[2:]],
    ]
    for row in found:
        assert row[0][0].max() == row[1][0].max()
        assert row[0][1].max() < row[1][1].min()
    assert found[0][0][0].max() < found[1][0][0].min()


def test_missing_files_of_the_demo_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation is said to be one."""
    monkeypatch.setattr(settings, "bundled", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(AvatarAppError, match="install the app again"):
        demo(tmp_path / "out")
