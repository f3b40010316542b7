"""Landmarks by an ensemble of regression trees (Kazemi and Sullivan, CVPR 2014), as dlib's.

From the same file the same points as `dlib.shape_predictor`, to the bit, in half the time. A face
needs 4 of the 65 MB of leaves, from all over them. dlib goes from each tree to its leaf, and waits
for every one; here the splits of all trees lie together, small enough to stay in the processor's
cache, and a level knows all of its leaves before it reads the first, several at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avatar_app.compiled import compiled, kept
from avatar_app.types import Floats, Image

_POINTS, _LEVELS, _TREES, _SPLITS, _LEAVES, _SAMPLES = 68, 15, 500, 15, 16, 500
_MOST_BYTES = 3  # of a number in such a file; 24 bits are a float's
_TOGETHER = 4  # leaves read at a time; divides the trees of a level


class Trees(NamedTuple):
    """The ensemble. Points are in the square of the face: its corners are (0, 0) and (1, 1).

    `mean` (68, 2) is the face that the first level begins with. By level: grey levels are taken
    at `offsets` (500, 2) from the points `anchors` (500,), turned and scaled as the face is. By
    tree of a level, each split from the root on, its children behind it: the `pairs` (15, 2) of
    grey levels whose difference is held against `thresholds` (15,); and what the `leaves` (16, 136)
    move the points by.
    """

    mean: Floats
    anchors: npt.NDArray[np.uint16]
    offsets: Floats
    pairs: npt.NDArray[np.uint16]
    thresholds: Floats
    leaves: Floats


class ShapePredictor:
    """Fits 68 landmarks to faces. Several threads may call it at once."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        spread = trees.mean.astype(np.float64) - trees.mean.mean(axis=0, dtype=np.float64)
        # The least-squares similarity (Umeyama 1991) from the mean face is one sum over its points.
        self._similarity = spread / np.square(spread).sum()

    @classmethod
    def load(cls, path: Path) -> ShapePredictor:
        """Read a file of dlib's with 68 points; ValueError where it is something else."""
        return cls(_read(path))

    def fit(self, image: Image, box: tuple[int, int, int, int]) -> Floats:
        """Return (68, 2) float32, whole pixels, of the face in `image`, (H, W, 3) uint8 RGB.

        `box`: its first and last columns and rows, as left, top, right, bottom, as dlib's
        rectangle counts them. What lies outside the picture is black.
        """
        left, top, right, bottom = box
        corner, size = (left + 0.5, top + 0.5), (float(right - left), float(bottom - top))
        pixels = np.require(image, requirements=("C", "W"))  # for others it would be compiled anew
        points = _fit(pixels, corner, size, self._similarity, self._trees)
        return np.asarray(np.floor(points * np.array(size) + corner), np.float32)


@kept
def _fit(
    image: Image,
    corner: tuple[float, float],
    size: tuple[float, float],
    similarity: npt.NDArray[np.float64],
    trees: Trees,
) -> Floats:
    points = trees.mean.copy()
    greys = np.empty(_SAMPLES, np.float32)
    chosen = np.empty(_TREES, np.uint32)
    for level in range(_LEVELS):
        along, across = 0.0, 0.0
        for i in range(_POINTS):
            along += points[i, 0] * similarity[i, 0] + points[i, 1] * similarity[i, 1]
            across += points[i, 1] * similarity[i, 0] - points[i, 0] * similarity[i, 1]
        turn = np.float32(along), np.float32(across)
        _sample(
            image, corner, size, points, turn, trees.anchors[level], trees.offsets[level], greys
        )
        _descend(greys, trees.pairs[level], trees.thresholds[level], chosen)
        _move(points.reshape(-1), trees.leaves[level], chosen)
    return points


