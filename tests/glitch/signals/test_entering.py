"""What lies beside a face and reaches it, told from what is in the face alone or moves with it."""

from __future__ import annotations

import numpy as np

from avatar_app.glitch.signals import entering
from avatar_app.glitch.signals.sight import turned
from avatar_app.types import Floats

EVERYWHERE = np.ones((48, 48), bool)
UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def scene() -> Floats:
    """Return a head of two colours before a wall, (48, 48, 3)."""
    colours = np.full((48, 48, 3), 90, np.float32)
    colours[10:40, 14:34] = (180, 140, 120)
    colours[10:16, 14:34] = 40
    return colours


def with_arm(colours: Floats) -> Floats:
    """Return it with an arm that comes from the right and ends in the face."""
    reached = colours.copy()
    reached[24:31, 20:] = (60, 170, 60)
    return reached


def test_an_arm_lies_beside_the_face_and_reaches_it() -> None:
    """So much of it as lies beside the face counts, over the face's 24 x 24 cells."""
    found = entering.reach(with_arm(scene()), scene(), EVERYWHERE)
    assert found == 7 * 12 / 24**2
    assert entering.reach(scene(), scene(), EVERYWHERE) == 0


def test_what_breaks_in_the_face_alone_came_from_nowhere() -> None:
    """Nor does somebody who passes at a distance come before it."""
    broken, passing = scene(), scene()
    broken[18:32, 16:32] = (60, 170, 60)
    passing[:, 42:] = (60, 170, 60)
    assert entering.reach(broken, scene(), EVERYWHERE) == 0
    assert entering.reach(passing, scene(), EVERYWHERE) == 0


def test_what_melts_beside_the_face_too_did_not_come_from_far_away() -> None:
    """Where it goes on to the rim of the view it did."""
    melted = scene()
    melted[26:34, 20:41] = (60, 170, 60)
    assert entering.reach(melted, scene(), EVERYWHERE) == 0
    melted[26:34, 41:46] = (60, 170, 60)
    assert entering.reach(melted, scene(), EVERYWHERE) > 0.1


def test_a_head_that_sways_and_other_light_are_nothing_new() -> None:
    """By two cells, and by half of the light."""
    swayed = np.roll(scene(), (1, 2), axis=(0, 1))
    assert entering.reach(swayed, scene(), EVERYWHERE) == 0
    assert entering.reach(0.5 * scene(), scene(), EVERYWHERE) == 0


def test_what_lies_outside_the_picture_is_not_looked_at() -> None:
    """A picture's border goes on beyond it in a view, and would be an arm."""
    inside = entering.inside(UPRIGHT, (96, 96, 3))
    assert inside[12:36, 12:36].all()
    assert inside.sum() == 24**2
    assert entering.reach(with_arm(scene()), scene(), inside) == 0


def test_colours_are_means_of_what_is_seen() -> None:
    """A cell is four pixels of the view each way."""
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:2, :4] = (200, 100, 50)
    colours = entering.colours(turned(picture, UPRIGHT))
    assert colours.shape == (48, 48, 3)
    np.testing.assert_allclose(colours[12, 12], (100, 50, 25), atol=1)
    assert not colours[14:, 14:].any()
