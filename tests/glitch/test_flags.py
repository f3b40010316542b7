"""Flags that hold, and the events of their coming and going."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_app.events import Flag, FlagCleared, FlagRaised
from avatar_app.glitch.flags import FlagTracker, Hysteresis
from avatar_app.types import Verdict


def course(values: list[float], step: float = 0.1) -> list[bool]:
    """Return what a hysteresis with on 1.0 and off 0.5 says of values `step` seconds apart."""
    hysteresis = Hysteresis(1.0, 0.5)
    return [hysteresis.update(value, index * step) for index, value in enumerate(values)]


def test_a_flag_is_raised_at_once_and_held_half_a_second() -> None:
    """A single high value counts from its own moment, and for half a second."""
    assert course([0, 1, 0, 0, 0, 0, 0, 0]) == [False, *[True] * 5, False, False]


def test_a_short_gap_is_none() -> None:
    """Two faults 0.4 s apart are one flag."""
    assert all(course([1, 0, 0, 0, 1, 0, 0, 0]))


def test_between_the_thresholds_nothing_changes() -> None:
    """What is too low to raise a flag is high enough to keep it."""
    assert not any(course([0.7] * 20))
    assert all(course([1.0, *[0.7] * 20]))


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    """An off-threshold above the on-threshold would flicker."""
    with pytest.raises(ValueError, match="off"):
        Hysteresis(0.5, 1.0)


@given(st.lists(st.floats(0, 2), max_size=60))
def test_no_flag_is_shorter_than_half_a_second(values: list[float]) -> None:
    """Whatever the values do, a flag that ends has held for 0.5 s."""
    said = np.array([False, *course([*values, *[0.0] * 10]), False])
    starts, ends = (
        np.flatnonzero(np.diff(said.astype(int)) > 0),
        np.flatnonzero(np.diff(said.astype(int)) < 0),
    )
    assert all(end - start >= 5 for start, end in zip(starts, ends, strict=True))


def verdict(index: int, *flags: Flag) -> Verdict:
    """Return a verdict at a tenth of a second a picture."""
    reasons = {flag: f"because of {flag.name}" for flag in flags}
    return Verdict(index, index / 10, 0.9, frozenset(flags), reasons)


def test_events_tell_when_flags_come_and_go() -> None:
    """One event for each change, with the reason, and the time it held."""
    tracker = FlagTracker()
    assert tracker.update(verdict(0)) == []
    assert tracker.update(verdict(1, Flag.BLURRED)) == [
        FlagRaised(0.1, 1, Flag.BLURRED, 0.9, "because of BLURRED")
    ]
    assert tracker.update(verdict(2, Flag.BLURRED, Flag.JITTER)) == [
        FlagRaised(0.2, 2, Flag.JITTER, 0.9, "because of JITTER")
    ]
    assert tracker.flags == {Flag.BLURRED: 0.1, Flag.JITTER: 0.2}
    assert tracker.update(verdict(4, Flag.JITTER)) == [FlagCleared(0.4, 4, Flag.BLURRED, 0.3)]
    assert tracker.finish(1.0, 10) == [FlagCleared(1.0, 10, Flag.JITTER, 0.8)]
    assert tracker.finish(1.0, 10) == []
