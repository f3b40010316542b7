"""Where a video has no pictures for a while, no flag is up."""

from __future__ import annotations

from avatar_app.events import Flag, FlagCleared, FlagRaised
from avatar_app.inspection.holes import holes, outside
from avatar_app.reports import Row

TIMES = [step / 25 for step in range(25)] + [31 + step / 25 for step in range(25)]
ROWS = [Row(index, time, {}, 0.5) for index, time in enumerate(TIMES)]
HOLES = holes(ROWS)


def raised(index: int, score: float, flag: Flag = Flag.JITTER) -> FlagRaised:
    """Return a flag that goes up at a frame."""
    return FlagRaised(TIMES[index], index, flag, score, "shake: 1")


def cleared(index: int, seconds: float, flag: Flag = Flag.JITTER) -> FlagCleared:
    """Return one that goes down at a frame."""
    return FlagCleared(TIMES[index], index, flag, seconds)


def test_a_flag_that_is_up_before_and_after_is_down_meanwhile() -> None:
    """Nobody saw a glitch of half a minute."""
    found = outside([raised(20, 0.99), cleared(35, 30.6)], HOLES)
    assert found == [
        raised(20, 0.99),
        FlagCleared(1.0, 24, Flag.JITTER, 0.2),
        raised(25, 0.5),
        cleared(35, 0.4),
    ]


def test_a_flag_that_went_down_with_the_first_picture_after_stays_down() -> None:
    """It was up to the last picture before."""
    found = outside([raised(20, 0.99), cleared(25, 30.2)], HOLES)
    assert found == [raised(20, 0.99), FlagCleared(1.0, 24, Flag.JITTER, 0.2)]


def test_flags_beside_a_hole_and_their_order_stay() -> None:
    """In each moment that of `Flag`."""
    events: list[FlagRaised | FlagCleared] = [
        raised(2, 0.99, Flag.FACE_DISTORTED),
        raised(2, 0.99),
        cleared(20, 0.72),
        cleared(22, 0.8, Flag.FACE_DISTORTED),
        raised(25, 0.99),
        cleared(45, 0.8),
    ]
    assert outside(events, HOLES) == events
    assert outside(events, []) == events
