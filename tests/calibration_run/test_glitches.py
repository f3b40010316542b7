"""Glitches drawn onto a bundled portrait."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest

from avatar_app.calibration_run.foreign import OTHERS
from avatar_app.calibration_run.glitches import JAWS, LEARNT, TEST_ONLY, Shot, break_face
from avatar_app.calibration_run.plan import FIT_CASES, GLITCHES, TEST_CASES
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.perturbations import CASES
from avatar_app.settings import bundled
from avatar_app.types import Floats, Image


@lru_cache(maxsize=2)
def portrait(name: str) -> tuple[Image, Floats]:
    """Return a bundled portrait, (256, 256, 3), and its landmarks."""
    image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
    assert image is not None
    small = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), (256, 256))
    rgb = np.asarray(small, np.uint8)
    return rgb, FaceFinder().find(rgb)[0].landmarks


def shot() -> Shot:
    """Return three frames of a portrait that breathes a little."""
    (image, landmarks), (other, points) = portrait("amara"), portrait("mateo")
    images = np.stack([image, np.roll(image, 2, 0), np.roll(image, 4, 0)])
    found = np.stack([landmarks + np.array([0, 2 * step], np.float32) for step in range(3)])
    return Shot(images, found, other, points, np.random.default_rng(0))


@pytest.mark.parametrize("name", GLITCHES)
def test_a_glitch_breaks_the_face_and_leaves_the_rest(name: str) -> None:
    """Nothing at strength 0, the face at full strength, the corners never, and again the same."""
    whole = shot()
    strength = np.array([0, 1, 1], np.float32)
    broken = break_face(whole, GLITCHES[name], strength)
    assert (broken[0] == whole.images[0]).all()
    x, y = whole.landmarks[2][17:].mean(axis=0).astype(int)
    change = np.abs(broken[2].astype(int) - whole.images[2])
    assert change[y - 50 : y + 60, x - 50 : x + 50].mean() > 0.8
    assert change[:20, :20].mean() < 1
    assert (break_face(shot(), GLITCHES[name], strength) == broken).all()


def test_what_is_tried_was_not_learnt() -> None:
    """Kinds of glitches and edge cases are for the fit or for the test, never for both."""
    assert not set(LEARNT) & {*TEST_ONLY, *JAWS, *OTHERS}
    assert not set(FIT_CASES) & set(TEST_CASES)
    assert {*FIT_CASES, *TEST_CASES} <= set(CASES)
