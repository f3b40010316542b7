"""Lessons played from the clip that comes along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_app.calibration_run import lessons
from avatar_app.calibration_run.lessons import NO, UNKNOWN, YES, Lessons
from avatar_app.calibration_run.studio import Studio
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.progress import silent
from avatar_app.settings import bundled
from avatar_app.types import Image, Reenactor
from avatar_app.video import VideoWriter
from tests.demo_clip import demo_frames


@pytest.fixture(scope="module")
def engine() -> Iterator[Reenactor]:
    """Return the model on board."""
    loaded = load_reenactor("fomm-mini", "cpu", absolute=True)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def played(engine: Reenactor, tmp_path_factory: pytest.TempPathFactory) -> Lessons:
    """Return the lessons of one person, once with an avatar."""
    clip = bundled("assets", "demo", "webcam.mp4")
    none = tmp_path_factory.mktemp("edge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lessons, "_TIMES", 1)
        patch.setattr(lessons, "_FRAMES", 30)
        return lessons.gather(Studio(engine), [clip], none, silent)


def of(played: Lessons, kind: str) -> Lessons:
    """Return those of kinds that begin so."""
    return played.those(np.char.startswith(played.kind, kind))


def share(cells: Image, value: int) -> float:
    """Return how many of the cells are so."""
    return float((cells == value).mean())


def test_a_person_gives_lessons_of_every_kind(played: Lessons) -> None:
    """Calm and dimmed, painted and covered, an avatar, one driven, and one painted."""
    kinds = {kind.partition("-")[0] for kind in played.kind}
    assert kinds == {"calm", "painted", "covered", "dimmed", "avatar", "driven", "output"}
    assert played.view.shape == (len(played.kind), 192, 192)
    assert played.usual.shape == played.texture.shape == (len(played.kind), 112, 96)
    assert played.surroundings.shape == (len(played.kind), 2, 48, 48)
    assert played.broken.shape == played.covered.shape == (len(played.kind), 14, 12)


def test_whole_faces_are_broken_nowhere(played: Lessons) -> None:
    """Neither a calm one nor one that is covered or dimmed."""
    for kind in ("calm", "covered", "dimmed"):
        assert share(of(played, kind).broken, NO) == 1


def test_glitches_are_marked_while_they_last(played: Lessons) -> None:
    """A fifth at either end is clean; in between cells are broken, and none is covered."""
    for kind in ("painted", "output"):
        some = of(played, kind)
        assert share(some.broken, YES) > 0.03
        assert share(some.covered, NO) == 1
        assert share(some.broken[:3], YES) == 0


def test_covers_are_marked_where_they_are(played: Lessons) -> None:
    """Some cells are covered, most are not."""
    covered = of(played, "covered").covered
    assert 0.03 < share(covered, YES) < 0.7
    assert share(covered, NO) > 0.3


def test_what_is_usual_begins_with_what_is_seen_first(played: Lessons) -> None:
    """In all that is looked at; later the face turns, and what lies around it stays."""
    calm = of(played, "calm")
    for index, least in ((0, (0.99, 0.99, 0.99)), (7, (0.4, 0.6, 0.7))):
        now, usual = calm.faces(index)
        for one, other, alike in zip(now, usual, least, strict=True):
            assert one.shape == other.shape
            assert alike < np.corrcoef(one.ravel(), other.ravel())[0, 1] <= 1.001


def test_clips_of_edge_cases_leave_open_what_is_covered(engine: Reenactor, tmp_path: Path) -> None:
    """Nobody wrote down what: but nothing in them is broken; other people's are left out."""
    faces = demo_frames(30, 320, 240)
    for name in ("a_hand.mp4", "b_hand.mp4"):
        with VideoWriter(tmp_path / name, 320, 240, 25) as writer:
            for step, image in enumerate(faces):
                writer.write(image, step / 25)
    found = lessons.gather(Studio(engine), [], tmp_path, silent)
    assert set(found.kind) == {"edge"}
    assert 0 < len(found.kind) <= 10  # every third picture of one of them
    assert share(found.broken, NO) == 1
    assert share(found.covered, UNKNOWN) == 1
