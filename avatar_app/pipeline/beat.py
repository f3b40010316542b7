"""A steady rate that delays do not shift."""

from __future__ import annotations


class Beat:
    """Says when the next of `rate` beats a second is due; the schedule is fixed at the start.

    Beats that a delay held up are made good at once, so that none is missing; after a stop of more
    than `patience` seconds those that lie in it are given up. Times are seconds of one clock.
    """

    def __init__(self, rate: float, now: float, patience: float) -> None:
        self._rate = rate
        self._origin = now
        self._patience = patience
        self._beats = 0
        self._rests_until = now

    def wait(self, now: float) -> float:
        """Return the seconds until the next beat is due, 0 where it is."""
        return max(0.0, self._due - now, self._rests_until - now)

    def strike(self, now: float) -> None:
        """Count the beat that is due, done at `now`."""
        late = now - self._due
        self._beats += 1
        if late > self._patience:
            self._beats += int(late * self._rate)

    def took(self, began: float, ended: float) -> None:
        """Leave others as much time as the beat's work took: it may hold up all other threads."""
        self._rests_until = ended + (ended - began)

    @property
    def _due(self) -> float:
        # Not by adding up: errors of rounding would be a drift.
        return self._origin + self._beats / self._rate
