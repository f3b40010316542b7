"""Glitches as other kinds of avatars make them: swapped, blended, streamed or patched faces.

For testing only, and counted by themselves; nothing the detector knows was learnt from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np

from avatar_app.calibration_run.glitches import Glitch, Shot, bent, mixed, other_face
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.types import Floats, Image

_FACE, _INNER = slice(0, 68), slice(17, 68)
_MOUTH, _EYE, _NOSE, _LIPS = slice(48, 68), slice(36, 42), [30], [62, 66]
_TAKEN = 4  # pictures: so long a face is swapped, or a block is missing


def _flickering_swap(shot: Shot, index: int, amount: float) -> Image:
    return other_face(shot, index, 0.0 if index // _TAKEN % 2 else amount)


def _double_mouth(shot: Shot, index: int, amount: float) -> Image:
    return _slid(shot, index, _MOUTH, 0.5, (0.09, 0.2), 0.6 * amount)


def _blurred_mouth(shot: Shot, index: int, amount: float) -> Image:
    soft = cv2.GaussianBlur(shot.images[index], (0, 0), 0.12 * _unit(shot, index))
    return _laid(shot, index, np.asarray(soft, np.uint8), _MOUTH, 0.5, amount)


def _sliding_eye(shot: Shot, index: int, amount: float) -> Image:
    return _slid(shot, index, _EYE, 0.3, (0.14, 0.16), amount)


def _sliding_face(shot: Shot, index: int, amount: float) -> Image:
    return _slid(shot, index, _INNER, 0.9, (0.18, 0.22), amount)


def _mosaic(shot: Shot, index: int, amount: float) -> Image:
    image = shot.images[index]
    height, width = image.shape[:2]
    cell = max(1.0, 0.18 * _unit(shot, index))
    few = (max(1, round(width / cell)), max(1, round(height / cell)))
    coarse = cv2.resize(image, few, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return _laid(shot, index, np.asarray(coarse, np.uint8), _FACE, 1.1, amount)


def _colour_cast(shot: Shot, index: int, amount: float) -> Image:
    cast = np.array([1.25, 0.95, 0.8] if shot.phase < np.pi else [0.85, 1.1, 0.9], np.float32)
    lit = np.clip(shot.images[index] * cast, 0, 255)
    return _laid(shot, index, np.asarray(lit, np.uint8), _FACE, 1.0, amount)


def _dropped_blocks(shot: Shot, index: int, amount: float) -> Image:
    holed = shot.images[index].copy()
    chance = np.random.default_rng(index // _TAKEN)
    half = max(1, round(0.14 * _unit(shot, index)))
    colour = chance.integers(0, 256, 3)
    for x, y in np.rint(shot.landmarks[index][chance.integers(0, 68, 4)]).astype(int):
        holed[max(0, y - half) : max(0, y + half), max(0, x - half) : max(0, x + half)] = colour
    return np.asarray(holed if amount > 0.5 else shot.images[index], np.uint8)


def _melting_nose(shot: Shot, index: int, amount: float) -> Image:
    _, y, mask = shot.local(index, _NOSE, 0.45)
    wave = 0.16 * amount * mask * np.sin(y / 0.09)
    return bent(shot, index, wave, 0.22 * amount * mask)


def _torn_mouth(shot: Shot, index: int, amount: float) -> Image:
    _, y, mask = shot.local(index, _LIPS, 0.6)
    return bent(shot, index, np.zeros_like(mask), 0.24 * amount * mask * np.sign(y))


def _unit(shot: Shot, index: int) -> float:
    return eye_distance(shot.landmarks[index])


def _slid(
    shot: Shot,
    index: int,
    points: slice,
    reach: float,
    way: tuple[float, float],
    share: float,
) -> Image:
    """Lay a part of the face over itself, `way` (right, down) eye distances from its place."""
    height, width = shot.images.shape[1:3]
    right, down = (_unit(shot, index) * step for step in way)
    shift = np.array([[1, 0, right], [0, 1, down]], np.float64)
    image = shot.images[index]
    moved = cv2.warpAffine(image, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return _laid(shot, index, np.asarray(moved, np.uint8), points, reach, share)


def _laid(shot: Shot, index: int, other: Image, points: slice, reach: float, share: float) -> Image:
    """Lay another picture over a part of the face."""
    _, _, mask = shot.local(index, points, reach)
    there: Floats = np.asarray(share * np.clip(2 * mask, 0, 1), np.float32)
    return mixed(shot.images[index], other, there)


OTHERS: Mapping[str, Glitch] = MappingProxyType(
    {
        "flickering_swap": _flickering_swap,
        "double_mouth": _double_mouth,
        "blurred_mouth": _blurred_mouth,
        "sliding_eye": _sliding_eye,
        "sliding_face": _sliding_face,
        "mosaic": _mosaic,
        "colour_cast": _colour_cast,
        "dropped_blocks": _dropped_blocks,
        "melting_nose": _melting_nose,
        "torn_mouth": _torn_mouth,
    }
)
