"""How strongly a perturbation acts in which frame of a clip."""

from __future__ import annotations

import numpy as np

from avatar_app.types import Floats

CLEAN_SHARE = 0.2
"""Share of the clip that stays clean before the onset, so that a calibration is clean too."""

_OFFSET_SHARE = 0.8
_RAMP_SECONDS = 0.4
_LONGEST_RAMP = 0.15  # of the clip


def envelope(frames: int, rate: float = 25.0) -> Floats:
    """Return the strength in [0, 1] of each of `frames`, (frames,) float32.

    Clean for the first fifth, a smooth onset of 0.4 s, full strength, and a smooth offset that has
    ended where the last fifth begins. A single picture is perturbed at full strength.
    """
    if frames == 1:
        return np.ones(1, np.float32)
    ramp = max(1.0, min(_RAMP_SECONDS * rate, _LONGEST_RAMP * frames))
    at = np.arange(frames, dtype=np.float32)
    onset = np.clip((at - CLEAN_SHARE * frames) / ramp, 0, 1)
    offset = np.clip((_OFFSET_SHARE * frames - at) / ramp, 0, 1)
    return np.asarray(eased(np.minimum(onset, offset)), np.float32)


def eased(share: Floats) -> Floats:
    """Return `share` in [0, 1] with a soft start and end: 3 s^2 - 2 s^3."""
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def fading(values: Floats, near: float, far: float) -> Floats:
    """Return 1 for values up to `near`, 0 from `far` on, and a soft way between."""
    return eased(np.clip((far - values) / (far - near), 0, 1))
