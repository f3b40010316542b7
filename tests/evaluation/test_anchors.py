"""The landmark warp on pictures where the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.evaluation.anchors import LandmarkWarp
from avatar_app.types import Floats

SIZE = 96


@pytest.fixture
def source() -> np.ndarray:
    """Smooth stripes: a pixel's place can be read from its colour."""
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.stack((x * 2, y * 2, x + y), axis=-1).astype(np.uint8)


@pytest.fixture
def points() -> Floats:
    """68 points in a disc around the middle."""
    rng = np.random.default_rng(0)
    radius, angle = 20 * np.sqrt(rng.random(68)), 2 * np.pi * rng.random(68)
    disc = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
    return np.asarray(disc + SIZE / 2, np.float32)


def test_a_driver_in_the_sources_pose_gives_the_source(source: np.ndarray, points: Floats) -> None:
    """The identity moves nothing."""
    np.testing.assert_allclose(LandmarkWarp(source, points)(points), source, atol=1)


def test_the_face_moves_with_the_landmarks_and_the_border_stays(
    source: np.ndarray, points: Floats
) -> None:
    """Seven pixels to the right and three up: so the middle goes, and no border pixel."""
    warped = LandmarkWarp(source, points)(points + np.array((7, -3), np.float32))
    middle = SIZE // 2
    near = warped[middle - 8 : middle + 2, middle + 2 : middle + 12].astype(int)
    meant = source[middle - 5 : middle + 5, middle - 5 : middle + 5].astype(int)
    np.testing.assert_allclose(near, meant, atol=2)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        np.testing.assert_allclose(warped[edge], source[edge], atol=2)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda points: points * 3 - SIZE,
        lambda points: np.full_like(points, SIZE / 2),
        lambda points: points[::-1].copy(),
        lambda points: points * np.array((1, 0), np.float32),
    ],
    ids=["outside", "one point", "folded over", "one line"],
)
def test_impossible_landmarks_still_give_a_picture(
    source: np.ndarray, points: Floats, spoil: object
) -> None:
    """Neither the driver's nor the source's landmarks can break it."""
    assert callable(spoil)
    assert LandmarkWarp(source, points)(spoil(points)).shape == source.shape
    assert LandmarkWarp(source, spoil(points))(points).shape == source.shape
