"""How values rise above what they were."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.glitch.signals.rise import Rise
from avatar_app.types import Floats


def values(*some: float) -> Floats:
    """Return them as the detector gives them."""
    return np.array(some, np.float32)


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_what_is_high_all_the_time_does_not_rise(rate: int) -> None:
    """Only what changes, by how much; at any rate of pictures."""
    rise = Rise()
    for index in range(2 * rate):
        risen = rise.update(values(5, index > 1.8 * rate), index / rate)
    assert risen is not None
    assert risen == pytest.approx([0, 1], abs=0.03)


def test_nothing_is_said_while_little_is_known() -> None:
    """Two thirds of a second pass before the first word."""
    rise = Rise()
    told = [rise.update(values(1), index / 25) is not None for index in range(50)]
    assert told == sorted(told)
    assert 0.5 < told.index(True) / 25 < 0.8
    rise.forget()
    assert rise.update(values(1), 3.0) is None


def test_what_begins_slowly_is_not_made_usual_at_once() -> None:
    """A second into a climb of a quarter second nearly all of it is still there; later it fades."""
    rise, seen = Rise(), []
    for index in range(500):
        height = np.clip((index - 100) / 6, 0, 1)
        risen = rise.update(values(height), index / 25)
        seen.append(0.0 if risen is None else float(risen[0]))
    assert seen[107] > 0.97
    assert seen[125] > 0.75
    assert seen[499] < 0.1


def test_a_gap_makes_nothing_usual() -> None:
    """A face that comes back after a minute is compared with what it was."""
    rise = Rise()
    for index in range(100):
        rise.update(values(0), index / 25)
    for index in range(12):
        risen = rise.update(values(1), 64 + index / 25)
    assert risen is not None
    assert risen[0] > 0.9
