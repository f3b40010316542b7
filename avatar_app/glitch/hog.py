"""Frontal faces by histograms of oriented gradients, as dlib's detector finds them.

The features are those of Felzenszwalb et al. (PAMI 2010), the weights dlib's. The same boxes as
dlib's, scores to a few millionths, in half the time: what dlib does pixel by pixel is done row by
row here, which a processor does for eight pixels at once.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar_app.compiled import compiled, kept
from avatar_app.glitch.hog_weights import CELL, PLANES, SMALLEST, WINDOW, Weights
from avatar_app.types import Floats, Image

Box = tuple[int, int, int, int]
"""First and last columns and rows, as left, top, right, bottom."""

_LEAST = 20  # pixels of a picture of which a cell has others on all sides

_EDGE = (WINDOW - 1) // 2  # cells before the first whose features are known
_BEYOND = WINDOW - 1  # cells that a picture gets on both sides together
_STEEP = 9  # directions of half a turn
# As many digits as dlib's: another one would be another direction here and there.
_DIRECTIONS = np.array(
    [
        *((1.0, 0.0), (0.9397, 0.3420), (0.7660, 0.6428), (0.5, 0.8660), (0.1736, 0.9848)),
        *((-0.1736, 0.9848), (-0.5, 0.8660), (-0.7660, 0.6428), (-0.9397, 0.3420)),
    ],
    np.float32,
)
_BINS = 3 * _STEEP  # of a histogram: with their sign, and without
_TOGETHER = 8  # pixels that dlib looks at at once; the last ones of a row it does one by one

Planes = npt.NDArray[np.uint8]


class HogDetector:
    """Finds frontal faces from 80 pixels on, upright or turned a little. Threads may share it."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def best(self, image: Image, faintest: float) -> tuple[Box, float] | None:
        """Return what in `image`, (H, W, 3) uint8 RGB, looks most like a face, and its score.

        Above 0 it is one; below `faintest`, which may be negative, it is not told.
        """
        found = self._candidates(image, faintest)
        if not len(found):
            return None
        score, *place = found[found[:, 0].argmax()]
        return _box(*map(int, place)), float(score)

    def find(self, image: Image) -> list[tuple[Box, float]]:
        """Return the faces in `image`, (H, W, 3) uint8 RGB, and their scores, the best first."""
        found = self._candidates(image, 0.0)
        faces: list[tuple[Box, float]] = []
        for score, *place in found[found[:, 0].argsort()[::-1]]:
            box = _box(*map(int, place))
            if not any(self._is_same(box, other) for other, _ in faces):
                faces.append((box, float(score)))
        return faces

    def _candidates(self, image: Image, faintest: float) -> Floats:
        """Return all windows (N, 4) that score so much: score, level, row and column."""
        weights = self._weights
        planes = np.array(np.moveaxis(image, 2, 0), order="C")
        found = [np.empty((0, 4), np.float32)]
        for level in range(_levels(*image.shape[:2])):
            planes = _smaller(planes) if level else planes
            features = _features(planes)
            best = _windows(features, *weights.filters, weights.thresholds, level, faintest)
            found.append(best)
        return np.concatenate(found)

    def _is_same(self, one: Box, other: Box) -> bool:
        """Whether two boxes overlap so far that they are of one face."""
        inner = _area(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
        outer = _area(*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:]))
        covered = inner / min(_area(*one), _area(*other))
        known = self._weights
        return inner > known.most_overlap * outer or covered > known.most_covered


def _box(level: int, row: int, column: int) -> Box:
    """Return where in the picture the window lies that begins with this cell of a level."""
    first, last = (column, row), (column + _BEYOND, row + _BEYOND)
    left, top, right, bottom = (_pixel(cell, level) for cell in (*first, *last))
    return left, top, right, bottom


def _pixel(cell: int, level: int) -> int:
    place = float((cell - _EDGE + 1) * CELL + 1)
    place += math.copysign(CELL / 2, place)
    for _ in range(level):
        place = place * 1.2 + 0.3
    return int(place + math.copysign(0.5, place))  # halves away from zero


