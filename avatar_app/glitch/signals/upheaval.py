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

from avatar_app.glitch.signals.chip import SIDE, contrast, part_means, quantile
from avatar_app.types import Floats

_LITTLE_CONTRAST = 8.0
_FACE = (slice(16, 90), slice(10, 86))
_BENT_SHARE = 0.95
_NEAR_ROWS = 7  # an edge that moved so far is no new one
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
    one, other = (np.asarray(np.clip(chip, 0, 255), np.uint8) for chip in (usual, face))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = np.asarray(search.calc(one, other, np.zeros((SIDE, SIDE, 2), np.float32)), np.float32)
    calm = np.asarray(cv2.GaussianBlur(flow, (0, 0), 1.5), np.float32)
    along, down = _slopes(calm)
    size = np.sqrt(_squared(along) + _squared(down))
    kept = (1 + along[..., 0]) * (1 + down[..., 1]) - along[..., 1] * down[..., 0]
    x, y = cv2.split(_GRID + flow)
    back = cv2.remap(face, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    off = np.abs(cv2.GaussianBlur(back - usual, (0, 0), 2))[_FACE]
    whole = contrast(usual) + _LITTLE_CONTRAST
    return Warping(
        quantile(size, _BENT_SHARE),
        float((kept < 0.2).mean()),
        float(off.mean()) / whole,
    )


def _slopes(flow: Floats) -> tuple[Floats, Floats]:
    """Return how much (96, 96, 2) grows from pixel to pixel of the face: to the right, downward."""
    rows, columns = _FACE
    right = slice(columns.start + 1, columns.stop + 1), slice(columns.start - 1, columns.stop - 1)
    below = slice(rows.start + 1, rows.stop + 1), slice(rows.start - 1, rows.stop - 1)
    along = (flow[rows, right[0]] - flow[rows, right[1]]) / 2
    down = (flow[below[0], columns] - flow[below[1], columns]) / 2
    return np.asarray(along, np.float32), np.asarray(down, np.float32)


def _squared(way: Floats) -> Floats:
    """Return the squared lengths (H, W) of (H, W, 2)."""
    return np.asarray(np.square(way[..., 0]) + np.square(way[..., 1]), np.float32)


def detail(face: Floats) -> dict[str, float]:
    """By part of the face: logarithm of the mean square of a chip's Laplacian."""
    fine = np.square(np.asarray(cv2.Laplacian(face, cv2.CV_32F), np.float32))
    return {part: math.log(mean + 1) for part, mean in part_means(fine).items()}


def smear(now: Mapping[str, float], usual: Mapping[str, float]) -> dict[str, float]:
    """By part: how much less detail there is than usual; each halving of the size is about 1."""
    return {part: usual[part] - value for part, value in now.items()}


def edges(face: Floats) -> Floats:
    """Return how different neighbouring rows, then columns, of a chip are: (190,) over contrast."""
    inside = face[_FACE]
    down, along = cv2.absdiff(inside[1:], inside[:-1]), cv2.absdiff(inside[:, 1:], inside[:, :-1])
    rows, columns = cv2.reduce(down, 1, cv2.REDUCE_AVG), cv2.reduce(along, 0, cv2.REDUCE_AVG)
    steps = np.concatenate([rows[:, 0], columns[0]]) / (contrast(face) + _LITTLE_CONTRAST)
    return np.asarray(steps, np.float32)


def tear(now: Floats, usual: Floats) -> float:
    """How much stronger the strongest new edge of `edges` is than what is usual near it."""
    split = _FACE[0].stop - _FACE[0].start - 1
    kernel = np.ones((_NEAR_ROWS, 1), np.uint8)
    near = [cv2.dilate(part[:, None], kernel)[:, 0] for part in (usual[:split], usual[split:])]
    return float((now - np.concatenate(near)).max())


def restlessness(before: Floats, now: Floats, after: Floats) -> float:
    """How far the middle of three chips is off the mean of the others, over contrast."""
    between = (before[_FACE] + after[_FACE]) / 2
    return float(np.abs(now[_FACE] - between).mean()) / (contrast(now) + _LITTLE_CONTRAST)
