"""The sheet of moments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pictures

from avatar_app.evaluation.sheet import Moment, Row, draw_sheet, telling_moments
from tests.evaluation.constructed import landmarks, picture, take_of


def test_the_telling_moments_are_turn_mouth_and_eyelids() -> None:
    """Each is found where it happens, and says what it is."""
    known = [landmarks() for _ in range(10)]
    known[2], known[5], known[8] = landmarks(eyes=0.01), landmarks(yaw=-30), landmarks(mouth=0.3)
    moments = telling_moments(take_of(known))
    assert moments == [(5, "turned -30°"), (8, "mouth open"), (2, "eyelids down")]


def test_what_cannot_be_seen_is_not_claimed() -> None:
    """A driver that hardly moves has plain frames, spread over the take."""
    moments = telling_moments(take_of([landmarks(yaw=0.1 * number) for number in range(9)]))
    assert moments == [(2, "frame 2"), (4, "frame 4"), (6, "frame 6")]


def test_a_short_take_has_as_many_moments_as_frames_with_a_face() -> None:
    """No moment twice, and none without a face."""
    assert telling_moments(take_of([landmarks(), None])) == [(0, "frame 0")]


def test_the_sheet_shows_every_picture(tmp_path: Path) -> None:
    """Each colour that went in is found in the file; rows of other lengths fit."""
    rows = [
        Row("one", ("source", picture(10)), [Moment("turned", [("driver", picture(60))] * 2)]),
        Row("a clip with a name that is long", ("source", picture(110)), []),
    ]
    draw_sheet("A title", rows, tmp_path / "sheet.png")
    with Pictures.open(tmp_path / "sheet.png") as file:
        sheet = np.asarray(file.convert("L"))
    assert {10, 60, 110} <= set(np.unique(sheet))
    assert [path.name for path in tmp_path.glob("*.p*")] == ["sheet.png"]
