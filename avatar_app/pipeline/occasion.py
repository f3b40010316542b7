"""Whether this moment is to be recorded: the wearer's wishes, and the flags that are up."""

from __future__ import annotations

import math

from avatar_app.events import Event, Flag, FlagCleared, FlagRaised, Marked
from avatar_app.preferences import Preferences

ASKED, ALWAYS, MARK = "asked for", "always", "mark"


class Occasion:
    """Keeps count of the reasons to record.

    Gates, which warn about the driver, are none: nobody before the camera is nothing to look at.
    """

    def __init__(self) -> None:
        self._is_asked_for = False
        self._is_declined = False
        self._mode = ""
        self._up: set[Flag] = set()
        self._why, self._until = "", -math.inf
        self.since = -math.inf
        """From when on the moments of the last flag or mark count, the pre-roll included."""

    def ask(self) -> None:
        """Record from now on."""
        self._is_asked_for = True

    def decline(self) -> None:
        """Record no longer, whatever the reason was; a new reason counts again."""
        self._is_asked_for = False
        self._is_declined = True
        self._up.clear()
        self._until = -math.inf

    def note(self, event: Event, preferences: Preferences) -> None:
        """Take what has happened."""
        if isinstance(event, FlagRaised) and not event.flag.is_gate:
            self._begin(event.flag.name, event.time, preferences)
            self._up.add(event.flag)
        elif isinstance(event, Marked):
            self._begin(MARK, event.time, preferences)
        elif isinstance(event, FlagCleared) and event.flag in self._up:
            self._up.discard(event.flag)
        else:
            return
        self._until = max(self._until, event.time + preferences.post_roll)

    def reason(self, now: float, preferences: Preferences) -> str:
        """Say why to record at `now` in seconds; nothing where there is no reason."""
        if preferences.record != self._mode:
            self._mode, self._is_declined = preferences.record, False
        if self._is_asked_for:
            return ASKED
        if preferences.record == ALWAYS and not self._is_declined:
            return ALWAYS
        is_near = bool(self._up) or now <= self._until
        return self._why if preferences.record == "flags" and is_near else ""

    def _begin(self, why: str, time: float, preferences: Preferences) -> None:
        if not self._up and time > self._until:
            self._why, self.since = why, time - preferences.pre_roll
