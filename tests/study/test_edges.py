"""Edge clips that were rendered as real motion, and the drawn cases held against them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.perturbations import CASES
from avatar_app.study import StudyOptions, study
from avatar_app.study.edges import EDGE_CASES, EdgeClip, find_edges
from avatar_app.study.measures import eye_width
from avatar_app.study.takes import Cut, read_take
from avatar_app.study.validation import COMPARED, rank_correlation, validate
from avatar_app.types import AvatarAppError

SEVERITY = (*[0.0] * 30, 0.25, *[0.5] * 40, *[0.0] * 29)


def clip(folder: Path, name: str, severity: object = SEVERITY, case: str = "card_mouth") -> Path:
    """Write an edge clip without pictures."""
    (folder / f"{name}.mp4").touch()
    about = {"name": case, "fps": 25, "severity": severity}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(about))
    return path


def test_edge_clips_are_found_by_what_is_written_beside_them(tmp_path: Path) -> None:
    """An index of the folder, and cases that nobody asked for, are passed over."""
    clip(tmp_path, "a_card")
    clip(tmp_path, "b_card")
    (tmp_path / "b_card.mp4").rename(tmp_path / "b_card.mov")
    clip(tmp_path, "a_wink", case="wink")
    clip(tmp_path, "a_calm", [0.0] * 90, "baseline")
    (tmp_path / "index.json").write_text("[]")
    assert [one.name for one in find_edges(tmp_path, ["card_mouth"])] == ["a_card", "b_card"]
    with pytest.raises(AvatarAppError, match="--edge"):
        find_edges(tmp_path, ["yaw"])


@pytest.mark.parametrize("severity", [None, ["much"], [0.0] * 9, [1.0] * 9, []])
def test_a_clip_that_does_not_tell_when_it_happens_is_named(
    tmp_path: Path, severity: object
) -> None:
    """Without severities, without an onset, without anything calm before it."""
    clip(tmp_path, "odd", severity)
    with pytest.raises(AvatarAppError, match=r"odd\.json .*mend or remove it"):
        find_edges(tmp_path, ["card_mouth"])


def test_a_clip_longer_than_what_is_said_of_it_is_named(shared: Path, tmp_path: Path) -> None:
    """The severity of every frame that is used must be known."""
    for ending in (".mp4", ".json"):
        shutil.copy(shared / "clips" / "edge" / f"a_card_mouth{ending}", tmp_path)
    path = tmp_path / "a_card_mouth.json"
    about = json.loads(path.read_text())
    onset = next(index for index, value in enumerate(about["severity"]) if value)
    path.write_text(json.dumps({**about, "severity": about["severity"][: onset + 4]}))
    options = StudyOptions(
        tmp_path / "out",
        cases=("card_mouth",),
        severities=(5,),
        seconds=1.2,
        stride=3,
        quick=True,
        workers=0,
        edge=tmp_path,
    )
    with pytest.raises(AvatarAppError, match=r"a_card_mouth\.json gives the severity of fewer"):
        study(options)


def test_a_clip_that_is_no_object_is_named(tmp_path: Path) -> None:
    """A list, or what is no JSON at all."""
    path = clip(tmp_path, "odd")
    for content in ("[]", "{"):
        path.write_text(content)
        with pytest.raises(AvatarAppError, match=r"odd\.json"):
            find_edges(tmp_path, ["card_mouth"])


def test_the_window_has_calm_frames_before_and_strong_ones_after() -> None:
    """Also where the clip's own severity ends below 1: its strongest is full strength."""
    one = EdgeClip("a", "card_mouth", Path("a.mp4"), SEVERITY, 25)
    cut = one.window(2)
    strength = one.strength(cut, round(cut.seconds * 25 / 2))
    assert strength[0] == 0
    assert (strength == 0).sum() >= 8
    assert (strength == 1).sum() >= 15
    assert strength.max() == 1


def test_every_edge_case_has_its_drawn_like() -> None:
    """The table names cases there are."""
    assert set(EDGE_CASES.values()) <= set(CASES)


