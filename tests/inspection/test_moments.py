"""Which pictures are shown: the worst ones, apart from each other."""

from __future__ import annotations

import numpy as np

from avatar_app.events import Flag
from avatar_app.glitch.calibration import Usual
from avatar_app.inspection.moments import Moment, Moments
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
