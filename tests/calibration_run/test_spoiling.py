"""How faces are spoiled for lessons, and that the maps say where."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.calibration_run import spoiling
from avatar_app.calibration_run.lessons import NO, YES
from avatar_app.glitch.signals.shapefree import SHAPE, shapefree
from avatar_app.glitch.signals.sight import FACE, MIDDLE, look
from avatar_app.types import Floats, Image

SEEDS = range(12)


def face(seed: int) -> Floats:
    """Return a view with detail everywhere, (192, 192)."""
    chance = np.random.default_rng(seed)
    return np.kron(chance.uniform(40, 220, (48, 48)), np.ones((4, 4))).astype(np.float32)


def broken(
    view: Floats, points: Floats, maps: Image, another: Floats, chance: np.random.Generator
) -> Floats:
    """Return the view with a broken face, and leave it as it is."""
    after = view.copy()
    spoiling.broken(after, points, maps, another, chance)
    return after


def melted(view: Floats, points: Floats, maps: Image, chance: np.random.Generator) -> Floats:
    """Return the view with a face that runs, and leave it as it is."""
    after = view.copy()
    spoiling.melted(after, points, maps, chance)
    return after


def lower(view: Floats) -> Floats:
    """Return the face of a view with what is below the chip, (112, 96)."""
    return np.asarray(view[FACE], np.float32)


def grid(view: Floats) -> Floats:
    """Return the mean of each cell of a face, (14, 12)."""
    return np.asarray(lower(view).reshape(14, 8, 12, 8).mean(axis=(1, 3)), np.float32)


def points() -> Floats:
    """Return the landmarks of a mean face, (68, 2)."""
    return SHAPE.copy()


def clear() -> Image:
    """Return the maps of a whole, bare face."""
    return np.full((2, 14, 12), NO, np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_broken_is_marked_and_nothing_else(seed: int) -> None:
    """Cells marked changed, those not marked did not; and nothing counts as covered."""
    maps, before = clear(), face(seed)
    after = broken(before, points(), maps, face(seed + 100), np.random.default_rng(seed))
    cells = grid(np.abs(after - before))
    assert (maps[1] == NO).all()
    assert cells[maps[0] == YES].min(initial=255) > 3
    assert cells[maps[0] == NO].max(initial=0) < 8


def test_most_of_what_is_done_can_be_seen() -> None:
    """Hardly any lesson comes out with nothing broken."""
    marked = []
    for seed in range(40):
        maps = clear()
        broken(face(seed), points(), maps, face(seed + 100), np.random.default_rng(seed))
        marked.append((maps[0] == YES).sum() >= 3)
    assert np.mean(marked) > 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_where_a_face_melts_is_marked_and_nothing_else(seed: int) -> None:
    """Cells marked changed, those not marked did not; and nothing counts as covered."""
    maps, before = clear(), face(seed)
    cells = grid(np.abs(melted(before, points(), maps, np.random.default_rng(seed)) - before))
    assert (maps[1] == NO).all()
    assert cells[maps[0] == YES].min(initial=255) > 3
    assert cells[maps[0] == NO].max(initial=0) < 8


def test_mostly_the_jaw_melts_and_takes_along_what_lies_below() -> None:
    """More cells of the lower half are marked, and the neck changes as often as not."""
    upper, lower, below = 0, 0, 0
    for seed in range(60):
        maps, before = clear(), face(seed)
        after = melted(before, points(), maps, np.random.default_rng(seed))
        upper += int((maps[0, :6] == YES).sum())
        lower += int((maps[0, 6:12] == YES).sum())
        below += int(np.abs(after - before)[MIDDLE.stop :, MIDDLE].max() > 20)
    assert lower > 1.5 * upper > 0
    assert 20 < below < 60


def test_landmarks_now_and_then_follow_what_is_bent() -> None:
    """Where they do, they lie on what they lay on: without its shape the face is as before."""
    followed = 0
    for seed in range(60):
        before, there, maps = smooth(seed), points(), clear()
        bent = broken(before, there, maps, face(seed + 100), np.random.default_rng(seed))
        if (there == points()).all():
            continue
        followed += 1
        one, other = lower(bent), shapefree(lower(before), points())
        off = np.abs(shapefree(one, there) - other)[20:80, 20:76].mean()
        blind = np.abs(shapefree(one, points()) - other)[20:80, 20:76].mean()
        assert off < blind + 0.5
    assert 8 < followed < 25


def smooth(seed: int) -> Floats:
    """Return a view without detail, (192, 192)."""
    return np.asarray(cv2.GaussianBlur(face(seed), (0, 0), 6), np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_covered_is_marked_and_no_longer_broken(seed: int) -> None:
    """A cover hides a glitch: those cells are covered, not broken."""
    maps = clear()
    maps[0] = YES
    before, after = face(seed), face(seed)
    spoiling.covered(after, maps, face(seed + 100), np.random.default_rng(seed))
    assert (maps[0][maps[1] == YES] == NO).all()
    assert (maps[0][maps[1] == NO] == YES).all()
    untouched = np.repeat(np.repeat(maps[1] == NO, 8, axis=0), 8, axis=1)
    assert np.abs(lower(after) - lower(before))[untouched].sum() < 3 * untouched.size


def test_what_covers_a_face_comes_from_beside_it() -> None:
    """Nearly always something outside the face changes, too; a glitch leaves that alone."""
    beside = np.ones((192, 192), bool)
    beside[FACE] = False
    held = []
    for seed in range(30):
        before, covered = face(seed), face(seed)
        spoiling.covered(covered, clear(), face(seed + 100), np.random.default_rng(seed))
        held.append((np.abs(covered - before)[beside] > 5).mean() > 0.01)
        after = broken(before, points(), clear(), face(seed + 100), np.random.default_rng(seed))
        assert (after[beside] == before[beside]).all()
    assert np.mean(held) > 0.9


def test_a_slip_is_small_and_a_camera_keeps_the_range() -> None:
    """Both give faces of the same kind."""
    chance = np.random.default_rng(0)
    slope = np.asarray(np.add.outer(np.arange(192.0), np.arange(192.0)) / 2, np.float32)
    usual = look(slope, points())
    for one, slipped in zip(usual, spoiling.slipped(usual, chance), strict=True):
        assert 0 < np.abs(slipped - one).mean() < 12
    for _ in range(20):
        shown = spoiling.filmed(face(1), chance)
        assert shown.dtype == np.float32
        assert shown.min() >= 0
        assert shown.max() <= 255


def test_the_same_chance_spoils_alike() -> None:
    """Lessons can be drawn again."""
    once, again = (
        broken(face(3), points(), clear(), face(4), np.random.default_rng(9)) for _ in range(2)
    )
    assert (once == again).all()
