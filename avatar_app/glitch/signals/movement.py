"""How landmarks and pictures move from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avatar_app.types import Floats

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
    before, now, after = (np.asarray(points, np.float64) for points in three)
    off = now - (before + after) / 2
    apart, still = now - now.mean(axis=0), off - off.mean(axis=0)
    spread = apart.T @ apart + _POINT * np.eye(2)
    within = still - apart @ np.linalg.solve(spread, apart.T @ still)
    inner = _mean_square(within)
    size = eye_distance(three[1])
    whole = max(0.0, _mean_square(off) - inner)  # both parts are at right angles
    return Shake(math.sqrt(whole) / size, math.sqrt(inner) / size)


def _mean_square(ways: npt.NDArray[np.float64]) -> float:
    return float(np.vdot(ways, ways)) / len(ways)


_PLACED = (slice(17, 22), slice(22, 27), slice(48, 68))
"""Both brows and the mouth: parts that a broken avatar puts elsewhere on the skull."""


def places(points: Floats) -> Floats:
    """Return where the brows and the mouth lie, (3, 2), of landmarks (68, 2) in a chip's pixels."""
    return np.asarray([points[part].mean(axis=0) for part in _PLACED], np.float32)


def speed(before: Floats, now: Floats, seconds: float) -> float:
    """How fast the face as a whole goes: eye distances a second."""
    way = float(np.linalg.norm(now.mean(axis=0) - before.mean(axis=0)))
    return way / eye_distance(now) / max(seconds, 1e-3)


def deformation(before: Floats, now: Floats) -> float:
    """How much the shape of the face changed besides moving, turning in the picture and growing.

    Root mean square distance after the best similarity (Procrustes), in eye distances.
    """
    one, other = _centred(before), _centred(now)
    alike = np.vdot(one, other) / max(float(np.vdot(one, one).real), 1e-6)
    off = alike * one - other
    return math.sqrt(float(np.vdot(off, off).real) / len(off)) / eye_distance(now)


def _centred(landmarks: Floats) -> npt.NDArray[np.complex128]:
    """Return points (N, 2) as complex numbers around their middle: a factor turns and scales."""
    points = landmarks @ np.array([1, 1j])
    return np.asarray(points - points.mean())
