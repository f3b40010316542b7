"""From many measures to one number: the log-odds of a glitch. Fitted elsewhere; numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_MOST = 6.0
"""A measure counts at most so many of its scales: none decides alone because it went wild."""


@dataclass(frozen=True, eq=False)
class Fusion:
    """Logistic regression: measures by name, standardised and clipped, to one log-odds."""

    names: Sequence[str]
    centre: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    bias: float

    def log_odds(self, measures: Mapping[str, float]) -> float:
        """Return the log-odds of a glitch; a measure that is missing counts as usual."""
        values = np.array([measures.get(name, np.nan) for name in self.names])
        off = np.nan_to_num(np.clip((values - self.centre) / self.scale, -_MOST, _MOST))
        return float(off @ self.weights) + self.bias


@dataclass(frozen=True, eq=False)
class Boosted:
    """Gradient-boosted trees (Friedman 2001), all of one depth d: measures by name to log-odds.

    `feature` and `limit` (trees, 2^d - 1) are the questions, level by level: a measure at most
    its limit goes left. `leaves` (trees, 2^d) are the answers, left to right. A measure that is
    missing counts as usual, as its `centre`.
    """

    names: Sequence[str]
    centre: npt.NDArray[np.float64]
    feature: npt.NDArray[np.intp]
    limit: npt.NDArray[np.float64]
    leaves: npt.NDArray[np.float64]
    bias: float

    def log_odds(self, measures: Mapping[str, float]) -> float:
        """Return the log-odds of a glitch."""
        known = np.array([measures.get(name, np.nan) for name in self.names])
        values = np.where(np.isnan(known), self.centre, known)
        trees = np.arange(len(self.feature))
        at = np.zeros(len(trees), np.intp)
        for _ in range(int(self.leaves.shape[1]).bit_length() - 1):
            right = values[self.feature[trees, at]] > self.limit[trees, at]
            at = 2 * at + 1 + right
        return float(self.leaves[trees, at - self.feature.shape[1]].sum()) + self.bias
