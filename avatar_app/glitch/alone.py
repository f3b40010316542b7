"""Measures that are each a glitch by themselves if they stay beyond a limit for long enough."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from avatar_app.glitch.calibration import Usual
from avatar_app.glitch.measures import ALONE, SEEN_SECONDS, TURN, is_seen_well

_MOMENT = 1e-6  # seconds: times of pictures are not exact


class Alone:
    """Knows for how long measures have been beyond their `limits`. Not thread-safe."""

    def __init__(self, limits: Mapping[str, Usual]) -> None:
        self._limits = {name: limit for name, limit in limits.items() if name in ALONE}
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._seen_since: float | None = None
        self._since: dict[str, float] = {}

    def update(self, measures: Mapping[str, float], time: float) -> Collection[str]:
        """Return those that are enough for a glitch in the next picture, at `time` in seconds."""
        if not is_seen_well(measures):
            self.forget()
            return ()
        if self._seen_since is None:
            self._seen_since = time
        if time - self._seen_since < SEEN_SECONDS - _MOMENT:
            return ()
        turn = measures.get(TURN, 0.0)
        for name, limit in self._limits.items():
            if limit.evidence(measures.get(name, limit.median), turn) > 1:
                self._since.setdefault(name, time)
            else:
                self._since.pop(name, None)
        return [
            name
            for name, since in self._since.items()
            if time - since >= ALONE[name].seconds - _MOMENT
        ]


def frames_of(seconds: float, rate: float) -> int:
    """Return how many pictures at `rate` a second show that something lasts so long."""
    return math.ceil(seconds * rate - _MOMENT) + 1
