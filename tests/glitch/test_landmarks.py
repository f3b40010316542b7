"""Faces on the app's own portraits: found, measured, told apart and followed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from avatar_app.glitch import landmarks
from avatar_app.glitch.landmarks import Face, FaceFinder
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Image


def portrait(name: str, side: int = 256) -> Image:
    """Return a bundled portrait, (side, side, 3)."""
    image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
    assert image is not None
    image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def scene(name: str, x: int, y: int, width: int = 640, height: int = 480) -> Image:
    """Return a grey picture with a 256-pixel portrait at x, y."""
    image = np.full((height, width, 3), 120, np.uint8)
    image[y : y + 256, x : x + 256] = portrait(name)
    return image


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    """Share one finder, as its models take a second to load."""
    return FaceFinder()


@pytest.fixture(autouse=True)
def afresh(finder: FaceFinder) -> None:
    """Let no test see what another was following."""
    finder.forget()


@pytest.mark.parametrize(
    "file", sorted(bundled("assets", "avatars").glob("*.png")), ids=lambda file: file.stem
)
def test_every_portrait_has_one_face(finder: FaceFinder, file: Path) -> None:
    """Each bundled portrait shows one face, with features where a face has them."""
    (face,) = finder.find(portrait(file.stem, 512))
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    eyes, nose, mouth = (
        face.landmarks[a:b].mean(axis=0) for a, b in ((36, 48), (27, 36), (48, 68))
    )
    assert eyes[1] < nose[1] < mouth[1]
    assert face.box[0] < nose[0] < face.box[2]


def test_landmarks_scale_with_the_picture(finder: FaceFinder) -> None:
    """The same face in a picture of twice the size has landmarks at twice the places."""
    (small,), (large,) = (finder.find(portrait("mateo", side)) for side in (256, 512))
    assert np.abs(small.landmarks * 2 - large.landmarks).mean() < 6


def test_largest_face_comes_first(finder: FaceFinder) -> None:
    """Of two faces the nearer one is the face of interest."""
    image = np.full((512, 900, 3), 120, np.uint8)
    image[:512, :512] = portrait("sofia", 512)
    image[100:300, 650:850] = portrait("kenji", 200)
    first, second = finder.find(image)
    assert first.side > 1.5 * second.side
    assert first.box[2] < 512 < second.box[0]


def test_nothing_is_found_in_nothing(finder: FaceFinder) -> None:
    """Plain, noisy and tiny pictures have no face and raise nothing."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    for image in (noise, np.zeros((480, 640, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert finder.find(image) == []
        assert finder.track(image) is None


@pytest.mark.parametrize("width", [640, 1920])
def test_faces_are_found_from_the_stated_size_on(finder: FaceFinder, width: int) -> None:
    """Half as large again is enough in a picture of any size, and half is not."""
    height = 3 * width // 4
    least = landmarks.least_face((width, height))
    for share, count in ((1.5, 1), (0.5, 0)):
        face = finder.find(portrait("mateo", 256))[0]
        side = round(256 * share * least / face.side)
        image = np.full((height, width, 3), 120, np.uint8)
        image[40 : 40 + side, 40 : 40 + side] = portrait("mateo", side)
        assert len(finder.find(image)) == count


def test_upsampling_finds_smaller_faces(finder: FaceFinder) -> None:
    """A face below the detector's limit is found after one step of upsampling."""
    image = portrait("mateo", 90)
    assert finder.find(image) == []
    assert len(finder.find(image, upsample=1)) == 1


def test_read_only_and_strided_pictures_are_taken(finder: FaceFinder) -> None:
    """Frames are read-only and crops are not contiguous: both are searched as they are."""
    image = portrait("mateo", 512)
    image.flags.writeable = False
    assert len(finder.find(image)) == 1
    assert len(finder.find(np.repeat(image, 2, axis=1)[:, ::2])) == 1


@pytest.mark.parametrize("closely", [False, True])
def test_face_is_followed_without_searching_the_picture(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch, closely: bool
) -> None:
    """Once found, a moving face is followed near its last place alone."""
    face = finder.track(scene("mateo", 200, 100), closely)
    monkeypatch.setattr(finder, "find", lambda image: pytest.fail("searched the whole picture"))
    if closely:
        monkeypatch.setattr(finder, "_find_near", lambda image, last: pytest.fail("searched wide"))
    for step in range(1, 8):
        face = finder.track(scene("mateo", 200 + 15 * step, 100 + 8 * step), closely)
    assert face is not None
    (there,) = FaceFinder().find(scene("mateo", 305, 156))
    assert np.abs(face.landmarks - there.landmarks).mean() < 4


