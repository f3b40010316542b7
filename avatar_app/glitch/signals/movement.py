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
    whole, inner = _off_way(*three)
    size = eye_distance(three[1])
    return Shake(math.sqrt(whole) / size, math.sqrt(inner) / size)


@kept
def _off_way(before: Floats, now: Floats, after: Floats) -> tuple[float, float]:
    """Return mean squares in pixels: of what an affine map explains, and of what is left."""
    off, whole = np.empty(now.shape, np.float64), 0.0
    for i in range(len(now)):
        for axis in range(2):
            between = (np.float64(before[i, axis]) + np.float64(after[i, axis])) / 2
            off[i, axis] = now[i, axis] - between
            whole += off[i, axis] * off[i, axis]
    x, y = _centred(now)
    right, down = _centred(off)
    within = _unexplained(right, x, y) + _unexplained(down, x, y)
    return max(0.0, whole - within) / len(x), within / len(x)  # both parts are at right angles


@compiled
def _unexplained(way: Values, x: Values, y: Values) -> float:
    """Return the sum of squares of ways (N,) that is left by the best multiples of x and y."""
    xx, xy, yy = _dot(x, x) + _POINT, _dot(x, y), _dot(y, y) + _POINT
    along, across, size = _dot(x, way), _dot(y, way), xx * yy - xy * xy
    by_x, by_y = (along * yy - across * xy) / size, (across * xx - along * xy) / size
    total = 0.0
    for i in range(len(way)):
        left = way[i] - by_x * x[i] - by_y * y[i]
        total += left * left
    return total


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
    return math.sqrt(_off_shape(before, now)) / eye_distance(now)


@kept
def _off_shape(before: Floats, now: Floats) -> float:
    """Return the mean square in pixels that is left by the best similarity."""
    x, y = _centred(before)
    new_x, new_y = _centred(now)
    size = max(_dot(x, x) + _dot(y, y), 1e-6)
    along = (_dot(x, new_x) + _dot(y, new_y)) / size
    across = (_dot(x, new_y) - _dot(y, new_x)) / size
    total = 0.0
    for i in range(len(x)):
        right = along * x[i] - across * y[i] - new_x[i]
        down = across * x[i] + along * y[i] - new_y[i]
        total += right * right + down * down
    return total / len(x)


@compiled
def _centred(points: Floats | Values) -> tuple[Values, Values]:
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


@compiled
def _dot(one: Values, other: Values) -> float:
    total = 0.0
    for i in range(len(one)):
        total += one[i] * other[i]
    return total
