"""What counts as a glitch in renderings whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.calibration_run.labels import (
    CLEAN,
    FAR,
    GLITCH,
    NEAR,
    UNCLEAR,
    by_distance,
    by_strength,
    distance,
    joined,
)
from avatar_app.types import Floats, Image


def face() -> tuple[Image, Floats]:
    """Return a picture with texture, and 68 points of about a face's form."""
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 255, (16, 16, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC)
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = 128 + np.stack([40 * np.cos(angles), 50 * np.sin(angles)], axis=1)
    points[36], points[45] = (96, 110), (160, 110)
    return np.asarray(picture, np.uint8), points.astype(np.float32)


def test_the_truth_itself_is_at_no_distance() -> None:
    """The same picture with the same landmarks differs in nothing."""
    picture, points = face()
    assert distance(picture, points, picture, points) == pytest.approx([0, 0])


def test_a_lost_or_moved_face_is_far() -> None:
    """Without a face the landmarks are as far as can be; moved ones by eye distances."""
    picture, points = face()
    assert distance(picture, None, picture, points)[1] == 1
    moved = distance(picture, points + np.array([6.4, 0], np.float32), picture, points)
    assert moved == pytest.approx([0, 0.1], abs=1e-3)


def test_another_picture_is_far() -> None:
    """Its negative is further than what is far."""
    picture, points = face()
    assert distance(255 - picture, points, picture, points)[0] > FAR[0]


def test_near_is_clean_far_is_a_glitch_and_between_is_unclear() -> None:
    """Near must be near in both distances; landmarks alone may have slipped."""
    near, far = np.array(NEAR) - 0.01, np.array(FAR) + 0.01
    between = (np.array(NEAR) + np.array(FAR)) / 2
    cases = {
        (near[0], near[1]): CLEAN,
        (near[0], between[1]): UNCLEAR,
        (near[0], far[1]): UNCLEAR,
        (between[0], far[1]): GLITCH,
        (far[0], near[1]): GLITCH,
    }
    assert by_distance(np.array(list(cases), np.float32)).tolist() == list(cases.values())


def test_a_drawn_glitch_is_clean_only_where_the_rendering_is() -> None:
    """Frames with nothing drawn keep the rendering's label; weakly drawn ones are unclear."""
    drawn = by_strength(np.array([0, 0, 0, 0.1, 0.6], np.float32))
    assert drawn.tolist() == [CLEAN, CLEAN, CLEAN, UNCLEAR, GLITCH]
    rendered = np.array([CLEAN, UNCLEAR, GLITCH, CLEAN, CLEAN], np.int8)
    assert joined(drawn, rendered).tolist() == [CLEAN, UNCLEAR, GLITCH, UNCLEAR, GLITCH]
