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

from avatar_app.compiled import compiled, kept, readonly
from avatar_app.glitch.dlib_numbers import Numbers, Whole, behind, reals
from avatar_app.types import Floats, Image

_POINTS, _LEVELS, _TREES, _SPLITS, _LEAVES, _SAMPLES = 68, 15, 500, 15, 16, 500
_ONE = 2048  # what the weights of two pixels add up to
_TOGETHER = 4  # leaves read at a time; divides the trees of a level

Box = tuple[int, int, int, int]
"""First and last columns and rows, as left, top, right, bottom."""

Taps = npt.NDArray[np.int32]


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

    def fit(self, image: Image, box: Box, size: tuple[int, int] | None = None) -> Floats:
        """Return (68, 2) float32, whole pixels, of the face in `image`, (H, W, 3) uint8 RGB.

        `box`: its first and last columns and rows, as left, top, right, bottom, as dlib's
        rectangle counts them. What lies outside the picture is black. With a `size` (width,
        height) box and points are those of the picture enlarged to it, of which only the pixels
        that are looked at are computed.
        """
        left, top, right, bottom = box
        corner, sides = (left + 0.5, top + 0.5), (float(right - left), float(bottom - top))
        own_size = image.shape[1], image.shape[0]
        width, height = size if size and image.size else own_size  # of no pixel none is enlarged
        points = _fit(readonly(image), width, height, corner, sides, self._similarity, self._trees)
        return np.asarray(np.floor(points * np.array(sides) + corner), np.float32)


@kept
def _fit(
    image: Image,
    width: int,
    height: int,
    corner: tuple[float, float],
    size: tuple[float, float],
    similarity: npt.NDArray[np.float64],
    trees: Trees,
) -> Floats:
    columns, rows = _taps(image.shape[1], width), _taps(image.shape[0], height)
    _hold_at_ends(columns)
    points = trees.mean.copy()
    greys = np.empty(_SAMPLES, np.float32)
    chosen = np.empty(_TREES, np.uint32)
    for level in range(_LEVELS):
        along, across = 0.0, 0.0
        for i in range(_POINTS):
            along += points[i, 0] * similarity[i, 0] + points[i, 1] * similarity[i, 1]
            across += points[i, 1] * similarity[i, 0] - points[i, 0] * similarity[i, 1]
        turn = np.float32(along), np.float32(across)
        anchors, offsets = trees.anchors[level], trees.offsets[level]
        _sample(image, columns, rows, corner, size, points, turn, anchors, offsets, greys)
        _descend(greys, trees.pairs[level], trees.thresholds[level], chosen)
        _move(points.reshape(-1), trees.leaves[level], chosen)
    return points


@compiled
def _taps(length: int, enlarged: int) -> Taps:
    """Return by pixel of a side: the two that it lies between, and their weights out of 2048.

    As OpenCV does it, in 11 bits, so that each grey level is that of `cv2.resize`.
    """
    taps = np.empty((enlarged, 4), np.int32)
    scale = 1 / (enlarged / length)
    for i in range(enlarged):
        place = np.float32((i + 0.5) * scale - 0.5)
        before = int(np.floor(place))
        share = place - np.float32(before)
        taps[i, 0] = min(max(before, 0), length - 1)
        taps[i, 1] = min(max(before + 1, 0), length - 1)
        taps[i, 2] = int(np.rint((np.float32(1) - share) * np.float32(_ONE)))
        taps[i, 3] = int(np.rint(share * np.float32(_ONE)))
    return taps


@compiled
def _hold_at_ends(taps: Taps) -> None:
    """Beyond the first and last pixel take that one alone: so it is along the rows."""
    for i in range(len(taps)):
        if taps[i, 0] == taps[i, 1]:
            taps[i, 2], taps[i, 3] = _ONE, 0


@compiled
def _sample(
    image: Image,
    columns: Taps,
    rows: Taps,
    corner: tuple[float, float],
    size: tuple[float, float],
    points: Floats,
    turn: tuple[np.float32, np.float32],
    anchors: npt.NDArray[np.uint16],
    offsets: Floats,
    greys: Floats,
) -> None:
    """Take the grey levels of the pixels around the points."""
    along, across = turn
    for i in range(_SAMPLES):
        anchor, x, y = anchors[i], offsets[i, 0], offsets[i, 1]
        # In float32 and float64 by turns, as dlib does: a pixel beside another is another grey.
        right = points[anchor, 0] + (along * x - across * y)
        down = points[anchor, 1] + (across * x + along * y)
        column = np.floor(np.float64(right) * size[0] + corner[0])
        row = np.floor(np.float64(down) * size[1] + corner[1])
        if 0 <= column < len(columns) and 0 <= row < len(rows):
            greys[i] = _grey(image, columns[np.uint32(column)], rows[np.uint32(row)])
        else:
            greys[i] = np.float32(0)


@compiled
def _grey(image: Image, column: Taps, row: Taps) -> np.float32:
    """Return the grey level of a pixel of the enlarged picture, as dlib counts it."""
    left, right = np.uint32(column[0]), np.uint32(column[1])
    upper, lower = np.uint32(row[0]), np.uint32(row[1])
    total = 0
    for i in range(3):
        above = image[upper, left, i] * column[2] + image[upper, right, i] * column[3]
        below = image[lower, left, i] * column[2] + image[lower, right, i] * column[3]
        total += (((above >> 4) * row[2] >> 16) + ((below >> 4) * row[3] >> 16) + 2) >> 2
    return np.float32(total // 3)


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
    numbers = Numbers(np.fromfile(path, np.uint8))
    behind(numbers.take(3), 1, -2 * _POINTS, -1)
    mean = np.asarray(reals(numbers.take(4 * _POINTS)), np.float32)
    pairs = np.empty((_LEVELS, _TREES, _SPLITS, 2), np.uint16)
    thresholds = np.empty((_LEVELS, _TREES, _SPLITS), np.float32)
    leaves = np.empty((_LEVELS, _TREES, _LEAVES, 2 * _POINTS), np.float32)
    behind(numbers.take(1), _LEVELS)
    for level in range(_LEVELS):
        behind(numbers.take(1), _TREES)
        trees = numbers.take(_TREES, 1 + _SPLITS * 4 + 1 + _LEAVES * (2 + 4 * _POINTS))
        splits, ends = np.split(trees, [1 + _SPLITS * 4], axis=1)
        splits = behind(splits, _SPLITS).reshape(_TREES, _SPLITS, 4)
        pairs[level] = _indices(splits[..., :2], _SAMPLES)
        thresholds[level] = reals(splits[..., 2:])[..., 0]
        ends = behind(ends, _LEAVES).reshape(_TREES, _LEAVES, -1)
        leaves[level] = reals(behind(ends, -2 * _POINTS, -1))
    behind(numbers.take(1), _LEVELS)
    anchors = _indices(behind(numbers.take(_LEVELS, 1 + _SAMPLES), _SAMPLES), _POINTS)
    behind(numbers.take(1), _LEVELS)
    offsets = np.asarray(
        reals(behind(numbers.take(_LEVELS, 1 + _SAMPLES * 4), _SAMPLES)), np.float32
    )
    return Trees(
        mean.reshape(_POINTS, 2),
        anchors,
        offsets.reshape(_LEVELS, _SAMPLES, 2),
        pairs,
        thresholds,
        leaves,
    )


def _indices(numbers: Whole, count: int) -> npt.NDArray[np.uint16]:
    if numbers.min() < 0 or numbers.max() >= count:
        raise ValueError("its trees ask for what is not there")
    return numbers.astype(np.uint16)