def _area(left: int, top: int, right: int, bottom: int) -> int:
    return max(0, right - left + 1) * max(0, bottom - top + 1)


@lru_cache(maxsize=256)
def _levels(height: int, width: int) -> int:
    """Return how many levels a picture has, each at 5/6 of the size of the one before."""
    sides = [(0, side - 1) for side in (height, width)]
    levels = int(min(height, width) >= _LEAST)
    while levels:
        sides = [(_down(first), _down(last)) for first, last in sides]
        if min(last - first + 1 for first, last in sides) < SMALLEST:
            break
        levels += 1
    return levels


def _down(edge: int) -> int:
    """Return where a first or last column of a picture is one level further down."""
    return math.floor((edge - 0.3) * 5 / 6 + 0.5)


@kept
def _smaller(planes: Planes) -> Planes:
    """Return a picture (3, H, W) at 5/6 of its size, bilinearly, every grey level as dlib's."""
    height, width = planes.shape[1:]
    rows, columns = 5 * height // 6, 5 * width // 6
    down, along = (height - 1) / max(rows - 1, 1), (width - 1) / max(columns - 1, 1)
    left, right = np.empty(columns, np.uint32), np.empty(columns, np.uint32)
    share = np.empty(columns, np.float64)
    near, far = np.empty(columns, np.float32), np.empty(columns, np.float32)
    fours = _places(share, along, width)
    for i in range(columns):
        left[i] = int(share[i])
        right[i] = min(left[i] + 1, width - 1)
        share[i] -= left[i]
        near[i], far[i] = np.float32(1 - share[i]), np.float32(share[i])
    small = np.empty((3, rows, columns), np.uint8)
    upper, lower = np.empty((2, 3, columns), np.float32), np.empty((2, 3, columns), np.float32)
    known = -1
    y = -down
    for row in range(rows):
        y += down
        top = int(np.floor(y))
        below = y - top
        while known <= top:
            known += 1
            upper, lower = lower, upper
            _gather(planes, min(known, height - 1), left, right, lower)
        up, low = np.float32(1 - below), np.float32(below)
        for plane in range(3):
            one, two = upper[0, plane], upper[1, plane]
            three, four = lower[0, plane], lower[1, plane]
            into = small[plane, row]
            for i in range(fours):
                grey = (
                    up * near[i] * one[i]
                    + up * far[i] * two[i]
                    + low * near[i] * three[i]
                    + low * far[i] * four[i]
                )
                into[i] = np.uint8(np.int32(grey))
            for i in range(fours, columns):
                upward = (1 - share[i]) * one[i] + share[i] * two[i]
                downward = (1 - share[i]) * three[i] + share[i] * four[i]
                into[i] = np.uint8(np.int32((1 - below) * upward + below * downward))
    return small


@compiled
def _places(places: npt.NDArray[np.float64], step: float, width: int) -> int:
    """Fill in where pixels are taken; return how many dlib takes four at a time, in float32."""
    fours = places.size // 4 * 4
    for first in range(4):
        place = np.float32(first * step - 4 * step)
        for i in range(first, fours, 4):
            place += np.float32(4 * step)
            places[i] = place
    while int(places[fours - 1]) + 1 >= width:
        fours -= 4
    x = fours * step - step
    for i in range(fours, places.size):
        x += step
        places[i] = x
    return fours


@compiled
def _gather(
    planes: Planes,
    row: int,
    left: npt.NDArray[np.uint32],
    right: npt.NDArray[np.uint32],
    pixels: Floats,
) -> None:
    """Take the pixels (2, 3, columns) to the left and right of each place."""
    for plane in range(3):
        line = planes[plane, row]
        for i in range(left.size):
            pixels[0, plane, i] = line[left[i]]
            pixels[1, plane, i] = line[right[i]]


