"""The trees that find landmarks: dlib's points from dlib's file, sooner; and other files."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import cv2
import dlib
import numpy as np
import pytest

from avatar_app.glitch import landmarks
from avatar_app.glitch.regression_trees import ShapePredictor
from avatar_app.settings import bundled
from avatar_app.types import Floats, Image
from avatar_app.video import VideoReader

Box = tuple[int, int, int, int]

FILE = Path(landmarks._model_file(landmarks._LANDMARKS))


@pytest.fixture(scope="module")
def trees() -> ShapePredictor:
    """Share the ones that the app reads."""
    return landmarks._predictor()


@pytest.fixture(scope="module")
def by_dlib() -> Callable[[Image, Box], Floats]:
    """Return what fits landmarks by dlib itself."""
    predictor = dlib.shape_predictor(str(FILE))

    def fit(image: Image, box: Box) -> Floats:
        parts = predictor(image, dlib.rectangle(*box)).parts()
        return np.array([(point.x, point.y) for point in parts], np.float32)

    return fit


def scenes(count: int) -> list[tuple[Image, Box]]:
    """Return faces of the demo clip, and pictures of nothing with boxes in and beyond them."""
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as clip:
        frames = [frame.image for frame in itertools.islice(clip, 0, 6 * count, 6)]
    seen = [
        (frame, (220, 120, 219 + 200 + shift, 319 + shift)) for shift, frame in enumerate(frames)
    ]
    chance = np.random.default_rng(0)
    for _ in range(count):
        height, width = chance.integers(3, 500, 2)
        noise = chance.integers(0, 255, (height, width, 3), dtype=np.uint8)
        smooth = cv2.GaussianBlur(noise, (0, 0), chance.uniform(0.3, 20))
        left, top = map(int, chance.integers(-200, 400, 2))
        right, bottom = left + int(chance.integers(1, 400)), top + int(chance.integers(1, 400))
        seen.append((np.asarray(smooth, np.uint8), (left, top, right, bottom)))
    return seen


def test_the_points_are_dlibs(
    trees: ShapePredictor, by_dlib: Callable[[Image, Box], Floats]
) -> None:
    """All of them, of faces and of nothing, inside the picture and outside."""
    for image, box in scenes(40):
        found = trees.fit(image, box)
        assert found.dtype == np.float32
        assert np.array_equal(found, by_dlib(image, box))


@pytest.mark.parametrize(
    "sides", [(400, 400), (401, 353), (120, 300), (119, 301), (600, 1)], ids=str
)
def test_a_picture_is_enlarged_where_it_is_looked_at(
    trees: ShapePredictor, sides: tuple[int, int]
) -> None:
    """The points of a picture enlarged before, every grey level the same; to its own size, too."""
    for image, box in scenes(20):
        part = image[:301, :119]
        size = (max(sides[0], part.shape[1]), max(sides[1], part.shape[0]))
        whole = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        assert np.array_equal(trees.fit(part, box, size), trees.fit(whole, box))


@pytest.mark.parametrize("shape", [(0, 9, 3), (9, 0, 3), (0, 0, 3)])
def test_of_no_pixels_none_is_looked_at(trees: ShapePredictor, shape: tuple[int, int, int]) -> None:
    """All is black then, whatever size it is enlarged to: nothing beside it in memory is read."""
    black, box = np.zeros((300, 300, 3), np.uint8), (40, 30, 239, 229)
    empty = np.full((9, 9, 3), 255, np.uint8)[: shape[0], : shape[1]]
    assert np.array_equal(trees.fit(empty, box, (300, 300)), trees.fit(black, box))


def test_they_are_found_sooner(
    trees: ShapePredictor, by_dlib: Callable[[Image, Box], Floats]
) -> None:
    """Of face after face, by turns with dlib: its trees have fallen out of the cache by then."""
    took: dict[object, list[float]] = {trees.fit: [], by_dlib: []}
    for image, box in scenes(30):
        for fit, times in took.items():
            assert callable(fit)
            begun = time.perf_counter()
            fit(image, box)
            times.append(time.perf_counter() - begun)
    ours, theirs = map(median, took.values())
    assert ours < 0.8 * theirs


def test_threads_do_not_mix_their_faces(trees: ShapePredictor) -> None:
    """Driver and avatar are looked at in two threads, with one model."""
    seen = scenes(20)
    alone = [trees.fit(*scene) for scene in seen]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda scene: trees.fit(*scene), seen * 5))
    assert all(map(np.array_equal, alone * 5, together))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data[: len(data) // 3], "cut off"),
        (lambda data: b"", "cut off"),
        (lambda data: b"\x89PNG" + data, "something else"),
        (lambda data: b"\x01\x02" + data[2:], "another shape"),
    ],
    ids=["last byte", "third", "empty", "other", "version"],
)
def test_other_files_are_told(tmp_path: Path, damage: Callable[[bytes], bytes], why: str) -> None:
    """What is cut off, or something else, is said, and nothing is read beyond its end."""
    file = tmp_path / "trees.dat"
    file.write_bytes(damage(FILE.read_bytes()))
    with pytest.raises(ValueError, match=why):
        ShapePredictor.load(file)


def test_a_model_of_fewer_points_is_told() -> None:
    """A model of dlib's with five points is one of another shape."""
    with pytest.raises(ValueError, match="another shape"):
        ShapePredictor.load(FILE.with_name("shape_predictor_5_face_landmarks.dat"))
