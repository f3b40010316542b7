"""Light and colour of the whole picture."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.scene import Effect, Scene, rounded
from avatar_app.types import Floats, Image

_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
_HUES = ((1.0, 0.35, 0.35), (0.4, 1.0, 0.45), (0.4, 0.5, 1.0), (1.0, 0.45, 0.95), (1.0, 0.85, 0.3))


def low_light(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The light goes out, down to 4 % of it, and the camera's noise comes up."""
    seed = int(rng.integers(1 << 30))

    def apply(image: Image, index: int, strength: float) -> Image:
        share = 0.04 ** (level * strength)
        linear = (image.astype(np.float32) / 255) ** 2.2 * share
        noise = np.random.default_rng((seed, index))
        shot = noise.standard_normal(image.shape, np.float32)
        gain = min(1 / share, 4.0)
        linear = linear + shot * np.sqrt(np.maximum(linear, 0) * 1e-3 + 4e-6) * strength
        shown = np.clip(linear * gain**0.6, 0, 1) ** (1 / 2.2)
        return rounded(np.asarray(255 * shown, np.float32))

    return apply


def over_exposure(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Too much light: up to six times as much, and it blooms around what is bright."""

    def apply(image: Image, index: int, strength: float) -> Image:
        gain = 6 ** (level * strength)
        linear = (image.astype(np.float32) / 255) ** 2.2 * gain
        over = cv2.GaussianBlur(np.maximum(linear - 0.9, 0), (0, 0), 0.03 * image.shape[1])
        shown = np.clip(linear + 0.5 * over, 0, 1) ** (1 / 2.2)
        return rounded(np.asarray(255 * shown, np.float32))

    return apply


def coloured_light(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A coloured screen lights the face, in a hue that drifts."""
    first = int(rng.integers(len(_HUES)))

    def apply(image: Image, index: int, strength: float) -> Image:
        at = first + index / 60
        one, other = (np.asarray(_HUES[(int(at) + n) % len(_HUES)]) for n in (0, 1))
        hue = one + (other - one) * (at % 1)
        return _tinted(image, hue, level * strength)

    return apply


def flashing_light(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The light flashes: bright and dark change several times a second."""
    beat = 2 * np.pi * rng.uniform(2.2, 3.2) / 25

    def apply(image: Image, index: int, strength: float) -> Image:
        swing = (
            1.5
            * level
            * strength
            * np.sign(np.sin(beat * index))
            * (abs(np.sin(beat * index)) ** 0.4)
        )
        shown = image.astype(np.float32) * np.float32(2.0**swing)
        return rounded(shown)

    return apply


def side_light(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """One strong lamp at the side: the other half of the face goes into the dark."""
    side = float(rng.choice((-1, 1)))

    def apply(image: Image, index: int, strength: float) -> Image:
        x, y = scene.grid(index)
        bow = 0.25 * np.exp(-((x / 0.25) ** 2) - ((y - 0.4) / 0.5) ** 2)
        head = 1 / (1 + (np.hypot(x / 1.3, (y - 0.4) / 1.7)) ** 6)
        across = np.tanh((0.35 + 1.35 * head) * (x * side + bow)) * 0.5 + 0.5
        shade = 1 - 0.93 * level * strength * (1 - across)
        lamp = 1 + 0.35 * level * strength * across
        warm = np.array([1.03, 1.0, 0.94], np.float32) ** (level * strength)
        return rounded(np.asarray(image * (shade * lamp)[..., None] * warm, np.float32))

    return apply


def grey_picture(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The colours fade; at the highest level the picture is grey, as from an infrared camera."""

    def apply(image: Image, index: int, strength: float) -> Image:
        grey = (image @ _GREY)[..., None]
        return rounded(np.asarray(image + level * strength * (grey - image), np.float32))

    return apply


def _tinted(image: Image, hue: Floats, share: float) -> Image:
    grey = (image @ _GREY)[..., None]
    lit = (0.45 * image + 0.75 * grey) * hue
    return rounded(np.asarray(image + share * (lit - image), np.float32))
