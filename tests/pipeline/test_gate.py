"""The gate between the wearer and everybody else: closed unless there is a reason to be open."""

from __future__ import annotations

import pytest

from avatar_app.events import Flag
from avatar_app.pipeline.gate import Gate
from avatar_app.pipeline.view import Shown, State, Status
from avatar_app.pipeline.wiring import Picture
from avatar_app.preferences import Preferences
from avatar_app.types import Verdict
from tests.pipeline.fakes import grey

STALE = 2.0


def state(on_flag: str = "keep", **fields: bool | Status) -> State:
    """How things stand where all is well, but for `fields`."""
    fields = {"model": Status.ON, **fields}
    return State(Preferences(on_flag=on_flag), **fields)  # type: ignore[arg-type]


def picture(at: float, is_camera: bool = False) -> Picture:
    """A picture rendered at this time."""
    return Picture(grey(50), int(at * 10), at, at, is_camera)


def verdict(*flags: Flag) -> Verdict:
    """A judgement with these flags."""
    return Verdict(0, 0.0, 0.5, frozenset(flags))


def test_an_avatar_is_shown_while_it_is_fresh() -> None:
    """A picture that is too old gives way to a card."""
    gate, last = Gate(STALE), picture(10.0)
    assert gate.choose(state(), last, None, 10.1).shown is Shown.AVATAR
    assert gate.choose(state(), last, None, 10.0 + STALE + 0.1).shown is Shown.CARD


@pytest.mark.parametrize(
    ("how", "last"),
    [
        (state(), None),
        (state(model=Status.FAILED), None),
        (state(is_panicked=True), picture(10.0)),
        (state(is_panicked=True, is_passing_through=True), picture(10.0, is_camera=True)),
        (state(), picture(10.0, is_camera=True)),
        (state(is_passing_through=True), picture(10.0)),
        (state(is_passing_through=True), None),
    ],
)
def test_everything_else_is_a_card(how: State, last: Picture | None) -> None:
    """Before the first picture, after the last, in panic, and wherever wish and picture differ."""
    choice = Gate(STALE).choose(how, last, None, 10.0)
    assert choice.shown is Shown.CARD
    assert choice.picture is None
    assert choice.sentence


def test_the_camera_is_shown_only_where_asked_for() -> None:
    """And it is called that."""
    how = state(is_passing_through=True)
    choice = Gate(STALE).choose(how, picture(10.0, is_camera=True), None, 10.0)
    assert choice.shown is Shown.CAMERA


def test_a_red_flag_holds_a_picture_from_before_it() -> None:
    """The flag comes later than what it is about, so the last picture is not the last good one."""
    gate, how = Gate(STALE), state("hold")
    for tenth in range(100, 110):
        gate.choose(how, picture(tenth / 10), verdict(), tenth / 10)
    first = gate.choose(how, picture(11.0), verdict(Flag.FACE_MISSING), 11.0)
    assert first.shown is Shown.HELD
    assert first.picture is not None
    assert 10.3 <= first.picture.rendered <= 10.7
    later = gate.choose(how, picture(12.0), verdict(Flag.FACE_MISSING), 12.0)
    assert later.picture is first.picture
    after = gate.choose(how, picture(12.1), verdict(), 12.1)
    assert after.shown is Shown.AVATAR
    assert after.picture is not None
    assert after.picture.rendered == 12.1


def test_without_a_good_picture_to_hold_there_is_a_card() -> None:
    """A flag from the very first picture on leaves nothing to hold."""
    choice = Gate(STALE).choose(state("hold"), picture(10.0), verdict(Flag.FACE_MISSING), 10.0)
    assert choice.shown is Shown.CARD


@pytest.mark.parametrize(
    ("wish", "flag", "shown"),
    [
        ("keep", Flag.FACE_MISSING, Shown.AVATAR),
        ("card", Flag.FACE_MISSING, Shown.CARD),
        ("card", Flag.BLURRED, Shown.AVATAR),
        ("card", Flag.DRIVER_MISSING, Shown.AVATAR),
    ],
)
def test_only_a_severe_flag_hides_and_only_where_asked(wish: str, flag: Flag, shown: Shown) -> None:
    """A mild fault or a warning about the driver is no reason to disappear."""
    choice = Gate(STALE).choose(state(wish), picture(10.0), verdict(flag), 10.0)
    assert choice.shown is shown
