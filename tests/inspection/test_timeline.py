"""A video over time: readable at every width, and with near misses to be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avatar_app.events import Flag
from avatar_app.inspection import timeline as drawn
from avatar_app.reports import Row
from tests.inspection.test_report import inspection


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5.6, ["0:00", "0:01", "0:02", "0:03", "0:04", "0:05"]),
        (0.7, [f"0.{tenth} s" for tenth in range(8)]),
        (100.0, ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30"]),
        (4000.0, ["0:00", "10:00", "20:00", "30:00", "40:00", "50:00", "60:00"]),
        (40_000.0, [f"{60 * hour}:00" for hour in range(12)]),
    ],
)
def test_ticks_are_at_round_times(seconds: float, words: list[str]) -> None:
    """And few."""
    assert [said for _, said in drawn.ticks_of(seconds)] == words


def test_a_near_miss_is_well_below_the_threshold_and_well_above_the_usual() -> None:
    """The threshold lies inside; by the score itself all three were at the edge."""
    usual, miss, limit, beyond = (drawn._y(score, 0.984) for score in (0.05, 0.95, 0.984, 0.999))
    assert usual - miss > 30
    assert miss - limit > 10
    assert limit == pytest.approx(20)
    assert limit - beyond > 10
    assert all(0 <= drawn._y(score, 0.984) <= 100 for score in (0.0, 1.0))


def test_the_line_has_a_gap_where_there_are_no_pictures() -> None:
    """Nothing was judged there, as the words above the drawing say of a gap."""
    for count in (40, 5000):  # a point each, and one for several
        rows = [
            Row(index, index / 25 + (60 if index >= count // 2 + 1 else 0), {}, 0.1)
            for index in range(count)
        ]
        found = replace(inspection([0.1]), rows=rows, seconds=rows[-1].time + 0.04)
        assert drawn.timeline(found).count("<polyline") == 2


def test_every_flag_has_a_short_name() -> None:
    """It stands on the left, also on a telephone."""
    assert drawn._NAMES.keys() == set(Flag)
    assert all(len(name) < 20 and "_" not in name for name in drawn._NAMES.values())
