"""The weights of dlib's detector of frontal faces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avatar_app.glitch.dlib_numbers import Bytes, Numbers, behind, reals
from avatar_app.types import Floats

CELL = 8
"""Width and height of a cell in pixels."""

WINDOW = 10
"""Width and height of a face in cells."""

PLANES = 31
"""Features of a cell."""

SMALLEST = 64
"""Width and height, in pixels, that the last level of the pyramid has at least."""

_WEIGHTS = PLANES * WINDOW * WINDOW + 1  # the last is a threshold
_HEADER = (2, 1, 0, 0, CELL, 0, *(CELL * WINDOW,) * 2, 1000, *(SMALLEST,) * 2)


class Filters(NamedTuple):
    """Filters of rank one. Of each: `plane` (N,) it looks at, and `face` (N,) it is a part of.

    `rows` (N, 10) are applied along the rows, `columns` (N, 10) down the columns.
    """

    plane: npt.NDArray[np.int64]
    face: npt.NDArray[np.int64]
    rows: Floats
    columns: Floats


class Weights(NamedTuple):
    """Filters of all faces, the `thresholds` (faces,) of their sums, and when two boxes are one.

    They are if the area of both is more than `most_overlap` of that around both, or more than
    `most_covered` of that of one.
    """

    filters: Filters
    thresholds: Floats
    most_overlap: float
    most_covered: float


def read_weights(data: Bytes) -> Weights:
    """Read what dlib writes of its own detector; ValueError where it is something else."""
    numbers = Numbers(data)
    behind(numbers.take(len(_HEADER)), *_HEADER)
    numbers.take(2)  # how strongly it was regularised
    behind(numbers.take(1), _WEIGHTS - 1)
    most_overlap, most_covered = map(float, reals(numbers.take(4)))
    faces = int(numbers.take(1)[0])
    if faces < 1:
        raise ValueError("it holds no face")
    weights = np.stack(
        [reals(behind(numbers.take(2 + 2 * _WEIGHTS), -_WEIGHTS, -1)) for _ in range(faces)]
    )
    filters = weights[:, :-1].reshape(faces, PLANES, WINDOW, WINDOW)
    thresholds = np.asarray(weights[:, -1], np.float32)
    return Weights(_separated(filters), thresholds, most_overlap, most_covered)


def _separated(filters: npt.NDArray[np.float64]) -> Filters:
    """Split filters (faces, 31, 10, 10) into those of rank one they are sums of: few, as trained.

    What dlib leaves out as too little is left out here, too.
    """
    left, sizes, right = np.linalg.svd(filters)
    face, plane, which = np.nonzero(sizes >= np.maximum(1e-3, sizes.max(-1, keepdims=True) / 100))
    roots = np.sqrt(sizes[face, plane, which])[:, None]
    return Filters(
        plane,
        face,
        np.asarray(right[face, plane, which] * roots, np.float32),
        np.asarray(left[face, plane, :, which] * roots, np.float32),
    )
