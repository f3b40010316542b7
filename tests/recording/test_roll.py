"""The last seconds in memory: which are there, and that they are what they were."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.preferences import options
from avatar_app.recording import Moment, Roll
from avatar_app.settings import bundled
from avatar_app.types import Image
from avatar_app.video import read_clip


@pytest.fixture(scope="module")
def face() -> Image:
    """A picture as the avatar's are, (256, 256, 3)."""
    return np.asarray(read_clip(bundled("assets", "demo", "webcam.mp4"), 256)[0], np.uint8)


def indices(roll: Roll) -> list[int]:
    """Take all that is in it, oldest first."""
    found = []
    while (moment := roll.pop()) is not None:
        found.append(moment.index)
    return found


def test_only_the_last_seconds_are_kept(face: Image) -> None:
    """What is taken from them begins where it is wanted to, and is taken once."""
    roll = Roll()
    for tenth in range(100):
        roll.add(Moment(tenth, tenth / 10, face), seconds=3.0)
    assert len(roll) == 31
    roll.forget_before(8.05)
    assert indices(roll) == list(range(81, 100))
    assert indices(roll) == []


def test_memory_is_bounded_whatever_is_recorded() -> None:
    """Large pictures that hardly pack leave less time in it; what is left is the newest."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    roll = Roll(limit=1_000_000)
    for index in range(40):
        roll.add(Moment(index, index / 30, noise[:64, :64], noise), seconds=30.0)
        held = sum(len(kept.avatar) + len(kept.driver or b"") for kept in roll._packed)
        assert held == roll.size <= 1_000_000
    assert 2 < len(roll) < 30
    assert indices(roll)[-1] == 39
    assert roll.size == 0
    roll.add(Moment(0, 0.0, np.tile(noise, (6, 6, 1))), seconds=30.0)
    assert (len(roll), roll.size) == (0, 0)


def test_half_a_minute_of_a_usual_camera_has_room(face: Image) -> None:
    """The longest pre-roll that can be chosen is kept whole, also with the driver in it."""
    driver = np.asarray(read_clip(bundled("assets", "demo", "webcam.mp4"), 640)[0], np.uint8)
    roll = Roll()
    roll.add(Moment(0, 0.0, face, driver), seconds=1.0)
    longest = next(row.high for row in options() if row.name == "pre_roll")
    assert longest is not None
    assert roll.size * (longest + 2) * 30 < roll._limit


def test_pictures_come_back_as_they_were(face: Image) -> None:
    """Nearly: they are kept in a fifth of their size or less."""
    roll = Roll()
    roll.add(Moment(1, 0.0, face, face[:100, ::-1]), seconds=1.0)
    assert len(roll._packed[0].avatar) < face.nbytes / 5
    moment = roll.pop()
    assert moment is not None
    assert moment.driver is not None
    for given, back in ((face, moment.avatar), (face[:100, ::-1], moment.driver)):
        assert np.abs(given.astype(int) - back).mean() < 2
