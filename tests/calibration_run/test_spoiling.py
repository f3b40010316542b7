"""How faces are spoiled for lessons, and that the maps say where."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.calibration_run import spoiling
from avatar_app.calibration_run.lessons import NO, YES
from avatar_app.glitch.signals.shapefree import SHAPE, shapefree
from avatar_app.types import Floats, Image

SEEDS = range(12)


def face(seed: int) -> Floats:
    """Return something with detail everywhere, (96, 96)."""
    chance = np.random.default_rng(seed)
    return np.kron(chance.uniform(40, 220, (24, 24)), np.ones((4, 4))).astype(np.float32)


def points() -> Floats:
    """Return the landmarks of a mean face, (68, 2)."""
    return SHAPE.copy()


def clear() -> Image:
    """Return the maps of a whole, bare face."""
    return np.full((2, 12, 12), NO, np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_broken_is_marked_and_nothing_else(seed: int) -> None:
    """Cells marked changed, those not marked did not; and nothing counts as covered."""
    maps, before = clear(), face(seed)
    after = spoiling.broken(before, points(), maps, face(seed + 100), np.random.default_rng(seed))
    cells = np.abs(after - before).reshape(12, 8, 12, 8).mean(axis=(1, 3))
    assert (maps[1] == NO).all()
    assert cells[maps[0] == YES].min(initial=255) > 3
    assert cells[maps[0] == NO].max(initial=0) < 8


def test_most_of_what_is_done_can_be_seen() -> None:
    """Hardly any lesson comes out with nothing broken."""
    marked = []
    for seed in range(40):
        maps = clear()
        spoiling.broken(face(seed), points(), maps, face(seed + 100), np.random.default_rng(seed))
        marked.append((maps[0] == YES).sum() >= 3)
    assert np.mean(marked) > 0.8


def test_landmarks_now_and_then_follow_what_is_bent() -> None:
    """Where they do, they lie on what they lay on: without its shape the face is as before."""
    followed = 0
    for seed in range(60):
        before, there, maps = smooth(seed), points(), clear()
        bent = spoiling.broken(before, there, maps, face(seed + 100), np.random.default_rng(seed))
        if (there == points()).all():
            continue
        followed += 1
        off = np.abs(shapefree(bent, there) - shapefree(before, points()))[20:80, 20:76].mean()
        blind = np.abs(shapefree(bent, points()) - shapefree(before, points()))[20:80, 20:76].mean()
        assert off < blind + 0.5
    assert 8 < followed < 25


def smooth(seed: int) -> Floats:
    """Return something without detail, (96, 96)."""
    return np.asarray(cv2.GaussianBlur(face(seed), (0, 0), 6), np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_covered_is_marked_and_no_longer_broken(seed: int) -> None:
    """A cover hides a glitch: those cells are covered, not broken."""
    maps = clear()
    maps[0] = YES
    before = face(seed)
    after = spoiling.covered(before, maps, face(seed + 100), np.random.default_rng(seed))
    assert (maps[0][maps[1] == YES] == NO).all()
    assert (maps[0][maps[1] == NO] == YES).all()
    untouched = np.repeat(np.repeat(maps[1] == NO, 8, axis=0), 8, axis=1)
    assert np.abs(after - before)[untouched].sum() < 3 * untouched.size


def test_a_slip_is_small_and_a_camera_keeps_the_range() -> None:
    """Both give faces of the same kind."""
    chance = np.random.default_rng(0)
    smooth = np.asarray(np.add.outer(np.arange(96.0), np.arange(96.0)), np.float32)
    assert 0 < np.abs(spoiling.slipped(smooth, chance) - smooth).mean() < 12
    for _ in range(20):
        shown = spoiling.filmed(face(1), chance)
        assert shown.dtype == np.float32
        assert shown.min() >= 0
        assert shown.max() <= 255


def test_the_same_chance_spoils_alike() -> None:
    """Lessons can be drawn again."""
    once, again = (
        spoiling.broken(face(3), points(), clear(), face(4), np.random.default_rng(9))
        for _ in range(2)
    )
    assert (once == again).all()
