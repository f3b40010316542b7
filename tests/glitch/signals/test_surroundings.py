"""What comes in beside a face."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.glitch.signals.surroundings import intrusion, outlook

SHAPE = (240, 320, 3)


def landmarks() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a face of 80 x 90 pixels in the middle of the picture."""
    chance = np.random.default_rng(0)
    return (chance.uniform(-1, 1, (68, 2)) * (40, 45) + (160, 120)).astype(np.float32)


def picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a room with some contrast."""
    x = np.linspace(40, 200, SHAPE[1])
    return np.broadcast_to(x[None, :, None], SHAPE).astype(np.uint8)


def test_an_arm_from_below_is_an_intrusion_and_a_changed_face_is_none() -> None:
    """Only what changes around the face counts."""
    usual = outlook(picture())
    inside, below = picture(), picture()
    inside[90:150, 130:190] = 255
    below[150:, 120:200] = 255
    same, face, arm = (
        intrusion(outlook(now), usual, landmarks(), SHAPE) for now in (picture(), inside, below)
    )
    assert same == 0
    assert arm > 0.3
    assert face < arm / 4


def test_a_face_that_fills_the_picture_has_no_surroundings() -> None:
    """Then nothing is said."""
    usual = outlook(picture())
    huge = (landmarks() - (160, 120)) * 6 + (160, 120)
    now = outlook(255 - picture())
    assert intrusion(now, usual, huge.astype(np.float32), SHAPE) == pytest.approx(0)
