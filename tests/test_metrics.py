"""Head pose, mouth and eyelids read from landmarks of known poses."""

from __future__ import annotations

import pytest

from avatar_app.face_signals import read_signals
from avatar_app.metrics import alike, look
from tests.evaluation.constructed import FakeFinder, landmarks, picture

NOSE_TIP, LEFTMOST_EYE, RIGHTMOST_EYE = 30, 36, 45


@pytest.mark.parametrize(
    "pose",
    [(0, 0, 0), (40, 0, 0), (-25, 10, 0), (0, -30, 0), (0, 0, 35), (20, -15, -20), (-50, 20, 10)],
)
def test_pose_is_read_from_landmarks(pose: tuple[float, float, float]) -> None:
    """Yaw, pitch and roll come back as they were put in."""
    signals = read_signals(landmarks(*pose))
    assert (signals["yaw"], signals["pitch"], signals["roll"]) == pytest.approx(pose, abs=0.1)


def test_signs_of_the_pose_are_those_of_the_picture() -> None:
    """Yaw moves the nose to the right, pitch down, roll turns the eyes clockwise."""
    straight = landmarks()
    assert landmarks(yaw=20)[NOSE_TIP, 0] > straight[NOSE_TIP, 0]
    assert landmarks(pitch=20)[NOSE_TIP, 1] > straight[NOSE_TIP, 1]
    rolled = landmarks(roll=20)
    assert rolled[RIGHTMOST_EYE, 1] > rolled[LEFTMOST_EYE, 1]


@pytest.mark.parametrize("yaw", [0, 30])
@pytest.mark.parametrize("unit", [40, 90])
def test_mouth_and_eyes_do_not_depend_on_turn_and_size(yaw: float, unit: float) -> None:
    """Gaps are in units of the eyes' distance as it is from the front."""
    signals = read_signals(landmarks(yaw=yaw, unit=unit, mouth=0.2, eyes=0.08))
    assert signals["mouth"] == pytest.approx(0.2, abs=1e-3)
    assert signals["eyes"] == pytest.approx(0.08, abs=1e-3)


def test_the_most_alike_face_is_found_in_another_place_and_size() -> None:
    """Only pose and expression count."""
    others = [landmarks(yaw=yaw, unit=90, centre=(40, 60)) for yaw in (-30, 0, 25)]
    assert alike(landmarks(yaw=28), others) == 2


def test_a_picture_without_a_face_has_no_look() -> None:
    """None, not zeros."""
    finder = FakeFinder([None, landmarks(yaw=10)])
    assert look(finder, picture(0)) is None
    found = look(finder, picture(1))
    assert found is not None
    assert found.signals["yaw"] == pytest.approx(10, abs=0.1)
