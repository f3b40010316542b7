"""The face cut out upright and always at the same size, and what its texture tells.

Nose and eye corners of every chip lie in the same place, so that chips can be compared cell by
cell: what then differs is the face, not where it is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.compiled import compiled, kept, readonly
from avatar_app.face_signals import SKULL, SKULL_POINTS
from avatar_app.types import Floats, Image

SIDE = 96
"""Width and height of a chip in pixels."""

HEIGHT = SIDE + 16
"""Rows of a face that is looked at with what is below the chip: what melts hangs from the chin."""

_UNIT = 44.0  # pixels between the outer corners of the eyes
_CENTRE = (48.0, 40.0)  # where the middle of nose and eye corners comes to lie
_TARGET = (SKULL[:, :2] - SKULL[:, :2].mean(axis=0)) * _UNIT
_ACROSS = np.column_stack((_TARGET[:, 1], -_TARGET[:, 0]))
_CORNERS = np.array(SKULL_POINTS)

PARTS: Mapping[str, tuple[slice, slice]] = MappingProxyType(
    {
        "brows": (slice(4, 26), slice(16, 80)),
        "eyes": (slice(24, 44), slice(16, 80)),
        "nose": (slice(34, 62), slice(34, 62)),
        "mouth": (slice(58, 82), slice(26, 70)),
        "left jaw": (slice(48, 90), slice(6, 28)),
        "right jaw": (slice(48, 90), slice(68, 90)),
        "chin": (slice(78, 96), slice(26, 70)),
    }
)
"""Rows and columns of a chip by the part of the face that lies there; left in the picture."""

_BLACK = 6  # of 255, in each colour
_LITTLE_CONTRAST = 8.0  # grey levels: a dark face's noise is no change
_GREY = np.float32(1 / 3)  # the share of each colour in a grey
_COLOURLESS = 0.005  # so far from a third no share of a colour is in a grey picture
_FADED = 0.8  # of the colours: what leaves more of them is any camera's unrest
_ALIKE = 0.12  # of the change: so much may be left of it where all colours fade alike


Place = npt.NDArray[np.float64]
"""(2, 3): takes the picture to the chip."""


_BORDERS = np.array(
    [(down.start, down.stop, *(along.start, along.stop)) for down, along in PARTS.values()]
)


def _coarse() -> Floats:
    """Return (parts, 24 * 24) that takes each fourth pixel of a chip to the means of its parts."""
    masks = np.zeros((len(PARTS), SIDE, SIDE), np.float32)
    for mask, cells in zip(masks, PARTS.values(), strict=True):
        mask[cells] = 1 / mask[cells].size
    cells = masks.reshape(len(PARTS), SIDE // 4, 4, SIDE // 4, 4).sum(axis=(2, 4))
    return np.asarray(cells.reshape(len(PARTS), -1))


_COARSE = _coarse()


def chip(image: Image, place: Place) -> Floats:
    """Return the face as (96, 96) float32 in [0, 255], grey, where `upright` says it is."""
    turned = cv2.warpAffine(
        image,
        place,
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), np.float32)


def upright(landmarks: Floats) -> Place:
    """Return the map from the picture to the chip: turned, moved and scaled, nothing else.

    The least-squares similarity (Umeyama 1991) of nose and eye corners to their place.
    """
    points = landmarks.take(_CORNERS, axis=0).astype(np.float64)
    middle = points.sum(axis=0) / len(points)
    points -= middle
    size = max(float(np.vdot(points, points)), 1e-6)
    along = float(np.vdot(points, _TARGET)) / size
    across = float(np.vdot(points, _ACROSS)) / size
    x, y = middle.tolist()
    right, down = _CENTRE[0] - along * x + across * y, _CENTRE[1] - across * x - along * y
    return np.array([[along, -across, right], [across, along, down]])


def placed(landmarks: Floats, place: Place) -> Floats:
    """Return landmarks (N, 2) in pixels of the chip that `place` takes the picture to."""
    return np.asarray(landmarks @ place[:, :2].T + place[:, 2], np.float32)


def tones(face: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of the grey levels of a chip."""
    mean, square = cv2.mean(face)[0], cv2.norm(face, cv2.NORM_L2SQR) / face.size
    return mean, math.sqrt(max(square - mean**2, 0.0))


def contrast(face: Floats) -> float:
    """Return the standard deviation of a chip's grey levels."""
    return tones(face)[1]


def quantile(values: Floats, share: float) -> float:
    """Return what a `share` in [0, 1] of values lies below, as np.quantile does in longer time."""
    at = share * (values.size - 1)
    low = int(at)
    high = min(low + 1, values.size - 1)
    rising = np.partition(values, (low, high), axis=None)
    return float(rising[low] + (at - low) * (rising[high] - rising[low]))


def median(values: Floats) -> float:
    """Return the median of values."""
    return quantile(values, 0.5)


def part_means(pixels: Floats) -> dict[str, float]:
    """By part of the face: the mean of a value at each pixel of a chip, (96, 96)."""
    return dict(zip(PARTS, _part_means(pixels).tolist(), strict=True))


@kept
def _part_means(pixels: Floats) -> npt.NDArray[np.float64]:
    means = np.empty(len(_BORDERS))
    for part in range(len(_BORDERS)):
        top, bottom, left, right = _BORDERS[part]
        total = 0.0
        for y in range(top, bottom):
            for x in range(left, right):
                total += pixels[y, x]
        means[part] = total / ((bottom - top) * (right - left))
    return means


