"""What counts as a glitch: how far a rendering is from the true picture, whoever caused it.

A self-reconstruction knows the truth of every frame. Far from it is a glitch, also where nobody
disturbed the driver and the model broke by itself; near it is clean; in between the frame is
unclear: it is not learnt from, and counted in the figures.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.glitch.signals.chip import SIDE, upright
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.types import Floats, Image

GLITCH, CLEAN, UNCLEAR = 1, 0, -1

Truth = npt.NDArray[np.int8]

NEAR = (0.18, 0.08)
FAR = (0.36, 0.13)
"""Distances by face chips (share of their contrast), and by landmarks (eye distances).

Looked at in pictures: below the first of `FAR` a face turned otherwise by a few degrees or a little
soft is not told from a broken one; and landmarks alone slip, on glasses and closed eyes.
"""

_NO_FACE = 1.0
_FACE = (slice(16, 90), slice(10, 86))
_LITTLE_CONTRAST = 8.0
_DRAWN = 0.3  # strength from which on a drawn glitch is one


def distance(image: Image, found: Floats | None, real: Image, points: Floats) -> Floats:
    """Return how far a picture (H, W, 3) is from the real one: by face chips, by landmarks: (2,).

    `found` are the picture's landmarks, None where no face was found; `points` the real ones.
    """
    place = upright(points)
    one, other = (_soft(cv2.warpAffine(picture, place, (SIDE, SIDE))) for picture in (image, real))
    apart = float(np.abs(one - other)[_FACE].mean()) / (float(other.std()) + _LITTLE_CONTRAST)
    if found is None:
        return np.array([apart, _NO_FACE], np.float32)
    off = float(np.sqrt(np.square(found - points).sum(axis=1).mean())) / eye_distance(points)
    return np.array([apart, min(off, _NO_FACE)], np.float32)


def by_distance(apart: Floats) -> Truth:
    """Label frames by their distances (N, 2) to the truth: near is near in both.

    Far is far by chips, or by landmarks where the chips are not near.
    """
    truth = np.full(len(apart), UNCLEAR, np.int8)
    truth[(apart < NEAR).all(axis=1)] = CLEAN
    truth[(apart[:, 0] > FAR[0]) | ((apart[:, 1] > FAR[1]) & (apart[:, 0] > NEAR[0]))] = GLITCH
    return truth


def by_strength(strength: Floats) -> Truth:
    """Label frames by how strongly (N,) in [0, 1] a glitch was drawn into them."""
    truth = np.where(strength > _DRAWN, GLITCH, UNCLEAR)
    return np.where(strength > 0, truth, CLEAN).astype(np.int8)


def joined(drawn: Truth, rendered: Truth) -> Truth:
    """Return the truth of a glitch drawn onto a rendering: clean only if both are."""
    either = (drawn == GLITCH) | (rendered == GLITCH)
    both = (drawn == CLEAN) & (rendered == CLEAN)
    return np.where(either, GLITCH, np.where(both, CLEAN, UNCLEAR)).astype(np.int8)


def clean(frames: int) -> Truth:
    """Label footage in which a person's whole face is seen as it is: nothing in it is a glitch."""
    return np.full(frames, CLEAN, np.int8)


def _soft(picture: npt.NDArray[np.generic]) -> Floats:
    grey = cv2.cvtColor(np.asarray(picture, np.uint8), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 2), np.float32)