def test_a_face_that_leaps_is_found_at_once(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no longer in the closest window is searched in the next one, not given up."""
    finder.track(scene("mateo", 180, 100), closely=True)
    monkeypatch.setattr(finder, "find", lambda image: pytest.fail("searched the whole picture"))
    face = finder.track(scene("mateo", 255, 100), closely=True)
    assert face is not None
    (there,) = FaceFinder().find(scene("mateo", 255, 100))
    assert np.abs(face.landmarks - there.landmarks).mean() < 4


def test_lost_face_is_searched_now_and_then(finder: FaceFinder) -> None:
    """A face that comes back elsewhere is found within five calls, and none is made up before."""
    assert finder.track(scene("mateo", 0, 0)) is not None
    empty = np.full((480, 640, 3), 120, np.uint8)
    assert all(finder.track(empty) is None for _ in range(7))
    found = [finder.track(scene("mateo", 380, 220)) for _ in range(5)]
    assert any(found)
    assert finder.track(scene("mateo", 380, 220)) is not None


def test_a_large_face_is_not_taken_for_a_small_one_beside_it(finder: FaceFinder) -> None:
    """Who was chosen is not there yet: nobody is followed, until that one comes."""
    before = np.full((480, 900, 3), 120, np.uint8)
    before[:, :480] = portrait("mateo", 480)
    after = before.copy()
    after[140:340, 365:495] = portrait("mei", 200)[:, 35:165]
    large, small = finder.find(after)
    assert finder.track(before, place=small.middle) is None
    found = [finder.track(after, place=small.middle) for _ in range(5)][-1]
    assert found is not None
    assert found.is_at(small.middle)
    assert not found.is_at(large.middle)


@pytest.mark.parametrize("side", [100, 700])
def test_outside_the_picture_all_is_black(finder: FaceFinder, side: int) -> None:
    """Pictures may shrink while a face is followed: it lies beyond them then."""
    box = (1000.0, 2000.0, 1000.0 + side, 2000.0 + side)
    large = np.zeros((3000, 2000, 3), np.uint8)
    assert np.allclose(finder.fit(np.full((50, 60, 3), 255, np.uint8), box), finder.fit(large, box))


def test_descriptors_tell_persons_apart(finder: FaceFinder) -> None:
    """The same person in another light is nearer than another person."""
    pictures = [portrait("mateo"), (portrait("mateo") * 0.8).astype(np.uint8), portrait("mei")]
    one, dim, other = (finder.descriptor(image, finder.find(image)[0]) for image in pictures)
    assert one.shape == (128,)
    assert np.linalg.norm(one - dim) < 0.4 < np.linalg.norm(one - other)


def test_missing_models_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package of trained files the sentence says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    landmarks._predictor.cache_clear()
    with pytest.raises(AvatarAppError, match="pip install face_recognition_models"):
        FaceFinder().find(portrait("mateo"))


def test_construction_loads_nothing() -> None:
    """A finder costs nothing until it is asked, and the models' package is never imported."""
    assert "_detector" not in vars(FaceFinder())
    assert "face_recognition_models" not in sys.modules


def test_a_further_finder_loads_nothing_again(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models are 88 MB, and what faces are found by takes half a second to unpack."""
    picture = portrait("mateo")
    finder.descriptor(picture, finder.find(picture)[0])
    monkeypatch.setattr(landmarks, "_model_file", None)
    monkeypatch.setattr(dlib, "get_frontal_face_detector", None)
    another = FaceFinder()
    assert another.descriptor(picture, another.find(picture)[0]).shape == (128,)


def test_a_damaged_model_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A download that was cut off is told as such, not as a fault."""
    file = tmp_path / "trees.dat"
    file.write_bytes(b"\x01\x01")
    monkeypatch.setattr(landmarks, "_model_file", lambda name: str(file))
    landmarks._predictor.cache_clear()
    with pytest.raises(
        AvatarAppError, match=r"trees\.dat cannot be read .*cut off.*--force-reinstall"
    ):
        FaceFinder().fit(portrait("mateo"), (0.0, 0.0, 256.0, 256.0))


def test_side_is_the_width_of_the_box() -> None:
    """A face's side is measured along x."""
    face = Face((10.0, 20.0, 60.0, 70.0), 1.0, np.zeros((68, 2), np.float32))
    assert face.side == 50
