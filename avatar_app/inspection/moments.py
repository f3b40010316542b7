"""Which pictures of a video are worth showing: the worst ones, and one that was excused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from avatar_app.glitch.judge import log_odds
from avatar_app.glitch.measures import is_bare
from avatar_app.inspection.wording import Wording
from avatar_app.types import Image, Verdict

_MOST_MOMENTS = 6
_APART = 0.5  # seconds between two of them
_BINS = 4  # a second: of each the worst is kept
_KEPT = 48
_SHOWN_SCORE = 0.5  # a flag holds for a while after: such pictures are no worst moments
_GAP, _LEAST = 0.3, 0.3  # seconds: a shorter gap ends no stretch; a shorter stretch is none
_BROKEN = "artifact"
_NEVER, _ALWAYS = 1e-9, 1 - 1e-9


@dataclass(frozen=True, eq=False)
class Moment:
    """A judged picture worth showing: `image` (S, S, 3) uint8 RGB as it was judged.

    `apart` is how far a second finder sees the landmarks elsewhere, in eye distances; None where
    nobody asked it.
    """

    verdict: Verdict
    image: Image
    apart: float | None = None

    @property
    def is_glitch(self) -> bool:
        """Whether a glitch was flagged in it."""
        return any(not flag.is_gate for flag in self.verdict.flags)


class Moments:
    """Keeps the worst pictures of a video.

    How bad one is grows with its score, and with how far the reason of its flag is beyond what is
    usual: what is a glitch by itself lifts the score to the threshold and no further.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._bins: dict[int, tuple[tuple[bool, float], Moment]] = {}

    def add(self, moment: Moment) -> None:
        """Take one more picture."""
        at, rank = int(moment.verdict.time * _BINS), self._rank(moment)
        best = self._bins.get(at)
        if best is None or rank > best[0]:
            self._bins[at] = rank, moment
        if len(self._bins) > _KEPT:
            del self._bins[min(self._bins, key=lambda at: self._bins[at][0])]

    def worst(self) -> list[Moment]:
        """Return the flagged ones, or where nothing was flagged the highest scores; worst first."""
        by_rank = sorted(self._bins.values(), key=lambda ranked: ranked[0], reverse=True)
        ranked = [moment for _, moment in by_rank]
        flagged = [
            moment for moment in ranked if moment.is_glitch and moment.verdict.score >= _SHOWN_SCORE
        ]
        return _spread(flagged, _MOST_MOMENTS) or _spread(ranked, _MOST_MOMENTS // 2)

    def _rank(self, moment: Moment) -> tuple[bool, float]:
        odds = log_odds(min(max(moment.verdict.score, _NEVER), _ALWAYS))
        beyond = max(1.0, self._wording.strength(moment.verdict))
        return moment.is_glitch, odds + math.log(beyond)


def _spread(ranked: list[Moment], most: int) -> list[Moment]:
    """Return the first ones, and of those near each other in time only the first."""
    chosen: list[Moment] = []
    for moment in ranked:
        time = moment.verdict.time
        if all(abs(time - other.verdict.time) >= _APART for other in chosen):
            chosen.append(moment)
    return chosen[:most]


@dataclass(frozen=True, eq=False)
class Stretch:
    """From `begin` to `end` in seconds something holds; `moment` shows it."""

    begin: float
    end: float
    moment: Moment

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin


class Excused:
    """Finds the longest stretch in which the detector had an excuse for how the face looks.

    It took the face for covered, or the whole picture for spoilt. Its `moment` is the one that
    looks most broken: what an excuse may have hidden.
    """

    def __init__(self) -> None:
        self._now: Stretch | None = None
        self._longest: Stretch | None = None

    def add(self, moment: Moment) -> None:
        """Take one more picture."""
        if is_bare(moment.verdict.measures) or moment.is_glitch:
            return
        time, now = moment.verdict.time, self._now
        if now is None or time - now.end > _GAP:
            self._now = Stretch(time, time, moment)
        else:
            worst = max(now.moment, moment, key=_broken)
            self._now = replace(now, end=time, moment=worst)
        if self._longest is None or self._now.seconds >= self._longest.seconds:
            self._longest = self._now

    def longest(self) -> Stretch | None:
        """Return it, or None where hardly anything was excused."""
        if self._longest is None or self._longest.seconds < _LEAST:
            return None
        return self._longest


def _broken(moment: Moment) -> float:
    return moment.verdict.measures.get(_BROKEN, -math.inf)
