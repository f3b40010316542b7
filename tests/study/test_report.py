"""Which of a study's trials its report speaks of."""

from __future__ import annotations

from typing import Any

from avatar_app.study.report import measured_severities


def _rows(case: str, *severities: int, kind: str = "relative") -> list[dict[str, Any]]:
    return [{"kind": kind, "case": case, "severity": severity} for severity in severities]


def test_a_study_that_went_on_with_fewer_severities_is_reported_at_those() -> None:
    """One case was through at all five before the plan became smaller."""
    rows = _rows("glare", 1, 2, 3, 4, 5) + _rows("wink", 1, 3, 5) + _rows("yaw", 1, 3, 5)
    assert measured_severities([1, 2, 3, 4, 5], rows) == [1, 3, 5]


def test_a_study_that_was_stopped_is_reported_at_all_it_planned() -> None:
    """The last case is in the middle; controls and clean renderings do not count."""
    rows = [
        *_rows("glare", 1, 3, 5),
        *_rows("wink", 1, 3, 5),
        *_rows("yaw", 1),
        *_rows("nothing", 0),
        *_rows("roll", 2, kind="person"),
    ]
    assert measured_severities([1, 3, 5], rows) == [1, 3, 5]
    assert measured_severities([1, 3, 5], []) == [1, 3, 5]
