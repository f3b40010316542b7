"""Of several faces in a video one can be chosen, by its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.glitch.landmarks import FaceFinder, Point
from avatar_app.inspection import inspect
from avatar_app.inspection.limits import Circumstances, at, limits
from avatar_app.inspection.view import FaceView
from avatar_app.reports import Row
from avatar_app.types import AvatarAppError, Frame, Image
from avatar_app.video import VideoWriter
from tests.animation.constructed import portrait
from tests.inspection.constructed import clip


def write(path: Path, images: Sequence[Image]) -> Path:
    """Write pictures as a video of 25 a second."""
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height, 25) as writer:
        for step, image in enumerate(images):
            writer.write(image, step / 25)
    return path


def unlike(one: Image, other: Image) -> float:
    """Return how far two pictures are apart, in grey levels."""
    return float(np.abs(one.astype(np.float32) - other).mean())


def test_the_place_that_a_report_names_judges_another_person(tmp_path: Path) -> None:
    """Beside the driver of the clip a smaller portrait; the pictures in the report are of it."""
    mei = portrait("mei", 200)
    two = [np.hstack([image, np.pad(mei, ((0, 40), (0, 0), (0, 0)))]) for image in clip()[:10]]
    video = write(tmp_path / "two.mp4", two)
    largest = inspect(video, tmp_path / "largest")
    named = re.search(r"judged with --face (\d+),(\d+)\.", " ".join(largest.notes))
    assert named is not None
    x, y = map(int, named.groups())
    chosen = inspect(video, tmp_path / "chosen", face=(x, y))
    assert f"only the one at {x},{y} was judged" in " ".join(chosen.notes)
    assert chosen.about["face"] == f"the one at {x},{y}"
    alone = inspect(write(tmp_path / "mei.mp4", [mei] * 10), tmp_path / "mei").moments[0].image
    seen, other = (found.moments[0].image for found in (chosen, largest))
    assert unlike(seen, alone) < 0.5 * unlike(other, alone)


def test_a_larger_face_that_comes_later_is_the_other_one() -> None:
    """The one that was there first is followed on, and not named as one to be judged yet."""
    alone = np.full((480, 800, 3), 120, np.uint8)
    alone[140:360, 580:] = portrait("mei", 220)
    both = alone.copy()
    both[:, :480] = portrait("mateo", 480)
    view = FaceView(FaceFinder())
    for step, image in enumerate((alone, alone, both, both)):
        view.cut(Frame(image, step, 3.0 * step))
    followed, other = view.faces
    assert other[0] < 480 < followed[0]
    said = " ".join(limits([Row(0, 0.0, {})], 9.0, Circumstances(faces=view.faces)))
    assert f"only the one at {at(followed)} was judged. Another one is judged with" in said
    assert f"with --face {at(other)}." in said


def test_in_another_scene_it_may_be_another_person() -> None:
    """The face at that place is judged there, too, and the report says so."""
    seen = Circumstances(faces=[(9.0, 9.0)], chosen=(8.0, 9.0), widths=[90.0], cuts=[0.5])
    said = " ".join(limits([Row(0, 0.0, {})], 9.0, seen))
    assert "each scene was judged by itself, in each the face at 8,9." in said


def test_nobody_else_is_judged_where_no_face_is(tmp_path: Path) -> None:
    """Another person's verdict would be taken for that of the one who was asked for."""
    found = inspect(write(tmp_path / "one.mp4", clip()[:10]), tmp_path / "out", face=(2, 2))
    assert found.judged_seconds == 0
    assert re.search(r"No face was found at 2,2; faces lie at \d+,\d+\.", " ".join(found.notes))


def test_a_place_outside_the_pictures_is_refused(tmp_path: Path) -> None:
    """The sentence says how large they are, and nothing is written."""
    video = write(tmp_path / "one.mp4", clip()[:3])
    with pytest.raises(AvatarAppError, match=r"900,2 lies outside .* are 320 x 240; give"):
        inspect(video, tmp_path / "out", face=(900, 2))
    assert not list(tmp_path.glob("out/*"))


def test_places_are_in_pixels_of_the_file(tmp_path: Path) -> None:
    """Also where its pictures are looked at in a smaller size."""
    size = (2880, 2160)
    large = [np.asarray(cv2.resize(image, size), np.uint8) for image in clip()[:2]]
    (face,) = FaceFinder().find(clip()[0])
    there: Point = (9 * face.middle[0], 9 * face.middle[1])
    found = inspect(write(tmp_path / "large.mp4", large), tmp_path / "out", face=there)
    assert found.about["pictures"].endswith("looked at in 1920 x 1440")
    assert found.judged_seconds > 0