def row(kind: str, case: str, change: float, severity: int = 5, flag: str = "") -> dict[str, Any]:
    """One trial in which every measure grows by `change`, and all who watch raise `flag`."""
    watching = {"edge": ("driver", "video", "person"), "person": ("video",)}
    roles = watching.get(kind, ("driver", "video"))
    return {
        "kind": kind,
        "case": case,
        "severity": severity,
        "within": {name: [1.0, 1.0 + change] for name in COMPARED},
        "watched": {role: {"scores": [0, 1], "flags": ["", flag]} for role in roles},
        "frames": {"face_score": [1, 1]},
    }


def test_pairs_hold_the_strongest_drawing_against_the_rendering() -> None:
    """Weaker severities, other ways and cases without a rendering do not count."""
    rows = [
        row("relative", "tongue", 0.2, 3),
        row("relative", "tongue", 0.6),
        row("relative", "tongue", 0.8),
        row("zeroth", "tongue", 9.0),
        row("relative", "roll", 9.0),
        row("edge", "tongue", 0.5, flag="FACE_MISSING"),
        row("person", "tongue", 0.0, flag="LOW_LIGHT"),
        row("person", "tongue", 0.0, 3, flag="FACE_MISSING"),
    ]
    (pair,) = validate(rows)
    assert pair.case == "tongue"
    assert pair.drawn == pytest.approx(dict.fromkeys(COMPARED, 0.7))
    assert pair.real == pytest.approx(dict.fromkeys(COMPARED, 0.5))
    assert pair.drawn_flagged == {"driver": 0, "video": 0, "person": 0}  # a warning is no flag
    assert pair.real_flagged == {"driver": 1, "video": 1, "person": 1}


def test_rank_correlation_asks_for_order_alone() -> None:
    """1 for the same order, -1 for the opposite, None where there is nothing to order."""
    assert rank_correlation([1, 2, 3, 4], [1, 10, 11, 99]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3, 4], [9, 8, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4]) is None
    assert rank_correlation([1, 2, 3], [1, 2, 3]) is None


def test_a_driver_who_goes_away_gets_small(shared: Path) -> None:
    """The picture is framed as before the onset; framed on the whole clip, nothing would change."""
    (one,) = [
        found for found in find_edges(shared / "clips" / "edge", ["distance"])
        if found.name == "a_recede"
    ]  # fmt: skip
    cut = Cut(one.path, 0.6, 1.4, 3)
    take = read_take(cut, 256, FaceFinder(), 4)
    known = np.isfinite(take.landmarks[:, 0, 0])
    first, last = np.flatnonzero(known)[[0, -1]]
    assert eye_width(take.landmarks[[last]]) < 0.8 * eye_width(take.landmarks[[first]])
    assert 55 < eye_width(take.landmarks[[first]]) < 110


def test_a_study_compares_drawn_cases_with_rendered_ones(shared: Path, tmp_path: Path) -> None:
    """Two clips, without other processes: rows, and a chapter of the report with their numbers."""
    folder = tmp_path / "edge"
    folder.mkdir()
    for name in ("a_card_mouth", "a_recede"):
        for ending in (".mp4", ".json"):
            shutil.copy(shared / "clips" / "edge" / f"{name}{ending}", folder)
    options = StudyOptions(
        tmp_path / "out",
        cases=("card_mouth", "distance"),
        severities=(5,),
        seconds=1.2,
        stride=3,
        quick=True,
        workers=0,
        edge=folder,
    )
    study(options)
    lines = (tmp_path / "out" / "trials.jsonl").read_text().splitlines()
    edges = [found for found in map(json.loads, lines) if found["kind"] == "edge"]
    assert {found["clip"] for found in edges} == {"a_card_mouth", "a_recede"}
    assert all(set(found["watched"]) == {"driver", "video", "person"} for found in edges)
    report = (tmp_path / "out" / "report.md").read_text()
    assert "Are the drawn cases like real ones?" in report
    assert "| card_mouth |" in report.split("Are the drawn cases like real ones?")[1]
