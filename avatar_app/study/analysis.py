"""From rows to answers: dose and response, onset, confidence bands, and which effects are real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from avatar_app.perturbations import CASES
from avatar_app.perturbations.cases import SOURCE
from avatar_app.study.results import Row
from avatar_app.study.trials import NOTHING, NOTHING_SOURCE, RELATIVE

_HALF = 0.5
_RESAMPLES, _PERMUTATIONS = 1000, 4000
_LEVEL = (2.5, 97.5)

Values = npt.NDArray[np.float64]
_Found = TypeVar("_Found")


@dataclass(frozen=True, eq=False)
class Responses:
    """A metric of a case: `values` (avatars, clips, severities), NaN where it is not known.

    The first of `severities` is 0.
    """

    severities: tuple[int, ...]
    values: Values

    def mean(self) -> Values:
        """Return the mean over avatars and clips at each severity."""
        return _over_identities(self.values)

    def band(self) -> tuple[Values, Values] | None:
        """Return a 95 % band at each severity by bootstrap over identities: avatars and clips.

        None where there is only one avatar and one clip.
        """
        drawn = self._resampled(_over_identities)
        if drawn is None:
            return None
        low, high = np.nanpercentile(np.array(drawn), _LEVEL, axis=0)
        return low, high

    def onset(self) -> float | None:
        """Return the severity at which the mean passes one half; None where it never does.

        On straight lines through the mean made monotone (pool adjacent violators).
        """
        return crossing(self.severities, self.mean())

    def onset_interval(self) -> tuple[float | None, float | None] | None:
        """Return the 95 % interval of the onset by that bootstrap; None beyond the strongest."""
        found = self._resampled(lambda values: crossing(self.severities, _over_identities(values)))
        if found is None:
            return None
        ordered = sorted(np.inf if one is None else one for one in found)
        ends = [ordered[round(share / 100 * (len(ordered) - 1))] for share in _LEVEL]
        low, high = (None if np.isinf(end) else float(end) for end in ends)
        return low, high

    def trend(self) -> float:
        """Return the p-value of a rising response, by permuting severities within each cell."""
        cells = self.values.reshape(-1, len(self.severities))
        cells = cells[np.isfinite(cells).all(axis=1)]
        if not len(cells):
            return 1.0
        rng = np.random.default_rng(0)
        dose = np.arange(len(self.severities)) - (len(self.severities) - 1) / 2
        ranks = np.stack([mean_ranks(cell) for cell in cells])
        found = float((ranks @ dose).sum())
        above = sum(
            float((rng.permuted(ranks, axis=1) @ dose).sum()) >= found - 1e-9
            for _ in range(_PERMUTATIONS)
        )
        return (above + 1) / (_PERMUTATIONS + 1)

    def _resampled(self, of: Callable[[Values], _Found]) -> list[_Found] | None:
        avatars, clips = self.values.shape[:2]
        if avatars * clips < 2:
            return None
        rng = np.random.default_rng(0)
        return [
            of(self.values[rng.integers(avatars, size=avatars)][:, rng.integers(clips, size=clips)])
            for _ in range(_RESAMPLES)
        ]


def responses(rows: Iterable[Row], case: str, metric: str) -> Responses:
    """Collect a metric of a case over avatars, clips and severities; seeds are averaged."""
    is_source = case in CASES and CASES[case].side == SOURCE
    floor = NOTHING_SOURCE if is_source else NOTHING
    cells: dict[tuple[str, str, int], list[float]] = {}
    for row in rows:
        if row["kind"] == RELATIVE and row["case"] in (case, floor):
            value = row["metrics"].get(metric)
            cell = (row["avatar"], row["clip"], row["severity"])
            cells.setdefault(cell, []).append(np.nan if value is None else float(value))
    avatars, clips, severities = (sorted({cell[i] for cell in cells}) for i in range(3))
    values = np.full((len(avatars), len(clips), len(severities)), np.nan)
    for (avatar, clip, severity), found in cells.items():
        place = (avatars.index(avatar), clips.index(clip), severities.index(severity))
        values[place] = np.mean(found)
    return Responses(tuple(map(int, severities)), values)


def crossing(severities: Sequence[int], means: Values) -> float | None:
    """Return where `means`, made monotone, first reach one half; None where they never do."""
    known = np.flatnonzero(np.isfinite(means))
    curve = monotone(means[known])
    at = np.asarray(severities, np.float64)[known]
    above = np.flatnonzero(curve >= _HALF)
    if not len(above):
        return None
    first = int(above[0])
    if first == 0 or curve[first] == curve[first - 1]:
        return float(at[first])
    share = (_HALF - curve[first - 1]) / (curve[first] - curve[first - 1])
    return float(at[first - 1] + share * (at[first] - at[first - 1]))


def monotone(values: Values) -> Values:
    """Return the rising sequence nearest to `values` (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((float(value), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, many), (other, more) = pools[-2:]
            pools[-2:] = [((one * many + other * more) / (many + more), many + more)]
    return np.asarray([value for value, count in pools for _ in range(count)])


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """Correct p-values for their number (Holm 1979): the chance of a single false one stays."""
    corrected, worst = {}, 0.0
    ordered = sorted(chances, key=lambda name: chances[name])
    for place, name in enumerate(ordered):
        worst = max(worst, min(1.0, chances[name] * (len(ordered) - place)))
        corrected[name] = worst
    return corrected


def mean_ranks(values: Values) -> Values:
    """Return the ranks of values (N,), from 1; equal ones share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place], np.float64)


def mean_of(rows: Iterable[Row], metric: str) -> float | None:
    """Return the mean of a metric over rows, None where none has it."""
    found = [row["metrics"].get(metric) for row in rows]
    known = [float(value) for value in found if value is not None]
    return float(np.mean(known)) if known else None


def _over_identities(values: Values) -> Values:
    flat = values.reshape(-1, values.shape[-1])
    known = np.isfinite(flat)
    total = np.where(known, flat, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
