"""What comes before a face comes from beside it: something new that reaches it from farther away.

A face that breaks by itself is alone in it; of an arm, a sleeve or a card much is beside the face.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.compiled import kept, readonly
from avatar_app.glitch.signals.chip import Place, contrast, median
from avatar_app.glitch.signals.sight import AROUND, IN_FACE, INNER
from avatar_app.types import Floats, Image

_PICTURE = 64  # cells of the whole picture, each way
_CELL = 4  # pixels of the chip
_FAR = np.ones((AROUND, AROUND), bool)
_FAR[4:-4, 4:-4] = False
_BESIDE = np.flatnonzero(~IN_FACE)
_FACE_CELLS = AROUND**2 - _BESIDE.size
_ALONG = (np.arange(AROUND) - AROUND // 4 + 0.5) * _CELL
_MIDDLES = np.stack((*np.meshgrid(_ALONG, _ALONG), np.ones((AROUND, AROUND)))).reshape(3, -1)
_MEAN = np.full((1, 3), 1 / 3, np.float32)
_SHIFTS = np.ones((5, 5), np.uint8)  # heads sway by two cells, and nothing is new
_SPECK = np.ones((3, 3), np.uint8)
_NEW = 0.5  # of the face's contrast
_REACHED = 2  # cells of the face
_DARK = 8.0  # grey levels: darker is all alike

Mask = npt.NDArray[np.bool_]


class Entering:
    """Watches for what comes before a face. It owns what is usual around it and in the picture.

    New is what is unlike all that is usual near there, other light apart: in the view that moves
    with the face, and in the picture, too. A wall is new in the view when a head turns or its
    landmarks slip, and a head in the picture when it moves; an arm is new in both.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._around: Floats | None = None
        self._picture: Floats | None = None
        self.lose()

    def lose(self) -> None:
        """Take note that a picture showed no face."""
        self._before = 0.0

    def look(self, image: Image, view: Image, place: Place, share: float) -> float:
        """Return how much of something new that lies before the face lies beside it.

        It is over the face's area, in this picture and the one before. It counts if it comes from
        the rim of the view, or of the picture: arms do, a jaw that melts does not. `image` is
        (H, W, 3) uint8 RGB, `view` (192, 192, 3) of it where `place` leads; what is usual goes a
        `share` of the way to them.
        """
        around, picture = _shrunk(view, AROUND), _shrunk(image, _PICTURE)
        usual = around if self._around is None else self._around
        usual_picture = picture if self._picture is None else self._picture
        self._around = usual + np.float32(share) * (around - usual)
        self._picture = usual_picture + np.float32(share) * (picture - usual_picture)
        least = _NEW * (contrast(_grey(usual)[INNER, INNER]) + _DARK)
        is_new = _new(around, usual, least, _BESIDE)
        before, self._before = self._before, 0.0
        places = _places(place, image.shape)
        is_off = (places < 0) | (places >= _PICTURE)
        is_inside = ~(is_off[0] | is_off[1])
        is_new &= is_inside
        # Of most pictures it is known here that nothing came: a part of it came even less.
        if reach(is_new, is_inside):
            is_new_there = _new(picture, usual_picture, least)
            in_picture = cv2.dilate(is_new_there.astype(np.uint8), _SPECK)
            x, y = places.clip(0, _PICTURE - 1).astype(np.intp)
            is_new &= in_picture[y, x] > 0
            self._before = reach(is_new, is_inside)
        return min(before, self._before)


def reach(is_new: Mask, is_inside: Mask) -> float:
    """Return how much of what comes from far to the face lies beside it, over the face's area.

    Of the cells of a view, (48, 48), is said which show something new, and which the picture.
    """
    if np.count_nonzero(is_new[INNER, INNER]) < _REACHED:
        return 0.0
    # Thin lines are the edges of what moved.
    solid = cv2.morphologyEx(is_new.astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
    things, which = cv2.connectedComponents(solid, connectivity=8)
    rim = _FAR | (cv2.dilate((~is_inside).astype(np.uint8), _SPECK) > 0)
    whole, in_face, from_rim = (
        np.bincount(there.reshape(-1), minlength=things)[1:]
        for there in (which, which[INNER, INNER], which[rim])
    )
    came = (in_face >= _REACHED) & (from_rim > 0)
    return float((whole - in_face)[came].sum()) / _FACE_CELLS


def _new(
    now: Floats, usual: Floats, least: float, lit: npt.NDArray[np.intp] | slice = slice(None)
) -> Mask:
    """Return which cells differ by `least` grey levels from all that is usual near them.

    How the light changed is seen in the cells `lit`.
    """
    ratio = (_grey(now) + _DARK) / (_grey(usual) + _DARK)
    brighter = np.float32(np.exp(-median(np.log(ratio.reshape(-1)[lit]))))
    same = (now + _DARK) * brighter - _DARK
    lowest = np.asarray(cv2.erode(usual, _SHIFTS), np.float32) - np.float32(least)
    highest = np.asarray(cv2.dilate(usual, _SHIFTS), np.float32) + np.float32(least)
    return np.asarray(cv2.inRange(same, lowest, highest) == 0)


def _grey(colours: Floats) -> Floats:
    return np.asarray(cv2.transform(colours, _MEAN))


def _places(place: Place, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return (2, 48, 48): the column and row of the shrunk picture where cells of a view lie."""
    back = cv2.invertAffineTransform(place) * (_PICTURE / np.array(shape[1::-1]))[:, None]
    return np.asarray(back @ _MIDDLES).reshape(2, AROUND, AROUND)


def _shrunk(image: Image, side: int) -> Floats:
    """Return the mean colours, rounded, of so many cells each way: (side, side, 3)."""
    if image.shape != (4 * side, 4 * side, 3):
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)
    return _quarter(readonly(image).reshape(4 * side, 12 * side)).reshape(side, side, 3)


@kept
def _quarter(rows: npt.NDArray[np.uint8]) -> Floats:
    """Shrink a picture's rows of colours (4 H, 12 W) to (H, 3 W), as OpenCV does in longer time."""
    height, width = rows.shape[0] // 4, rows.shape[1] // 4
    small = np.empty((height, width), np.float32)
    sums = np.empty(4 * width, np.uint16)
    for row in range(height):
        one, two = rows[4 * row], rows[4 * row + 1]
        three, four = rows[4 * row + 2], rows[4 * row + 3]
        for i in range(sums.size):
            sums[i] = one[i] + two[i] + three[i] + four[i]
        means = small[row]
        for i in range(width):
            at = i + 9 * (i // 3)  # the first of four pixels
            total = np.uint32(sums[at] + sums[at + 3]) + np.uint32(sums[at + 6] + sums[at + 9])
            means[i] = np.rint(np.float32(total) / np.float32(16))
    return small
