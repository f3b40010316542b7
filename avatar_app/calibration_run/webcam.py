"""Clips as a webcam shows them: mirrored, framed and lit otherwise, noisy, soft, compressed."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.camera import reencoded
from avatar_app.types import Image

_GRAIN = 5.0  # grey levels
_QUALITY = (35, 90)  # of JPEG


def as_filmed(images: Image, seed: int, *, is_rough: bool = True) -> Image:
    """Return a clip (N, H, W, 3) uint8 RGB mirrored, framed and lit a little otherwise.

    If it `is_rough`, also with a slow change of light, a camera's grain, less detail and
    compression, each by chance: what every webcam does and no detector may call a glitch.
    """
    chance = np.random.default_rng(seed)
    images = _framed(images, chance)
    return _rough(images, chance) if is_rough else images


def _framed(images: Image, chance: np.random.Generator) -> Image:
    height, width = images.shape[1:3]
    zoom, angle = 1 + 0.08 * chance.random(), 3 * chance.normal()
    place = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), float(zoom))
    gain = 1 + 0.15 * chance.normal()
    framed = [
        cv2.warpAffine(image[:, ::-1], place, (width, height), borderMode=cv2.BORDER_REPLICATE)
        for image in images
    ]
    return np.asarray(np.clip(np.stack(framed) * np.float32(gain), 0, 255), np.uint8)


def _rough(images: Image, chance: np.random.Generator) -> Image:
    height, width = images.shape[1:3]
    grain, quality = _GRAIN * chance.random(), int(chance.integers(*_QUALITY))
    detail = 0.5 + 0.5 * chance.random()
    small = (max(8, round(detail * width)), max(8, round(detail * height)))
    sway, phase = 0.06 * chance.random(), 6.3 * chance.random()
    filmed = []
    for index, image in enumerate(images):
        soft = cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height))
        lit = soft.astype(np.float32) * np.float32(1 + sway * np.sin(0.05 * index + phase))
        lit += chance.standard_normal((height, width, 1), np.float32) * np.float32(grain)
        filmed.append(reencoded(np.asarray(np.clip(lit, 0, 255), np.uint8), quality))
    return np.stack(filmed)
