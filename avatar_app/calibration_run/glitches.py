"""Glitches drawn onto good pictures of a face: what avatars of any system may do.

Each takes a clip and its landmarks and breaks the face in frame `index` with an `amount` in [0, 1].
Some kinds are for testing only: what the detector says of those was never learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from avatar_app.glitch.signals.chip import upright
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.types import Floats, Image


@dataclass(frozen=True, eq=False)
class Shot:
    """A clip (N, H, W, 3), its landmarks (N, 68, 2), somebody else's face, and chance."""

    images: Image
    landmarks: Floats
    other: Image
    other_landmarks: Floats
    rng: np.random.Generator
    phase: float = 0.0  # in [0, 2 pi): which of two sides, which direction

    def local(self, index: int, points: slice | list[int], reach: float) -> tuple[Floats, ...]:
        """Return x, y, (H, W) each in eye distances from landmarks' middle; a soft mask."""
        height, width = self.images.shape[1:3]
        middle = self.landmarks[index][points].mean(axis=0)
        unit = eye_distance(self.landmarks[index])
        y, x = np.mgrid[:height, :width].astype(np.float32)
        x, y = (x - middle[0]) / unit, (y - middle[1]) / unit
        return x, y, np.exp(-(x * x + y * y) / reach**2)


Glitch = Callable[[Shot, int, float], Image]

_JAW, _MOUTH, _EYES = slice(4, 13), slice(48, 68), slice(36, 48)
_CHIN, _LOWER_LIP = [8], [57]