def sharpness(face: Floats) -> float:
    """How much fine detail a chip has: logarithm of its Laplacian's variance over its own.

    The contrast of the whole cancels out; each halving of the resolution costs about 1.
    """
    detail = np.asarray(cv2.Laplacian(face, cv2.CV_32F), np.float32)
    return float(np.log((contrast(detail) ** 2 + 1) / (contrast(face) ** 2 + 1)))


def changes(face: Floats, before: Floats) -> dict[str, float]:
    """By part of the face: mean absolute difference to the chip before over the contrast.

    0 where nothing moved, about 0.1 a talking mouth, beyond 0.5 another picture.
    """
    whole = contrast(face) + _LITTLE_CONTRAST
    moved = part_means(np.asarray(cv2.absdiff(face, before), np.float32))
    return {part: value / whole for part, value in moved.items()}


def strangeness(face: Floats, usual: Floats) -> dict[str, float]:
    """By part of the face: 1 less the correlation with the `usual` chip; 0 alike, 1 unrelated."""
    return dict(zip(PARTS, (1 - _correlations(face, usual)).tolist(), strict=True))


@kept
def _correlations(one: Floats, other: Floats) -> npt.NDArray[np.float64]:
    """Return by part how alike two chips are: 1 the same in another light, 0 plain or unrelated."""
    alike = np.empty(len(_BORDERS))
    for part in range(len(_BORDERS)):
        top, bottom, left, right = _BORDERS[part]
        mean, other_mean, square, other_square, product = 0.0, 0.0, 0.0, 0.0, 0.0
        for y in range(top, bottom):
            for x in range(left, right):
                this, that = np.float64(one[y, x]), np.float64(other[y, x])
                mean += this
                other_mean += that
                square += this * this
                other_square += that * that
                product += this * that
        share = 1 / ((bottom - top) * (right - left))
        mean, other_mean = share * mean, share * other_mean
        power = (share * square - mean**2) * (share * other_square - other_mean**2)
        alike[part] = (share * product - mean * other_mean) / (np.sqrt(max(power, 0.0)) + 1)
    return alike


def black_share(image: Image) -> float:
    """Share in [0, 1] of a picture's rim that is black: where a warp looked outside its source."""
    return _black_share(readonly(image))


@kept
def _black_share(image: Image) -> float:
    height, width = image.shape[:2]
    rim = max(2, min(height, width) // 16)
    black, pixels = 0, 0
    for y in range(height):
        left = rim if rim <= y < height - rim else width
        first, last = image[y, :left], image[y, max(left, width - rim) :]
        black += _black(first) + _black(last)
        pixels += len(first) + len(last)
    return black / pixels


@compiled
def _black(pixels: Image) -> int:
    count = 0
    for i in range(len(pixels)):
        if pixels[i, 0] <= _BLACK and pixels[i, 1] <= _BLACK and pixels[i, 2] <= _BLACK:
            count += 1
    return count


def tints(image: Image, place: Place) -> Floats:
    """Return the colours of the face's parts, and in the last row that of the picture's rim.

    (parts + 1, 2): the shares of red and of blue in what is seen there. `image` (H, W, 3) uint8
    RGB; `place` takes it to the chip.
    """
    size = (SIDE // 4, SIDE // 4)
    small = cv2.warpAffine(image, place / 4, size, borderMode=cv2.BORDER_REPLICATE)
    rim = max(2, min(image.shape[:2]) // 16)
    edges = np.concatenate([image[:rim:4, ::4].reshape(-1, 3), image[::4, :rim:4].reshape(-1, 3)])
    colours = np.empty((len(PARTS) + 1, 3), np.float32)
    np.matmul(_COARSE, small.reshape(-1, 3).astype(np.float32), out=colours[:-1])
    colours[-1] = cv2.mean(edges[None])[:3]
    colours += np.float32(_LITTLE_CONTRAST)
    colours /= colours.sum(axis=1, keepdims=True)
    return colours[:, ::2]


def tint(now: Floats, usual: Floats) -> float:
    """How far the colour of a face is from its `usual` one, more than the rim's is, by `tints`.

    The median over the parts of the face: about 0.005 a face that moves, 0.05 another light on it
    alone. 0 in a picture whose colours fade, or come back, or are not there: that is the camera's
    doing.
    """
    colours, known = now - _GREY, usual - _GREY
    if min(cv2.norm(colours, cv2.NORM_INF), cv2.norm(known, cv2.NORM_INF)) < _COLOURLESS:
        return 0.0
    far, rim = _off(now, usual)
    return 0.0 if _is_fade(colours, known, far, rim) else far - rim


def _off(now: Floats, usual: Floats) -> tuple[float, float]:
    """Return how far colours (parts + 1, 2) are off: the median of the face's parts; the rim."""
    *face, rim = (red + blue for red, blue in np.abs(now - usual).tolist())
    return statistics.median(face), rim


def _is_fade(colours: Floats, known: Floats, far: float, rim: float) -> bool:
    """Return whether all colours are by one factor nearer to grey, or farther from it.

    The face is `far` from its usual colour, the `rim` from its. That colours come back only a rim
    that has some can tell: a face alone may turn red before a grey wall.
    """
    factor = float(np.vdot(colours, known)) / float(np.vdot(known, known))
    if _FADED < factor < 1 / _FADED or (factor > 1 and rim < 2 * _ALIKE * far):
        return False
    return max(_off(colours, np.float32(factor) * known)) < _ALIKE * far


def brightness(face: Floats) -> float:
    """Mean grey of a chip in [0, 1]."""
    return float(face.mean()) / 255