@kept
def _windows(
    features: Floats,
    plane: npt.NDArray[np.int64],
    face: npt.NDArray[np.int64],
    rows: Floats,
    columns: Floats,
    thresholds: Floats,
    level: int,
    faintest: float,
) -> Floats:
    """Return (N, 4): the windows that score so much, as score, level, row and column.

    Windows that begin with the last cells of a row go on in the next: they are none.
    """
    height, width = features.shape[1] - _BEYOND, features.shape[2]
    cells = features.reshape(PLANES, -1)
    scores = np.zeros((thresholds.size, height * width), np.float32)
    sums = np.zeros(height * width + _BEYOND, np.float32)
    for i in range(plane.size):
        line, into, weights = cells[plane[i]], sums[: height * width], columns[i]
        for place in range(into.size):
            into[place] = 0
        for step in (width, 1):
            _add_filtered(line, step, weights, into)
            line, into, weights = sums, scores[face[i]], rows[i]
    found, count = np.empty((scores.size, 4), np.float32), 0
    for one in range(thresholds.size):
        for place in range(height * width):
            score = scores[one, place] - thresholds[one]
            if score >= faintest and place % width < width - _BEYOND:
                found[count, 0], found[count, 1] = score, level
                found[count, 2], found[count, 3] = place // width, place % width
                count += 1
    return found[:count]


@compiled
def _add_filtered(line: Floats, step: int, weights: Floats, sums: Floats) -> None:
    """Add ten values each, a `step` apart, times the weights."""
    count = sums.size
    one, two, three = line[:count], line[step : step + count], line[2 * step : 2 * step + count]
    four, five = line[3 * step : 3 * step + count], line[4 * step : 4 * step + count]
    six, seven = line[5 * step : 5 * step + count], line[6 * step : 6 * step + count]
    eight, nine = line[7 * step : 7 * step + count], line[8 * step : 8 * step + count]
    ten = line[9 * step : 9 * step + count]
    a, b, c, d, e = weights[0], weights[1], weights[2], weights[3], weights[4]
    f, g, h, j, k = weights[5], weights[6], weights[7], weights[8], weights[9]
    for i in range(count):
        upper = a * one[i] + b * two[i] + c * three[i] + d * four[i] + e * five[i]
        lower = f * six[i] + g * seven[i] + h * eight[i] + j * nine[i] + k * ten[i]
        sums[i] += upper + lower


@kept
def _features(planes: Planes) -> Floats:
    """Return (31, rows + 9, columns + 9) of (3, H, W); beyond the picture they are 0."""
    height, width = planes.shape[1:]
    rows, columns = int(height / CELL + 0.5), int(width / CELL + 0.5)
    # A cell more on all sides: what falls beside the picture goes there.
    histograms = np.zeros((rows + 2, columns + 2, _BINS), np.float32)
    last_row, last_column = min(rows * CELL, height) - 1, min(columns * CELL, width) - 1
    last_whole = 1 + max(0, last_column - 1) // _TOGETHER * _TOGETHER
    slopes, bins = np.empty(width, np.float32), np.empty(width, np.uint32)
    firsts, shares = np.empty(width, np.uint32), np.empty(width, np.float32)
    for x in range(width):
        cell, shares[x] = _between(x)
        firsts[x] = cell * _BINS
    for y in range(1, last_row):
        for tie, first, last in ((1, 1, last_whole), (0, last_whole, last_column)):
            lines = planes[:, y - 1 : y + 2, first - 1 : last + 1]
            _slopes(lines, np.int32(tie), slopes[first:last], bins[first:last])
        cell, low = _between(y)
        upper, lower = histograms[cell].reshape(-1), histograms[cell + 1].reshape(-1)
        for x in range(1, last_column):
            right, here = shares[x] * slopes[x], firsts[x] + bins[x]
            left = (np.float32(1) - shares[x]) * slopes[x]
            upper[here] += (np.float32(1) - low) * left
            lower[here] += low * left
            upper[here + np.uint32(_BINS)] += (np.float32(1) - low) * right
            lower[here + np.uint32(_BINS)] += low * right
    return _normalised(histograms)


