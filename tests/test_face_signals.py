"""A skull fitted to landmarks, whether they lie as those of a face or as those of none."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.face_signals import SKULL, SKULL_POINTS, fit_skull, read_signals
from avatar_app.types import Floats
from tests.evaluation.constructed import landmarks


def scattered(narrow: float) -> Floats:
    """Return points by chance, as narrow as this across a tilted line."""
    points = np.random.default_rng(3).normal(0, 40, (68, 2)) * (1, narrow)
    turn = np.array([(0.8, -0.6), (0.6, 0.8)])
    return np.asarray(points @ turn + 128, np.float32)


@pytest.mark.parametrize("narrow", [1.0, 0.1, 1e-3, 1e-5, 0.0])
def test_the_rotation_is_the_nearest_to_what_fits_best(narrow: float) -> None:
    """As the singular value decomposition gives it, also where points lie along a line."""
    points = scattered(narrow)
    skull = fit_skull(points)
    centred = points[list(SKULL_POINTS)].astype(np.float64)
    centred -= centred.mean(axis=0)
    fit = np.linalg.lstsq(SKULL - SKULL.mean(axis=0), centred, rcond=None)[0].T
    left, scales, right = np.linalg.svd(fit, full_matrices=False)
    assert skull.unit == pytest.approx(scales.mean(), rel=1e-6)
    np.testing.assert_allclose(skull.rotation @ skull.rotation.T, np.eye(3), atol=1e-6)
    if narrow >= 1e-3:  # the others lie along any turn around their line
        np.testing.assert_allclose(skull.rotation[:2], left @ right, atol=1e-6)


def test_points_in_one_place_have_a_skull_too() -> None:
    """Of no size, turned somehow."""
    skull = fit_skull(np.full((68, 2), 7, np.float32))
    assert skull.unit == pytest.approx(0, abs=1e-5)
    assert np.isfinite(skull.rotation).all()


def test_a_pose_is_read_from_the_skull() -> None:
    """To a degree; gaps of mouth and eyes in the distance between the eyes' outer corners."""
    signals = read_signals(landmarks(yaw=15, pitch=-8, roll=20, mouth=0.2, eyes=0.12))
    assert signals["yaw"] == pytest.approx(15, abs=1)
    assert signals["pitch"] == pytest.approx(-8, abs=1)
    assert signals["roll"] == pytest.approx(20, abs=1)
    assert signals["mouth"] == pytest.approx(0.2, rel=0.01)
    assert signals["eyes"] == pytest.approx(0.12, rel=0.01)
