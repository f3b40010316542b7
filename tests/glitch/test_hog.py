"""The detector of frontal faces: dlib's boxes and scores from dlib's weights, sooner."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import cv2
import dlib
import numpy as np
import pytest

from avatar_app.glitch import landmarks
from avatar_app.glitch.hog import Box, HogDetector
from avatar_app.glitch.hog_weights import read_weights
from avatar_app.settings import bundled
from avatar_app.types import Image
from avatar_app.video import VideoReader

Found = list[tuple[Box, float]]
NOBODY = -1.0

_FACES = b"\x01\x05\x82\x1d\x0c\x81\x01"  # five of (3101, 1) weights
_EXPONENT, _HUGE = b"\x81\x3a", b"\x02\xe8\x03"  # -58 and 1000


@pytest.fixture(scope="module")
def ours() -> HogDetector:
    """Share the one that the app reads."""
    return landmarks._detector()


@pytest.fixture(scope="module")
def by_dlib() -> Callable[[Image, float], Found]:
    """Return what finds faces by dlib itself, from a score on."""
    detector = dlib.get_frontal_face_detector()

    def find(image: Image, faintest: float = 0.0) -> Found:
        boxes, scores, _ = detector.run(image, 0, faintest)
        sides = [(box.left(), box.top(), box.right(), box.bottom()) for box in boxes]
        return list(zip(sides, scores, strict=True))

    return find


def pictures(count: int) -> list[Image]:
    """Return parts of the demo clip in all sizes and shapes, sharp, blurred and in few greys."""
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as clip:
        frames = [frame.image for frame in itertools.islice(clip, 0, 4 * count, 4)]
    chance, seen = np.random.default_rng(0), []
    for number, frame in enumerate(frames):
        left, top, width, height = map(int, chance.integers((0, 0, 200, 200), (200, 120, 440, 360)))
        part = frame[top : top + height, left : left + width]
        sides = tuple(map(int, chance.integers(60, 300, 2))) if number % 4 else (128, 128)
        picture = np.asarray(cv2.resize(part, sides), np.uint8)
        if number % 3 == 1:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.uint8)
        if number % 5 == 2:
            picture = picture // 9 * 9  # many slopes are equally steep in two colours
        seen.append(picture)
    return seen


def test_the_faces_are_dlibs(ours: HogDetector, by_dlib: Callable[[Image], Found]) -> None:
    """The same boxes in the same order, with the same scores."""
    count = 0
    for picture in pictures(60):
        found, expected = ours.find(picture), by_dlib(picture)
        assert [box for box, _ in found] == [box for box, _ in expected]
        assert np.allclose([score for _, score in found], [score for _, score in expected], 0, 1e-4)
        count += len(found)
    assert count > 10


def test_so_is_what_looks_most_like_one(
    ours: HogDetector, by_dlib: Callable[[Image, float], Found]
) -> None:
    """Also where nothing is a face: the landmarks go on there."""
    faint = 0
    for picture in pictures(60):
        found, expected = ours.best(picture, NOBODY), by_dlib(picture, NOBODY)
        if not expected:
            assert found is None
            continue
        (box, score) = expected[0]
        assert found is not None
        assert found[0] == box
        assert found[1] == pytest.approx(score, abs=1e-4)
        faint += score < 0
    assert faint > 5


def test_two_faces_are_told_apart(ours: HogDetector, by_dlib: Callable[[Image], Found]) -> None:
    """Several boxes of one face are one, those of another face are another."""
    face = max(pictures(20), key=lambda picture: len(ours.find(picture)) * picture.size)
    both = np.concatenate((face, face), axis=1)
    found = ours.find(both)
    assert len(found) >= 2
    assert [box for box, _ in found] == [box for box, _ in by_dlib(both)]


def test_halves_of_pixels_are_rounded_as_dlib_rounds_them(
    ours: HogDetector, by_dlib: Callable[[Image], Found]
) -> None:
    """Away from zero: so of a face that is cut off at the left."""
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as clip:
        frame = next(iter(clip)).image
    part = np.array(cv2.resize(frame, (398, 299))[20:, 169:], np.uint8)
    ((expected, _),), ((box, _),) = by_dlib(part), ours.find(part)
    assert box[0] == -23
    assert box == expected


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (19, 19), (20, 20), (21, 64), (400, 24)])
def test_too_little_to_hold_a_face_holds_none(
    ours: HogDetector, by_dlib: Callable[[Image, float], Found], shape: tuple[int, int]
) -> None:
    """Slivers, and pictures of a pixel."""
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert ours.find(noise) == []
    found = ours.best(noise, NOBODY)
    boxes = [] if found is None else [found[0]]
    assert boxes == [box for box, _ in by_dlib(noise, NOBODY)[:1]]


def test_a_picture_may_be_a_part_of_another(ours: HogDetector) -> None:
    """What is not contiguous, or not to be written to, is searched all the same."""
    picture = next(picture for picture in pictures(20) if ours.find(picture))
    wide = np.repeat(picture, 2, axis=1)
    wide.setflags(write=False)
    assert ours.find(wide[:, ::2]) == ours.find(picture)


def test_threads_may_share_it(ours: HogDetector) -> None:
    """Driver and avatar are searched for in two threads."""
    seen = pictures(20)
    alone = [ours.find(picture) for picture in seen]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ours.find, seen * 5)) == alone * 5


@pytest.mark.parametrize("side", [128, 480])
def test_they_are_found_sooner(
    ours: HogDetector, by_dlib: Callable[[Image, float], Found], side: int
) -> None:
    """By turns with dlib, near a known face and in a whole picture."""
    took: dict[str, list[float]] = {"ours": [], "dlib": []}
    for picture in pictures(20):
        searched = np.asarray(cv2.resize(picture, (side, side)), np.uint8)
        begun = time.perf_counter()
        ours.best(searched, NOBODY)
        between = time.perf_counter()
        by_dlib(searched, NOBODY)
        took["ours"].append(between - begun)
        took["dlib"].append(time.perf_counter() - between)
    assert median(took["ours"]) < 0.8 * median(took["dlib"])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: b"", "cut off"),
        (lambda data: b"\x89PNG" + data, "something else"),
        (lambda data: b"\x01\x03" + data[2:], "another shape"),
        (lambda data: data.replace(_FACES, b"\x01\0" + _FACES[2:], 1), "no face"),
        (lambda data: _HUGE.join(data.rsplit(_EXPONENT, 1)), "without end"),
    ],
    ids=["last byte", "empty", "other", "version", "no face", "huge"],
)
def test_other_weights_are_told(damage: Callable[[bytes], bytes], why: str) -> None:
    """What is cut off, or of another version of dlib, is said."""
    (written,) = dlib.get_frontal_face_detector().__getstate__()
    with pytest.raises(ValueError, match=why):
        read_weights(np.frombuffer(damage(written), np.uint8))
