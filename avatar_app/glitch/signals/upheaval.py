"""How a chip of a face differs from what it usually is: bent, replaced, torn, or restless.

A broken avatar bends the face it has; a hand or a cup before a real face replaces it. So it is told
apart how much of the change a warp explains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.compiled import kept
from avatar_app.glitch.signals.chip import SIDE, contrast, part_means, quantile
from avatar_app.glitch.signals.shapefree import warped
from avatar_app.types import Floats

_LITTLE_CONTRAST = 8.0
_BORDERS = (16, 90, 10, 86)  # of the face: first and last row, first and last column
_FACE = (slice(*_BORDERS[:2]), slice(*_BORDERS[2:]))
_BENT_SHARE = 0.95
_FOLDED = 0.2  # of a pixel's area
_NEAR = 3  # pixels: an edge that moved so far is no new one
_ROW_EDGES = _BORDERS[1] - _BORDERS[0] - 1
_GRID = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=2).astype(np.float32)


@dataclass(frozen=True)
class Warping:
    """How a face was bent, in pixels a pixel, and the part of its contrast that no bend explains.

    `bend` is 0 for a face as usual and above 0.5 where it melts; `folded` the share in [0, 1] of
    the face that is turned over.
    """

    bend: float
    folded: float
    unexplained: float


def warping(face: Floats, usual: Floats) -> Warping:
    """Compare two chips (96, 96) in [0, 255] by optical flow (DIS, Kroeger et al., ECCV 2016)."""
    one, other = usual.astype(np.uint8), face.astype(np.uint8)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = np.asarray(search.calc(one, other, np.zeros((SIDE, SIDE, 2), np.float32)), np.float32)
    growth, areas = _bends(np.asarray(cv2.GaussianBlur(flow, (0, 0), 1.5), np.float32))
    off = cv2.GaussianBlur(warped(face, _GRID + flow) - usual, (0, 0), 2)[_FACE]
    whole = contrast(usual) + _LITTLE_CONTRAST
    return Warping(
        quantile(growth, _BENT_SHARE),
        np.count_nonzero(areas < _FOLDED) / areas.size,
        cv2.norm(off, cv2.NORM_L1) / off.size / whole,
    )


@kept
def _bends(flow: Floats) -> tuple[Floats, Floats]:
    """Return by pixel of the face how much (96, 96, 2) grows to the next ones, and its new area."""
    top, bottom, left, right = _BORDERS
    growth = np.empty((bottom - top, right - left), np.float32)
    areas = np.empty_like(growth)
    for y in range(top, bottom):
        for x in range(left, right):
            a = (flow[y, x + 1, 0] - flow[y, x - 1, 0]) / 2
            b = (flow[y, x + 1, 1] - flow[y, x - 1, 1]) / 2
            c = (flow[y + 1, x, 0] - flow[y - 1, x, 0]) / 2
            d = (flow[y + 1, x, 1] - flow[y - 1, x, 1]) / 2
            growth[y - top, x - left] = np.sqrt(a * a + b * b + c * c + d * d)
            areas[y - top, x - left] = (1 + a) * (1 + d) - b * c
    return growth, areas


def detail(face: Floats) -> dict[str, float]:
    """By part of the face: logarithm of the mean square of a chip's Laplacian."""
    fine = np.square(np.asarray(cv2.Laplacian(face, cv2.CV_32F), np.float32))
    return {part: math.log(mean + 1) for part, mean in part_means(fine).items()}


def smear(now: Mapping[str, float], usual: Mapping[str, float]) -> dict[str, float]:
    """By part: how much less detail there is than usual; each halving of the size is about 1."""
    return {part: usual[part] - value for part, value in now.items()}


def edges(face: Floats) -> Floats:
    """Return how different neighbouring rows, then columns, of a chip are: (148,) over contrast."""
    inside = face[_FACE]
    down, along = cv2.absdiff(inside[1:], inside[:-1]), cv2.absdiff(inside[:, 1:], inside[:, :-1])
    rows, columns = cv2.reduce(down, 1, cv2.REDUCE_AVG), cv2.reduce(along, 0, cv2.REDUCE_AVG)
    steps = np.concatenate([rows[:, 0], columns[0]]) / (contrast(face) + _LITTLE_CONTRAST)
    return np.asarray(steps, np.float32)


@kept
def tear(now: Floats, usual: Floats) -> float:
    """How much stronger the strongest new edge of `edges` is than what is usual near it."""
    strongest = -np.inf
    for i in range(len(now)):
        first, end = (0, _ROW_EDGES) if i < _ROW_EDGES else (_ROW_EDGES, len(now))
        near = usual[i]
        for j in range(max(first, i - _NEAR), min(end, i + _NEAR + 1)):
            near = max(near, usual[j])
        strongest = max(strongest, now[i] - near)
    return strongest


def restlessness(before: Floats, now: Floats, after: Floats) -> float:
    """How far the middle of three chips is off the mean of the others, over contrast."""
    between = cv2.addWeighted(before[_FACE], 0.5, after[_FACE], 0.5, 0)
    off = cv2.norm(now[_FACE], between, cv2.NORM_L1) / between.size
    return off / (contrast(now) + _LITTLE_CONTRAST)
