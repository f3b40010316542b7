"""From a value that goes up and down to a flag that holds, and from flags to events."""

from __future__ import annotations

from collections.abc import Mapping

from avatar_app.events import Flag, FlagCleared, FlagRaised
from avatar_app.types import Verdict

HOLD_SECONDS = 0.5
"""A flag that was raised holds at least so long."""
GAP_SECONDS = 0.5
"""A flag is cleared when its value has been low for so long: shorter gaps are none."""


class Hysteresis:
    """Says whether a condition holds: raised at `on`, cleared below `off` after a while."""

    def __init__(self, on: float, off: float) -> None:
        if off > on:
            raise ValueError(f"Hysteresis: expected off <= on, got off {off} and on {on}")
        self._on, self._off = on, off
        self._raised_at: float | None = None
        self._last_high = 0.0

    @property
    def is_raised(self) -> bool:
        """Whether it holds now."""
        return self._raised_at is not None

    def update(self, value: float, time: float) -> bool:
        """Take the value at `time` in seconds, which does not fall; say whether it holds."""
        if self._raised_at is None:
            if value >= self._on:
                self._raised_at = self._last_high = time
        elif value >= self._off:
            self._last_high = time
        elif time - self._last_high >= GAP_SECONDS and time - self._raised_at >= HOLD_SECONDS:
            self._raised_at = None
        return self.is_raised

    def forget(self) -> None:
        """Start afresh: nothing holds."""
        self._raised_at = None


class FlagTracker:
    """Turns verdicts, taken in order, into events: the moments flags were raised and cleared."""

    def __init__(self) -> None:
        self._since: dict[Flag, float] = {}

    @property
    def flags(self) -> Mapping[Flag, float]:
        """The flags that hold now, with the time in seconds since when."""
        return dict(self._since)

    def update(self, verdict: Verdict) -> list[FlagRaised | FlagCleared]:
        """Take the next verdict; give what changed with it, in the order of `Flag`."""
        events: list[FlagRaised | FlagCleared] = []
        for flag in Flag:
            if flag in verdict.flags and flag not in self._since:
                self._since[flag] = verdict.time
                reason = verdict.reasons.get(flag, "")
                events.append(FlagRaised(verdict.time, verdict.index, flag, verdict.score, reason))
            elif flag in self._since and flag not in verdict.flags:
                events.append(self._cleared(flag, verdict.time, verdict.index))
        return events

    def finish(self, time: float, index: int) -> list[FlagRaised | FlagCleared]:
        """Clear what still holds where the pictures end, or another avatar begins."""
        return [self._cleared(flag, time, index) for flag in Flag if flag in self._since]

    def _cleared(self, flag: Flag, time: float, index: int) -> FlagCleared:
        return FlagCleared(time, index, flag, round(time - self._since.pop(flag), 6))
