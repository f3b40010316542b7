"""What comes before a face comes from beside it: something new that reaches it from farther away.

A face that breaks by itself is alone in it; of an arm, a sleeve or a card much is beside it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.glitch.signals.chip import Place
from avatar_app.glitch.signals.sight import AROUND
from avatar_app.types import Floats, Image

_FACE = np.zeros((AROUND, AROUND), bool)
_FACE[AROUND // 4 : -AROUND // 4, AROUND // 4 : -AROUND // 4] = True
_CELL = 4  # pixels of the chip
_MIDDLES = np.stack(np.meshgrid(*[(np.arange(AROUND) - AROUND // 4 + 0.5) * _CELL] * 2)).reshape(
    2, -1
)
_SHIFTS = np.ones((5, 5), np.uint8)  # heads sway by two cells, and nothing is new
_SPECK = np.ones((3, 3), np.uint8)
_NEW = 0.5  # of the face's contrast
_REACHED = 2  # cells of the face
_FAR = np.ones((AROUND, AROUND), bool)
_FAR[4:-4, 4:-4] = False
_DARK = 8.0  # grey levels: darker is all alike


def colours(turned: Image) -> Floats:
    """Return (48, 48, 3) in [0, 255] of a view in colour (192, 192, 3)."""
    how = cv2.INTER_AREA
    return np.asarray(cv2.resize(turned, (AROUND, AROUND), interpolation=how), np.float32)


def inside(place: Place, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Say of (48, 48) cells whether they lie in the picture of `shape` (H, W, ...)."""
    back = cv2.invertAffineTransform(place)
    x, y = back[:, :2] @ _MIDDLES + back[:, 2:]
    height, width = shape[:2]
    return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height)).reshape(AROUND, AROUND)


def reach(now: Floats, usual: Floats, is_inside: npt.NDArray[np.bool_]) -> float:
    """Return how much of something new that lies before the face lies beside it.

    It is over the face's area; `now` and `usual` are colours (48, 48, 3). New is what is unlike all
    that is usual near there, other light apart. It counts if it comes from the rim of the view, or
    of the picture: arms do, and a jaw that melts does not.
    """
    grey, usual_grey = now.mean(axis=2), usual.mean(axis=2)
    beside = ~_FACE
    light = np.median(np.log((grey[beside] + _DARK) / (usual_grey[beside] + _DARK)))
    lit = (now + _DARK) * np.float32(np.exp(-light)) - _DARK
    off = np.maximum(lit - cv2.dilate(usual, _SHIFTS), cv2.erode(usual, _SHIFTS) - lit).max(axis=2)
    is_new = (off > _NEW * (usual_grey[_FACE].std() + _DARK)) & is_inside
    # Thin lines are the edges of what moved.
    solid = cv2.morphologyEx(is_new.astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
    things, which = cv2.connectedComponents(solid, connectivity=8)
    rim = _FAR | cv2.dilate((~is_inside).astype(np.uint8), _SPECK).astype(bool)
    in_face, from_rim, beside_it = (
        np.bincount(which[there], minlength=things)[1:] for there in (_FACE, rim, beside)
    )
    came = (in_face >= _REACHED) & (from_rim > 0)
    return float(beside_it[came].sum() / _FACE.sum())
