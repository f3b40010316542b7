"""Where to cut a face out of a picture, so that it sits as in the clips the models learnt from.

Points are (x, y) in pixels; landmarks are the 68 of iBUG.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.types import Floats, Frame, Image

# Jaw at the ears, brows, nose, eyes and upper lip: what neither an open mouth nor a raised brow
# spreads, and what keeps its spread when the head turns.
_STEADY = np.r_[0:4, 13:17, 17:48, 50:53]

# The median over all training clips; 6.1 and 9.4 are the 5th and 95th percentiles. The points'
# centre is in the median the middle of the picture, within a pixel.
_SIDE_PER_SPREAD = 7.45

# How far a square that sticks out of its picture may be moved and shrunk to lie inside.
_FIT_SHIFT = 0.15
_FIT_SHRINK = 0.8

# The crop stands still while the face is within these shares of its side (of its own size): the
# training frames have the face up to 0.13 from the middle, and a turning head shifts it so far.
_FREE_SHIFT = 0.15
_FREE_GROWTH = 0.15
# Then it follows with this rate a second, faster the further the face has gone, ...
_RATE = 0.8
_SHIFT_RATE_PER_EXCESS = 30.0
_GROWTH_RATE_PER_EXCESS = 10.0
# ... and cuts over where it cannot be a movement.
_JUMP = 0.6

_MEDIAN_OF = 3


@dataclass(frozen=True)
class Square:
    """A part of a picture: centre `x`, `y` and side `size` in pixels; it may stick out."""

    x: float
    y: float
    size: float

    @classmethod
    def middle(cls, width: int, height: int) -> Square:
        """Return the largest square in the middle of a picture of `width` x `height`."""
        return cls((width - 1) / 2, (height - 1) / 2, min(width, height))

    def fitted(self, width: int, height: int) -> Square:
        """Move and shrink it a little, if that brings it into a picture of `width` x `height`.

        What sticks out further is left out: better a filled border than another framing.
        """
        size = max(min(self.size, width, height), self.size * _FIT_SHRINK)
        reach = _FIT_SHIFT * self.size
        return Square(
            _nearest(self.x, size / 2, width - size / 2, reach),
            _nearest(self.y, size / 2, height - size / 2, reach),
            size,
        )


def face_square(landmarks: Floats) -> Square:
    """Return the square around a face, (68, 2), that frames it as the training clips are framed.

    Raises ValueError for another shape.
    """
    if landmarks.shape != (68, 2):
        raise ValueError(f"face_square: expected (68, 2), got {landmarks.shape}")
    points = landmarks[_STEADY].astype(np.float64)
    centre = points.mean(axis=0)
    spread = np.sqrt(((points - centre) ** 2).sum(axis=1).mean())
    return Square(float(centre[0]), float(centre[1]), max(1.0, _SIDE_PER_SPREAD * float(spread)))


def crop(image: Image, square: Square, size: int) -> Image:
    """Return the square part of an image, (size, size, 3) uint8, the border repeated outside."""
    if square.size < size:
        scale = size / square.size
        corner = np.array([square.x, square.y]) - square.size / 2
        matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float64)
        # Pixel centres lie at half numbers of the square's coordinates.
        matrix[:, 2] = -scale * corner + (scale - 1) / 2
        enlarged = cv2.warpAffine(
            image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(enlarged, np.uint8)
    times = int(square.size) // size
    side = round(square.size / times) * times
    left, top = round(square.x - side / 2), round(square.y - side / 2)
    height, width = image.shape[:2]
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        part = image[top : top + side, left : left + side]
    else:
        rows = np.clip(np.arange(top, top + side), 0, height - 1)
        columns = np.clip(np.arange(left, left + side), 0, width - 1)
        part = image[rows[:, None], columns]
    if times > 1:
        # Shrinking by a whole number is many times faster; the rest is then a small picture's.
        fewer = (side // times, side // times)
        part = np.asarray(cv2.resize(part, fewer, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def cut(frame: Frame, square: Square, size: int) -> Frame:
    """Return the square part of a frame, (size, size, 3) and read-only."""
    image = crop(frame.image, square, size)
    image.flags.writeable = False
    return Frame(image, frame.index, frame.time)


def into_crop(points: Floats, square: Square, size: int) -> Floats:
    """Return where points (N, 2) of a picture lie, in pixels, in the crop of `square`."""
    corner = np.array([square.x, square.y]) - square.size / 2
    return np.asarray((points - corner + 0.5) * (size / square.size) - 0.5, np.float32)


class SmoothedSquare:
    """A crop that follows a moving driver as a camera operator would.

    It stands still while the head moves and turns in its middle, so that those movements reach
    the avatar and tracking jitter does not; it follows without overshoot when the head goes
    further or comes nearer, and waits where it is while there is no face.
    """

    def __init__(self) -> None:
        self._square: Square | None = None
        self._time = 0.0
        self._seen: Floats | None = None
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=_MEDIAN_OF)

    def update(self, landmarks: Floats | None, time: float) -> Square | None:
        """Take what is known of the face, (68, 2) or None, at `time` in seconds.

        The same array again means that the face was not looked for since: the crop moves on
        towards it. Returns the square to crop now; None as long as no face was seen at all.
        """
        elapsed, self._time = max(0.0, time - self._time), time
        if landmarks is None:
            self._recent.clear()
            return self._square
        if landmarks is not self._seen or not self._recent:
            self._seen = landmarks
            face = face_square(landmarks)
            self._recent.append((face.x, face.y, face.size))
            if self._square is None:
                self._square = face
        if self._square is not None and len(self._recent) == _MEDIAN_OF:
            # The median drops a single wrong detection.
            self._square = _followed(self._square, np.median(self._recent, axis=0), elapsed)
        return self._square


def _followed(square: Square, face: np.ndarray, elapsed: float) -> Square:
    """Return `square` moved towards `face` (x, y, size) as far as `elapsed` seconds allow."""
    away = np.array([face[0] - square.x, face[1] - square.y]) / square.size
    growth = float(np.log(face[2] / square.size))
    if max(np.abs(away).max(), abs(growth)) > _JUMP:
        return Square(*map(float, face))
    excess = np.sign(away) * np.maximum(np.abs(away) - _FREE_SHIFT, 0)
    rate = _RATE + _SHIFT_RATE_PER_EXCESS * float(np.abs(excess).max())
    shift = square.size * excess * _share(rate, elapsed)
    too_much = np.sign(growth) * max(abs(growth) - _FREE_GROWTH, 0)
    rate = _RATE + _GROWTH_RATE_PER_EXCESS * abs(too_much)
    size = square.size * np.exp(too_much * _share(rate, elapsed))
    return Square(square.x + float(shift[0]), square.y + float(shift[1]), float(size))


def _share(rate: float, elapsed: float) -> float:
    """Return the share of the excess, in [0, 1), that is made good in `elapsed` seconds."""
    return float(1 - np.exp(-elapsed * rate))


def _nearest(value: float, low: float, high: float, reach: float) -> float:
    """Return the number in [low, high] nearest to `value`, at most `reach` from it."""
    wanted = min(max(value, low), high) if low <= high else (low + high) / 2
    return min(max(wanted, value - reach), value + reach)
