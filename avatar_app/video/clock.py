"""The times of a file, made to rise."""

from __future__ import annotations

_LONGEST_STEP, _LONGEST_STEP_BACK = 3600.0, 1.0  # seconds


def is_jump(step: float) -> bool:
    """Return whether a step of so many seconds is a jump of the clock, not time that passed.

    Recordings that were joined begin anew in the middle, and the counter of a transport stream
    does so once a day.
    """
    return not -_LONGEST_STEP_BACK <= step <= _LONGEST_STEP


class Clock:
    """Turns the times of a file into seconds from `origin`, or else from the first, that rise.

    Where a time is unknown, does not rise, or jumps, it is `step` seconds after the last; `first`
    stands for an unknown first one. What follows a jump keeps its distance to it.
    """

    def __init__(self, origin: float | None, step: float, first: float = 0.0) -> None:
        self.origin = origin
        self.has_jumped = False
        self._step = step
        self._first = first
        self._last: float | None = None

    def read(self, time: float | None) -> float:
        """Return the next time, in the file `time` or None if unknown, in seconds."""
        last = self._last
        self._last = after = self._first if last is None else last + self._step
        self.origin = time if self.origin is None else self.origin
        if time is None or self.origin is None:
            return after
        risen = time - self.origin
        if last is not None and is_jump(risen - last):
            self.has_jumped = True
            self.origin = time - after
        elif risen > (-1.0 if last is None else last):
            self._last = risen
        return self._last
