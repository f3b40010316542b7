"""The figures on made-up verdicts whose truth is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.calibration_run.figures import Alarms, Events, Judged, baseline, figures, spans
from avatar_app.calibration_run.plan import (
    AGAIN,
    CALM,
    EVENTFUL,
    FOREIGN,
    JAW,
    PAINTED,
    TEST,
    Scene,
)
from avatar_app.calibration_run.studio import NAMES, Take


def judged(kind: str, truth: list[int], flagged: list[int]) -> Judged:
    """Return a take with these truths, flags, and scores that follow the flags."""
    up = np.array(flagged, bool)
    measures = np.zeros((len(truth), len(NAMES)), np.float32)
    take = Take(Scene(kind, TEST, Path("a.mp4")), "video", kind, measures, np.array(truth, np.int8))
    return Judged(take, np.where(up, 0.9, 0.1), up)


def test_an_alarm_soon_after_the_beginning_finds_a_glitch() -> None:
    """Late by four frames: found, with its delay; nothing wrong, nothing missed."""
    one = judged(PAINTED, [0] * 20 + [1] * 20 + [0] * 10, [0] * 24 + [1] * 20 + [0] * 6)
    found = figures([one])
    assert (found.events.recall, found.events.f1) == (1, 1)
    assert found.latency == pytest.approx(4 / 25)


def test_a_late_alarm_and_one_on_clean_frames_are_wrong() -> None:
    """Later than half a second is a miss; an alarm on clean frames counts against it."""
    late = judged(PAINTED, [0] * 20 + [1] * 40, [0] * 40 + [1] * 20)
    early = judged(PAINTED, [0] * 30 + [1] * 20, [1] * 8 + [0] * 42)
    found = figures([late, early])
    assert found.events.recall == 0
    assert found.events.precision == 0


def test_unclear_frames_count_for_nothing() -> None:
    """An alarm that lies wholly where the truth is unclear is neither right nor wrong.

    How good the detector is if it were wrong is told beside that.
    """
    truth = [0] * 10 + [-1] * 10 + [1] * 10
    found = figures([judged(PAINTED, truth, [0] * 12 + [1] * 4 + [0] * 2 + [1] * 12)])
    assert found.events.f1 == 1
    assert found.events.strict_f1 == pytest.approx(2 / 3)
    assert found.frames == 20


def test_flags_of_calm_avatars_where_the_truth_is_unclear_are_told_apart() -> None:
    """Those that touch no glitch: they are no false alarms of clean pictures, and yet no hits."""
    truth = [0] * 10 + [-1] * 30 + [1] * 10
    calm = judged(CALM, truth, [0] * 12 + [1] * 4 + [0] * 20 + [1] * 14)
    found = figures([calm])
    assert found.calm == Alarms(0, 10 / 25 / 60)
    assert found.calm_unclear == Alarms(1, 30 / 25 / 60)


def test_intervals_are_over_people() -> None:
    """Five glitches of each of two people say less than one of each of ten."""

    def filmed(person: int, is_found: bool) -> Judged:
        one = judged(PAINTED, [0] * 10 + [1] * 10, [0] * 10 + [int(is_found)] * 10)
        scene = dataclasses.replace(one.take.scene, clip=Path(f"{person}.mp4"))
        return dataclasses.replace(one, take=dataclasses.replace(one.take, scene=scene))

    many = figures([filmed(number, number % 2 == 0) for number in range(10)])
    few = figures([filmed(number % 2, number % 2 == 0) for number in range(10)])
    assert (many.event_people, few.event_people) == (10, 2)
    assert few.recall_interval == pytest.approx((0, 1))
    low, high = many.recall_interval
    assert 0 < low < 0.5 < high < 1


def test_false_alarms_are_rates_with_a_bound() -> None:
    """None in an hour says below three; the more are seen the higher the bound."""
    assert Alarms(0, 60).bound == pytest.approx(3, abs=0.01)
    assert Alarms(2, 60).bound > Alarms(1, 60).bound > 3
    calm = judged(CALM, [0] * 50, [0] * 10 + [1] * 5 + [0] * 10 + [1] * 5 + [0] * 20)
    broken = judged(PAINTED, [0] * 10 + [1] * 10, [0] * 10 + [1] * 10)
    assert figures([calm, broken]).calm == Alarms(2, 50 / 25 / 60)


def test_avatars_played_again_count_for_nothing_but_their_false_alarms() -> None:
    """Their minutes and alarms count; how well glitches are found is told without them."""
    calm = judged(CALM, [0] * 50, [0] * 50)
    broken = judged(PAINTED, [0] * 10 + [1] * 10, [0] * 10 + [1] * 10)
    again = judged(AGAIN, [0] * 80 + [1] * 20, [0] * 40 + [1] * 5 + [0] * 55)
    before, found = figures([calm, broken]), figures([calm, broken, again])
    assert found.calm == Alarms(1, 130 / 25 / 60)
    assert dataclasses.replace(found, calm=before.calm) == before


@pytest.mark.parametrize(("kind", "name"), [(JAW, "jaws"), (FOREIGN, "foreign")])
def test_what_is_counted_by_itself_changes_no_other_figure(kind: str, name: str) -> None:
    """Of jaws that melt, and of other avatars' glitches, is told how many are found, or late."""
    calm = judged(CALM, [0] * 50, [0] * 50)
    broken = judged(PAINTED, [0] * 10 + [1] * 10, [0] * 10 + [1] * 10)
    flags = ([1] * 20, [0] * 20, [0] * 20, [0] * 14 + [1] * 6)
    apart = [judged(kind, [0] * 10 + [1] * 20, [0] * 10 + up) for up in flags]
    before, found = figures([calm, broken]), figures([calm, broken, *apart])
    counted = getattr(found, name)
    assert (counted.found, counted.count, counted.late) == (1, 4, 1)
    nothing: dict[str, Any] = {name: Events()}
    assert dataclasses.replace(found, **nothing) == before
    assert found.to_json()[f"{name}_found"] == 0.25
    assert f"{name}_found" not in before.to_json()


def test_clips_of_people_in_edge_cases_are_told_apart() -> None:
    """How many of them are flagged is told beside the alarms on calm footage."""
    broken = judged(PAINTED, [0] * 10 + [1] * 10, [0] * 10 + [1] * 10)
    edges = [judged(EVENTFUL, [0] * 20, [up] * 20) for up in (0, 0, 1, 0)]
    assert figures([broken, *edges]).to_json()["edge_clips_flagged"] == 0.25
    assert "edge_clips_flagged" not in figures([broken]).to_json()


def test_runs_are_found_at_both_ends() -> None:
    """A run may begin with the first frame and end with the last."""
    assert spans(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


def test_what_is_excused_is_held_against_the_baseline_no_more_than_against_the_detector() -> None:
    """A score that was left out is no missing face; one that says there is none is."""
    take = judged(CALM, [0] * 3, [0] * 3).take
    take.measures[:, NAMES.index("face_score")] = (0.4, np.nan, -1)
    assert baseline(take).flagged.tolist() == [False, False, True]


def test_the_baselines_flags_hold_as_the_detectors_do() -> None:
    """Faces lost by turns are one alarm, not many."""
    take = judged(CALM, [0] * 50, [0] * 50).take
    take.measures[:, NAMES.index("face_score")] = [0.4, -1] * 10 + [0.4] * 30
    assert spans(baseline(take).flagged) == [(1, 32)]
