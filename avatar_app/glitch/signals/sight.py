"""What is looked at of a picture: the upright face, the same without its shape, and around it.

What comes before a face comes from beside it, and what a camera does it does to all of the picture;
a face that breaks by itself is alone in it. So what lies around the face is looked at, too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from avatar_app.compiled import kept
from avatar_app.glitch.signals.chip import HEIGHT, SIDE, Place, contrast, median
from avatar_app.glitch.signals.shapefree import shapefree
from avatar_app.types import Floats, Image

VIEW = 2 * SIDE
"""Width and height of a view in pixels: the upright face in its middle half, as large as a chip."""

AROUND = 48
"""Width and height of what is kept of a view: a pixel is 4 of the chip."""

MIDDLE = slice(SIDE // 2, SIDE // 2 + SIDE)
"""Where the chip lies in a view, in rows and in columns."""

FACE = (slice(MIDDLE.start, MIDDLE.start + HEIGHT), MIDDLE)
"""Where the chip and what is below it lie in a view: rows and columns."""

INNER = slice(AROUND // 4, AROUND - AROUND // 4)
"""Of what is kept of a view those rows and columns in which the face lies."""

IN_FACE = np.zeros((AROUND, AROUND), bool)
IN_FACE[INNER, INNER] = True
"""Of what is kept of a view those pixels in which the face lies."""

_CORNERS = np.array([(0, VIEW - 1, 0, VIEW - 1), (0, 0, VIEW - 1, VIEW - 1), (1, 1, 1, 1)])
_LARGE = 640 * 480  # pixels
_BESIDE = np.flatnonzero(~IN_FACE)
_DARK = 8.0  # grey levels: darker is all alike


class Sight(NamedTuple):
    """A face (112, 96) in [0, 255], the same `free` of its shape, and `around` it (2, 48, 48).

    Both faces reach below the chip, which are their first 96 rows. Around are the mean grey of each
    4 x 4 pixels, and the logarithm of how much detail they have.
    """

    face: Floats
    free: Floats
    around: Floats

    @property
    def chip(self) -> Floats:
        """The face without what is below it, (96, 96)."""
        return self.face[:SIDE]

    @property
    def free_chip(self) -> Floats:
        """The same without its shape, (96, 96)."""
        return self.free[:SIDE]


def turned(image: Image, place: Place) -> Image:
    """Return (192, 192, 3) uint8 RGB: the chip that `place` leads to, and around it.

    `image` (H, W, 3) uint8 RGB; its border goes on beyond it.
    """
    wide = place.copy()
    wide[:, 2] += SIDE // 2
    part, corner = _padded(image, wide)
    wide[:, 2] += wide[:, :2] @ corner
    how = cv2.BORDER_REPLICATE
    view = cv2.warpAffine(part, wide, (VIEW, VIEW), flags=cv2.INTER_LINEAR, borderMode=how)
    return np.asarray(view if part is image else cv2.cvtColor(view, cv2.COLOR_RGBA2RGB), np.uint8)


def _padded(image: Image, place: Place) -> tuple[Image, tuple[int, int]]:
    """Return what a view shows of a picture, with its border around it, and where that begins.

    In four colours: OpenCV turns them in a third of the time of three, of which some lie beyond the
    border. All of the picture, as it is, where the part is too large for that to pay.
    """
    height, width = image.shape[:2]
    x, y = cv2.invertAffineTransform(place) @ _CORNERS
    left, top = math.floor(x.min()) - 1, math.floor(y.min()) - 1
    right, bottom = math.ceil(x.max()) + 2, math.ceil(y.max()) + 2
    inside = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if not inside.size or (right - left) * (bottom - top) > _LARGE:
        return image, (0, 0)
    above, below = max(0, -top), max(0, bottom - height)
    before, behind = max(0, -left), max(0, right - width)
    four = cv2.cvtColor(inside, cv2.COLOR_RGB2RGBA)
    padded = cv2.copyMakeBorder(four, above, below, before, behind, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), (left, top)


def grey(view: Image) -> Floats:
    """Return a view (192, 192) float32 in [0, 255] without its colours."""
    return np.asarray(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), np.float32)


def view(image: Image, place: Place) -> Floats:
    """Return (192, 192) float32 in [0, 255]: the chip and what is around it, without colours."""
    return grey(turned(image, place))


def around(wide: Floats) -> Floats:
    """Return (2, 48, 48) of a view: grey, and the logarithm of its detail."""
    seen = _shrunk(np.ascontiguousarray(wide))
    np.log(seen[1] + np.float32(1), out=seen[1])
    return seen


@kept
def _shrunk(wide: Floats) -> Floats:
    """Return (2, H, W) of (4 H, 4 W): the means of 4 x 4 pixels, and of how far they are off.

    Off the mean of the 3 x 3 around them, with the picture mirrored at its border.
    """
    height, width = wide.shape
    shrunk = np.empty((2, height // 4, width // 4), np.float32)
    column, across = np.empty(width, np.float32), np.empty(width, np.float32)
    greys, details = np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(height // 4):
        for x in range(width):
            greys[x], details[x] = 0, 0
        for y in range(4 * row, 4 * row + 4):
            above, here, below = wide[abs(y - 1)], wide[y], wide[min(y + 1, 2 * height - 3 - y)]
            for x in range(width):
                column[x] = above[x] + here[x] + below[x]
                greys[x] += here[x]
            across[0], across[-1] = 2 * column[1], 2 * column[-2]
            for x in range(1, width - 1):
                across[x] = column[x - 1] + column[x + 1]
            for x in range(width):
                details[x] += abs(here[x] - (column[x] + across[x]) / np.float32(9))
        for cell in range(width // 4):
            x = 4 * cell
            grey = (greys[x] + greys[x + 1]) + (greys[x + 2] + greys[x + 3])
            detail = (details[x] + details[x + 1]) + (details[x + 2] + details[x + 3])
            shrunk[0, row, cell], shrunk[1, row, cell] = grey / 16, detail / 16
    return shrunk


def look(wide: Floats, points: Floats) -> Sight:
    """Return what is looked at of a view; `points` (68, 2) are the landmarks in the chip."""
    face = np.ascontiguousarray(wide[FACE])
    return Sight(face, shapefree(face, points), around(wide))


def nearer(usual: Sight, now: Sight, share: float) -> Sight:
    """Return `usual` a `share` of the way towards `now`."""
    ways = [new - one for one, new in zip(usual, now, strict=True)]
    for way, one in zip(ways, usual, strict=True):
        way *= np.float32(share)
        way += one
    return Sight(*ways)


def beside(now: Sight, usual: Sight) -> dict[str, float]:
    """Return how much of what lies beside the face is unlike usual, by what may have done it.

    `light`: the logarithm of how much darker or brighter it is. `blur` and `grain`: how much less
    or more detail it has, as logarithms. `change`: how far it is off where light does not explain
    it, over the face's contrast.
    """
    grey, fine = now.around.reshape(2, -1).take(_BESIDE, axis=1)
    usual_grey, usual_fine = usual.around.reshape(2, -1).take(_BESIDE, axis=1)
    grey += np.float32(_DARK)
    usual_grey += np.float32(_DARK)
    light = median(np.log(grey / usual_grey))
    grain = median(fine - usual_fine)
    grey *= np.float32(np.exp(-light))
    off = cv2.norm(grey, usual_grey, cv2.NORM_L1) / grey.size
    return {
        "beside_light": abs(light),
        "beside_blur": max(0.0, -grain),
        "beside_grain": max(0.0, grain),
        "beside_change": off / (contrast(usual.chip) + _DARK),
    }
