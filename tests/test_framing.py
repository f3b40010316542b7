"""The square around a face: framed as in training, steady, and following without overshoot."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_app.framing import SmoothedSquare, Square, crop, face_square
from avatar_app.types import Floats


def face(x: float = 0, y: float = 0, size: float = 1, mouth: float = 0) -> Floats:
    """Return 68 landmarks of a schematic frontal face, `size` 1 being about 100 pixels wide."""
    angle = np.linspace(0, np.pi, 17)
    jaw = np.stack([-50 * np.cos(angle), 60 * np.sin(angle) - 5], axis=1)
    brows = np.stack([np.r_[-42:-9:5j, 10:43:5j], np.full(10, -30)], axis=1)
    nose = np.stack([np.r_[np.zeros(4), -9:9:5j], np.r_[-18:12:4j, np.full(5, 16)]], axis=1)
    turn = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    eye = np.stack([8 * np.cos(turn), 4 * np.sin(turn)], axis=1) - (0, 17)
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    lips = np.stack([-18 * np.cos(turn), -6 * np.sin(turn) + 35], axis=1)
    # iBUG: upper lip 50-52, lower lip and chin below.
    lips[6:] += (0, mouth)
    jaw[5:12] += (0, mouth)
    points = np.concatenate([jaw, brows, nose, eye - (22, 0), eye - (-22, 0), lips])
    return np.asarray(points * size + (x, y), np.float32)


def run(square: SmoothedSquare, x: list[float], size: list[float] | None = None) -> list[Square]:
    """Show a face at places `x` (times `size`) at 25 pictures a second."""
    sizes = size or [1.0] * len(x)
    found = [
        square.update(face(at, 0, grown), step / 25)
        for step, (at, grown) in enumerate(zip(x, sizes, strict=True))
    ]
    return [one for one in found if one is not None]


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0.2, 8))
def test_square_moves_and_grows_with_the_face(x: float, y: float, size: float) -> None:
    """The square is equivariant: it shifts and scales exactly as the face does."""
    one, other = face_square(face()), face_square(face(x, y, size))
    assert other.size == pytest.approx(one.size * size, rel=1e-3)
    assert other.x == pytest.approx(one.x * size + x, abs=0.1)
    assert other.y == pytest.approx(one.y * size + y, abs=0.1)


def test_open_mouth_does_not_change_the_square() -> None:
    """Dropping jaw and lower lip leaves the framing alone."""
    assert face_square(face(mouth=40)) == face_square(face())


def test_wrong_landmarks_are_refused() -> None:
    """A square needs all 68 points."""
    with pytest.raises(ValueError, match=r"\(68, 2\)"):
        face_square(np.zeros((5, 2), np.float32))


def test_still_face_with_jitter_keeps_the_crop_still() -> None:
    """Tracking noise of two pixels moves the crop not at all."""
    noise = np.random.default_rng(1).normal(0, 2, 200)
    grown = 1 + np.random.default_rng(2).normal(0, 0.02, 200)
    assert len(set(run(SmoothedSquare(), list(100 + noise), list(grown)))) == 1


def test_small_movements_reach_the_avatar() -> None:
    """A head that sways within the dead zone does not move the crop."""
    sway = [30 * np.sin(step / 8) for step in range(150)]
    assert len(set(run(SmoothedSquare(), sway))) == 1


def test_crop_follows_far_movements_without_overshoot() -> None:
    """The crop pans after a face that went away, one way only, and keeps it inside."""
    way = [0.0] * 10 + [6.0 * step for step in range(60)] + [354.0] * 200
    squares = run(SmoothedSquare(), way)
    places = np.array([square.x for square in squares])
    assert (np.diff(places) >= 0).all()
    assert places[-1] <= face_square(face(354)).x
    assert abs(places[-1] - 354) < 0.18 * squares[-1].size
    assert (
        max(abs(at - place) / squares[0].size for at, place in zip(way, places, strict=True)) < 0.35
    )


def test_crop_follows_growth_without_overshoot() -> None:
    """A driver who comes nearer is framed wider, without pumping."""
    grown = [1.0] * 10 + list(np.linspace(1, 1.8, 50)) + [1.8] * 250
    sizes = np.array([square.size for square in run(SmoothedSquare(), [0.0] * 310, grown)])
    assert (np.diff(sizes) >= 0).all()
    assert 1.8 / 1.2 < sizes[-1] / sizes[0] < 1.8


def test_one_wrong_detection_is_ignored() -> None:
    """A single face found elsewhere does not move the crop."""
    squares = run(SmoothedSquare(), [0.0] * 10 + [900.0] + [0.0] * 10)
    assert len(set(squares)) == 1


def test_wrong_detection_kept_for_some_frames_is_ignored() -> None:
    """Where faces are looked for every third frame, a single wrong one still moves nothing."""
    square, found = SmoothedSquare(), [face(0), face(0), face(0), face(200), face(0), face(0)]
    shown = [square.update(found[step // 3], step / 25) for step in range(18)]
    assert len(set(shown)) == 1


def test_cut_to_another_place_is_followed_at_once() -> None:
    """After a jump too far for a head the crop is there within a few pictures."""
    squares = run(SmoothedSquare(), [0.0] * 10 + [900.0] * 4)
    assert squares[-1].x == pytest.approx(face_square(face(900)).x)


def test_crop_waits_while_the_face_is_lost() -> None:
    """Without a face the last square is held; before the first face there is none."""
    square = SmoothedSquare()
    assert square.update(None, 0.0) is None
    first = square.update(face(50), 0.04)
    assert all(square.update(None, 0.1 * step) == first for step in range(1, 50))


def test_times_matter_not_the_number_of_calls() -> None:
    """Twice the pictures in the same time end in nearly the same crop."""
    ends = []
    for calls in (25, 50):
        square = SmoothedSquare()
        square.update(face(0), 0.0)
        for _ in range(2):
            square.update(face(200), 0.0)
        there = face(200)
        for step in range(calls * 2):
            last = square.update(there, step / calls)
        assert last is not None
        ends.append(last.x)
    assert ends[0] == pytest.approx(ends[1], abs=4)


def test_crop_returns_the_part_asked_for() -> None:
    """Shrunk, unchanged and enlarged crops show the same part of a picture."""
    image = np.zeros((100, 120, 3), np.uint8)
    image[20:60, 30:70] = np.linspace(50, 250, 40, dtype=np.uint8)[:, None]
    square = Square(50, 40, 40)
    assert (crop(image, square, 40) == image[20:60, 30:70]).all()
    small, large = crop(image, square, 20), crop(image, square, 160)
    assert small.shape == (20, 20, 3)
    assert large.shape == (160, 160, 3)
    back = large.reshape(20, 8, 20, 8, 3).mean(axis=(1, 3))
    inside = np.s_[1:-1, 1:-1]
    assert np.abs(back - small)[inside].max() < 3


@pytest.mark.parametrize("size", [16, 300])
def test_crop_repeats_the_border_outside(size: int) -> None:
    """Where the square sticks out, the picture's border goes on, and nothing is black."""
    image = np.full((60, 60, 3), 70, np.uint8)
    for square in (Square(0, 0, 50), Square(60, 60, 100), Square(-200, 500, 40)):
        assert (crop(image, square, size) == 70).all()


