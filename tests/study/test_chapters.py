"""What the report's chapters compare with what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avatar_app.study import chapters
from avatar_app.study.chapters import rules
from avatar_app.study.detection import detect
from avatar_app.study.document import Table
from avatar_app.study.takes import Take


def row(kind: str, severity: int, damage: float, clip: str = "talk", **more: object) -> Any:
    """One trial of ten frames, five of them a second, in which a flag is up in the last."""
    case = "reencoded" if severity == 0 else "tongue"
    strength = [1.0] * 10
    frames = {"strength": strength, "damage": [damage] * 10, "face_score": [1.0] * 10}
    watched = {"video": {"scores": [0.0] * 10, "flags": [*[""] * 9, "FACE_DISTORTED"]}}
    return {
        **{"kind": kind, "avatar": "mei", "clip": clip, "case": case, "severity": severity},
        **{"seed": 0, "metrics": {"damage": damage, "failed": 1.0}, "frames": frames},
        **{"watched": watched, "rate": 5.0},
        **more,
    }


def test_ways_are_compared_where_all_of_them_were_measured(tmp_path: Path) -> None:
    """Another way at one severity of one clip says nothing of the app's way at others."""
    rows = [
        row("relative", 4, 0.3),
        row("relative", 5, 0.5),
        row("relative", 5, 0.9, "walk"),
        row("zeroth", 5, 0.5),
        row("absolute", 5, 0.5),
    ]
    (tmp_path / "figures").mkdir()
    (table,) = (block for block in rules(tmp_path, rows) if isinstance(block, Table))
    assert {line[2] for line in table.rows} == {"0.500"}


def test_cases_that_leave_all_intact_are_named() -> None:
    """All of a few, some of many, or that there are none."""

    def told(count: int) -> str:
        found: Any = [SimpleNamespace(case=SimpleNamespace(name=f"case_{n}")) for n in range(count)]
        return chapters._intact(found)

    assert told(0) == "No case leaves every frame intact."
    assert told(1) == "1 case leaves every frame intact: case 0."
    assert told(2) == "2 cases leave every frame intact: case 0, case 1."
    assert told(9).startswith("9 cases leave every frame intact, among them case 3, case 4,")


def test_time_is_that_of_each_clip() -> None:
    """At five and at ten frames a second."""
    rows = [row("relative", 0, 0.0), row("relative", 0, 0.0, rate=10.0)]
    assert detect(rows, "video").clean_seconds == pytest.approx(3)
    late = [row("relative", 5, 1.0, rate=10.0)]
    assert detect(late, "video").latency_median == pytest.approx(0.9)


def test_a_case_comes_as_fast_in_every_clip() -> None:
    """Within 0.4 seconds, however many frames those are."""
    for rate in (12.5, 25.0, 50.0):
        take = Take(
            "talk", np.zeros((250, 1, 1, 3), np.uint8), np.zeros((250, 68, 2), np.float32), rate
        )
        coming = (take.strength > 0) & (take.strength < 1)
        assert coming[:125].sum() == pytest.approx(0.4 * rate, abs=1)


def test_who_does_nothing_is_no_person_in_an_edge_case() -> None:
    """Rows of severity 0 are the clips as they are."""
    rows = [row("person", 0, 0.0), row("person", 5, 0.0)]
    found = detect(rows, "video")
    assert (found.persons, found.person_alarms) == (1, 1)
    assert found.person_seconds == pytest.approx(2)
