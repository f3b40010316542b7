"""What comes before a face comes from beside it: something new that reaches it from farther away.

A face that breaks by itself is alone in it; of an arm, a sleeve or a card much is beside the face.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.glitch.signals.chip import Place, median
from avatar_app.glitch.signals.sight import AROUND, IN_FACE
from avatar_app.types import Floats, Image

_PICTURE = 64  # cells of the whole picture, each way
_CELL = 4  # pixels of the chip
_FAR = np.ones((AROUND, AROUND), bool)
_FAR[4:-4, 4:-4] = False
_ALONG = (np.arange(AROUND) - AROUND // 4 + 0.5) * _CELL
_MIDDLES = np.stack(np.meshgrid(_ALONG, _ALONG)).reshape(2, -1)
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
        least = _NEW * (float(_grey(usual)[IN_FACE].std()) + _DARK)
        is_new = _new(around, usual, least, ~IN_FACE)
        before, self._before = self._before, 0.0
        x, y = _cells(place, image.shape)
        is_inside = (x >= 0) & (x < _PICTURE) & (y >= 0) & (y < _PICTURE)
        is_new &= is_inside
        # Of most pictures it is known here that nothing came: a part of it came even less.
        if reach(is_new, is_inside):
            in_picture = cv2.dilate(_new(picture, usual_picture, least).astype(np.uint8), _SPECK)
            is_new &= in_picture[y.clip(0, _PICTURE - 1), x.clip(0, _PICTURE - 1)] > 0
            self._before = reach(is_new, is_inside)
        return min(before, self._before)


def reach(is_new: Mask, is_inside: Mask) -> float:
    """Return how much of what comes from far to the face lies beside it, over the face's area.

    Of the cells of a view, (48, 48), is said which show something new, and which the picture.
    """
    # Thin lines are the edges of what moved.
    solid = cv2.morphologyEx(is_new.astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
    things, which = cv2.connectedComponents(solid, connectivity=8)
    rim = _FAR | (cv2.dilate((~is_inside).astype(np.uint8), _SPECK) > 0)
    in_face, from_rim, beside = (
        np.bincount(which[there], minlength=things)[1:] for there in (IN_FACE, rim, ~IN_FACE)
    )
    came = (in_face >= _REACHED) & (from_rim > 0)
    return float(beside[came].sum() / IN_FACE.sum())


def _new(now: Floats, usual: Floats, least: float, lit: Mask | None = None) -> Mask:
    """Return which cells differ by `least` grey levels from all that is usual near them.

    How the light changed is seen where it says `lit`, else everywhere.
    """
    changes = np.log((_grey(now) + _DARK) / (_grey(usual) + _DARK))
    light = median(changes if lit is None else changes[lit])
    same = (now + _DARK) * np.float32(np.exp(-light)) - _DARK
    off = cv2.max(same - cv2.dilate(usual, _SHIFTS), cv2.erode(usual, _SHIFTS) - same)
    red, green, blue = cv2.split(off)
    return np.asarray(cv2.max(cv2.max(red, green), blue) > least)


def _grey(colours: Floats) -> Floats:
    return np.asarray(cv2.transform(colours, _MEAN))


def _cells(place: Place, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return in which column and row of the shrunk picture the cells (48, 48) of a view lie."""
    back = cv2.invertAffineTransform(place)
    points = (back[:, :2] @ _MIDDLES + back[:, 2:]) * _PICTURE / np.array(shape[1::-1])[:, None]
    x, y = np.floor(points).astype(np.intp).reshape(2, AROUND, AROUND)
    return x, y


def _shrunk(image: Image, side: int) -> Floats:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.float32)
