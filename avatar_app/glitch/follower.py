"""One face, followed from picture to picture at a fixed small cost, seen or not.

dlib's detector answers whether there is a face; its landmarks cost less and always answer. So the
landmarks go on where the face was while the detector sees none: a melting face is still measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from avatar_app.glitch.landmarks import Box, Face, FaceFinder
from avatar_app.types import Floats, Image

_NO_FACE = -1.0
_FOLLOW_SHARE = 0.5
_STEADY = np.r_[17:48]  # brows, nose and eyes: what a talking mouth does not move


@dataclass(frozen=True, eq=False)
class Sighting:
    """A followed face: `landmarks` (68, 2) in pixels, and what the detector says of it.

    `score` is the detector's latest: above 0 a face, about 1 to 3 a clear frontal one, -1 nothing
    at all. `unseen` counts the pictures since it was last above 0.
    """

    box: Box
    landmarks: Floats
    score: float
    unseen: int

    @property
    def face(self) -> Face:
        """The same as a face that was found."""
        return Face(self.box, self.score, self.landmarks)


class Follower:
    """Follows one face. Not thread-safe.

    A known face is looked for near its last place and its landmarks are fitted, in every picture
    or, to save time, in some. After `patience` pictures without a face it is given up; then the
    whole picture is searched in every `patience`-th.
    """

    def __init__(self, finder: FaceFinder, *, patience: int = 12) -> None:
        self._finder = finder
        self._patience = patience
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._last: Sighting | None = None
        self._place: Box | None = None
        self._pictures = 0
        self._search_at = 0
        self._seen_at = 0

    def follow(
        self, image: Image, is_searched: bool = True, is_fitted: bool = True
    ) -> Sighting | None:
        """Return the face in the next picture, (H, W, 3) uint8 RGB, or None where it is lost.

        Whether a known one is still there is only seen where the picture `is_searched`, and its
        landmarks where they are fitted; else they go where the box goes.
        """
        number, self._pictures = self._pictures, self._pictures + 1
        if self._place is not None:
            self._last = self._near(image, self._place, is_searched, is_fitted)
        if self._last is None and number >= self._search_at:
            self._search_at = number + self._patience
            self._last = self._anywhere(image)
        if self._last is not None:
            self._place = self._last.box
            self._search_at = number + 1
        return self._last

    def _near(
        self, image: Image, place: Box, is_searched: bool, is_fitted: bool
    ) -> Sighting | None:
        last = self._last
        if not is_searched and last is not None:
            return self._moved_on(image, last, last.score, last.unseen) if is_fitted else last
        found = self._finder.search_near(image, place)
        box, score = found if found is not None else (place, _NO_FACE)
        if score > 0:
            self._seen_at = self._pictures
            box = _between(place, box)
            if not is_fitted and last is not None:
                return Sighting(box, _shifted(last.landmarks, place, box), score, 0)
            return Sighting(box, self._finder.fit(image, box), score, 0)
        unseen = self._pictures - self._seen_at
        if last is None or unseen >= self._patience:
            return None
        if not is_fitted:
            return replace(last, score=score, unseen=unseen)
        return self._moved_on(image, last, score, unseen)

    def _anywhere(self, image: Image) -> Sighting | None:
        face = next(iter(self._finder.find(image)), None)
        if face is None:
            return None
        self._seen_at = self._pictures
        return Sighting(face.box, face.landmarks, face.score, 0)

    def _moved_on(self, image: Image, last: Sighting, score: float, unseen: int) -> Sighting | None:
        """Fit the landmarks where the face was; the box goes where they go, or leaves for good."""
        landmarks = self._finder.fit(image, last.box)
        x, y = map(float, (landmarks - last.landmarks)[_STEADY].mean(axis=0))
        left, top, right, bottom = last.box
        box = (left + x, top + y, right + x, bottom + y)
        return Sighting(box, landmarks, score, unseen) if _is_inside(box, image) else None


def _between(place: Box, found: Box) -> Box:
    """Return a box that goes only part of the way: the landmarks would jump with every step."""
    left, top, right, bottom = (
        was + _FOLLOW_SHARE * (now - was) for was, now in zip(place, found, strict=True)
    )
    return (left, top, right, bottom)


def _shifted(landmarks: Floats, place: Box, box: Box) -> Floats:
    """Return landmarks moved as the middle of a box moved from its place."""
    (x, y), (new_x, new_y) = (
        ((left + right) / 2, (top + bottom) / 2) for left, top, right, bottom in (place, box)
    )
    return landmarks + np.array([new_x - x, new_y - y], np.float32)


def _is_inside(box: Box, image: Image) -> bool:
    """Return whether the middle of the box lies in the picture: outside nothing can be fitted."""
    height, width = image.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(0 <= x < width and 0 <= y < height)
