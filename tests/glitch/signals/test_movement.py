"""How landmarks move from picture to picture."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.glitch.signals import movement
from avatar_app.glitch.signals.chip import placed, upright
from tests.evaluation.constructed import landmarks


def test_even_movement_is_no_trembling() -> None:
    """A head that glides does not shake; one that jumps back and forth does."""
    left, middle, right = (landmarks(centre=(128 + x, 128)) for x in (-4, 0, 4))
    assert movement.shake((left, middle, right)) == pytest.approx((0, 0), abs=1e-6)
    assert movement.shake((middle, right, middle)).whole == pytest.approx(4 / 60, rel=0.05)


def test_a_shaken_head_is_told_from_a_face_that_trembles() -> None:
    """A head jerks as a whole, tilted and nearer, too; points that jump by chance do not."""
    before, after = landmarks(), landmarks(roll=6, unit=62, centre=(131, 126))
    jerk = movement.shake((before, after, before))
    assert jerk.whole > 0.04
    assert jerk.within < 0.1 * jerk.whole
    chance = np.random.default_rng(0).normal(0, 2, before.shape).astype(np.float32)
    tremble = movement.shake((before, before + chance, before))
    assert tremble.within > 3 * tremble.whole > 0


def test_a_mouth_in_another_place_is_seen_wherever_the_face_is() -> None:
    """A head that moves, tilts and grows has its parts where they were; a slipped mouth not."""
    before, after = landmarks(), landmarks(roll=20, unit=90, centre=(90, 150))
    places = movement.places(placed(before, upright(before)))
    assert np.allclose(movement.places(placed(after, upright(after))), places, atol=0.5)
    slipped = before.copy()
    slipped[48:68, 0] += 15
    moved = np.abs(movement.places(placed(slipped, upright(slipped))) - places).sum(axis=1)
    assert moved[2] > 8
    assert moved[:2].max() < 0.1


def test_moving_turning_and_growing_do_not_deform() -> None:
    """Only a change of shape counts: a slipped jaw, not a nearer, tilted head."""
    before = landmarks(unit=60)
    turn = np.array([(np.cos(0.3), -np.sin(0.3)), (np.sin(0.3), np.cos(0.3))])
    nearer = np.asarray(1.25 * before @ turn + (7, -3), np.float32)
    assert movement.deformation(before, nearer) == pytest.approx(0, abs=1e-3)
    melted = before.copy()
    melted[4:13, 1] += 12
    assert movement.deformation(before, melted) > 0.03


def test_size_survives_a_turned_head() -> None:
    """The height stands in for the width that a turned head lacks."""
    points = landmarks()
    points[8] = (128, 128 + 75)
    narrow = points.copy()
    narrow[:, 0] = 128 + (narrow[:, 0] - 128) * 0.3
    assert movement.eye_distance(narrow) > 0.7 * movement.eye_distance(points)
    assert np.isfinite(movement.eye_distance(np.zeros((68, 2), np.float32)))


def test_what_an_affine_map_leaves_is_the_least_squares_residual() -> None:
    """As numpy solves it; also for a face that is shrunk to a point."""
    chance = np.random.default_rng(1)
    before, now, after = (chance.normal(100, 30, (68, 2)).astype(np.float32) for _ in range(3))
    off = now - (before.astype(np.float64) + after) / 2
    places = np.column_stack((now.astype(np.float64), np.ones(68)))
    left = off - places @ np.linalg.lstsq(places, off, rcond=None)[0]
    moved = off - off.mean(axis=0)
    within, whole = (
        np.square(left).sum() / 68,
        (np.square(off).sum() - np.square(left).sum()) / 68,
    )
    size = movement.eye_distance(now)
    assert np.square(moved).sum() > 1.01 * np.square(left).sum()
    found = movement.shake((before, now, after))
    assert found == pytest.approx((np.sqrt(whole) / size, np.sqrt(within) / size), rel=1e-6)
    point = np.full_like(now, 7)
    assert movement.shake((point, point, point)) == (0, 0)
    assert movement.deformation(point, point) == 0


def test_a_deformation_is_what_the_best_similarity_leaves() -> None:
    """As numpy solves it, a point being a complex number."""
    chance = np.random.default_rng(2)
    before, now = (chance.normal(100, 30, (68, 2)).astype(np.float32) for _ in range(2))
    one, other = (points.astype(np.float64) @ (1, 1j) for points in (before, now))
    places = np.column_stack((one, np.ones(68)))
    left = other - places @ np.linalg.lstsq(places, other, rcond=None)[0]
    expected = np.sqrt(np.square(np.abs(left)).mean()) / movement.eye_distance(now)
    assert movement.deformation(before, now) == pytest.approx(expected, rel=1e-6)
