"""The clip to perturb, seen from its face: where the head is, how it is turned, its skin.

Face coordinates have their origin midway between the eyes of the clip's most frontal frame, x to
the picture's right, y down the face; the unit is the distance of the eyes' outer corners.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from avatar_app.types import Floats, Image

# Jaw at the ears, brows, nose and eyes: what the mouth does not move.
_STEADY = np.r_[0:4, 13:17, 17:48]
_SMOOTHING = 1.2  # standard deviation in frames: dlib's points tremble by a pixel
_MATTE_SIDE, _MATTE_EVERY = 96, 6
_CALM = 4.0  # the same for what only hovers near the face

Effect = Callable[[Image, int, float], Image]
"""Changes the picture of the frame `index` with a strength in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A clean clip: `images` (N, H, W, 3) uint8 RGB and `landmarks` (N, 68, 2), smooth, all known.

    `reference` is the most frontal frame; `shape` (68, 2) are its landmarks in face coordinates.
    """

    images: Image
    landmarks: Floats
    reference: int
    shape: Floats
    unit: float

    @classmethod
    def of(cls, images: Image, landmarks: Floats) -> Scene:
        """Smooth the landmarks (N, 68, 2) and fill in frames without a face (NaN).

        Raises ValueError for other shapes and where no frame has a face.
        """
        if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
            raise ValueError(f"images: expected (N, H, W, 3) uint8, got {images.shape}")
        if landmarks.shape != (len(images), 68, 2):
            raise ValueError(f"landmarks: expected ({len(images)}, 68, 2), got {landmarks.shape}")
        known = np.flatnonzero(np.isfinite(landmarks).all(axis=(1, 2)))
        if not len(known):
            raise ValueError("landmarks: no frame has a face")
        smooth = _smoothed(_filled(landmarks, known), _SMOOTHING)
        reference = int(known[np.argmin([_turn(landmarks[index]) for index in known])])
        shape, unit = _face_coordinates(smooth[reference])
        return cls(images, smooth, reference, shape, unit)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as cv2 wants them."""
        return self.images.shape[2], self.images.shape[1]

    @cached_property
    def places(self) -> Floats:
        """(N, 2, 3): from face coordinates to pixels, with the foreshortening of a turned head."""
        inside = np.c_[self.shape[_STEADY], np.ones(len(_STEADY))]
        solve = np.linalg.pinv(inside)  # (3, points)
        return np.asarray(
            [(solve @ points[_STEADY]).T for points in self.landmarks.astype(np.float64)],
            np.float32,
        )

    @cached_property
    def stances(self) -> Floats:
        """(N, 2, 3): from face coordinates to pixels by turn, size and shift alone, calmly."""
        down = self.places[:, :, 1]
        right = np.stack((down[:, 1], -down[:, 0]), axis=1)  # upright: x follows from y
        found = np.stack((right, down, self.places[:, :, 2]), axis=2)
        return _smoothed(found, _CALM)

    @cached_property
    def skin(self) -> Floats:
        """(3,) RGB in [0, 255]: the cheeks' middle colour in the reference frame."""
        points = self.landmarks[self.reference]
        cheeks = [points[1] * 0.45 + points[31] * 0.55, points[15] * 0.45 + points[35] * 0.55]
        nose = points[28]
        radius = max(2, int(0.09 * self.unit))
        patches = [self._patch(x, y, radius) for x, y in [*cheeks, nose]]
        return np.asarray(np.median(np.concatenate(patches), axis=0), np.float32)

    @cached_property
    def hair(self) -> Floats:
        """(3,) RGB in [0, 255]: the middle colour above the forehead in the reference frame."""
        x, y = self.places[self.reference] @ np.array([0.0, -0.85, 1.0], np.float32)
        patch = self._patch(float(x), float(y), max(2, int(0.12 * self.unit)))
        return np.asarray(np.median(patch, axis=0), np.float32)

    @cached_property
    def light(self) -> Floats:
        """(3,) unit vector towards the light, guessed from the cheeks: x, y, z to the viewer."""
        points = self.landmarks[self.reference]
        radius = max(2, int(0.09 * self.unit))
        cheeks = [(points[a] + points[b]) / 2 for a, b in ((2, 31), (14, 35))]
        left, right = (float(self._patch(x, y, radius).mean()) for x, y in cheeks)
        lean = np.clip(1.5 * (right - left) / max(right + left, 1), -0.6, 0.6)
        vector = np.array([lean, -0.45, 0.8])
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def grid(self, index: int) -> tuple[Floats, Floats]:
        """Return the face coordinates x, y, (H, W) each, of the pixels of frame `index`."""
        width, height = self.size
        back = cv2.invertAffineTransform(self.places[index])
        x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
        along = [np.asarray(row[0] * x + row[1] * y + row[2], np.float32) for row in back]
        return along[0], along[1]

    def points(self, index: int) -> Floats:
        """Return the landmarks of frame `index` in face coordinates, (68, 2)."""
        back = cv2.invertAffineTransform(self.places[index])
        return np.asarray(self.landmarks[index] @ back[:, :2].T + back[:, 2], np.float32)

    def person(self, index: int) -> Floats:
        """Return (H, W) in [0, 1]: where the driver is in frame `index`, hair and shoulders too."""
        keys, mattes = self._mattes
        after = int(np.clip(np.searchsorted(keys, index), 1, max(1, len(keys) - 1)))
        if len(keys) == 1:
            return mattes[0]
        span = keys[after] - keys[after - 1]
        share = float(np.clip((index - keys[after - 1]) / span, 0, 1))
        return np.asarray(mattes[after - 1] * (1 - share) + mattes[after] * share, np.float32)

    @cached_property
    def background(self) -> Floats:
        """(H, W, 3): the scene without the driver; what was never seen is filled in."""
        keys, mattes = self._mattes
        weights = np.clip(1 - 2.5 * np.stack(mattes), 1e-4, 1)[..., None]
        seen = (self.images[keys] * weights).sum(axis=0) / weights.sum(axis=0)
        below = self.grid(self.reference)[1] > 1.25  # shoulders, and whatever is beside them
        hidden = ((weights.mean(axis=0)[..., 0] < 0.75) | below).astype(np.uint8)
        hidden = cv2.dilate(hidden, np.ones((15, 15), np.uint8))
        side = _MATTE_SIDE
        small = cv2.resize(seen.astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA)
        hole = cv2.dilate(cv2.resize(hidden, (side, side)), np.ones((5, 5), np.uint8))
        filled = cv2.GaussianBlur(cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA), (0, 0), 2)
        large = cv2.resize(filled, self.size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
        edge = cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), 2)[..., None]
        return np.asarray(seen * (1 - edge) + large * edge, np.float32)

    @cached_property
    def _mattes(self) -> tuple[np.ndarray, list[Floats]]:
        keys = np.unique(np.r_[0 : len(self.images) : _MATTE_EVERY, len(self.images) - 1])
        return keys, [self._matte(int(index)) for index in keys]

    def _matte(self, index: int) -> Floats:
        """Cut the person out of one frame: GrabCut, from a guess around the head."""
        side = _MATTE_SIDE
        small = cv2.resize(self.images[index], (side, side), interpolation=cv2.INTER_AREA)
        x, y = (cv2.resize(axis, (side, side)) for axis in self.grid(index))
        head = np.hypot(x / 0.75, (y - 0.35) / 1.05)
        trunk = (y > 1.3) & (np.abs(x) < 0.35 + 0.9 * (y - 1.3))
        far = (np.hypot(x / 1.9, (y - 0.3) / 2.1) > 1) & ~((y > 1.2) & (np.abs(x) < y + 1.2))
        guess = np.where(head < 1.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        guess[(y > 1.3) & (np.abs(x) < 0.2 + 2.6 * (y - 1.0))] = cv2.GC_PR_FGD
        guess[(head < 0.9) | trunk] = cv2.GC_FGD
        guess[far] = cv2.GC_BGD
        if (guess == cv2.GC_BGD).any() and (guess == cv2.GC_FGD).any():
            cv2.setRNGSeed(0)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(small, guess, (0, 0, 0, 0), *models, 2, cv2.GC_INIT_WITH_MASK)
        inside = ((guess == cv2.GC_FGD) | (guess == cv2.GC_PR_FGD)).astype(np.float32)
        soft = cv2.resize(cv2.medianBlur(inside, 3), self.size, interpolation=cv2.INTER_CUBIC)
        matte = cv2.GaussianBlur(soft, (0, 0), 0.005 * self.size[0])
        return np.asarray(np.clip((matte - 0.15) / 0.7, 0, 1), np.float32)

    def _patch(self, x: float, y: float, radius: int) -> Image:
        height, width = self.images.shape[1:3]
        column = int(np.clip(x, radius, width - radius - 1))
        row = int(np.clip(y, radius, height - radius - 1))
        image = self.images[self.reference]
        patch = image[row - radius : row + radius + 1, column - radius : column + radius + 1]
        return np.asarray(patch.reshape(-1, 3), np.uint8)


def moved(image: Image, x: Floats, y: Floats) -> Image:
    """Return the picture whose pixels are those of `image` at (x, y), (H, W) each, in pixels."""
    taken = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken, np.uint8)


