"""A head that is turned: what comes nearer moves further, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.perturbations.head import turned_head
from avatar_app.perturbations.scene import Scene
from avatar_app.types import Floats, Image
from tests.perturbations.test_cases import face

SIZE = 160
NOSE, EYE, CHEEK = 30, 36, 2


def scene(mark: int) -> Scene:
    """A grey head before a dark wall with a bright spot at one landmark."""
    points = face(SIZE)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    head = np.hypot((x - SIZE / 2) / 38, (y - 0.47 * SIZE) / 56) < 1
    trunk = (y > 0.8 * SIZE) & (np.abs(x - SIZE / 2) < 50)
    image = np.where((head | trunk)[..., None], (120, 110, 100), (40, 60, 50)).astype(np.uint8)
    spot = np.hypot(x - points[mark, 0], y - points[mark, 1]) < 2.5
    image[spot] = 255
    return Scene.of(image[None], points[None])


def spot(image: Image) -> Floats:
    """The middle (x, y) of the bright spot."""
    y, x = np.nonzero(image[..., 2] > 180)
    return np.array([x.mean(), y.mean()], np.float32)


def shift(mark: int, yaw: float, pitch: float = 0.0) -> Floats:
    """How far the landmark's spot moves, (x, y) in pixels."""
    there = scene(mark)
    turned = turned_head(there, lambda strength: (yaw * strength, pitch * strength))
    return spot(turned(there.images[0], 0, 1.0)) - spot(there.images[0])


@pytest.mark.parametrize("yaw", [-25.0, 25.0])
def test_the_nose_moves_further_than_the_eyes(yaw: float) -> None:
    """A turn to either side takes both the same way, and keeps their height."""
    nose, eye = shift(NOSE, yaw), shift(EYE, yaw)
    assert np.sign(nose[0]) == np.sign(eye[0])
    assert abs(nose[0]) > abs(eye[0]) + 2
    assert abs(nose[1]) < 2


def test_opposite_turns_are_mirror_images() -> None:
    """The nose of a face from the front moves as far to the one side as to the other."""
    assert shift(NOSE, 20)[0] == pytest.approx(-shift(NOSE, -20)[0], abs=1.5)


def test_a_nod_moves_the_nose_up_or_down() -> None:
    """And not sideways."""
    up, down = shift(NOSE, 0, -15), shift(NOSE, 0, 15)
    assert up[1] * down[1] < 0
    assert abs(up[0]) < 1


def test_the_wall_and_the_shoulders_stand_still() -> None:
    """Only the head and its neck turn."""
    there = scene(NOSE)
    image = there.images[0]
    turned = turned_head(there, lambda strength: (40 * strength, 0))(image, 0, 1.0)
    change = np.abs(turned.astype(int) - image).max(axis=2)
    assert change[60:110, 60:100].max() > 40
    assert change[:, :20].max() <= 1
    assert change[-12:].max() <= 1


def test_nothing_turns_without_an_angle() -> None:
    """Casting the head as it is gives the picture again, but for interpolation."""
    there = scene(NOSE)
    image = there.images[0]
    same = turned_head(there, lambda strength: (0.0, 0.0))(image, 0, 1.0)
    assert np.abs(same.astype(int) - image).mean() < 1.0
