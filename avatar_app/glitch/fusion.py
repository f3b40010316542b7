"""From many measures to one number: the log-odds of a glitch. Fitted elsewhere; numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.glitch.measures import TURN

_MOST = 20.0
"""A measure counts at most so many limits: none decides alone because it went wild."""

FRONTAL, TURNED = 12.0, 28.0
"""Degrees up to which a face counts as frontal, and where it counts as turned: by dlib's landmarks,
which see less of a turn than there is."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fusion:
    """A sum of bent lines, one a measure: from its `median` to its `limit`, and beyond it.

    A measure's evidence is 0 at the median and 1 at the limit, which moves to `turned` as the face
    turns away. It adds `near` times its evidence up to 1, and `far` times log(evidence) above. With
    weights of one sign a measure that gets worse can only speak more for a glitch: that holds for
    glitches that no fit was shown, too.
    """

    names: Sequence[str]
    median: Values
    limit: Values
    turned: Values
    near: Values
    far: Values
    bias: float

    def log_odds(self, measures: Mapping[str, float]) -> float:
        """Return the log-odds of a glitch; a measure that is missing counts as usual."""
        values = np.array([[measures.get(name, np.nan) for name in self.names]])
        limit = self.limit + (self.turned - self.limit) * away(measures.get(TURN, 0.0))
        near, far = bent(values, self.median, limit)
        return float((near @ self.near + far @ self.far)[0]) + self.bias


def away(turn: float) -> float:
    """Return how far a face is on the way from frontal, 0, to turned, 1, by its degrees.

    Beyond it goes on to 2: where little footage says what is usual, less is held against a face.
    """
    return min(max((turn - FRONTAL) / (TURNED - FRONTAL), 0.0), 2.0)


def bent(values: Values, median: Values, limit: Values) -> tuple[Values, Values]:
    """Return both parts of the evidence of `values` (frames, measures), NaN where one is missing.

    `limit` is one for all frames, (measures,), or one for each, (frames, measures).
    The near part is in [0, 1], the far one the logarithm of what is above 1.
    """
    evidence = (values - median) / (limit - median)
    # Of a number and NaN these return the number.
    return np.fmin(np.fmax(evidence, 0), 1), np.log(np.fmin(np.fmax(evidence, 1), _MOST))
