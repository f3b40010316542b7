"""The driver beside the avatar, looked at now and then."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.face_signals import read_signals
from avatar_app.glitch.driver import DriverWatch
from avatar_app.glitch.follower import Follower
from avatar_app.glitch.turns import BESIDE_DRIVER, Turn
from avatar_app.glitch.watch import Observation
from avatar_app.types import Frame
from tests.glitch.shown import clip, finder

NO_FACE = Observation({}, None)
HELD = Turn(*[False] * len(Turn()))
FITTED = HELD._replace(driver_fit=True)


@pytest.fixture
def watch() -> DriverWatch:
    """Return one that has seen nothing yet."""
    return DriverWatch(Follower(finder()), finder())


def look(watch: DriverWatch, index: int, turn: Turn) -> Observation:
    """Show the driver in the picture `index` of the bundled clip."""
    return watch.look(Frame(clip()[index], index, index / 25), turn)


def nodding(driver: Observation, degrees: float) -> Observation:
    """Return an avatar that does what the driver does, but for a nod."""
    pitch = driver.signals["pitch"] + degrees
    return Observation({}, driver.face, {**driver.signals, "pitch": pitch})


def test_what_a_driver_does_holds_until_the_next_look(watch: DriverWatch) -> None:
    """Signals and gates are those of the last fit, and belong to that picture's landmarks."""
    first = look(watch, 0, Turn())
    held = look(watch, 9, HELD)
    assert held.signals == first.signals
    assert held.measures["driver_cover"] == first.measures["driver_cover"]
    fitted = look(watch, 10, FITTED)
    assert fitted.face is not None
    assert fitted.signals == read_signals(fitted.face.landmarks) != first.signals


def test_an_avatar_is_compared_with_what_its_driver_did_at_the_same_time(
    watch: DriverWatch,
) -> None:
    """While the driver is not looked at, an avatar that goes on is not held against it."""
    driver = look(watch, 0, Turn())
    watch.compare(driver, nodding(driver, 0))
    driver = look(watch, 1, FITTED)
    nodded = watch.compare(driver, nodding(driver, 10))
    assert nodded["mismatch_pitch"] == pytest.approx(1, abs=0.1)
    driver = look(watch, 2, HELD)
    assert watch.compare(driver, nodding(driver, 50)) == nodded
    driver = look(watch, 3, FITTED)
    assert watch.compare(driver, nodding(driver, 0))["mismatch_pitch"] < 0.1


def test_a_face_that_was_lost_is_not_compared_by_what_was_before(watch: DriverWatch) -> None:
    """Neither the avatar's nor the driver's: until both are looked at again, nothing is said."""
    driver = look(watch, 0, Turn())
    assert watch.compare(driver, nodding(driver, 10))
    driver = look(watch, 1, HELD)
    assert not watch.compare(driver, NO_FACE)
    driver = look(watch, 2, HELD)
    assert not watch.compare(driver, nodding(driver, 10))
    driver = look(watch, 3, FITTED)
    assert watch.compare(driver, nodding(driver, 10))


def test_after_a_calibration_nothing_is_held_against_the_avatar(watch: DriverWatch) -> None:
    """What was compared with the pose before holds no longer."""
    driver = look(watch, 0, Turn())
    watch.compare(driver, nodding(driver, 0))
    driver = look(watch, 1, FITTED)
    assert watch.compare(driver, nodding(driver, 30))["mismatch_pitch"] > 2
    watch.recalibrate()
    driver = look(watch, 2, HELD)
    assert not watch.compare(driver, nodding(driver, 30))
    driver = look(watch, 3, FITTED)
    assert watch.compare(driver, nodding(driver, 30))["mismatch_pitch"] == 0


def test_a_driver_who_leaves_is_missed_within_a_cycle(watch: DriverWatch) -> None:
    """And how long for is told in every picture, also where nobody searches."""
    look(watch, 0, Turn())
    empty = np.full((256, 256, 3), 90, np.uint8)
    unseen = [
        watch.look(Frame(empty, i, i / 25), BESIDE_DRIVER[i % 4]).measures["driver_unseen"]
        for i in range(1, 14)
    ]
    assert unseen[-1] >= (13 - 4) / 25
    assert sorted(unseen) == unseen