def to_pixels(place: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the pixels of face coordinates x, y by `place` (2, 3)."""
    rows = [np.asarray(row[0] * x + row[1] * y + row[2], np.float32) for row in place]
    return rows[0], rows[1]


def rounded(values: Floats) -> Image:
    """Return colours as uint8."""
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


def _turn(landmarks: Floats) -> float:
    """How unlike the two halves of the face are: 0 from the front."""
    nose, left, right = landmarks[30], landmarks[0], landmarks[16]
    one, other = (float(np.linalg.norm(nose - ear)) for ear in (left, right))
    return float(abs(one - other) / max(one + other, 1e-6))


def _filled(landmarks: Floats, known: np.ndarray) -> Floats:
    """Interpolate over time where no face was found; hold the ends."""
    flat = landmarks.reshape(len(landmarks), -1)
    at = np.arange(len(flat))
    columns = [np.interp(at, known, flat[known, column]) for column in range(flat.shape[1])]
    return np.asarray(np.stack(columns, axis=1).reshape(landmarks.shape), np.float32)


def _smoothed(values: Floats, sigma: float) -> Floats:
    """Smooth (N, ...) over time; the ends are held."""
    if len(values) == 1:
        return np.asarray(values, np.float32)
    flat = np.ascontiguousarray(values.reshape(len(values), -1), np.float32)
    kernel = cv2.getGaussianKernel(2 * int(3 * sigma) + 1, sigma)
    alone = np.ones((1, 1))
    soft = cv2.sepFilter2D(flat, cv2.CV_32F, alone, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft.reshape(values.shape), np.float32)


def _face_coordinates(landmarks: Floats) -> tuple[Floats, float]:
    left, right = landmarks[36], landmarks[45]
    across = (right - left).astype(np.float64)
    unit = max(float(np.linalg.norm(across)), 1.0)
    x_axis = across / unit
    y_axis = np.array([-x_axis[1], x_axis[0]])
    centred = landmarks - (left + right) / 2
    return np.asarray(
        np.stack((centred @ x_axis, centred @ y_axis), axis=1) / unit, np.float32
    ), unit
