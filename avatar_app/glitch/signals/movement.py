"""How landmarks and pictures move from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from avatar_app.types import Floats

_OUTER_EYES = (36, 45)
_BRIDGE, _CHIN = 27, 8


def eye_distance(landmarks: Floats) -> float:
    """Size of a face (68, 2) in pixels: the outer corners' distance, or what the height implies.

    The larger of the two, as the first shrinks when the head turns.
    """
    across = float(np.linalg.norm(landmarks[_OUTER_EYES[0]] - landmarks[_OUTER_EYES[1]]))
    down = float(np.linalg.norm(landmarks[_BRIDGE] - landmarks[_CHIN]))
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
    before, now, after = three
    off = np.asarray(now - (before + after) / 2, np.float32)
    basis, _ = np.linalg.qr(np.column_stack((np.ones(len(now)), now - now.mean(axis=0))))
    whole = np.asarray(basis @ (basis.T @ off), np.float32)
    size = eye_distance(now)
    return Shake(*(float(np.sqrt(_mean_square(part))) / size for part in (whole, off - whole)))


def _mean_square(ways: Floats) -> float:
    return float(np.square(ways).sum(axis=1).mean())


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
    one, other = before - before.mean(axis=0), now - now.mean(axis=0)
    left, _, right = np.linalg.svd(one.T @ other)
    turned = one @ (left @ right)
    grown = turned * float((turned * other).sum() / max(float(np.square(turned).sum()), 1e-6))
    off = np.square(grown - other).sum(axis=1).mean()
    return float(np.sqrt(off)) / eye_distance(now)
