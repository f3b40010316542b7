"""How landmarks and pictures move from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avatar_app.types import Floats

Points = npt.NDArray[np.complex128]

_OUTER_EYES = (36, 45)
_BRIDGE, _CHIN = 27, 8
_POINT = 2e-9  # pixels squared: a face shrunk to a point has no way


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
    before, now, after = map(_complex, three)
    off = now - (before + after) / 2
    apart, still = _centred(now), _centred(off)
    # An affine map is a factor of the points, and one of them mirrored: the best two of these.
    spread, mirrored = float(np.vdot(apart, apart).real) + _POINT, complex(apart @ apart)
    along, across = complex(np.vdot(apart, still)), complex(apart @ still)
    both = spread**2 - abs(mirrored) ** 2
    factor = (along * spread - across * mirrored.conjugate()) / both
    other = (across * spread - along * mirrored) / both
    inner = _mean_square(still - factor * apart - other * apart.conj())
    whole = max(0.0, _mean_square(off) - inner)  # both parts are at right angles
    size = eye_distance(three[1])
    return Shake(math.sqrt(whole) / size, math.sqrt(inner) / size)


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
    one, other = _centred(_complex(before)), _centred(_complex(now))
    alike = np.vdot(one, other) / max(float(np.vdot(one, one).real), 1e-6)
    return math.sqrt(_mean_square(alike * one - other)) / eye_distance(now)


def _complex(landmarks: Floats) -> Points:
    """Return points (N, 2) as complex numbers (N,): a factor turns and scales them."""
    return np.ascontiguousarray(landmarks, np.float64).view(np.complex128)[:, 0]


def _centred(points: Points) -> Points:
    return np.asarray(points - points.sum() / len(points))


def _mean_square(ways: Points) -> float:
    return float(np.vdot(ways, ways).real) / len(ways)
