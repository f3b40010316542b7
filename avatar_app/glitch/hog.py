"""Frontal faces by histograms of oriented gradients, as dlib's detector finds them.

The features are those of Felzenszwalb et al. (PAMI 2010), the weights dlib's. The same boxes as
dlib's, scores to a few millionths, in half the time: what dlib does pixel by pixel is done row by
row here, which a processor does for eight pixels at once.
"""

from __future__ import annotations

import math

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
_BINS = 2 * _STEEP
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
        pixels = np.require(image, requirements=("C", "W"))  # for others it would be compiled anew
        weights = self._weights
        return _candidates(pixels, *weights.filters, weights.thresholds, faintest)

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
    return math.floor(place + 0.5)


def _area(left: int, top: int, right: int, bottom: int) -> int:
    return max(0, right - left + 1) * max(0, bottom - top + 1)


@kept
def _candidates(
    image: Image,
    plane: npt.NDArray[np.int64],
    face: npt.NDArray[np.int64],
    rows: Floats,
    columns: Floats,
    thresholds: Floats,
    faintest: float,
) -> Floats:
    """Return (N, 4): of all levels of the pyramid what scores so much, and where."""
    height, width = image.shape[:2]
    planes = np.empty((3, height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            planes[0, y, x], planes[1, y, x], planes[2, y, x] = image[y, x]
    found, count = np.empty((64, 4), np.float32), 0
    level, left, top, right, bottom = 0, 0.0, 0.0, width - 1.0, height - 1.0
    while min(height, width) >= _LEAST:
        scores = _scores(planes, plane, face, rows, columns, thresholds)
        for place, score in np.ndenumerate(scores):
            if score >= faintest:
                if count == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                one, count = found[count], count + 1
                one[0], one[1], one[2], one[3] = score, level, place[1], place[2]
        left, top, right, bottom = _down(left), _down(top), _down(right), _down(bottom)
        if min(right - left, bottom - top) + 1 < SMALLEST:
            break
        planes, level = _smaller(planes), level + 1
    return found[:count]


@compiled
def _down(edge: float) -> float:
    """Return where a first or last column of a picture is one level further down."""
    return math.floor((edge - 0.3) * 5 / 6 + 0.5)


@compiled
def _smaller(planes: Planes) -> Planes:
    """Return a picture (3, H, W) at 5/6 of its size, bilinearly, every grey level as dlib's."""
    height, width = planes.shape[1:]
    rows, columns = 5 * height // 6, 5 * width // 6
    down, along = (height - 1) / max(rows - 1, 1), (width - 1) / max(columns - 1, 1)
    places = np.empty(columns, np.float64)
    fours = _places(places, along, width)
    left = np.floor(places).astype(np.uint32)
    right = np.minimum(left + np.uint32(1), np.uint32(width - 1))
    share = places - left
    small = np.empty((3, rows, columns), np.uint8)
    upper, lower = np.empty((2, 3, columns), np.float32), np.empty((2, 3, columns), np.float32)
    _gather(planes, 0, left, right, lower)
    near, far = (1 - share).astype(np.float32), share.astype(np.float32)
    above = -1
    y = -down
    for row in range(rows):
        y += down
        top = int(np.floor(y))
        below = y - top
        for line in range(above + 1, top + 1):
            upper, lower = lower, upper
            _gather(planes, min(line + 1, height - 1), left, right, lower)
        above = top
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
    four = np.empty(4, np.float32)
    for i in range(4):
        four[i] = np.float32(i * step - 4 * step)
    fours = 0
    while True:
        four += np.float32(4 * step)
        if int(four[3]) + 1 >= width:
            break
        places[fours : fours + 4] = four
        fours += 4
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


@compiled
def _scores(
    planes: Planes,
    plane: npt.NDArray[np.int64],
    face: npt.NDArray[np.int64],
    rows: Floats,
    columns: Floats,
    thresholds: Floats,
) -> Floats:
    """Return (faces, rows, columns): how far the window at each cell is above the threshold."""
    features = _features(planes)
    height, width = features.shape[1] - _BEYOND, features.shape[2]
    cells = features.reshape(PLANES, -1)
    scores = np.zeros((thresholds.size, height * width), np.float32)
    sums = np.zeros(height * width + _BEYOND, np.float32)
    for i in range(plane.size):
        sums[:] = 0
        _add_filtered(cells[plane[i]], width, columns[i], sums[:-_BEYOND])
        _add_filtered(sums, 1, rows[i], scores[face[i]])
    inside = scores.reshape(-1, height, width)[:, :, : width - _BEYOND]
    return inside - thresholds.reshape(-1, 1, 1)


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


@compiled
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
        lines = planes[:, y - 1 : y + 2]
        _slopes(lines, 1, last_whole, np.int32(1), slopes, bins)
        _slopes(lines, last_whole, last_column, np.int32(0), slopes, bins)
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
def _slopes(
    lines: Planes,
    first: int,
    last: int,
    tie: np.int32,
    slopes: Floats,
    bins: npt.NDArray[np.uint32],
) -> None:
    """Fill in how steep the middle one of three lines (3, 3, W) is, and in which direction.

    By the plane where it is steepest; of equal ones by the last if `tie` is 1, by the first if 0.
    """
    red, green, blue = lines[0], lines[1], lines[2]
    for x in range(first, last):
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
    along = np.int32(lines[1, x + 1]) - np.int32(lines[1, x - 1])
    down = np.int32(lines[2, x]) - np.int32(lines[0, x])
    return along, down, along * along + down * down


@compiled
def _normalised(histograms: Floats) -> Floats:
    """Return the features of histograms (rows + 2, columns + 2, 18), by the energy around each."""
    rows, columns = histograms.shape[0] - 2, histograms.shape[1] - 2
    energy = np.zeros((rows, columns), np.float32)
    for row in range(rows):
        for column in range(columns):
            here = histograms[row + 1, column + 1]
            for i in range(_STEEP):
                both = here[i] + here[i + _STEEP]
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
    """Fill in the features (31,) of a cell from its histogram (18,)."""
    most0, most1, most2, most3 = most[0], most[1], most[2], most[3]
    scale0, scale1, scale2, scale3 = scale[0], scale[1], scale[2], scale[3]
    sum0 = sum1 = sum2 = sum3 = np.float32(0)
    for i in range(_BINS):
        one, two = min(here[i], most0) * scale0, min(here[i], most1) * scale1
        three, four = min(here[i], most2) * scale2, min(here[i], most3) * scale3
        into[i] = (one + two) + (three + four)
        sum0, sum1, sum2, sum3 = sum0 + one, sum1 + two, sum2 + three, sum3 + four
    for i in range(_STEEP):
        both = here[i] + here[i + _STEEP]
        one, two = min(both, most0) * scale0, min(both, most1) * scale1
        three, four = min(both, most2) * scale2, min(both, most3) * scale3
        into[_BINS + i] = (one + two) + (three + four)
    texture = np.float32(2 * 0.2357)
    into[27], into[28], into[29], into[30] = (
        sum0 * texture,
        sum1 * texture,
        sum2 * texture,
        sum3 * texture,
    )
