"""What of a video could not be judged, from its measures alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from avatar_app.inspection.limits import Circumstances, judged_seconds, limits
from avatar_app.reports import Row

FACE = {"skull_misfit": 0.01, "face_score": 1.5, "face_unseen": 0.0, "covered": 0.0}
GONE = {"still": 0.0, "turn": 34.0, "beside_light": 0.0}


@pytest.mark.parametrize(
    ("measures", "is_said"),
    [
        (FACE, False),
        (FACE | {"covered": 0.4}, True),
        (FACE | {"entered": 0.4}, True),
        (GONE, False),
        ({}, False),
    ],
    ids=["seen", "covered", "something came", "gone", "none yet"],
)
def test_how_long_a_face_was_behind_something_is_said(
    measures: Mapping[str, float], is_said: bool
) -> None:
    """As long as something of it is seen: for 0.4 of 1.2 seconds here."""
    rows = [
        Row(index, index / 25, measures if 10 <= index < 20 else FACE, 0.1) for index in range(30)
    ]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert ("0.4 s the face or part of it was taken to be behind something" in said) == is_said


@pytest.mark.parametrize(
    ("measures", "is_said"),
    [(FACE | {"turn": 20.0}, False), (FACE | {"turn": 32.0}, True), (GONE, False)],
    ids=["hardly", "far", "and left"],
)
def test_how_long_a_face_was_turned_away_is_said(
    measures: Mapping[str, float], is_said: bool
) -> None:
    """Of a turned face no flag means little."""
    rows = [Row(index, index / 25, measures if index < 10 else FACE, 0.1) for index in range(30)]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert ("For 0.4 s the face was turned far away" in said) == is_said


@pytest.mark.parametrize("gone", [GONE, {}], ids=["gone", "not judged"])
def test_time_without_a_face_is_none_of_the_judged(gone: Mapping[str, float]) -> None:
    """However many pictures there are: 2 of 3 seconds have a face, and a twelfth of the rest."""
    times = [step / 10 for step in range(20)] + [2 + step / 100 for step in range(100)]
    rows = [
        Row(index, time, FACE if time < 2 else gone, 0.1 if time < 2 else None)
        for index, time in enumerate(times)
    ]
    assert judged_seconds(rows, 3.0) == pytest.approx(2.0)
    assert "For 1.0 s no face was seen" in " ".join(limits(rows, 3.0, Circumstances()))


def test_where_no_face_was_found_ever_its_least_size_is_said() -> None:
    """And how it must stand; not for how long there was none, or before what."""
    rows = [Row(index, index / 25, {}) for index in range(30)]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert "smaller than about 80 pixels, or one that lies on its side" in said
    assert "no face was seen" not in said


def test_a_driver_that_breaks_off_is_told_from_one_that_ends() -> None:
    """The file is damaged then."""
    rows = [Row(index, index / 25, FACE, 0.1) for index in range(30)]
    for is_truncated, words in ((True, "breaks off at 0.7 s"), (False, "ends at 0.7 s")):
        seen = Circumstances(driver_end=0.7, driver_is_truncated=is_truncated)
        assert words in " ".join(limits(rows, 1.2, seen))
    assert "driver" not in " ".join(limits(rows, 1.2, Circumstances()))


def test_a_hole_in_a_video_is_told_and_not_judged() -> None:
    """What lies between two pictures far apart nobody saw; few pictures a second are no holes."""
    times = [step / 25 for step in range(25)] + [3 + step / 25 for step in range(25)]
    rows = [Row(index, time, FACE, 0.1) for index, time in enumerate(times)]
    said = " ".join(limits(rows, 4.0, Circumstances()))
    assert "For 2.0 s (at 1.0 s) there are no pictures" in said
    assert judged_seconds(rows, 4.0) == pytest.approx(2.0)
    slow = [Row(index, index / 2, FACE, 0.1) for index in range(10)]
    assert "no pictures" not in " ".join(limits(slow, 5.0, Circumstances()))
    assert judged_seconds(slow, 5.0) == pytest.approx(5.0)


def test_less_than_one_picture_a_second_is_not_called_none() -> None:
    """As of a camera that watches a room, or of a slide show of a screen."""
    rows = [Row(index, 3.0 * index, FACE, 0.1) for index in range(10)]
    assert "At 0.3 frames a second" in " ".join(limits(rows, 30.0, Circumstances()))
    times = [step / 25 for step in range(15)] + [1 + 2.5 * step for step in range(16)]
    rows = [Row(index, time, FACE, 0.1) for index, time in enumerate(times)]
    said = " ".join(limits(rows, 41.0, Circumstances()))
    assert "The rate varies: from 0.4 to 25 frames a second" in said


def test_a_hole_is_no_picture_that_stands_still() -> None:
    """The measure goes on over it: of the 2.5 s that it says, 2 had no picture."""
    times = [step / 25 for step in range(25)] + [3 + step / 25 for step in range(25)]
    rows = [
        Row(index, time, FACE | {"still": 2.5 if index == 25 else 0.0}, 0.1)
        for index, time in enumerate(times)
    ]
    assert "did not change" not in " ".join(limits(rows, 4.0, Circumstances()))


@pytest.mark.parametrize(
    ("seconds", "measures", "words"),
    [(0.8, FACE, ""), (1.2, FACE, "For 2.4 s the picture did not change"), (1.2, {}, "")],
    ids=["short", "long, twice", "an empty room"],
)
def test_how_long_a_face_stood_still_is_said(
    seconds: float, measures: Mapping[str, float], words: str
) -> None:
    """A photo has no glitches: those that show over time are not to be seen in it."""
    stills = [step / 25 for step in range(round(seconds * 25) + 1)]
    rows = [
        Row(index, index / 25, {**measures, "still": still}, 0.1)
        for index, still in enumerate([*stills, *stills, 0.0])
    ]
    said = " ".join(limits(rows, len(rows) / 25, Circumstances()))
    assert words in said
    assert ("did not change" in said) == bool(words)


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        ({"beside_light": 0.5}, "(its light changed)"),
        ({"beside_blur": 0.5}, "(it lost detail, as from blur or strong compression)"),
        ({"beside_grain": 0.5}, "(it was full of specks or blocks, as from noise or lost data)"),
        ({"beside_light": 0.2, "beside_change": 1.2}, ""),
    ],
    ids=["light", "blur", "grain", "somebody moves"],
)
def test_how_long_the_whole_picture_was_disturbed_is_said(
    measures: Mapping[str, float], words: str
) -> None:
    """And by what: a reader knows whether the call was bad."""
    rows = [
        Row(index, index / 25, {**FACE, **(measures if index < 10 else {})}, 0.1)
        for index in range(30)
    ]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert ("For 0.4 s the whole picture was disturbed" in said) == bool(words)
    assert words in said