def bent(shot: Shot, index: int, right: Floats, down: Floats) -> Image:
    """Return frame `index` with its content moved by `right` and `down` (H, W) eye distances."""
    height, width = shot.images.shape[1:3]
    unit = eye_distance(shot.landmarks[index])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    taken = cv2.remap(
        shot.images[index],
        np.asarray(x - unit * right, np.float32),
        np.asarray(y - unit * down, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(taken, np.uint8)


def mixed(one: Image, other: Image | Floats, share: Floats | float) -> Image:
    """Return a picture with a share in [0, 1] of another, (H, W) or one for all of it."""
    weight = share[..., None] if isinstance(share, np.ndarray) else share
    mixed = one.astype(np.float32) * (1 - weight) + np.asarray(other, np.float32) * weight
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)


def _melting_jaw(shot: Shot, index: int, amount: float) -> Image:
    x, y, mask = shot.local(index, _JAW, 0.9)
    run = 0.45 * amount * mask * (1 + 0.5 * np.sin(9 * x + 0.1 * index))
    return bent(shot, index, 0.15 * amount * mask * np.sin(7 * y), run)


def _wobbling_mouth(shot: Shot, index: int, amount: float) -> Image:
    x, y, mask = shot.local(index, _MOUTH, 0.6)
    phase = 0.5 * index
    along = 0.16 * amount * mask * np.sin(8 * y + phase)
    return bent(shot, index, along, 0.16 * amount * mask * np.sin(8 * x + phase))


def _ghost(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, slice(0, 68), 1.4)
    unit = eye_distance(shot.landmarks[index])
    height, width = shot.images.shape[1:3]
    shift = np.array([[1, 0, 0.3 * unit], [0, 1, 0.12 * unit]], np.float64)
    moved = cv2.warpAffine(
        shot.images[index], shift, (width, height), borderMode=cv2.BORDER_REPLICATE
    )
    return mixed(shot.images[index], np.asarray(moved, np.uint8), 0.55 * amount * mask)


def _smear(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, [2, 3, 4, 31, 48], 0.8)
    long = max(3, int(0.6 * amount * eye_distance(shot.landmarks[index])))
    pulled = cv2.blur(shot.images[index], (max(1, long // 3), long))
    return mixed(shot.images[index], np.asarray(pulled, np.uint8), np.clip(1.6 * mask, 0, 1))


def _jitter(shot: Shot, index: int, amount: float) -> Image:
    chance = np.random.default_rng(index)
    field = [
        cv2.resize(chance.normal(size=(4, 4)).astype(np.float32), shot.images.shape[2:0:-1])
        for _ in range(2)
    ]
    _, _, mask = shot.local(index, slice(0, 68), 1.3)
    return bent(shot, index, 0.07 * amount * mask * field[0], 0.07 * amount * mask * field[1])


def other_face(shot: Shot, index: int, share: float) -> Image:
    """Return frame `index` with a share in [0, 1] of somebody else's face."""
    height, width = shot.images.shape[1:3]
    there = np.vstack([upright(shot.other_landmarks), [0, 0, 1]])
    here = np.vstack([upright(shot.landmarks[index]), [0, 0, 1]])
    fitted = (np.linalg.inv(here) @ there)[:2]
    other = cv2.warpAffine(shot.other, fitted, (width, height), borderMode=cv2.BORDER_REPLICATE)
    _, _, mask = shot.local(index, slice(17, 68), 0.95)
    return mixed(shot.images[index], np.asarray(other, np.uint8), share * np.clip(2 * mask, 0, 1))


def _morph(shot: Shot, index: int, amount: float) -> Image:
    return other_face(shot, index, 0.8 * amount)


def _swirling_eyes(shot: Shot, index: int, amount: float) -> Image:
    x, y, mask = shot.local(index, _EYES, 0.65)
    angle = 0.9 * amount * mask
    return bent(
        shot,
        index,
        x - (np.cos(angle) * x - np.sin(angle) * y),
        y - (np.sin(angle) * x + np.cos(angle) * y),
    )


def _torn(shot: Shot, index: int, amount: float) -> Image:
    _, y, mask = shot.local(index, slice(27, 68), 1.1)
    chance = np.random.default_rng(index // 4)
    strips = np.floor(y * 3).astype(int)
    shifts = chance.normal(0, 0.3, strips.max() - strips.min() + 1).astype(np.float32)
    right = amount * shifts[strips - strips.min()] * (mask > 0.3)
    return bent(shot, index, right, np.zeros_like(y))


def _frozen_patch(shot: Shot, index: int, amount: float) -> Image:
    since = max(0, int(0.2 * len(shot.images)))
    _, _, mask = shot.local(since, _MOUTH, 0.75)
    share = amount * np.clip(2.5 * mask, 0, 1)
    return mixed(shot.images[index], shot.images[since], share)


def _flicker(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, slice(0, 68), 1.2)
    gain = 1 + (0.35 if index % 2 else -0.35) * amount * mask
    return mixed(shot.images[index], shot.images[index] * gain[..., None], 1.0)


def _swapped(shot: Shot, index: int, amount: float) -> Image:
    return other_face(shot, index, 1.0 if amount > 0.5 else 0.0)


def _soft_face(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, slice(0, 68), 1.3)
    sigma = 0.1 * amount * eye_distance(shot.landmarks[index]) + 0.3
    soft = cv2.GaussianBlur(shot.images[index], (0, 0), sigma)
    return mixed(shot.images[index], np.asarray(soft, np.uint8), np.clip(2 * mask, 0, 1))


def _displaced(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, _MOUTH, 0.55)
    drift = 0.4 * amount * np.clip(1.6 * mask, 0, 1)
    return bent(shot, index, drift * np.sin(0.05 * index + shot.phase), -0.5 * drift)


def _seam(shot: Shot, index: int, amount: float) -> Image:
    """Show the face as a patch with a border and another light, as a bad blend does."""
    x, y, _ = shot.local(index, slice(17, 68), 1.0)
    inside = ((np.square(x / 0.95) + np.square(y / 0.85)) < 1).astype(np.float32)
    inside = np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.7), np.float32)
    tint = np.array([0.75, 0.95, 1.2] if shot.phase < np.pi else [1.2, 0.85, 0.8], np.float32)
    lit = np.asarray(np.clip(shot.images[index] * tint, 0, 255), np.float32)
    share = np.asarray(0.9 * amount * inside, np.float32)
    return mixed(shot.images[index], lit, share)


def _blank_face(shot: Shot, index: int, amount: float) -> Image:
    """Drop the face: skin without features, as where a generator gives up."""
    _, _, mask = shot.local(index, slice(17, 68), 1.0)
    sigma = 0.5 * eye_distance(shot.landmarks[index])
    flat = cv2.GaussianBlur(shot.images[index], (0, 0), sigma)
    return mixed(shot.images[index], np.asarray(flat, np.uint8), amount * np.clip(2 * mask, 0, 1))


def _bulging_cheek(shot: Shot, index: int, amount: float) -> Image:
    side = [2, 3, 4, 31, 48] if shot.phase < np.pi else [12, 13, 14, 35, 54]
    x, y, mask = shot.local(index, side, 0.6)
    swell = 0.8 * amount * mask * (1 + 0.3 * np.sin(0.4 * index))
    return bent(shot, index, swell * x, swell * y)


def _sagging(shot: Shot, index: int, amount: float) -> Image:
    _, _, mask = shot.local(index, _CHIN, 0.7)
    return bent(shot, index, np.zeros_like(mask), 0.4 * amount * mask)


def _rippling(shot: Shot, index: int, amount: float) -> Image:
    _, y, mask = shot.local(index, _CHIN, 0.8)
    ripple = 0.18 * amount * mask * np.sin(y / 0.12 + index / 6)
    return bent(shot, index, ripple, 0.35 * amount * mask)


def _pulled_aside(shot: Shot, index: int, amount: float) -> Image:
    side, way = ([5], -1) if shot.phase < np.pi else ([11], 1)
    _, _, mask = shot.local(index, side, 0.57)
    swing = 0.15 * amount * mask * np.sin(index / 5)
    return bent(shot, index, 0.4 * way * amount * mask, swing)


def _running(shot: Shot, index: int, amount: float) -> Image:
    """Let what is below the mouth run down in columns, one farther than the other."""
    x, y, _ = shot.local(index, _LOWER_LIP, 1.0)
    below = np.clip(2 * y, 0, 1) / (1 + np.exp(np.clip(-(y - 0.05) / 0.06, -50, 50)))
    far = 0.3 + 0.25 * np.sin(x / 0.09 + 0.05 * index)
    run = amount * far * below * np.exp(-np.square(x / 0.85))
    return bent(shot, index, np.zeros_like(run), np.asarray(run, np.float32))


LEARNT: Mapping[str, Glitch] = MappingProxyType(
    {
        "melting_jaw": _melting_jaw,
        "wobbling_mouth": _wobbling_mouth,
        "ghost": _ghost,
        "smear": _smear,
        "jitter": _jitter,
        "morph": _morph,
        "displaced": _displaced,
        "seam": _seam,
        "blank_face": _blank_face,
        "bulging_cheek": _bulging_cheek,
    }
)
TEST_ONLY: Mapping[str, Glitch] = MappingProxyType(
    {
        "swirling_eyes": _swirling_eyes,
        "torn": _torn,
        "frozen_patch": _frozen_patch,
        "flicker": _flicker,
        "swapped": _swapped,
        "soft_face": _soft_face,
    }
)
JAWS: Mapping[str, Glitch] = MappingProxyType(
    {
        "sagging": _sagging,
        "rippling": _rippling,
        "pulled_aside": _pulled_aside,
        "running": _running,
    }
)
"""Jaws that melt while the face is sharp and still: for testing, counted by themselves."""


def break_face(shot: Shot, glitch: Glitch, strength: Floats) -> Image:
    """Return the clip with a glitch in it, as strong in each frame as `strength` (N,)."""
    return np.stack(
        [
            glitch(shot, index, float(amount)) if amount > 0 else shot.images[index]
            for index, amount in enumerate(strength)
        ]
    )
