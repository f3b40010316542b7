"""What an evaluation says to people and to programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar_app.evaluation.report import MODEL, STILL, WARP, Evaluation, Jitter
from avatar_app.evaluation.scores import Record, Scores, score
from tests.evaluation.constructed import landmarks, see


def scores(l1: float, lpips: float | None = None) -> Scores:
    """The scores of one frame."""
    here = see(landmarks())
    return score([[Record(here, here, 256, l1=l1, lpips=lpips)]])


@pytest.fixture
def evaluation() -> Evaluation:
    """A model that the warp beats in L1 in one clip; one portrait; no LPIPS."""
    good = {MODEL: scores(0.01), STILL: scores(0.02), WARP: scores(0.03)}
    bad = {MODEL: scores(0.02), STILL: scores(0.03), WARP: scores(0.01)}
    return Evaluation(
        totals=good,
        clips={"good.mp4": good, "bad.mp4": bad},
        avatars={"amara": scores(0.5)},
        avatars_total=scores(0.5),
        jitter=Jitter(0.2, 0.3),
        about={"stride": 5},
        notes=("bad.mp4 is short.",),
        sheet=Path("sheet.png"),
    )


def test_json_holds_every_number_and_null_for_what_was_not_measured(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    """A program can read it back without knowing the classes."""
    evaluation.save_json(tmp_path / "quality.json")
    read = json.loads((tmp_path / "quality.json").read_text())
    assert read["totals"][MODEL]["l1"] == 0.01
    assert read["clips"]["bad.mp4"][WARP]["lpips"] is None
    assert read["totals"][MODEL]["correlation"]["yaw"] is None
    assert read["jitter"] == {"driver": 0.2, "rendered": 0.3}
    assert read["sheet"] == "sheet.png"


def test_the_clip_table_marks_what_an_anchor_does_better(evaluation: Evaluation) -> None:
    """The good clip has no mark, the bad one has it at L1 only."""
    table = evaluation.tables()[1]
    l1 = list(table.headings).index("L1")
    assert [row[l1] for row in table.rows] == ["0.0100", "0.0200!"]
    assert "!" not in "".join(cell for row in table.rows for cell in row[l1 + 1 :])


def test_the_warp_is_no_rival_in_landmark_distance(evaluation: Evaluation) -> None:
    """It is made of the landmarks that are compared; the still source is a rival."""
    near, far = (
        score([[Record(see(landmarks()), see(landmarks() + np.float32(shift)), 256)]])
        for shift in (1, 2)
    )
    clips = {
        "a.mp4": {MODEL: far, STILL: far, WARP: near},
        "b.mp4": {MODEL: far, STILL: near, WARP: far},
    }
    table = replace(evaluation, clips=clips).tables()[1]
    akd = list(table.headings).index("AKD")
    assert ["!" in row[akd] for row in table.rows] == [False, True]


def test_every_row_has_a_cell_for_every_heading(evaluation: Evaluation) -> None:
    """Totals, clips and portraits alike; all cells are text."""
    tables = evaluation.tables()
    assert len(tables) == 3
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.headings)}


def test_remarks_end_with_what_was_left_out(evaluation: Evaluation) -> None:
    """A reader of the tables sees it."""
    assert evaluation.remarks()[-1] == "bad.mp4 is short."
