"""The guide before a calibration: what it tells a driver to change."""

from __future__ import annotations

import pytest

from avatar_app.framing import face_square
from avatar_app.guide import Arrow, RestingPose, guide
from tests.evaluation.constructed import landmarks

AVATAR = landmarks(yaw=2, pitch=-3, mouth=0.02, eyes=0.1)
SIDE = round(face_square(AVATAR).size * 1.4)
MIDDLE = (SIDE / 2, SIDE / 2)


def test_the_same_pose_is_a_good_moment() -> None:
    """Nothing is to be changed, and the match is full."""
    found = guide(landmarks(yaw=2, pitch=-3, centre=MIDDLE), SIDE, SIDE, AVATAR)
    assert found.is_good
    assert found.match > 0.99
    assert found.advice == "Hold still."


@pytest.mark.parametrize(
    ("pose", "arrow"),
    [
        ({"yaw": 25.0}, Arrow.RIGHT),
        ({"yaw": -25.0}, Arrow.LEFT),
        ({"pitch": 25.0}, Arrow.UP),
        ({"pitch": -25.0}, Arrow.DOWN),
        ({"roll": 20.0}, Arrow.TILT_RIGHT),
        ({"roll": -20.0}, Arrow.TILT_LEFT),
        ({"mouth": 0.3}, Arrow.CLOSE),
        ({"eyes": 0.01}, Arrow.OPEN),
    ],
)
def test_a_pose_that_differs_is_led_back(pose: dict[str, float], arrow: Arrow) -> None:
    """Each hint leads towards the avatar's pose, left and right as the driver has them."""
    like = {"yaw": 2.0, "pitch": -3.0, **pose}
    found = guide(landmarks(**like, centre=MIDDLE), SIDE, SIDE, AVATAR)
    assert found.hints[0].arrow is arrow
    assert found.advice == found.hints[0].advice
    assert found.match < 0.95


def test_an_avatar_with_an_open_mouth_wants_one() -> None:
    """The avatar's own expression is the one to match."""
    found = guide(landmarks(centre=MIDDLE), SIDE, SIDE, landmarks(mouth=0.3, eyes=0.1))
    assert [hint.advice for hint in found.hints] == [
        "Open your mouth a little, as the avatar does."
    ]


def test_the_worst_comes_first() -> None:
    """A person can follow one advice at a time."""
    like = landmarks(yaw=30, pitch=12, centre=MIDDLE)
    assert [hint.part for hint in guide(like, SIDE, SIDE, AVATAR).hints][:2] == ["yaw", "pitch"]


@pytest.mark.parametrize(
    ("unit", "centre", "arrow"),
    [
        (12.0, (0.5, 0.5), Arrow.NEARER),
        (100.0, (0.5, 0.5), Arrow.BACK),
        (60.0, (0.1, 0.5), Arrow.LEFT),
        (60.0, (0.9, 0.5), Arrow.RIGHT),
        (60.0, (0.5, 0.1), Arrow.DOWN),
        (60.0, (0.5, 0.9), Arrow.UP),
    ],
)
def test_a_face_out_of_place_is_moved(
    unit: float, centre: tuple[float, float], arrow: Arrow
) -> None:
    """Size and place count in the driver's whole picture; the picture's left is one's right."""
    at = (centre[0] * SIDE, centre[1] * SIDE)
    found = guide(landmarks(yaw=2, pitch=-3, unit=unit, centre=at), SIDE, SIDE, AVATAR)
    assert arrow in [hint.arrow for hint in found.hints]


def rest(pose: RestingPose, seconds: range, **turned: float) -> bool:
    """Let the driver sit like this for some seconds, ten looks in each; say what came of it."""
    drifted = False
    for tenth in range(seconds.start * 10, seconds.stop * 10):
        drifted = pose.has_drifted(landmarks(**turned), tenth / 10)  # type: ignore[arg-type]
    return drifted


def test_sitting_otherwise_offers_a_calibration_and_a_glance_does_not() -> None:
    """The median over some seconds tells a new posture from a movement."""
    pose = RestingPose()
    assert not rest(pose, range(0, 30), yaw=40)  # not calibrated: nothing to drift from
    pose.calibrated(landmarks())
    assert not rest(pose, range(30, 50))
    assert not rest(pose, range(50, 55), yaw=40)
    assert not rest(pose, range(55, 70))
    assert rest(pose, range(70, 90), yaw=20)
    pose.calibrated(landmarks(yaw=20))
    assert not rest(pose, range(90, 120), yaw=20)


def test_without_a_face_there_is_nothing_to_say() -> None:
    """An empty chair has not drifted, and a calibration without a face knows no pose."""
    pose = RestingPose()
    pose.calibrated(landmarks())
    assert not any(pose.has_drifted(None, second) for second in range(60))
    pose.calibrated(None)
    assert not rest(pose, range(60, 90), yaw=40)
