"""What a person is told of flags and measures."""

from __future__ import annotations

import pytest

from avatar_app.events import Flag
from avatar_app.glitch.calibration import Usual, load_calibration
from avatar_app.glitch.judge import Judge
from avatar_app.glitch.measures import MEASURES
from avatar_app.inspection.wording import Wording, parts_of
from avatar_app.types import Verdict

WORDING = Wording("video", load_calibration().roles["video"].usual)
SIMPLE = Wording("video", {"tear": Usual(0.0, 1.0)})


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_words_without_its_name(name: str) -> None:
    """One that is called by a common word may be said with it."""
    said = WORDING.sentence(MEASURES[name].flag, f"{name}: 3, usually at most 1", {name: 1e3})
    assert said.endswith(".")
    assert "_" not in said
    assert "usually" not in said
    assert MEASURES[name].part in said


def test_the_reasons_of_the_detector_are_understood() -> None:
    """As it gives them itself: which measure, how far beyond its limit, and where."""
    judge = Judge(load_calibration().roles["video"], 0.98)
    measures = {"artifact_rise_eyes": 9.0, "skull_misfit": 0.01}
    for index in range(15):
        _, reasons = judge.judge(measures, index * 0.04, 0.04)
    said = WORDING.sentence(Flag.FACE_DISTORTED, reasons[Flag.FACE_DISTORTED], measures)
    assert said == "The face suddenly looks broken around the eyes: 3 times what is usual at most."
    verdict = Verdict(0, 0.0, 0.98, frozenset(reasons), reasons, measures)
    assert parts_of(verdict) == ["eyes"]
    assert WORDING.strength(verdict) == pytest.approx(3.1, abs=0.1)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "before."),
        (1.2, "before: a little beyond what is usual at most."),
        (1.6, "before: 2 times what is usual at most."),
        (4.1, "before: 4 times what is usual at most."),
        (30.0, "before: far beyond what is usual."),
    ],
)
def test_how_far_it_is_from_usual_is_said_in_words(value: float, words: str) -> None:
    """A value that fell while its flag holds is said without."""
    said = SIMPLE.sentence(
        Flag.WARP_FOLDED, "tear: a new edge 7, usually at most 1", {"tear": value}
    )
    assert said == f"An edge runs across the face that was not there {words}"


@pytest.mark.parametrize(
    ("distance", "words"),
    [(0.54, "The face looks less like the person before"), (0.7, "looks like another person's")],
)
def test_of_another_person_is_spoken_only_at_a_distance(distance: float, words: str) -> None:
    """A melted jaw is a little unlike before, too."""
    seen = {"identity": distance}
    assert words in WORDING.finding(Flag.IDENTITY_DRIFT, seen)
    assert words in WORDING.sentence(Flag.IDENTITY_DRIFT, "identity: distance to the person", seen)


def test_what_lasts_is_said_in_seconds() -> None:
    """How often the usual 0.02 s that is tells nobody anything."""
    said = WORDING.sentence(
        Flag.FROZEN, "still: seconds 1.4, usually at most 0.02", {"still": 1.44}
    )
    assert said == "The picture does not change for 1.4 s."
    still = Verdict(0, 0.0, 0.98, frozenset({Flag.FROZEN}), {Flag.FROZEN: "still: x"}, {"still": 9})
    assert WORDING.strength(still) == 0


def test_a_flag_without_a_measure_is_told_by_its_own_words() -> None:
    """The sum of many, and the warnings beside a driver."""
    assert WORDING.sentence(Flag.FACE_DISTORTED, "many measures together", {}) == (
        "The face looks distorted. Many measures together."
    )
    assert "second face" in Wording("driver", {}).sentence(Flag.SECOND_FACE, "2 faces", {})


def test_of_a_picture_without_a_flag_the_most_unusual_is_said() -> None:
    """And where nothing is unusual, that."""
    assert SIMPLE.unflagged({"tear": 3.0}).startswith("Not flagged. What stands out most: an edge")
    assert SIMPLE.unflagged({"tear": 0.5}) == "Not flagged: nothing is beyond what is usual."
