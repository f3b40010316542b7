"""The pictures that the tests of `inspect` make their videos of."""

from __future__ import annotations

import itertools
from functools import lru_cache

import cv2
import numpy as np

from avatar_app.settings import bundled
from avatar_app.types import Image
from avatar_app.video import VideoReader

FRAMES = 50


@lru_cache(maxsize=1)
def clip() -> list[Image]:
    """Return the beginning of the bundled clip, 320 x 240."""
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as reader:
        frames = itertools.islice(reader, FRAMES)
        return [np.asarray(cv2.resize(frame.image, (320, 240)), np.uint8) for frame in frames]
