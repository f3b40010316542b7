"""Made-up drivers, a stand-in for the model, and readers of what was written."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import cv2
import numpy as np

from avatar_app.settings import bundled
from avatar_app.types import Avatar, Frame, Image, KeyPoints, Rendered
from avatar_app.video import VideoReader, VideoWriter

SIZE = 64


class FakeEngine:
    """Answers with the avatar, darkened by half so that a rendered picture can be told."""

    size = SIZE
    model_name = "fake"
    model_sha256 = "0" * 64
    runtime_description = "nothing at all"
    device_reason = "it is a test"

    def __init__(self) -> None:
        self.calibrated: list[Frame] = []
        self.animated: list[Frame] = []
        self.is_closed = False

    def set_source(self, avatar: Avatar) -> None:
        """Keep the avatar."""
        self.avatar = avatar

    def keypoints(self, frame: Frame) -> KeyPoints:
        """Give a pose of which the nearest to the avatar's own is the 6th."""
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1 + 0.1 * abs(frame.index - 6)]])
        if frame.image is self.avatar.image:
            corners[3, 1] = 1
        return KeyPoints(corners[None].astype(np.float32), np.zeros((1, 4, 2, 2), np.float32))

    def calibrate(self, frame: Frame) -> None:
        """Note the call."""
        self.calibrated.append(frame)

    def animate(self, frame: Frame) -> Rendered:
        """Note the call and give the dark avatar."""
        self.animated.append(frame)
        return Rendered(
            frame,
            self.avatar.image // 2,
            self.keypoints(frame),
            {"fold_share": 0.25, "steps": float(frame.index)},
            {"detect": 1.0, "render": 2.0},
        )

    def close(self) -> None:
        """Note the call."""
        self.is_closed = True


def portrait(name: str, side: int) -> Image:
    """Return a bundled portrait, (side, side, 3)."""
    image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
    assert image is not None
    image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


FACE = np.full((240, 320, 3), 120, np.uint8)
FACE[20:220, 60:260] = portrait("amara", 200)
WALL = np.full((240, 320, 3), 120, np.uint8)


def write_clip(path: Path, images: list[Image], times: list[float] | None = None) -> Path:
    """Write pictures of 320 x 240, at 25 a second if no times are given."""
    with VideoWriter(path, 320, 240, 25) as writer:
        for step, image in enumerate(images):
            writer.write(image, times[step] if times else step / 25)
    return path


def write_gif(path: Path, images: list[Image]) -> Path:
    """Write an animated GIF of ten pictures a second."""
    with av.open(path, "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "gray"
        for image in images:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="gray")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pictures(path: Path) -> list[Frame]:
    """Return all frames of a video."""
    with VideoReader(path) as reader:
        return list(reader)


def table(path: Path) -> list[list[str]]:
    """Return the cells of a CSV file."""
    return list(csv.reader(path.read_text().splitlines()))


def files_in(folder: Path) -> set[str]:
    """Return the names of the files in a folder, hidden ones too."""
    return {path.name for path in folder.iterdir() if path.is_file()}
