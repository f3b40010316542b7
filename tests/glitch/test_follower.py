"""A face followed at small cost, seen or not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from avatar_app.glitch.follower import Follower
from avatar_app.glitch.landmarks import Box, Face, FaceFinder
from avatar_app.types import Floats, Image
from tests.evaluation.constructed import landmarks

PICTURE = np.zeros((256, 256, 3), np.uint8)
BOX: Box = (80.0, 80.0, 180.0, 180.0)


@dataclass
class FakeFinder(FaceFinder):
    """Sees a face or not, as told; its landmarks move 2 pixels to the right with each fit."""

    seen: bool = True
    place: Box = BOX
    calls: list[str] = field(default_factory=list)
    fits: int = 0

    def find(self, image: Image, upsample: int = 0) -> list[Face]:
        """Search the whole picture."""
        self.calls.append("find")
        return [Face(BOX, 2.0, landmarks())] if self.seen else []

    def search_near(self, image: Image, box: Box) -> tuple[Box, float] | None:
        """Search near the last place."""
        self.calls.append("near")
        return (self.place, 2.0) if self.seen else (self.place, -0.4)

    def fit(self, image: Image, box: Box) -> Floats:
        """Fit landmarks where told."""
        self.fits += 1
        return landmarks(centre=(128 + 2 * self.fits, 128))


def test_a_known_face_is_never_searched_in_the_whole_picture() -> None:
    """After the first picture only its neighbourhood is looked at."""
    finder = FakeFinder()
    follower = Follower(finder)
    assert all(follower.follow(PICTURE) for _ in range(5))
    assert finder.calls == ["find", *["near"] * 4]


def test_every_second_search_is_saved_and_the_landmarks_are_not() -> None:
    """Between two searches the box goes where the landmarks go."""
    finder = FakeFinder()
    follower = Follower(finder)
    faces = [follower.follow(PICTURE, is_searched=number % 2 == 0) for number in range(4)]
    assert finder.calls == ["find", "near"]
    assert finder.fits == 3
    assert faces[1] is not None
    assert faces[1].box[0] == pytest.approx(BOX[0] + 2)


def test_landmarks_go_with_the_box_where_they_are_not_fitted() -> None:
    """A search alone moves both half of the way; without either nothing moves or is paid for."""
    finder = FakeFinder()
    follower = Follower(finder)
    first = follower.follow(PICTURE)
    held = follower.follow(PICTURE, is_searched=False, is_fitted=False)
    assert first is not None
    assert held is first
    finder.place = (84, 90, 184, 190)
    moved = follower.follow(PICTURE, is_fitted=False)
    assert moved is not None
    assert moved.box == (82.0, 85.0, 182.0, 185.0)
    shift = moved.landmarks - first.landmarks
    assert np.abs(shift - np.array([2, 5])).max() < 1e-4
    assert finder.calls == ["find", "near"]
    assert not finder.fits


def test_a_face_that_is_only_searched_for_is_given_up_as_soon() -> None:
    """What was seen of it last is kept until then, with what the detector says now."""
    finder = FakeFinder()
    follower = Follower(finder, patience=3)
    first = follower.follow(PICTURE)
    finder.seen = False
    faces = [follower.follow(PICTURE, is_fitted=False) for _ in range(3)]
    assert [None if face is None else (face.unseen, face.score) for face in faces] == [
        (1, -0.4),
        (2, -0.4),
        None,
    ]
    assert first is not None
    assert faces[1] is not None
    assert faces[1].box == first.box
    assert not finder.fits


def test_an_unseen_face_is_measured_for_a_while_and_then_given_up() -> None:
    """Landmarks go on through a melt; after `patience` pictures there is no face."""
    finder = FakeFinder()
    follower = Follower(finder, patience=4)
    follower.follow(PICTURE)
    finder.seen = False
    faces = [follower.follow(PICTURE) for _ in range(6)]
    assert [None if face is None else face.unseen for face in faces] == [1, 2, 3, None, None, None]
    assert faces[0] is not None
    assert faces[0].score == pytest.approx(-0.4)


def test_pictures_between_two_searches_count_where_no_face_is_seen() -> None:
    """A face that is searched half as often is given up as soon."""
    finder = FakeFinder()
    follower = Follower(finder, patience=6)
    follower.follow(PICTURE)
    finder.seen = False
    faces = [follower.follow(PICTURE, is_searched=number % 2 == 0) for number in range(1, 7)]
    assert [None if face is None else face.unseen for face in faces] == [0, 2, 2, 4, 4, None]


def test_an_empty_picture_is_searched_now_and_then() -> None:
    """A face that is not there costs no more than one that is."""
    finder = FakeFinder(seen=False)
    follower = Follower(finder, patience=4)
    assert not any(follower.follow(PICTURE) for _ in range(9))
    assert finder.calls == ["find"] * 3
    finder.seen = True
    assert any(follower.follow(PICTURE) for _ in range(4))


def test_a_face_that_drifts_out_of_the_picture_is_lost() -> None:
    """Beyond the edge there is nothing to fit landmarks to; that is no error."""
    finder = FakeFinder()
    follower = Follower(finder)
    assert follower.follow(PICTURE) is not None
    finder.seen = False
    faces = [
        follower.follow(PICTURE, is_searched=False) for _ in range(80)
    ]  # 2 pixels further with each
    assert faces[10] is not None
    assert faces[-1] is None
