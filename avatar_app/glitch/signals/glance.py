"""Whether a face looks broken at a glance: one number by a small network.

The network of `artifacts` looks at cells and little around each; a jaw that is pulled aside or runs
down is whole cell by cell. This one sees the face at once, to below the chin, and as it usually is.
It was shown faces that were broken and melted at random, and whole ones that talk, turn and are
covered.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from openvino import opset13 as op  # type: ignore[import-untyped]

from avatar_app.glitch.signals import networks
from avatar_app.glitch.signals.chip import HEIGHT, SIDE, tones
from avatar_app.glitch.signals.networks import Layers, Weights
from avatar_app.inference import SmallNetwork
from avatar_app.settings import bundled
from avatar_app.types import Floats

FILE = "glance.npz"

LAYERS: Layers = (
    *((2, 24, 5, 2), (24, 32, 3, 2), (32, 48, 3, 2), (48, 64, 3, 1), (64, 64, 3, 1)),
    *((128, 32, 1, 1), (32, 1, 1, 1)),
)
"""Layers of the picture, then two of its mean and maximum, the first of these rectified."""

BODY, HEAD = slice(0, 5), slice(5, 7)

_ALONG = (2, 3)  # rows and columns
_MOST_GREY = 4.0
_LITTLE_CONTRAST = 8.0


def contrasted(now: Floats, usual: Floats) -> Floats:
    """Return what the network sees of faces (112, 96) in [0, 255]: (2, 112, 96).

    In the contrast of the usual face.
    """
    middle, contrast = map(np.float32, tones(usual[:SIDE]))
    seen = np.stack((now, usual))
    seen -= middle
    seen /= contrast + np.float32(_LITTLE_CONTRAST)
    return np.clip(seen, -_MOST_GREY, _MOST_GREY, out=seen)


class GlanceNetwork:
    """The network with its weights. Raises ValueError for those of another."""

    def __init__(self, weights: Weights) -> None:
        self._weights = networks.check(weights, LAYERS)
        self._odds = _compiled(weights)

    @classmethod
    def load(cls, path: Path) -> GlanceNetwork:
        """Read it. Raises AvatarAppError where the file is something else."""
        return cls(networks.load(path, LAYERS))

    @property
    def weights(self) -> Weights:
        """Kernels and biases, as given."""
        return self._weights

    def odds(self, now: Floats, usual: Floats) -> float:
        """Return the log-odds that a face (112, 96) is broken, beside what is usual of it."""
        return float(self._odds(contrasted(now, usual))[0, 0, 0])


def _compiled(weights: Weights) -> SmallNetwork:
    """Return the network from what is seen of a face to the log-odds (1, 1, 1)."""
    entry = op.parameter([1, 2, HEIGHT, SIDE], np.float32)
    cells = networks.through(entry, LAYERS[BODY], weights[BODY])
    pooled = [reduced(cells, _ALONG, keep_dims=True) for reduced in (op.reduce_mean, op.reduce_max)]
    hidden = networks.through(op.concat(pooled, 1), LAYERS[HEAD][:1], weights[HEAD][:1])
    odds = networks.through(op.relu(hidden), LAYERS[HEAD][1:], weights[HEAD][1:])
    return SmallNetwork(odds, entry)


@lru_cache(maxsize=1)
def bundled_glance() -> GlanceNetwork:
    """Return the network that travels with the app."""
    return GlanceNetwork.load(bundled("models", FILE))
