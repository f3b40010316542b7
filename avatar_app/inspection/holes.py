"""Where a video has no pictures for a while: what lies between two far apart nobody saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from avatar_app.events import Flag, FlagCleared, FlagRaised
from avatar_app.reports import Row

_LONG = 0.3  # seconds
_TIMES_USUAL = 4.0
_ORDER = list(Flag)


@dataclass(frozen=True)
class Hole:
    """No picture from `begin`, the second in which the one `before` ends, to the one `after`."""

    before: Row
    after: Row
    begin: float

    @property
    def seconds(self) -> float:
        """How long there is none."""
        return self.after.time - self.begin


def holes(rows: Sequence[Row]) -> list[Hole]:
    """Return where pictures are much farther apart than usual, in order."""
    if len(rows) < 3:
        return []
    usual = float(np.median(np.diff([row.time for row in rows])))
    return [
        Hole(before, after, before.time + usual)
        for before, after in pairwise(rows)
        if after.time - before.time > _least(usual)
    ]


def durations(rows: Sequence[Row], seconds: float) -> list[float]:
    """Return how long each picture of a video of so many seconds was there.

    One before a hole was there as long as others are.
    """
    steps = np.diff([*(row.time for row in rows), seconds])
    usual = float(np.median(steps))
    steps[steps > _least(usual)] = usual
    return [float(step) for step in steps]


def outside(
    events: Sequence[FlagRaised | FlagCleared], missing: Sequence[Hole]
) -> list[FlagRaised | FlagCleared]:
    """Clear each flag where a hole begins, and raise it again after it if it is still up then."""
    up: dict[Flag, FlagRaised] = {}
    found: list[FlagRaised | FlagCleared] = []
    for event in events:
        if isinstance(event, FlagRaised):
            up[event.flag] = event
        else:
            found += _parted(up.pop(event.flag), event, missing)
    return sorted(found, key=lambda event: (event.time, _ORDER.index(event.flag)))


def _parted(
    raised: FlagRaised, cleared: FlagCleared, missing: Sequence[Hole]
) -> Iterator[FlagRaised | FlagCleared]:
    for hole in missing:
        if raised.time < hole.begin < cleared.time:
            yield raised
            yield _down(raised, hole.begin, hole.before.index)
            score = raised.score if hole.after.score is None else hole.after.score
            raised = replace(raised, time=hole.after.time, index=hole.after.index, score=score)
    if raised.time < cleared.time:
        yield raised
        yield _down(raised, cleared.time, cleared.index)


def _down(raised: FlagRaised, time: float, index: int) -> FlagCleared:
    return FlagCleared(time, index, raised.flag, round(time - raised.time, 6))


def _least(usual: float) -> float:
    """Return how long no picture comes at least where some are missing."""
    return max(_LONG, _TIMES_USUAL * usual)
