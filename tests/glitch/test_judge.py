"""The judge on made-up measures: what it flags besides the sum of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch.calibration import RoleCalibration, Usual
from avatar_app.glitch.fusion import TURNED
from avatar_app.glitch.judge import Judge
from avatar_app.glitch.measures import COVERED, ENTERED, TURN

STEP = 0.04
THRESHOLD = 0.99


def judge() -> Judge:
    """Return a judge in whose sum only "bend" counts."""
    usual = {
        "bend": Usual(0.0, 1.0),
        "face_unseen": Usual(0.0, 0.1),
        "mismatch_yaw": Usual(0.0, 1.0),
    }
    weights = np.array([4.0])
    return Judge(RoleCalibration(("bend",), weights, weights, -3.0, usual, (), 0.5), THRESHOLD)


def judge_of_two() -> Judge:
    """Return a judge whom two measures that are nearly unusual alarm together."""
    usual = {name: Usual(0.0, 1.0) for name in ("bend", "tear")}
    weights = np.array([9.0, 9.0])
    both = RoleCalibration(("bend", "tear"), weights, weights, -3.0, usual, (), 0.5)
    return Judge(both, THRESHOLD)


@pytest.mark.parametrize(("turn", "is_missing"), [(0.0, True), (TURNED + 5, False)])
def test_a_face_that_is_gone_is_missing_unless_it_turned_away(
    turn: float, is_missing: bool
) -> None:
    """No weight asks for it: a second without a face is a glitch all the same, a moment is none."""
    judged = judge()
    for index in range(26):
        gone = index * STEP
        score, reasons = judged.judge({"face_unseen": gone, TURN: turn}, gone, STEP)
        if gone < 0.4:
            assert not reasons
    assert (set(reasons) == {Flag.FACE_MISSING}) is is_missing
    assert (score >= THRESHOLD - 1e-9) is is_missing
    if is_missing:
        assert "seconds without a face 1" in reasons[Flag.FACE_MISSING]


def judge_of(name: str) -> Judge:
    """Return a judge to whom `name` is a glitch by itself beyond 2 (4 turned), and no other."""
    usual = {"bend": Usual(0.0, 1.0), name: Usual(0.0, 1.5)}
    weights, limits = np.array([4.0]), {name: Usual(0.0, 2.0, 4.0)}
    known = RoleCalibration(("bend",), weights, weights, -3.0, usual, (), 0.5, alone=limits)
    return Judge(known, THRESHOLD)


def flagged_in(judged: Judge, measures: Iterable[Mapping[str, float]]) -> list[int]:
    """Return the numbers of the pictures in which a flag is up."""
    reasons = [judged.judge(row, i * STEP, STEP)[1] for i, row in enumerate(measures)]
    return [index for index, found in enumerate(reasons) if found]


SEEN = 13  # pictures in half a second


@pytest.mark.parametrize(
    ("value", "turn", "is_flagged"),
    [(2.0, 0.0, False), (2.1, 0.0, True), (3.0, TURNED, False), (99.0, 46.0, False)],
)
def test_what_is_a_glitch_by_itself_needs_no_weight(
    value: float, turn: float, is_flagged: bool
) -> None:
    """Beyond its limit it is flagged at once and says why; at the limit, or turned away, not."""
    judged = judge_of("glance_rise")
    for index in range(SEEN + 1):
        row = {"bend": 0.0, "glance_rise": value if index == SEEN else 0.0, TURN: turn}
        score, reasons = judged.judge(row, index * STEP, STEP)
    assert (set(reasons) == {Flag.FACE_DISTORTED}) is is_flagged
    assert (score >= THRESHOLD - 1e-9) is is_flagged


def test_what_is_a_glitch_by_itself_is_named_before_others() -> None:
    """It may have raised the alarm alone."""
    judged = judge_of("glance_rise")
    for index in range(SEEN + 1):
        _, reasons = judged.judge({"glance_rise": 3.0, "bend": 9.0}, index * STEP, STEP)
    assert reasons[Flag.FACE_DISTORTED] == (
        "glance_rise: at a glance a more broken look than before 3, usually at most 1.5"
    )


def test_what_is_milder_must_last() -> None:
    """A face that looks somewhat broken is a glitch after a second of it, without a pause."""
    broken = [{"artifact": 3.0}]
    assert flagged_in(judge_of("artifact"), broken * 60)[0] == SEEN + 25
    assert not flagged_in(judge_of("artifact"), (broken * 25 + [{"artifact": 1.0}]) * 4)


@pytest.mark.parametrize(
    "reason",
    [{COVERED: 0.2}, {ENTERED: 0.2}, {"beside_light": 0.5}, {"beside_grain": 0.5}, {TURN: 50.0}],
)
def test_what_has_another_reason_is_no_glitch_by_itself(reason: dict[str, float]) -> None:
    """A face behind something, in a spoilt picture or far turned looks broken, and may flicker.

    What comes before it is not always seen: only after half a second without it is it gone.
    """
    odd = [{"tint": 9.0}]
    assert flagged_in(judge_of("tint"), odd * (SEEN + 1)) == [SEEN]
    assert not flagged_in(judge_of("tint"), [{"tint": 9.0, **reason}] * 40)
    flickering = (odd * (SEEN - 1) + [{"tint": 9.0, **reason}]) * 3
    assert not flagged_in(judge_of("tint"), flickering)


def test_who_learned_no_limit_of_a_measure_does_not_judge_by_it_alone() -> None:
    """Data files of before know nothing of it."""
    assert not flagged_in(judge(), [{"glance_rise": 99.0}] * 40)


def test_a_reason_outlives_the_face_it_was_seen_in() -> None:
    """A flag that holds while the face is lost still says why it was raised."""
    judged = judge()
    for index in range(20):
        _, seen = judged.judge({"bend": 9.0}, index * STEP, STEP)
    _, milder = judged.judge({"bend": 0.8}, 20 * STEP, STEP)
    _, lost = judged.judge({}, 21 * STEP, STEP)
    assert seen[Flag.FACE_DISTORTED] == "bend: bending of the face 9, usually at most 1"
    assert lost == milder == seen


def test_a_face_that_dlib_misses_for_a_moment_is_not_missing() -> None:
    """While something else is flagged, too: broken it may be, but not gone."""
    judged = judge()
    for index in range(20):
        _, seen = judged.judge({"bend": 9.0, "face_unseen": 0.2}, index * STEP, STEP)
    assert set(seen) == {Flag.FACE_DISTORTED}


def test_what_is_over_before_the_alarm_is_not_its_reason() -> None:
    """A picture that stood still, and moves again when the face breaks, is not frozen."""
    judged = judge()
    for index in range(5):
        judged.judge({"mismatch_yaw": 2.0}, index * STEP, STEP)
    for index in range(5, 12):
        _, reasons = judged.judge({"bend": 9.0, "mismatch_yaw": 0.1}, index * STEP, STEP)
    assert set(reasons) == {Flag.FACE_DISTORTED}


def test_nothing_is_flagged_without_a_reason() -> None:
    """Where only the sum is unusual, that is said, and no value that is as usual is blamed."""
    judged = judge_of_two()
    for index in range(20):
        _, reasons = judged.judge({"bend": 0.9, "tear": 0.9}, index * STEP, STEP)
    assert reasons == {Flag.FACE_DISTORTED: "many measures together, none beyond what is usual"}


def test_an_alarm_that_outlasts_its_reason_keeps_it() -> None:
    """The face broke; what is left of it are many small signs of the same."""
    judged = judge_of_two()
    for index in range(10):
        _, seen = judged.judge({"bend": 9.0, "tear": 0.9}, index * STEP, STEP)
    for index in range(10, 40):
        _, later = judged.judge({"bend": 0.4, "tear": 0.9}, index * STEP, STEP)
    assert later == seen == {Flag.FACE_DISTORTED: "bend: bending of the face 9, usually at most 1"}


def test_a_warning_that_lingers_tells_what_it_was_raised_for() -> None:
    """A driver who turned back is not warned of a turn by 5 degrees."""
    judged, told = judge(), []
    for index, turn in enumerate([10.0, 41.0, 44.0, 31.0, 5.0, 5.0]):
        _, reasons = judged.judge({"driver_turn": turn}, index * STEP, STEP)
        told.append(reasons.get(Flag.OUT_OF_POSE, ""))
    assert told[0] == ""
    assert [reason.partition("by ")[2] for reason in told[1:]] == [
        *("41 degrees", "44 degrees", "31 degrees", "31 degrees", "31 degrees")
    ]
