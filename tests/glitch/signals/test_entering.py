"""What comes before a face from beside it, told from what breaks in it or moves with it."""

from __future__ import annotations

from itertools import repeat

import cv2
import numpy as np
import pytest

from avatar_app.glitch.signals import entering
from avatar_app.glitch.signals.chip import Place
from avatar_app.glitch.signals.entering import Entering
from avatar_app.glitch.signals.sight import turned
from avatar_app.types import Image

PLACE = np.array([[1.0, 0.0, -48.0], [0.0, 1.0, -48.0]])
SHARE = 0.01
ARM = (60, 170, 60)


def cells() -> Image:
    """Return a head of two colours on shoulders before a wall, (48, 48, 3)."""
    colours = np.full((48, 48, 3), 90, np.uint8)
    colours[10:40, 14:34] = (180, 140, 120)
    colours[10:16, 14:34] = 40
    colours[36:, 10:38] = (120, 40, 40)
    return colours


def with_arm() -> Image:
    """Return it with an arm that comes from the right and ends in the face."""
    reached = cells()
    reached[24:31, 20:] = ARM
    return reached


def seen(*pictures: Image, place: Place = PLACE) -> list[float]:
    """Look at the head alone, and then at these, of 48 x 48 cells; return what is said of these."""
    entering = Entering()
    found = []
    for small in (cells(), cells(), *pictures):
        image = small.repeat(4, axis=0).repeat(4, axis=1)
        found.append(entering.look(image, turned(image, place), place, SHARE))
    assert found[:2] == [0, 0]
    return found[2:]


def test_an_arm_lies_beside_the_face_and_reaches_it() -> None:
    """In its second picture so much of it counts as is beside the face, over the face's cells."""
    first, second = seen(with_arm(), with_arm())
    assert first == 0
    assert second == pytest.approx(7 * 12 / 24**2)


def test_who_lost_the_face_in_between_begins_again() -> None:
    """An arm is there from its second picture with a face on."""
    entering = Entering()
    image, arm = (small.repeat(4, axis=0).repeat(4, axis=1) for small in (cells(), with_arm()))
    for picture in (image, arm):
        entering.look(picture, turned(picture, PLACE), PLACE, SHARE)
    entering.lose()
    found = [entering.look(arm, turned(arm, PLACE), PLACE, SHARE) for _ in range(2)]
    assert found[0] == 0
    assert found[1] > 0.1


def test_what_breaks_in_the_face_alone_came_from_nowhere() -> None:
    """Nor does somebody who passes at a distance come before it."""
    broken, passing = cells(), cells()
    broken[18:32, 16:32] = ARM
    passing[:, 42:] = ARM
    assert seen(broken, broken) == [0, 0]
    assert seen(passing, passing) == [0, 0]


def test_what_melts_beside_the_face_too_did_not_come_from_far_away() -> None:
    """Where it goes on to the rim of the view it did."""
    melted = cells()
    melted[26:34, 20:41] = ARM
    assert seen(melted, melted) == [0, 0]
    melted[26:34, 41:] = ARM
    assert seen(melted, melted)[1] > 0.1


def test_a_head_that_sways_and_other_light_are_nothing_new() -> None:
    """By four cells, and by half of the light."""
    swayed, darker = np.roll(cells(), 4, axis=1), cells() // 2
    assert seen(*repeat(swayed, 2)) == [0, 0]
    assert seen(*repeat(darker, 2)) == [0, 0]


def test_a_view_that_jumps_shows_nothing_new() -> None:
    """A wall is elsewhere in the view where landmarks slip, and in the picture where it was."""
    entering = Entering()
    image = with_arm().repeat(4, axis=0).repeat(4, axis=1)
    slipped = np.array([[1.6, 0.0, -120.0], [0.0, 1.6, -90.0]])
    for place in (PLACE, PLACE, slipped, slipped):
        assert entering.look(image, turned(image, place), place, SHARE) == 0


def test_what_lies_outside_the_picture_is_not_looked_at() -> None:
    """Its border goes on beyond it in a view; what comes from there comes from far away."""
    entering = Entering()
    face, arm = (np.ascontiguousarray(c[12:36, 12:40]) for c in (cells(), with_arm()))
    place = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = []
    for small in (face, face, arm, arm):
        image = small.repeat(4, axis=0).repeat(4, axis=1)
        found.append(entering.look(image, turned(image, place), place, SHARE))
    assert found == pytest.approx([0, 0, 0, 7 * 4 / 24**2])


@pytest.mark.parametrize("shape", [(256, 256, 3), (192, 192, 3), (120, 160, 3), (64, 64, 3)])
def test_pictures_are_shrunk_as_opencv_shrinks_them(shape: tuple[int, int, int]) -> None:
    """To the last grey level, whatever their size."""
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for side in (48, 64):
        expected = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        assert (entering._shrunk(image, side) == expected).all()
