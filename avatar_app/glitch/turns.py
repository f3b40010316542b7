"""Slow looks by turns: a picture pays for some of them, where there are many pictures a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_RARE = 0.1  # seconds: after so long there is time for all, and much may have changed


class Turn(NamedTuple):
    """Which slow looks a picture gets; all, unless said otherwise.

    `search`: whether the face is still there. `glance` and `bend`: at how it looks.
    `driver_search` and `driver_fit`: whether the driver is still there; what the driver does.
    """

    search: bool = True
    glance: bool = True
    bend: bool = True
    driver_search: bool = True
    driver_fit: bool = True


_NOTHING = Turn(*[False] * len(Turn()))
_GLANCE = _NOTHING._replace(search=True, glance=True)

FROM_VIDEO = (_GLANCE, _NOTHING._replace(search=True, bend=True))
"""From a video alone each picture is searched: without that landmarks slip."""

BESIDE_DRIVER = (
    *(_GLANCE, _NOTHING._replace(driver_fit=True)),
    *(_GLANCE, _NOTHING._replace(driver_search=True, bend=True)),
)
"""Beside a driver each picture pays for one search or fit beyond the avatar's own fit."""


class Turns:
    """Deals out a `cycle` of them; the first picture and rare ones get all."""

    def __init__(self, cycle: Sequence[Turn]) -> None:
        self._cycle = cycle
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture is the first one."""
        self._pictures = 0

    def next(self, elapsed: float) -> Turn:
        """Return what the next picture gets, `elapsed` seconds after the one before."""
        number, self._pictures = self._pictures, self._pictures + 1
        if number == 0 or elapsed > _RARE:
            return Turn()
        return self._cycle[number % len(self._cycle)]
