"""Learning what is usual of a user from a clean video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.calibration_run import own
from avatar_app.glitch.own import load_own
from avatar_app.settings import bundled
from avatar_app.types import Avatar, AvatarAppError, Frame, KeyPoints, Rendered
from avatar_app.video import VideoWriter
from tests.demo_clip import demo_frames


class Mirror:
    """An engine whose avatar is the driver."""

    size = 256

    def set_source(self, avatar: Avatar) -> None:
        """Take any avatar."""

    def calibrate(self, frame: Frame) -> None:
        """Take any pose."""

    def animate(self, frame: Frame) -> Rendered:
        """Return the driver as the rendered picture."""
        points = KeyPoints(np.zeros((1, 1, 2), np.float32), np.zeros((1, 1, 2, 2), np.float32))
        return Rendered(frame, frame.image, points)

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the engine where the job loads one."""
    monkeypatch.setattr(own, "load_reenactor", lambda *_: Mirror())


def test_clean_seconds_become_what_is_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled clip is learned as the user's own, and kept where a detector finds it."""
    monkeypatch.setattr("avatar_app.glitch.own.LEAST_SECONDS", 5.0)
    monkeypatch.setattr(own, "_MOST_SECONDS", 7.0)
    output = tmp_path / "detector.json"
    path, learned = own.learn_own(bundled("assets", "demo", "webcam.mp4"), output)
    assert path == output
    assert learned.seconds > 5
    kept = load_own(path)
    assert kept is not None
    low, high = kept.measures["face_score"][1:]
    assert low < kept.measures["face_score"][0] < high
    assert "mismatch_yaw" in kept.measures


def left(path: Path, *, comes_back: bool) -> Path:
    """Write a face that is gone from second 3 to 5, and then comes back or does not."""
    faces, room = demo_frames(75, 320, 240), np.full((240, 320, 3), 130, np.uint8)
    with VideoWriter(path, 320, 240, 25) as writer:
        for step, image in enumerate([*faces, *[room] * 50, *(faces if comes_back else [])]):
            writer.write(image, step / 25)
    return path


def test_who_leaves_early_is_refused_with_how_long_they_were_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty room is no time with a face."""
    monkeypatch.setattr("avatar_app.glitch.own.LEAST_SECONDS", 3.0)
    with pytest.raises(AvatarAppError, match=r"Only 2\.0 s of a face can be learned from"):
        own.learn_own(left(tmp_path / "left.mp4", comes_back=False), tmp_path / "detector.json")
    assert not (tmp_path / "detector.json").exists()


def test_from_an_empty_room_nothing_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is usual is that of a face, and so is the time."""
    monkeypatch.setattr("avatar_app.glitch.own.LEAST_SECONDS", 3.0)
    video = left(tmp_path / "left.mp4", comes_back=True)
    _, learned = own.learn_own(video, tmp_path / "detector.json")
    assert learned.seconds == pytest.approx(4, abs=0.3)
    assert min(learned.measures["face_score"]) > 0
    assert max(learned.measures["driver_unseen"]) == 0


def test_a_video_without_a_face_is_refused(tmp_path: Path) -> None:
    """In one sentence, and nothing is written."""
    video = tmp_path / "empty.mp4"
    with VideoWriter(video, 64, 64, 25) as writer:
        for step in range(5):
            writer.write(np.full((64, 64, 3), 90, np.uint8), step / 25)
    with pytest.raises(AvatarAppError, match=r"No face was found in .*empty\.mp4"):
        own.learn_own(video, tmp_path / "detector.json")
    assert not (tmp_path / "detector.json").exists()


def test_what_cannot_be_kept_is_known_before_the_video_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for minutes to learn that; and the video is no place for it."""
    monkeypatch.setattr(own, "load_reenactor", lambda *_: pytest.fail("it was played"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path / "file"))
    clip = bundled("assets", "demo", "webcam.mp4")
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        own.learn_own(clip)
    video = tmp_path / "me.mp4"
    video.write_bytes(clip.read_bytes())
    with pytest.raises(AvatarAppError, match="would destroy it"):
        own.learn_own(video, tmp_path / "." / "me.mp4")
    assert video.read_bytes() == clip.read_bytes()
