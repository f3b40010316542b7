"""How often the driver's face is looked for, and where it is taken to be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from avatar_app.handoff import Cell
from avatar_app.pipeline.framing import DriverFraming
from avatar_app.pipeline.look import LookJob
from avatar_app.pipeline.parts import Parts
from avatar_app.pipeline.view import DriverFace, State
from avatar_app.pipeline.wiring import Wiring
from avatar_app.preferences import Preferences
from avatar_app.types import Floats, Frame, Image
from tests.evaluation.constructed import landmarks
from tests.pipeline.fakes import grey

CAMERA_FPS = 30


class _SlowLooker:
    """Takes the same time for every look, by a clock of its own, and sees nobody."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.looks: list[float] = []
        self.forgotten: list[int] = []  # the looks before
        self._seconds = seconds

    def follow(self, image: Image) -> Floats | None:
        self.looks.append(self.now)
        self.now += self._seconds
        return None

    def forget(self) -> None:
        self.forgotten.append(len(self.looks))

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


def test_in_pictures_of_another_size_the_face_is_looked_for_anew() -> None:
    """As from a stream whose sender is turned: the last place is that of other pictures."""
    looker = _SlowLooker(0.01)
    parts = Parts(looker=lambda: looker, clock=lambda: looker.now)
    wiring = Wiring(parts, Cell(State(Preferences())))
    job = LookJob(wiring)
    for number, (height, width) in enumerate([(120, 160), (120, 160), (160, 120), (160, 120)]):
        wiring.to_look.put(Frame(grey(0, height, width), number, float(number)))
        job.step()
    assert len(looker.looks) == 4
    assert looker.forgotten == [0, 2]


def test_a_face_seen_in_pictures_of_another_size_is_not_cut_out() -> None:
    """Nothing is, until it is seen in one of this size: the old place shows something else."""
    framing = DriverFraming()
    face = DriverFace(0, 0.9, landmarks(unit=20, centre=(80, 60)))
    square = framing.square(Frame(grey(0, 120, 160), 1, 1.0), face, follow=True)
    assert square is not None
    larger = grey(0, 480, 640)
    assert framing.square(Frame(larger, 2, 1.1), face, follow=True) is None
    found = DriverFace(3, 1.2, landmarks(unit=80, centre=(320, 240)))
    again = framing.square(Frame(larger, 4, 1.3), found, follow=True)
    assert again is not None
    assert again.size == pytest.approx(4 * square.size, rel=0.05)
