"""What a face does in a picture, as numbers: head pose, mouth and eyelids from 68 landmarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.types import Floats

SIGNALS = ("yaw", "pitch", "roll", "mouth", "eyes")

# The bridge and base of the nose (27-35) and the corners of the eyes: they move with the skull and
# little with the face. x to the right, y downward, z into the picture; one unit is the distance
# between the outer corners of the eyes. Fitted to landmarks of rendered heads in known poses, to
# 1 pixel at 256 x 256.
SKULL_POINTS = (*range(27, 36), 36, 39, 42, 45)
SKULL = np.array(
    [
        (0.0, -0.299, 0.010),
        (0.0, -0.150, -0.060),
        (0.0, -0.002, -0.142),
        (0.0, 0.151, -0.221),
        (-0.171, 0.252, -0.045),
        (-0.088, 0.281, -0.078),
        (0.0, 0.305, -0.102),
        (0.088, 0.281, -0.078),
        (0.171, 0.252, -0.045),
        (-0.500, -0.283, 0.222),
        (-0.207, -0.252, 0.157),
        (0.207, -0.252, 0.157),
        (0.500, -0.283, 0.222),
    ]
)
_POINTS = np.array(SKULL_POINTS)
_CENTRED = SKULL - SKULL.mean(axis=0)
_FIT = np.linalg.pinv(_CENTRED)  # (3, 13)

_FLAT = 1e-4  # points that lie along a line: from products their spread across it is inexact

_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
_EYELIDS = ((37, 41), (38, 40), (43, 47), (44, 46))


@dataclass(frozen=True, eq=False)
class Skull:
    """How a face's skull is turned: `rotation` (3, 3), and its `unit` in pixels.

    `misfit` is how far nose and eye corners lie from those of any turned skull: root mean square in
    units of the distance between the outer corners of the eyes; 0 for a perfect skull, about 0.015
    for a person.
    """

    rotation: npt.NDArray[np.float64]
    unit: float
    misfit: float


def fit_skull(landmarks: Floats) -> Skull:
    """Fit the skull to landmarks (68, 2) in pixels by scaled orthographic projection."""
    points = landmarks.take(_POINTS, axis=0).astype(np.float64)
    points -= points.sum(axis=0) / len(points)
    rows, scale = _nearest_turn((_FIT @ points).T)
    unit = max(scale, 1e-6)
    off = points / unit - _CENTRED @ rows.T
    (a, b, c), (d, e, f) = rows.tolist()
    rotation = np.array([(a, b, c), (d, e, f), (b * f - c * e, c * d - a * f, a * e - b * d)])
    return Skull(rotation, unit, math.sqrt(float(np.vdot(off, off)) / len(off)))


def _nearest_turn(fit: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Return the two rows of unit length, at right angles, nearest to (2, 3), and their scale.

    They are U V of the singular value decomposition U S V, the scale is the mean of S.
    """
    (a, b), (_, c) = (fit @ fit.T).tolist()
    area = math.sqrt(max(a * c - b * b, 0.0))
    if area <= _FLAT * (a + c):
        left, scales, right = np.linalg.svd(fit, full_matrices=False)
        return left @ right, float(scales.mean())
    # The square root of a 2 x 2 matrix, and its inverse, by its trace and determinant.
    both = math.sqrt(a + c + 2 * area)
    inverse = np.array(((c + area, -b), (-b, a + area))) / (area * both)
    return inverse @ fit, both / 2


def read_signals(landmarks: Floats, skull: Skull | None = None) -> dict[str, float]:
    """Read the `SIGNALS` from landmarks (68, 2) in pixels and the skull fitted to them.

    yaw, pitch and roll in degrees: positive with the nose to the picture's right, with the nose
    down, and clockwise. mouth: gap between the inner lips, eyes: gap between the eyelids, mean of
    both; each in units of the distance between the outer corners of the eyes as seen from the
    front, so that turning the head does not open them.
    """
    skull = skull or fit_skull(landmarks)
    (along, _, _), (across, _, _), (toward, down, ahead) = skull.rotation.tolist()
    return {
        "yaw": math.degrees(math.asin(min(max(toward, -1.0), 1.0))),
        "pitch": math.degrees(math.atan2(down, ahead)),
        "roll": math.degrees(math.atan2(across, along)),
        "mouth": _gap(landmarks, _INNER_LIPS) / skull.unit,
        "eyes": _gap(landmarks, _EYELIDS) / skull.unit,
    }


def _gap(landmarks: Floats, pairs: Sequence[tuple[int, int]]) -> float:
    points = landmarks.tolist()
    return sum(math.dist(points[one], points[other]) for one, other in pairs) / len(pairs)
