"""The sender's schedule, by a clock that tests turn."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest

from avatar_app.pipeline.beat import Beat

RATE = 30.0


def struck(delays: Iterable[float], patience: float = 0.5) -> list[float]:
    """Return when each beat was done, where each is done so many seconds late or as soon after."""
    beat, now, times = Beat(RATE, 1000.0, patience), 1000.0, []
    for delay in delays:
        now += beat.wait(now) + delay
        beat.strike(now)
        times.append(now - 1000.0)
    return times


def test_an_hour_has_as_many_beats_as_it_should() -> None:
    """Each a little late, as it is in any system: the lateness does not add up."""
    times = struck([0.003] * 30 * 3600)
    assert times[-1] == pytest.approx((30 * 3600 - 1) / RATE + 0.003, abs=1e-6)


def test_beats_a_delay_held_up_are_made_good() -> None:
    """They follow at once, and the next are where they would have been."""
    times = struck([0.0, 0.0, 0.21, *[0.0] * 20])
    assert times[2] == pytest.approx(2 / RATE + 0.21)
    assert times[3:9] == pytest.approx([times[2]] * 6)
    assert times[9:] == pytest.approx([number / RATE for number in range(9, 23)])


def test_beats_of_a_long_stop_are_given_up() -> None:
    """A machine that slept does not send the pictures of an hour at once; the schedule holds."""
    times = struck([0.0, 3600.01, 0.0, 0.0])
    assert times[1] == pytest.approx(1 / RATE + 3600.01)
    assert times[2:] == pytest.approx([3600 + 2 / RATE, 3600 + 3 / RATE])


def test_a_wake_up_for_a_command_is_no_beat() -> None:
    """Asking how long to wait changes nothing."""
    beat = Beat(RATE, 0.0, 0.5)
    beat.strike(0.0)
    assert beat.wait(0.01) == pytest.approx(1 / RATE - 0.01)
    assert beat.wait(0.02) == pytest.approx(1 / RATE - 0.02)
    assert beat.wait(0.04) == 0


def test_work_that_takes_longer_than_a_beat_leaves_time_for_others() -> None:
    """Half of it: a slow virtual camera must not stop what makes the pictures."""
    beat, now, times = Beat(RATE, 0.0, 0.5), 0.0, []
    for _ in range(20):
        now += beat.wait(now)
        times.append(now)
        beat.strike(now)
        beat.took(now, now + 0.05)
        now += 0.05
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.1] * 19)
