"""How often the driver's face is looked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from avatar_app.handoff import Cell
from avatar_app.pipeline.look import LookJob
from avatar_app.pipeline.parts import Parts
from avatar_app.pipeline.view import State
from avatar_app.pipeline.wiring import Wiring
from avatar_app.preferences import Preferences
from avatar_app.types import Floats, Frame, Image
from tests.pipeline.fakes import grey

CAMERA_FPS = 30


class _SlowLooker:
    """Takes the same time for every look, by a clock of its own, and sees nobody."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.looks: list[float] = []
        self._seconds = seconds

    def follow(self, image: Image) -> Floats | None:
        self.looks.append(self.now)
        self.now += self._seconds
        return None

    def forget(self) -> None:
        pass

    def in_photo(self, image: Image) -> Sequence[Floats]:
        return []


def looks(seconds: float, during: float) -> list[float]:
    """When a looker that takes `seconds` for each looked at a camera's pictures."""
    looker = _SlowLooker(seconds)
    parts = Parts(looker=lambda: looker, clock=lambda: looker.now)
    wiring = Wiring(parts, Cell(State(Preferences())))
    job = LookJob(wiring)
    while looker.now < during:
        wiring.to_look.put(Frame(grey(0), 0, looker.now))
        before = looker.now
        job.step()
        if looker.now == before:
            looker.now += 1 / CAMERA_FPS
    return looker.looks


def test_a_quick_look_is_taken_ten_times_a_second() -> None:
    """More would only cost."""
    assert len(looks(0.01, during=10)) == pytest.approx(80, abs=20)


def test_a_slow_look_leaves_most_of_the_time_to_others() -> None:
    """At most a quarter of the time is spent looking, however long a look takes."""
    when = looks(0.5, during=60)
    assert len(when) * 0.5 <= 60 / 4 + 0.5
    assert len(when) > 20
