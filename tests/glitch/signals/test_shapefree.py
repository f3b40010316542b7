"""Faces without their shape: what is left of one that was bent, and where landmarks come to lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.glitch.signals.chip import HEIGHT, SIDE
from avatar_app.glitch.signals.shapefree import SHAPE, shapefree
from avatar_app.types import Floats


def spots(points: Floats) -> Floats:
    """Return a face (112, 96) with a soft spot on every landmark."""
    y, x = np.mgrid[:HEIGHT, :SIDE].astype(np.float32)
    apart = (x - points[:, 0, None, None]) ** 2 + (y - points[:, 1, None, None]) ** 2
    return np.asarray(200 * np.exp(-apart / 8).max(axis=0), np.float32)


def test_a_mean_face_stays_as_it_is() -> None:
    """Nothing is to be taken away."""
    face = np.asarray(cv2.GaussianBlur(spots(SHAPE), (0, 0), 1), np.float32)
    assert np.abs(shapefree(face, SHAPE) - face).max() < 2


@pytest.mark.parametrize(
    ("grown", "moved"), [((0.8, 1.0), (10, 0)), ((1.1, 0.95), (-4, 3)), ((1, 1), (0, 5))]
)
def test_a_face_of_another_shape_loses_it(
    grown: tuple[float, float], moved: tuple[float, float]
) -> None:
    """Narrower, as one that turns, or longer, or moved: its spots lie where the mean face's do."""
    points = np.asarray(SHAPE * grown + moved, np.float32)
    mean = spots(SHAPE)
    free, shaped = shapefree(spots(points), points), spots(points)
    inside = (slice(14, 90), slice(14, 84))
    assert np.abs(free - mean)[inside].mean() < 0.5 * np.abs(shaped - mean)[inside].mean()


def test_one_landmark_that_slips_bends_little() -> None:
    """The thin plate is stiff: dlib's points tremble."""
    face = spots(SHAPE)
    slipped = SHAPE.copy()
    slipped[30] += (0, 4)
    moved = np.abs(shapefree(face, slipped) - face).mean()
    assert moved < 0.3 * np.abs(shapefree(face, SHAPE + np.array((0, 4), np.float32)) - face).mean()