def test_square_is_brought_into_the_picture_a_little() -> None:
    """A square that just sticks out is moved and shrunk inside; one far out stays as it is."""
    assert Square(50, 50, 90).fitted(100, 100) == Square(50, 50, 90)
    assert Square(50, 40, 90).fitted(100, 100) == Square(50, 45, 90)
    assert Square(50, 50, 110).fitted(100, 100) == Square(50, 50, 100)
    assert Square(50, 50, 200).fitted(100, 100).size == 160
    assert Square(0, 50, 100).fitted(400, 100).x == 15


SHARED = Path(os.environ.get("AVATAR_APP_SHARED", Path(__file__).parents[2] / "shared"))


def test_training_clips_are_framed_by_the_square() -> None:
    """On training clips the square found is, in the median, the whole picture."""
    from avatar_app.glitch.landmarks import FaceFinder
    from avatar_app.video import VideoReader

    clips = sorted((SHARED / "clips" / "synthetic").glob("*.mp4"))[::8]
    if not clips:
        pytest.skip("needs the shared clips (AVATAR_APP_SHARED)")
    finder, squares = FaceFinder(), []
    for clip in clips:
        with VideoReader(clip) as reader:
            faces = finder.find(next(iter(reader)).image)
            squares += [face_square(found.landmarks) for found in faces[:1]]
    assert len(squares) > 10
    assert np.median([square.size for square in squares]) == pytest.approx(256, rel=0.06)
    assert np.median([square.x for square in squares]) == pytest.approx(128, abs=8)
    assert np.median([square.y for square in squares]) == pytest.approx(128, abs=8)
