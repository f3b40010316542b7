"""Drawn edge cases held against the same ones rendered as real motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from avatar_app.study.analysis import mean_ranks
from avatar_app.study.detection import flagged_share
from avatar_app.study.results import Row
from avatar_app.study.trials import EDGE, PERSON, RELATIVE

COMPARED = ("missing", "face_score", "heatmap_entropy", "fold_share")
"""Measures that need no clean counterpart: their change from before the onset to full strength."""


ROLES = ("driver", "video", "person")
"""Who may flag: the avatar's own user, a spectator, and a spectator of the real driver."""


@dataclass(frozen=True)
class Pair:
    """One case: by measure the change when `drawn` (strongest severity) and when `real`.

    And by role the share of trials that are flagged, None where nobody watched.
    """

    case: str
    drawn: Mapping[str, float]
    real: Mapping[str, float]
    drawn_flagged: Mapping[str, float | None]
    real_flagged: Mapping[str, float | None]


def validate(rows: Sequence[Row]) -> list[Pair]:
    """Return a pair for each case that was both drawn and rendered."""
    real_rows = [row for row in rows if row["kind"] == EDGE]
    strongest = max((row["severity"] for row in rows if row["kind"] == RELATIVE), default=0)
    pairs = []
    for case in sorted({row["case"] for row in real_rows}):
        drawn = [
            row for row in rows
            if (row["kind"], row["case"], row["severity"]) == (RELATIVE, case, strongest)
        ]  # fmt: skip
        real = [row for row in real_rows if row["case"] == case]
        if drawn:
            persons = [
                row for row in rows
                if (row["kind"], row["case"], row["severity"]) == (PERSON, case, strongest)
            ]  # fmt: skip
            flagged = {role: flagged_share(drawn, role) for role in ("driver", "video")}
            flagged["person"] = flagged_share(persons, "video")
            pairs.append(
                Pair(case, _changes(drawn), _changes(real), flagged,
                     {role: flagged_share(real, role) for role in ROLES})
            )  # fmt: skip
    return pairs


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rho; None with fewer than four values or without variation."""
    if len(one) < 4 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    first, second = (mean_ranks(np.array(values)) for values in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def _changes(rows: Sequence[Row]) -> dict[str, float]:
    return {
        name: float(np.mean([row["within"][name][1] - row["within"][name][0] for row in rows]))
        for name in COMPARED
    }
