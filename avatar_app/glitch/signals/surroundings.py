"""What comes into the picture beside the face: a hand before a face comes from somewhere.

An avatar that breaks does so within the face it has. So what changes around the face speaks for
something that covers it, and less for a glitch.
"""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.types import Floats, Image

_SIDE = 48
_LITTLE_CONTRAST = 8.0
_FACE, _REACH = 0.62, 1.6  # half the size of the face and of what is around it, in outlines
_NONE = 0.05  # share of the picture: with less around the face nothing is said


def outlook(image: Image) -> Floats:
    """Return a picture (H, W, 3) as (48, 48) float32 grey in [0, 255]."""
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)


def intrusion(now: Floats, usual: Floats, landmarks: Floats, shape: tuple[int, ...]) -> float:
    """How much around the face differs from the `usual` outlook, over the picture's contrast.

    About 0.1 where a head moves and 0.5 where an arm comes in; 0 where the face fills the picture.
    `landmarks` (68, 2) in pixels of the picture of `shape` (H, W, ...).
    """
    near = _around(landmarks, shape)
    if near.mean() < _NONE:
        return 0.0
    off = np.abs(now - usual)[near]
    return float(off.mean()) / (float(usual.std()) + _LITTLE_CONTRAST)


def _around(
    landmarks: Floats, shape: tuple[int, ...]
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return (48, 48), True beside and below the face but not on it: not above, as hair moves."""
    scale = np.array([_SIDE / shape[1], _SIDE / shape[0]])
    low, high = landmarks.min(axis=0) * scale, landmarks.max(axis=0) * scale
    (x0, y0), (width, height) = (low + high) / 2, high - low
    y, x = np.mgrid[:_SIDE, :_SIDE] + 0.5
    x, y = np.abs(x - x0) / max(width, 1.0), (y - y0) / max(height, 1.0)
    face = (x < _FACE) & (np.abs(y) < _FACE)
    return np.asarray((x < _REACH) & (y > -_FACE) & (y < _REACH) & ~face, bool)
