"""Slow looks by turns: a picture pays for half of them, where there are many pictures a second."""

from __future__ import annotations

from typing import NamedTuple

_RARE = 0.1  # seconds: after so long there is time for all, and much may have changed


class Turn(NamedTuple):
    """Which slow looks a picture gets: the `first` kind, the `second`, or both."""

    first: bool = True
    second: bool = True


class Turns:
    """Deals them out: both to the first picture and to rare ones, else one after the other."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture is the first one."""
        self._pictures = 0

    def next(self, elapsed: float) -> Turn:
        """Return what the next picture gets, `elapsed` seconds after the one before."""
        number, self._pictures = self._pictures, self._pictures + 1
        if number == 0 or elapsed > _RARE:
            return Turn()
        return Turn(first=number % 2 == 0, second=number % 2 == 1)
