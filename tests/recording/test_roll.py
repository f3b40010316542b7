"""The last seconds in memory: which are there, and that they are what they were."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.recording import Moment, Roll
from avatar_app.settings import bundled
from avatar_app.types import Image
from avatar_app.video import read_clip


@pytest.fixture(scope="module")
def face() -> Image:
    """A picture as the avatar's are, (256, 256, 3)."""
    return np.asarray(read_clip(bundled("assets", "demo", "webcam.mp4"), 256)[0], np.uint8)


def test_only_the_last_seconds_are_kept(face: Image) -> None:
    """What is taken from them begins where it is wanted to, and is taken once."""
    roll = Roll()
    for tenth in range(100):
        roll.add(Moment(tenth, tenth / 10, face), seconds=3.0)
    assert len(roll._packed) == 31
    taken = roll.take(since=8.05)
    assert [moment.index for moment in taken] == list(range(81, 100))
    assert roll.take(since=0.0) == []


def test_pictures_come_back_as_they_were(face: Image) -> None:
    """Nearly: they are kept in a fifth of their size or less."""
    roll = Roll()
    roll.add(Moment(1, 0.0, face, face[:100, ::-1]), seconds=1.0)
    assert len(roll._packed[0].avatar) < face.nbytes / 5
    (moment,) = roll.take(0.0)
    assert moment.driver is not None
    for given, back in ((face, moment.avatar), (face[:100, ::-1], moment.driver)):
        assert np.abs(given.astype(int) - back).mean() < 2
