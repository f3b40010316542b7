"""By how much values are above what they were for seconds: what is odd all the time is no news."""

from __future__ import annotations

from collections import deque

import numpy as np

from avatar_app.types import Floats

_SECONDS = 4.0  # what a value usually is, is a mean over about so long
_LAG_SECONDS = 0.25  # the last moments do not count: what begins slowly must not become usual
_LEAST_SECONDS = 0.4  # before so much is known there is nothing to compare with
_LONGEST_STEP = 0.2  # seconds: what comes after a gap weighs no more
_RISE_LASTS = 3  # looks at every second picture: a single one says nothing


class LastingRise:
    """By how much the highest of several values rose, in most of the last looks at them.

    It is the `height`, 0 while little is known. Not thread-safe.
    """

    def __init__(self) -> None:
        self._rise = Rise()
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next values are of another scene."""
        self._rise.forget()
        self._last: deque[float] = deque(maxlen=_RISE_LASTS)
        self.height = 0.0

    def update(self, values: Floats, time: float) -> None:
        """Take values (N,) at `time` in seconds."""
        rise = self._rise.update(values, time)
        self.height = lasting(self._last, 0.0 if rise is None else float(rise.max()))


class Rise:
    """Holds what values were. Not thread-safe."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next values are of another scene."""
        self._waiting: deque[tuple[float, float, Floats]] = deque()
        self._mean: Floats | None = None
        self._known = 0.0  # seconds
        self._time: float | None = None

    def update(self, values: Floats, time: float) -> Floats | None:
        """Take values (N,) at `time` in seconds; return their rise, None while little is known."""
        step = 0.0 if self._time is None else min(max(0.0, time - self._time), _LONGEST_STEP)
        self._time = time
        self._waiting.append((time, step, values))
        while self._waiting[0][0] <= time - _LAG_SECONDS:
            self._take(*self._waiting.popleft()[1:])
        if self._mean is None or self._known < _LEAST_SECONDS:
            return None
        return np.asarray(values - self._mean, np.float32)

    def _take(self, step: float, values: Floats) -> None:
        self._known += step
        if self._mean is None:
            self._mean = values
        elif step:
            share = np.float32(step / min(self._known, _SECONDS))
            self._mean = self._mean + share * (values - self._mean)


def lasting(before: deque[float], value: float) -> float:
    """Add a value to those before; return what more than half of them reach, 0 while few."""
    before.append(value)
    most = before.maxlen or 1
    few = [0.0] * (most - len(before))
    return sorted([*few, *before])[most // 2]
