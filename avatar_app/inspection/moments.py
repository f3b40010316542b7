"""Which pictures of a video are worth showing: the worst ones."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.types import Image, Verdict

_MOST_MOMENTS = 6
_KEPT = 24
_SHOWN_SCORE = 0.5  # a flag holds for a while after: such pictures are no worst moments


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
    """Keeps the worst picture of each second, and of those the worst."""

    def __init__(self) -> None:
        self._by_second: dict[int, Moment] = {}

    def add(self, moment: Moment) -> None:
        """Take one more picture."""
        second = int(moment.verdict.time)
        best = self._by_second.get(second)
        if best is None or _rank(moment) > _rank(best):
            self._by_second[second] = moment
        if len(self._by_second) > _KEPT:
            del self._by_second[min(self._by_second, key=lambda at: _rank(self._by_second[at]))]

    def worst(self) -> list[Moment]:
        """Return the flagged ones, or where nothing was flagged the highest scores; worst first."""
        ranked = sorted(self._by_second.values(), key=_rank, reverse=True)
        flagged = [
            moment for moment in ranked if moment.is_glitch and moment.verdict.score >= _SHOWN_SCORE
        ]
        return flagged[:_MOST_MOMENTS] or ranked[: _MOST_MOMENTS // 2]


def _rank(moment: Moment) -> tuple[bool, float]:
    return moment.is_glitch, moment.verdict.score
