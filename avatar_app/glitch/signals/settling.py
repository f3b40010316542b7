"""How well landmarks settle: begun from two sizes of a face, they should end in the same place.

A cascade of regressors (Kazemi and Sullivan, CVPR 2014) ends in one place on faces like those it
was taught, wherever it begins. On a mouth or a jaw that melted it ends anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from avatar_app.types import Floats, Image

Box = tuple[float, float, float, float]
Fit = Callable[[Image, Box], Floats]
"""Fits landmarks (68, 2) to a grey picture (H, W) in which a face fills a box."""

BOXES: tuple[Box, Box] = ((62.0, 56.0, 132.0, 126.0), (55.0, 49.0, 139.0, 133.0))
"""A smaller and a larger one in a view: its faces fill one of 76 pixels between them."""

_UNIT = 44.0  # pixels between the outer corners of the eyes
_MOUTH, _JAW = slice(48, 68), slice(4, 13)
_LEAST = 0.004  # eye distances: less says nothing


def unsettled(fit: Fit, view: Image) -> Floats:
    """How far apart both fits to a grey view (192, 192) uint8 end: of the mouth; of the jaw: (2,).

    Logarithms of the mean distance in eye distances, which is about 0.01 on whole faces, and 0.05
    to 0.14 where a jaw sags.
    """
    one, other = (fit(view, box) for box in BOXES)
    apart = np.linalg.norm(one - other, axis=1) / _UNIT
    means = np.array([apart[_MOUTH].mean(), apart[_JAW].mean()], np.float32)
    return np.asarray(np.log(np.maximum(means, _LEAST)), np.float32)
