"""Which pictures are shown: the worst ones, apart from each other, and one that was excused."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch.calibration import Usual
from avatar_app.inspection.moments import Excused, Moment, Moments
from avatar_app.inspection.wording import Wording
from avatar_app.types import Verdict

WORDING = Wording("video", {"tear": Usual(0.0, 1.0)})
FLAGGED = {Flag.WARP_FOLDED: "tear: a new edge 2, usually at most 1"}


def moment(index: int, score: float = 0.984, is_flagged: bool = True, **measures: float) -> Moment:
    """Return the picture with a number, at 25 a second."""
    reasons = FLAGGED if is_flagged else {}
    verdict = Verdict(index, index / 25, score, frozenset(reasons), reasons, measures)
    return Moment(verdict, np.zeros((8, 8, 3), np.uint8))


def worst(*moments: Moment) -> list[int]:
    """Return the numbers of those that are shown."""
    kept = Moments(WORDING)
    for one in moments:
        kept.add(one)
    return [one.verdict.index for one in kept.worst()]


def test_of_equal_scores_the_strongest_reason_is_worst() -> None:
    """What is a glitch by itself lifts the score to the threshold, and no further."""
    tears = {25: 1.2, 26: 2.0, 27: 5.0, 28: 3.0, 45: 1.1}
    assert worst(*(moment(index, tear=tear) for index, tear in tears.items())) == [27, 45]


def test_a_score_far_higher_is_worse_than_a_stronger_reason() -> None:
    """Both count."""
    assert worst(moment(5, tear=3.0), moment(50, 0.9999, tear=1.5)) == [50, 5]


def test_moments_are_half_a_second_apart() -> None:
    """Also on either side of a full second."""
    assert worst(moment(24, tear=5.0), moment(25, tear=4.9), moment(36, tear=2.0)) == [24]
    assert worst(moment(24, tear=5.0), moment(37, tear=2.0)) == [24, 37]


def test_what_is_not_flagged_is_shown_only_where_nothing_is() -> None:
    """However high it scored."""
    high = moment(50, 0.98, is_flagged=False)
    assert worst(moment(5, tear=2.0), high) == [5]
    assert worst(high, moment(5, 0.3, is_flagged=False)) == [50, 5]


def test_of_a_long_video_few_pictures_are_kept() -> None:
    """The worst of them."""
    kept = Moments(WORDING)
    for index in range(0, 25_000, 5):
        kept.add(moment(index, tear=9.0 if index == 12_345 else 2.0))
    assert len(kept._bins) < 100
    assert kept.worst()[0].verdict.index == 12_345


def excused(*moments: Moment) -> tuple[int, int, int] | None:
    """Return first, last and shown number of the longest stretch."""
    found = Excused()
    for one in moments:
        found.add(one)
    stretch = found.longest()
    if stretch is None:
        return None
    ends = round(stretch.begin * 25), round(stretch.end * 25)
    return *ends, stretch.moment.verdict.index


@pytest.mark.parametrize("excuse", ["covered", "entered", "beside_light", "beside_grain"])
def test_the_longest_stretch_with_an_excuse_is_found(excuse: str) -> None:
    """It is shown where it looks most broken."""
    bad = {step: 0.5 + (step == 70) for step in (*range(10, 20), *range(60, 80), *range(100, 110))}
    pictures = [
        moment(step, is_flagged=False, **{excuse: 0.5, "artifact": bad[step]})
        if step in bad
        else moment(step, is_flagged=False, covered=0.0)
        for step in range(120)
    ]
    assert excused(*pictures) == (60, 79, 70)


def test_hardly_anything_excused_is_not_shown() -> None:
    """A fifth of a second."""
    assert excused(*(moment(step, is_flagged=False, covered=0.5) for step in range(6))) is None
    assert excused() is None


def test_a_flag_is_no_excuse() -> None:
    """What was flagged was judged."""
    assert excused(*(moment(step, covered=0.5) for step in range(50))) is None


def test_a_short_gap_ends_no_stretch() -> None:
    """A longer one does."""
    pictures = [moment(step, is_flagged=False, covered=0.5) for step in range(40)]
    assert excused(*pictures[:15], *pictures[20:]) == (0, 39, 0)
    assert excused(*pictures[:10], *pictures[20:]) == (20, 39, 20)
