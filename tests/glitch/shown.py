"""What detectors are shown: the bundled clip, whole or melting."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from avatar_app.glitch.detector import GlitchDetector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.types import Frame, Image, KeyPoints, Rendered, Verdict
from tests.demo_clip import demo_frames

FRAMES = 45
BREAKS_AT = 20


def clip() -> list[Image]:
    """Return the beginning of the bundled clip, shrunk to the model's size."""
    return demo_frames(FRAMES, 256, 256)


@lru_cache(maxsize=1)
def finder() -> FaceFinder:
    """Share one finder, as its models take a second to load."""
    return FaceFinder()


def as_rendered(picture: Image, driving: Frame) -> Rendered:
    """Return a rendered picture of a model that says nothing about itself."""
    points = KeyPoints(np.zeros((1, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.float32))
    return Rendered(driving, picture, points)


def melted(image: Image) -> Image:
    """Return the face running down: a warp that grows towards the chin."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    down = np.exp(-((x - 128) ** 2) / 3000 - ((y - 160) ** 2) / 2500)
    wave = 14 * np.sin(x / 7) + 20
    warped = cv2.remap(image, x + 8 * np.sin(y / 6) * down, y - wave * down, cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8)


def verdicts(detector: GlitchDetector, pictures: Sequence[Image]) -> list[Verdict]:
    """Judge a video at 25 frames a second."""
    return [
        detector.inspect_frame(Frame(picture, index, index / 25))
        for index, picture in enumerate(pictures)
    ]
