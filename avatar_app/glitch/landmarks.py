"""Faces, their 68 landmarks and their identity, by dlib's models: the only module that knows it.

Points and boxes are in pixels of the picture that was searched, x to the right, y downward.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import dlib
import numpy as np

from avatar_app.glitch import hog, identity
from avatar_app.glitch.hog import HogDetector
from avatar_app.glitch.hog_weights import read_weights
from avatar_app.glitch.pages import in_large_pages
from avatar_app.glitch.regression_trees import ShapePredictor
from avatar_app.types import AvatarAppError, Floats, Image, check_image

_MODELS_PACKAGE = "face_recognition_models"
_LANDMARKS = "shape_predictor_68_face_landmarks.dat"
_DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"

# The HOG detector's time goes with the pixels searched.
_LEAST = 80.0
_SEARCH_SIDES = (480, 960)
_NEAR_SIDE = 192
_NEAR_MARGIN = 0.5
_CALLS_BETWEEN_SEARCHES = 5

# A face known from the picture before: the smallest window that still follows it, at the smallest
# size the detector sees. A fifth of the time of the above.
_CLOSE_SIDE = 128
_CLOSE_MARGIN = 0.25
_FAINTEST = -1.0

# dlib's points are whole pixels: on a picture of the face at this size they are fine enough.
_CHIP_SIDE = 400
_CHIP_MARGIN = 0.25

_DUPLICATE_OVERLAP = 0.3

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels."""

Point = tuple[float, float]
"""x, y in pixels."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face found: `box` (left, top, right, bottom), the detector's `score`, its `landmarks`.

    `score` is about 0 at the detector's limit and 1 to 3 for clear frontal faces. `landmarks`
    (68, 2) float32 in iBUG order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67.
    """

    box: Box
    score: float
    landmarks: Floats

    @property
    def side(self) -> float:
        """Width of the box in pixels; the detector's boxes are square."""
        return self.box[2] - self.box[0]

    @property
    def middle(self) -> Point:
        """The middle of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    def is_at(self, place: Point) -> bool:
        """Whether a place lies in the box: further off it may be of a smaller face beside it."""
        (left, top, right, bottom), (x, y) = self.box, place
        return left <= x < right and top <= y < bottom


class FaceFinder:
    """Finds faces in pictures and follows one of them. Not thread-safe: one thread owns it.

    Costs nothing to construct; each of dlib's models is loaded when first needed, once for all
    finders. Raises AvatarAppError then if their package is missing.
    """

    def __init__(self) -> None:
        self._last: Face | None = None
        self._calls_until_search = 0

    def find(self, image: Image, upsample: int = 0) -> list[Face]:
        """Return the faces in `image`, (H, W, 3) uint8 RGB, the largest clear one first.

        Finds faces from `least_face` on. Each step of `upsample` halves that limit and takes four
        times as long.
        """
        check_image(image, "FaceFinder.find")
        faces: list[Face] = []
        largest = min(max(image.shape[:2]), _SEARCH_SIDES[-1])
        for side in (*(side for side in _SEARCH_SIDES[:-1] if side < largest), largest):
            scale = side * 2**upsample / max(image.shape[:2])
            for box, score in self._detections(image, (0, 0), scale):
                if all(_overlap(box, face.box) < _DUPLICATE_OVERLAP for face in faces):
                    faces.append(Face(box, score, self._landmarks(image, box)))
        return sorted(faces, key=lambda face: face.side * min(face.score, 1.0), reverse=True)

    def in_photo(self, image: Image) -> list[Floats]:
        """Return the landmarks, (68, 2) each, of all faces in a still, small ones too."""
        return [face.landmarks for face in self.find(image, upsample=1)]

    def track(self, image: Image, closely: bool = False, place: Point | None = None) -> Face | None:
        """Return the face of interest in the next picture of one and the same scene, or None.

        That is the largest one, or the one that is at a `place` when the whole picture is searched.

        Looks near its last place first, which is cheap. While it is not there, the whole picture
        is searched at the first call and then at every fifth, so that an empty chair does not
        cost more than a face. `closely` begins with the least that a face can be found in: half
        the time, and landmarks that differ by a pixel.
        """
        check_image(image, "FaceFinder.track")
        found = self._find_close(image, self._last) if self._last and closely else None
        if found is None and self._last is not None:
            found = self._find_near(image, self._last)
        self._calls_until_search -= 1
        if found is None and self._calls_until_search < 0:
            self._calls_until_search = _CALLS_BETWEEN_SEARCHES - 1
            found = _chosen(self.find(image), place)
        if found is not None:
            self._last = found
            self._calls_until_search = 0
        return found

    def forget(self) -> None:
        """Start afresh with `track`: the next picture belongs to another scene."""
        self._last, self._calls_until_search = None, 0

    def search_near(self, image: Image, box: Box) -> tuple[Box, float] | None:
        """Return box and score, from -1 up, of the best face within a quarter of `box` around it.

        Below 0 it is nothing that the detector calls a face. The cheapest search there is.
        """
        window, corner = _cut(image, box, _CLOSE_MARGIN * (box[2] - box[0]))
        if min(window.shape[:2]) < 2:
            return None
        scale = _CLOSE_SIDE / ((1 + 2 * _CLOSE_MARGIN) * (box[2] - box[0]))
        found = _detector().best(_scaled(window, scale), _FAINTEST)
        return None if found is None else (_enlarged(found[0], corner, scale), found[1])

    def fit(self, image: Image, box: Box) -> Floats:
        """Return the landmarks (68, 2) of the face that fills `box`, whether or not one does."""
        return self._landmarks(image, box)

    def descriptor(self, image: Image, face: Face) -> Floats:
        """Return (128,) float32 that tells persons apart: one person's lie within about 0.6."""
        points = [dlib.point(round(float(x)), round(float(y))) for x, y in face.landmarks]
        shape = dlib.full_object_detection(dlib.rectangle(*_whole(face.box)), dlib.points(points))
        pixels = np.ascontiguousarray(image)
        chip = dlib.get_face_chip(pixels, shape, identity.CHIP_SIDE, identity.CHIP_MARGIN)
        return _network().describe(chip)

    def _find_close(self, image: Image, last: Face) -> Face | None:
        box, score = self.search_near(image, last.box) or (last.box, _FAINTEST)
        return Face(box, score, self._landmarks(image, box)) if score > 0 else None

    def _find_near(self, image: Image, last: Face) -> Face | None:
        margin = _NEAR_MARGIN * last.side
        window, corner = _cut(image, last.box, margin)
        if min(window.shape[:2]) < 2:
            return None
        scale = _NEAR_SIDE / (last.side + 2 * margin)
        detections = list(self._detections(window, corner, scale))
        if not detections:
            return None
        box, score = max(detections, key=lambda found: _overlap(found[0], last.box))
        return Face(box, score, self._landmarks(image, box))

    def _detections(
        self, image: Image, corner: tuple[int, int], scale: float
    ) -> Iterator[tuple[Box, float]]:
        """Yield boxes, in pixels around `corner`, and scores found in `image` times `scale`."""
        for box, score in _detector().find(_scaled(image, scale)):
            yield _enlarged(box, corner, scale), score

    def _landmarks(self, image: Image, box: Box) -> Floats:
        side = box[2] - box[0]
        margin = _CHIP_MARGIN * side
        chip, (x, y) = _cut(image, box, margin)
        scale = _CHIP_SIDE / (side + 2 * margin)
        inside = tuple(scale * (edge - by) for edge, by in zip(box, (x, y, x, y), strict=True))
        height, width = _scaled_sides(chip, scale)
        if scale < 1 and chip.size:
            chip = _scaled(chip, scale)
        points = _predictor().fit(chip, _whole(inside), (width, height))
        return np.asarray((points + 0.5) / scale - 0.5 + (x, y), np.float32)


