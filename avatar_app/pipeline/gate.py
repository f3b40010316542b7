"""What others may see at this moment: closed unless there is a good reason to be open."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from avatar_app.events import Severity
from avatar_app.pipeline.view import Shown, State, Status
from avatar_app.pipeline.wiring import Picture
from avatar_app.types import Verdict

_HELD_BEFORE_FLAG = 0.5
"""Seconds: a flag is raised later than what it is about begins to show."""

_BREAK, _START, _STOPPED = "Taking a break", "Just a moment", "Back in a moment"
_FLAGGED = "One moment please"


@dataclass(frozen=True, eq=False)
class Choice:
    """What to show: `picture`, or a card with `sentence` where there is none; and why, in words."""

    shown: Shown
    picture: Picture | None = None
    sentence: str = ""
    reason: str = ""


class Gate:
    """Decides picture by picture; remembers the last good ones for while a flag is up.

    A picture older than `stale` seconds is not shown any more: a frozen face fools nobody.
    """

    def __init__(self, stale: float) -> None:
        self._stale = stale
        self._recent: deque[Picture] = deque()
        self._held: Picture | None = None

    def choose(
        self, state: State, picture: Picture | None, verdict: Verdict | None, now: float
    ) -> Choice:
        """Return what to show at `now`, given the newest picture and the newest verdict."""
        closed = _closed(state, picture, now, self._stale)
        if closed is not None:
            self._forget()
            return closed
        assert picture is not None  # without one it is closed
        if picture.is_camera:
            return Choice(Shown.CAMERA, picture, "", "passed through")
        wish = state.preferences.on_flag
        if wish == "keep" or not _is_flagged(verdict):
            self._remember(picture, now)
            return Choice(Shown.AVATAR, picture)
        if wish == "hold":
            self._held = self._held or (self._recent[0] if self._recent else None)
            if self._held is not None:
                return Choice(Shown.HELD, self._held, "", "a red flag is up")
        return Choice(Shown.CARD, None, _FLAGGED, "a red flag is up")

    def _remember(self, picture: Picture, now: float) -> None:
        self._held = None
        if not self._recent or self._recent[-1] is not picture:
            self._recent.append(picture)
        while len(self._recent) > 1 and now - self._recent[0].rendered > _HELD_BEFORE_FLAG:
            self._recent.popleft()

    def _forget(self) -> None:
        self._recent.clear()
        self._held = None


def _closed(state: State, picture: Picture | None, now: float, stale: float) -> Choice | None:
    """Return the card where nothing else may be shown."""
    if state.is_panicked:
        return Choice(Shown.CARD, None, _BREAK, "panic")
    if picture is None:
        if state.model is Status.FAILED:
            return Choice(Shown.CARD, None, _STOPPED, "the model has stopped")
        return Choice(Shown.CARD, None, _START, "there is no picture yet")
    if picture.is_camera and not state.is_passing_through:
        return Choice(Shown.CARD, None, _START, "the camera is not passed through any more")
    if state.is_passing_through and not picture.is_camera:
        return Choice(Shown.CARD, None, _START, "there is no picture of the camera yet")
    if now - picture.rendered > stale:
        return Choice(Shown.CARD, None, _STOPPED, "no new picture comes")
    return None


def _is_flagged(verdict: Verdict | None) -> bool:
    """Return whether a severe flag is up; warnings about the driver do not count."""
    return verdict is not None and any(flag.severity is Severity.SEVERE for flag in verdict.flags)