@compiled
def _sample(
    image: Image,
    corner: tuple[float, float],
    size: tuple[float, float],
    points: Floats,
    turn: tuple[np.float32, np.float32],
    anchors: npt.NDArray[np.uint16],
    offsets: Floats,
    greys: Floats,
) -> None:
    """Take the grey levels of the pixels around the points."""
    height, width = image.shape[:2]
    along, across = turn
    for i in range(_SAMPLES):
        anchor, x, y = anchors[i], offsets[i, 0], offsets[i, 1]
        # In float32 and float64 by turns, as dlib does: a pixel beside another is another grey.
        right = points[anchor, 0] + (along * x - across * y)
        down = points[anchor, 1] + (across * x + along * y)
        column = np.floor(np.float64(right) * size[0] + corner[0])
        row = np.floor(np.float64(down) * size[1] + corner[1])
        if 0 <= column < width and 0 <= row < height:
            pixel = image[np.uint32(row), np.uint32(column)]
            total = np.uint32(pixel[0]) + np.uint32(pixel[1]) + np.uint32(pixel[2])
            greys[i] = np.float32(total // np.uint32(3))
        else:
            greys[i] = np.float32(0)


@compiled
def _descend(
    greys: Floats,
    pairs: npt.NDArray[np.uint16],
    thresholds: Floats,
    chosen: npt.NDArray[np.uint32],
) -> None:
    """Go down every tree of a level to its leaf."""
    for tree in range(_TREES):
        split = np.uint32(0)
        while split < _SPLITS:
            pair = pairs[tree, split]
            is_left = greys[pair[0]] - greys[pair[1]] > thresholds[tree, split]
            split = np.uint32(2) * split + (np.uint32(1) if is_left else np.uint32(2))
        chosen[tree] = split - np.uint32(_SPLITS)


@compiled
def _move(points: Floats, leaves: Floats, chosen: npt.NDArray[np.uint32]) -> None:
    """Add the leaves to the points (136,), one after the other: sums of floats depend on that."""
    for tree in range(0, _TREES, _TOGETHER):
        one, two = leaves[tree, chosen[tree]], leaves[tree + 1, chosen[tree + 1]]
        three, four = leaves[tree + 2, chosen[tree + 2]], leaves[tree + 3, chosen[tree + 3]]
        for i in range(2 * _POINTS):
            points[i] = points[i] + one[i] + two[i] + three[i] + four[i]


def _read(path: Path) -> Trees:
    """Read a file of dlib's, version 1; ValueError where it holds something else."""
    numbers = _Numbers(path)
    _behind(numbers.take(3), 1, -2 * _POINTS, -1)
    mean = _reals(numbers.take(4 * _POINTS))
    pairs = np.empty((_LEVELS, _TREES, _SPLITS, 2), np.uint16)
    thresholds = np.empty((_LEVELS, _TREES, _SPLITS), np.float32)
    leaves = np.empty((_LEVELS, _TREES, _LEAVES, 2 * _POINTS), np.float32)
    _behind(numbers.take(1), _LEVELS)
    for level in range(_LEVELS):
        _behind(numbers.take(1), _TREES)
        trees = numbers.take(_TREES, 1 + _SPLITS * 4 + 1 + _LEAVES * (2 + 4 * _POINTS))
        splits, ends = np.split(trees, [1 + _SPLITS * 4], axis=1)
        splits = _behind(splits, _SPLITS).reshape(_TREES, _SPLITS, 4)
        pairs[level] = _indices(splits[..., :2], _SAMPLES)
        thresholds[level] = _reals(splits[..., 2:])[..., 0]
        ends = _behind(ends, _LEAVES).reshape(_TREES, _LEAVES, -1)
        leaves[level] = _reals(_behind(ends, -2 * _POINTS, -1))
    _behind(numbers.take(1), _LEVELS)
    anchors = _indices(_behind(numbers.take(_LEVELS, 1 + _SAMPLES), _SAMPLES), _POINTS)
    _behind(numbers.take(1), _LEVELS)
    offsets = _reals(_behind(numbers.take(_LEVELS, 1 + _SAMPLES * 4), _SAMPLES))
    return Trees(
        mean.reshape(_POINTS, 2),
        anchors,
        offsets.reshape(_LEVELS, _SAMPLES, 2),
        pairs,
        thresholds,
        leaves,
    )


class _Numbers:
    """The whole numbers of a file of dlib's, one after the other."""

    def __init__(self, path: Path) -> None:
        self._data = np.fromfile(path, np.uint8)
        self._at = 0

    def take(self, *shape: int) -> npt.NDArray[np.int32]:
        """Return the next ones; ValueError where there are not so many."""
        numbers = np.empty(shape, np.int32)
        self._at = _take(self._data, self._at, numbers.reshape(-1))
        return numbers


@kept
def _take(data: npt.NDArray[np.uint8], at: int, numbers: npt.NDArray[np.int32]) -> int:
    """Fill `numbers` from `at`; return where they end. A byte tells the sign and size of each."""
    for i in range(numbers.size):
        head = data[at] if at < data.size else np.uint8(_MOST_BYTES + 1)
        size = int(head & 15)
        if size > _MOST_BYTES or at + size >= data.size:
            raise ValueError("it is cut off, or holds something else")
        value = 0
        for byte in range(size):
            value |= int(data[at + 1 + byte]) << (8 * byte)
        numbers[i] = -value if head & 128 else value
        at += 1 + size
    return at


def _behind(numbers: npt.NDArray[np.int32], *sizes: int) -> npt.NDArray[np.int32]:
    """Return what stands behind the sizes in each row; ValueError where they are others."""
    if (numbers[..., : len(sizes)] != sizes).any():
        raise ValueError("it holds trees of another shape")
    return numbers[..., len(sizes) :]


def _indices(numbers: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.uint16]:
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError("its trees ask for what is not there")
    return numbers.astype(np.uint16)


def _reals(numbers: npt.NDArray[np.int32]) -> Floats:
    """Return (..., N) float32 of (..., 2 N): each a mantissa and an exponent of two."""
    return np.asarray(np.ldexp(numbers[..., ::2].astype(np.float32), numbers[..., 1::2]))