def least_face(size: tuple[int, int]) -> float:
    """Return how many pixels a face has at least that is found in a picture of (width, height).

    80, in pictures above 960 pixels a twelfth of the longer side.
    """
    return _LEAST * max(1.0, max(size) / _SEARCH_SIDES[-1])


def _chosen(faces: list[Face], place: Point | None) -> Face | None:
    """Return the first of the faces, or the one nearest to a place, if it is there."""
    if place is None:
        return next(iter(faces), None)
    there = [face for face in faces if face.is_at(place)]
    return min(there, key=lambda face: math.dist(face.middle, place), default=None)


@lru_cache(maxsize=1)
def _detector() -> HogDetector:
    """Return what finds faces, for all finders: dlib takes half a second to unpack it."""
    (written,) = dlib.get_frontal_face_detector().__getstate__()
    try:
        return HogDetector(read_weights(np.frombuffer(bytearray(written), np.uint8)))
    except ValueError as error:
        raise AvatarAppError(
            f"the face detector of dlib {dlib.__version__} cannot be read ({error}); install the "
            "version that constraints.txt names"
        ) from error


@lru_cache(maxsize=1)
def _network() -> identity.FaceNetwork:
    """Return what tells persons apart: 22 MB, which threads use one at a time."""
    return identity.FaceNetwork(Path(_model_file(_DESCRIPTOR)))


@lru_cache(maxsize=1)
def _predictor() -> ShapePredictor:
    """Return the landmarks' model: 66 MB that nothing changes, for all finders."""
    file = _model_file(_LANDMARKS)
    try:
        with in_large_pages():
            return ShapePredictor.load(Path(file))
    except (OSError, ValueError) as error:
        raise AvatarAppError(
            f"the face model {file} cannot be read ({error}); "
            f"install it anew with: pip install --force-reinstall {_MODELS_PACKAGE}"
        ) from error


def _model_file(name: str) -> str:
    # The package imports pkg_resources, which current setuptools lacks: found, never imported.
    spec = importlib.util.find_spec(_MODELS_PACKAGE)
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        file = Path(folder, "models", name)
        if file.is_file():
            return str(file)
    raise AvatarAppError(
        f"the face model {name} is missing; install it with: pip install {_MODELS_PACKAGE}"
    )


def _scaled(image: Image, scale: float) -> Image:
    height, width = _scaled_sides(image, scale)
    if (height, width) == image.shape[:2]:
        return image
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _scaled_sides(image: Image, scale: float) -> tuple[int, int]:
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return height, width


def _enlarged(box: hog.Box, corner: tuple[int, int], scale: float) -> Box:
    """Return where a box lies that was found in a picture, cut off at `corner`, times `scale`."""
    (left, top, right, bottom), (x, y) = box, corner
    return left / scale + x, top / scale + y, (right + 1) / scale + x, (bottom + 1) / scale + y


def _cut(image: Image, box: Box, margin: float) -> tuple[Image, tuple[int, int]]:
    """Return the part of `image` within `margin` of `box` and the place of its corner."""
    left, top = (max(0, int(edge - margin)) for edge in box[:2])
    right, bottom = (max(0, int(np.ceil(edge + margin))) for edge in box[2:])
    return image[top:bottom, left:right], (left, top)


def _whole(box: tuple[float, ...]) -> tuple[int, int, int, int]:
    """Return the first and last columns and rows of a box, as dlib's rectangles count them."""
    left, top, right, bottom = (round(edge) for edge in box)
    return left, top, right - 1, bottom - 1


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the area of the intersection over that of the smaller box, in [0, 1]."""
    areas = [max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) for box in (one, other)]
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height) / max(min(areas), 1e-6)
