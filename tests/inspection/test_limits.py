"""What of a video could not be judged, from its measures alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from avatar_app.inspection.limits import Circumstances, limits
from avatar_app.reports import Row

FACE = {"skull_misfit": 0.01, "face_score": 1.5, "face_unseen": 0.0, "covered": 0.0}
BEHIND = {"still": 0.0, "turn": 3.0, "beside_light": 0.0}


@pytest.mark.parametrize(
    ("measures", "is_said"),
    [
        (FACE, False),
        (FACE | {"covered": 0.4}, True),
        (FACE | {"entered": 0.4}, True),
        (BEHIND, True),
        (BEHIND | {"face_score": -1.0, "face_unseen": 0.4}, False),
        (BEHIND | {"beside_light": 0.9}, False),
        ({}, False),
    ],
    ids=["seen", "covered", "something came", "behind it", "missing", "dark", "none yet"],
)
def test_how_long_a_face_was_behind_something_is_said(
    measures: Mapping[str, float], is_said: bool
) -> None:
    """A face lost behind something counts, too: for 0.4 of 1.2 seconds here."""
    rows = [
        Row(index, index / 25, measures if 10 <= index < 20 else FACE, 0.1) for index in range(30)
    ]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert ("0.4 s the face or part of it was behind something" in said) == is_said


@pytest.mark.parametrize(("degrees", "is_said"), [(20.0, False), (32.0, True)])
def test_how_long_a_face_was_turned_away_is_said(degrees: float, is_said: bool) -> None:
    """Of a turned face no flag means little."""
    rows = [
        Row(index, index / 25, FACE | {"turn": degrees if index < 10 else 0.0}, 0.1)
        for index in range(30)
    ]
    said = " ".join(limits(rows, 1.2, Circumstances()))
    assert ("For 0.4 s the face was turned far away" in said) == is_said
