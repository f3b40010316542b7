"""How landmarks and pictures move from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avatar_app.compiled import compiled, kept
from avatar_app.types import Floats

Values = npt.NDArray[np.float64]

_OUTER_EYES = (36, 45)
_BRIDGE, _CHIN = 27, 8
_POINT = 1e-9  # pixels squared: a face shrunk to a point has no way


def eye_distance(landmarks: Floats) -> float:
    """Size of a face (68, 2) in pixels: the outer corners' distance, or what the height implies.

    The larger of the two, as the first shrinks when the head turns.
    """
    across = math.dist(landmarks[_OUTER_EYES[0]], landmarks[_OUTER_EYES[1]])
    down = math.dist(landmarks[_BRIDGE], landmarks[_CHIN])
    return max(across, 0.8 * down, 1e-3)


class Shake(NamedTuple):
    """How far a face is off its way, in eye distances: as a `whole`, and its points `within` it."""

    whole: float
    within: float


def shake(three: Sequence[Floats]) -> Shake:
    """How far landmarks (68, 2) of the middle of three pictures are off the way between the others.

    Root mean squares over the points. Even movement gives 0, trembling does not. As a whole moves
    what an affine map explains: a head that is shaken, a camera that drops pictures.
    """
    before, now, after = np.asarray(three, np.float64)
    off = now - (before + after) / 2
    inner = _unexplained(off, now)
    whole = max(0.0, float(np.vdot(off, off)) / len(off) - inner)  # both are at right angles
    size = eye_distance(three[1])
    return Shake(math.sqrt(whole) / size, math.sqrt(inner) / size)


@kept
def _unexplained(ways: Values, points: Values) -> float:
    """Return the mean square of `ways` (N, 2) that no affine map of `points` (N, 2) explains."""
    x, y = _centred(points)
    right, down = _centred(ways)
    xx, xy, yy = _POINT, 0.0, _POINT
    x_right, y_right, x_down, y_down = 0.0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        xx += x[i] * x[i]
        xy += x[i] * y[i]
        yy += y[i] * y[i]
        x_right += x[i] * right[i]
        y_right += y[i] * right[i]
        x_down += x[i] * down[i]
        y_down += y[i] * down[i]
    size = xx * yy - xy * xy
    a, b = (x_right * yy - y_right * xy) / size, (y_right * xx - x_right * xy) / size
    c, d = (x_down * yy - y_down * xy) / size, (y_down * xx - x_down * xy) / size
    total = 0.0
    for i in range(len(x)):
        one, other = right[i] - a * x[i] - b * y[i], down[i] - c * x[i] - d * y[i]
        total += one * one + other * other
    return total / len(x)


_PLACED = (slice(17, 22), slice(22, 27), slice(48, 68))
"""Both brows and the mouth: parts that a broken avatar puts elsewhere on the skull."""

_MEANS = np.zeros((len(_PLACED), 68), np.float32)
for _mean, _part in zip(_MEANS, _PLACED, strict=True):
    _mean[_part] = 1 / (_part.stop - _part.start)


def places(points: Floats) -> Floats:
    """Return where the brows and the mouth lie, (3, 2), of landmarks (68, 2) in a chip's pixels."""
    return np.asarray(_MEANS @ points)


def speed(before: Floats, now: Floats, seconds: float) -> float:
    """How fast the face as a whole goes: eye distances a second."""
    way = float(np.linalg.norm(now.mean(axis=0) - before.mean(axis=0)))
    return way / eye_distance(now) / max(seconds, 1e-3)


def deformation(before: Floats, now: Floats) -> float:
    """How much the shape of the face changed besides moving, turning in the picture and growing.

    Root mean square distance after the best similarity (Procrustes), in eye distances.
    """
    off = _off_shape(*np.asarray((before, now), np.float64))
    return math.sqrt(off) / eye_distance(now)


@kept
def _off_shape(before: Values, now: Values) -> float:
    """Return the mean square in pixels that is left by the best similarity."""
    x, y = _centred(before)
    new_x, new_y = _centred(now)
    size, along, across = 0.0, 0.0, 0.0
    for i in range(len(x)):
        size += x[i] * x[i] + y[i] * y[i]
        along += x[i] * new_x[i] + y[i] * new_y[i]
        across += x[i] * new_y[i] - y[i] * new_x[i]
    along, across = along / max(size, 1e-6), across / max(size, 1e-6)
    total = 0.0
    for i in range(len(x)):
        right = along * x[i] - across * y[i] - new_x[i]
        down = across * x[i] + along * y[i] - new_y[i]
        total += right * right + down * down
    return total / len(x)


@compiled
def _centred(points: Values) -> tuple[Values, Values]:
    """Return the columns and rows (N,) of points (N, 2) around their middle."""
    x, y = np.empty(len(points)), np.empty(len(points))
    right, down = 0.0, 0.0
    for i in range(len(points)):
        x[i], y[i] = points[i, 0], points[i, 1]
        right += x[i]
        down += y[i]
    for i in range(len(points)):
        x[i] -= right / len(points)
        y[i] -= down / len(points)
    return x, y