@compiled
def _between(pixel: int) -> tuple[int, np.float32]:
    """Return behind the middle of which cell a pixel lies, and how far on the way to the next."""
    place = (np.float32(pixel) + np.float32(0.5)) / np.float32(CELL) + np.float32(0.5)
    return int(place), place - np.float32(int(place))


@compiled
def _slopes(lines: Planes, tie: np.int32, slopes: Floats, bins: npt.NDArray[np.uint32]) -> None:
    """Fill in how steep each pixel between others in lines (3, 3, N + 2) is, and its direction.

    By the plane where it is steepest; of equal ones by the last if `tie` is 1, by the first if 0.
    """
    red, green, blue = lines[0], lines[1], lines[2]
    for x in range(slopes.size):
        along, down, size = _slope(red, x)
        along2, down2, size2 = _slope(green, x)
        along3, down3, size3 = _slope(blue, x)
        is_other = size2 + tie > size
        along, down = (along2 if is_other else along), (down2 if is_other else down)
        size = size2 if is_other else size
        is_other = size3 + tie > size
        along, down = (along3 if is_other else along), (down3 if is_other else down)
        size = size3 if is_other else size
        slopes[x] = np.sqrt(np.float32(size))
        most, way, nearest = np.float32(0), np.float32(0), np.uint32(0)
        for i in range(_STEEP):
            this = np.float32(along) * _DIRECTIONS[i, 0] + np.float32(down) * _DIRECTIONS[i, 1]
            is_nearer = max(this, -this) > most
            most = max(this, -this) if is_nearer else most
            way = this if is_nearer else way
            nearest = np.uint32(i) if is_nearer else nearest
        bins[x] = nearest + np.uint32(_STEEP) if way < np.float32(0) else nearest


@compiled
def _slope(lines: Planes, x: int) -> tuple[np.int32, np.int32, np.int32]:
    along = np.int32(lines[1, x + 2]) - np.int32(lines[1, x])
    down = np.int32(lines[2, x + 1]) - np.int32(lines[0, x + 1])
    return along, down, along * along + down * down


@compiled
def _normalised(histograms: Floats) -> Floats:
    """Return the features of histograms (rows + 2, columns + 2, 27), by the energy around each."""
    rows, columns = histograms.shape[0] - 2, histograms.shape[1] - 2
    energy = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        for column in range(columns):
            here = histograms[row + 1, column + 1]
            for i in range(_STEEP):
                both = here[i] + here[i + _STEEP]
                here[i + 2 * _STEEP] = both
                energy[row, column] += both * both
    features = np.zeros((PLANES, rows - 2 + _BEYOND, columns - 2 + _BEYOND), np.float32)
    most, scale = np.empty(4, np.float32), np.empty(4, np.float32)
    for row in range(rows - 2):
        for column in range(columns - 2):
            for block in range(4):
                y, x = row + 1 - block % 2, column + 1 - block // 2
                total = energy[y, x] + energy[y, x + 1] + energy[y + 1, x] + energy[y + 1, x + 1]
                most[block] = np.float32(0.2) * np.sqrt(total + np.float32(1e-4))
                scale[block] = np.float32(0.1) / most[block]
            here = histograms[row + 2, column + 2]
            into = features[:, row + _EDGE, column + _EDGE]
            _weigh(here, most, scale, into)
    return features


@compiled
def _weigh(here: Floats, most: Floats, scale: Floats, into: Floats) -> None:
    """Fill in the features (31,) of a cell from its histogram (27,): the last four are texture."""
    for block in range(4):
        into[_BINS + block] = 0
    for i in range(_BINS):
        one, two = min(here[i], most[0]) * scale[0], min(here[i], most[1]) * scale[1]
        three, four = min(here[i], most[2]) * scale[2], min(here[i], most[3]) * scale[3]
        into[i] = (one + two) + (three + four)
        if i < 2 * _STEEP:
            into[_BINS] += one
            into[_BINS + 1] += two
            into[_BINS + 2] += three
            into[_BINS + 3] += four
    for block in range(4):
        into[_BINS + block] *= np.float32(2 * 0.2357)
