"""The bundled clip as pictures, for tests that make something of it."""

from __future__ import annotations

import itertools
from functools import lru_cache

import cv2
import numpy as np

from avatar_app.settings import bundled
from avatar_app.types import Image
from avatar_app.video import VideoReader


@lru_cache(maxsize=2)
def demo_frames(count: int, width: int, height: int) -> list[Image]:
    """Return the first `count` frames of the clip, resized to (height, width, 3)."""
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as reader:
        frames = itertools.islice(reader, count)
        return [np.asarray(cv2.resize(frame.image, (width, height)), np.uint8) for frame in frames]
