"""What is drawn into a judged picture, and what it leaves to be seen."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch.signals.chip import PARTS
from avatar_app.overlay import PLACES, draw_marks, draw_verdict
from avatar_app.types import Floats, Verdict

GREY = np.full((512, 512, 3), 130, np.uint8)
REASON = {Flag.FACE_DISTORTED: "artifact_mouth: a broken look (mouth) 9, usually at most 1"}


def verdict(low: float, high: float) -> Verdict:
    """Return a flagged one of a face from `low` to `high` in both directions."""
    ends: Floats = np.array([[low, low], [high, high]], np.float32)
    points = np.concatenate([ends, np.full((66, 2), (low + high) / 2, np.float32)])
    return Verdict(0, 0.0, 0.99, frozenset(REASON), REASON, landmarks=points)


def test_marks_hold_no_words_at_the_bottom() -> None:
    """The chin is seen; a video by itself has its reason there."""
    flagged = verdict(150, 350)
    assert (draw_marks(GREY, flagged, ["mouth"])[460:500, 20:490] == 130).all()
    assert (draw_verdict(GREY, flagged)[460:500, 20:490] != 130).any()


def test_a_part_is_named_beside_the_face_at_its_height() -> None:
    """Nothing of the face is hidden."""
    flagged = verdict(150, 350)
    without, named = draw_marks(GREY, flagged, []), draw_marks(GREY, flagged, ["mouth"])
    changed = np.argwhere((without != named).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert right < 150 or left > 350
    assert top <= 250 <= bottom


def test_several_parts_are_named_below_each_other() -> None:
    """None hides another."""
    one = draw_marks(GREY, verdict(150, 350), ["mouth"])
    two = draw_marks(GREY, verdict(150, 350), ["mouth", "chin"])
    labels = [(picture[20:490, 360:500] != 130).any(axis=(1, 2)).sum() for picture in (one, two)]
    assert labels[1] >= 2 * labels[0] > 0


@pytest.mark.parametrize("ends", [(10, 500), (20, 480)])
def test_where_there_is_no_room_no_part_is_named(ends: tuple[float, float]) -> None:
    """The words below the picture say it, too."""
    flagged = verdict(*ends)
    assert (draw_marks(GREY, flagged, ["mouth"]) == draw_marks(GREY, flagged, [])).all()


def test_every_part_of_a_face_has_its_place() -> None:
    """By the names that the detector gives them."""
    assert PLACES.keys() == PARTS.keys()
