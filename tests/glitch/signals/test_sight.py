"""What is looked at of a picture: the face in the middle, and what lies around it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.chip import chip
from avatar_app.glitch.signals.shapefree import SHAPE, shapefree
from avatar_app.types import Image

PLACE = np.array([[0.8, 0.1, -20.0], [-0.1, 0.8, -5.0]])


def picture() -> Image:
    """Return smooth noise, (200, 240, 3)."""
    cells = np.random.default_rng(0).integers(0, 255, (20, 24, 3))
    return np.kron(cells, np.ones((10, 10, 1))).astype(np.uint8)


def test_the_middle_of_a_view_is_the_chip() -> None:
    """To the rounding of where a pixel is read."""
    view = sight.view(picture(), PLACE)
    assert view.shape == (192, 192)
    np.testing.assert_allclose(view[sight.MIDDLE, sight.MIDDLE], chip(picture(), PLACE), atol=2)
    assert (sight.look(view, SHAPE).chip == view[sight.MIDDLE, sight.MIDDLE]).all()


@pytest.mark.parametrize(
    "place",
    [
        PLACE,
        [[1.4, -0.3, 30.0], [0.3, 1.4, -60.0]],
        [[1.0, 0.0, -200.0], [0.0, 1.0, -150.0]],  # over the right and lower border
        [[1.0, 0.0, 300.0], [0.0, 1.0, 300.0]],  # nothing of it in the picture
        [[0.2, 0.0, 0.0], [0.0, 0.2, 0.0]],  # all of the picture, small
    ],
)
def test_a_view_is_the_picture_turned_its_border_going_on(place: list[list[float]]) -> None:
    """As OpenCV does it with the whole picture, but for the last bit of a pixel here and there."""
    wide = np.array(place)
    wide[:, 2] += 48
    how, beyond = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    whole = cv2.warpAffine(picture(), wide, (sight.VIEW,) * 2, flags=how, borderMode=beyond)
    off = cv2.absdiff(sight.turned(picture(), np.array(place)), whole)
    assert off.max() <= 1
    assert off.mean() < 0.01


def test_a_face_is_looked_at_with_what_is_below_the_chip() -> None:
    """What changes only there changes what is seen, with its shape and without; not the chip."""
    before = sight.view(picture(), PLACE)
    after = before.copy()
    after[sight.MIDDLE.stop : sight.MIDDLE.stop + 16] = 250
    one, other = (sight.look(view, SHAPE) for view in (before, after))
    assert one.face.shape == one.free.shape == (112, 96)
    assert np.abs(other.face - one.face)[96:].min() > 5
    assert np.abs(other.free - one.free)[98:].min() > 5
    assert (other.chip == one.chip).all()
    assert (other.free_chip[:94] == one.free_chip[:94]).all()


def test_looking_leaves_the_place_and_the_view_as_they_are() -> None:
    """Both are used again."""
    place = PLACE.copy()
    view = sight.view(picture(), place)
    kept = view.copy()
    seen = sight.look(view, SHAPE)
    assert (place == PLACE).all()
    assert (view == kept).all()
    assert (seen.free == shapefree(seen.face, SHAPE)).all()


def test_around_are_the_grey_and_how_much_detail_there_is() -> None:
    """Grain in one corner is detail there and nowhere else; the grey stays."""
    plain = np.full((192, 192), 100, np.float32)
    grainy = plain.copy()
    grainy[:40, :40] += np.random.default_rng(1).normal(0, 20, (40, 40))
    grey, fine = sight.around(grainy)
    assert grey.shape == fine.shape == (48, 48)
    assert np.abs(grey - 100).mean() < 3
    assert fine[:9, :9].min() > 1
    assert fine[12:, 12:].max() < 0.01
    assert (sight.around(plain)[1] == 0).all()


def test_what_is_usual_comes_nearer() -> None:
    """By the share, in all that is looked at; the old one stays as it was."""
    one, other = (sight.look(np.full((192, 192), grey, np.float32), SHAPE) for grey in (100, 200))
    between = sight.nearer(one, other, 0.25)
    assert np.allclose(between.face, 125)
    assert np.allclose(between.free, 125)
    assert np.allclose(between.around[0], 125)
    assert np.allclose(one.face, 100)


def test_what_a_camera_does_is_seen_beside_the_face() -> None:
    """Another light, less detail and more: each is told by its name; nothing is nothing."""
    chance = np.random.default_rng(2)
    wide = np.kron(chance.uniform(60, 180, (48, 48)), np.ones((4, 4))).astype(np.float32)
    usual = sight.look(wide, SHAPE)
    grainy = wide + chance.normal(0, 25, wide.shape).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(wide, (0, 0), 3), np.float32)
    for spoilt, name in ((wide * np.float32(0.5), "light"), (grainy, "grain"), (soft, "blur")):
        found = sight.beside(sight.look(spoilt, SHAPE), usual)
        assert found[f"beside_{name}"] > 0.3
    assert max(sight.beside(usual, usual).values()) < 1e-3


def test_what_comes_beside_the_face_is_seen_there_and_a_change_of_the_face_is_not() -> None:
    """An arm from below is a change; a face that alone is another is none."""
    chance = np.random.default_rng(3)
    wide = np.kron(chance.uniform(60, 180, (48, 48)), np.ones((4, 4))).astype(np.float32)
    usual, arm, other = sight.look(wide, SHAPE), wide.copy(), wide.copy()
    arm[150:, 70:120] = 250
    other[sight.MIDDLE, sight.MIDDLE] = 250
    assert sight.beside(sight.look(arm, SHAPE), usual)["beside_change"] > 0.1
    assert max(sight.beside(sight.look(other, SHAPE), usual).values()) < 0.05


def test_around_is_what_opencv_blurs_and_shrinks() -> None:
    """To the border of the view, which is mirrored."""
    wide = sight.view(picture(), PLACE)
    wide += np.random.default_rng(4).uniform(0, 20, wide.shape).astype(np.float32)
    off = cv2.absdiff(wide, cv2.blur(wide, (3, 3)))
    grey, detail = (
        cv2.resize(seen, (48, 48), interpolation=cv2.INTER_AREA) for seen in (wide, off)
    )
    np.testing.assert_allclose(sight.around(wide)[0], grey, rtol=1e-6)
    np.testing.assert_allclose(sight.around(wide)[1], np.log1p(detail), rtol=1e-5, atol=1e-6)
