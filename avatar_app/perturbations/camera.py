"""What a bad camera, a bad line, or a busy scene does to the picture."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.scene import Effect, Scene, rounded
from avatar_app.types import Floats, Image

_BLOCK = 16


def noise(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Sensor noise, standard deviation up to 45 of 255."""
    seed = int(rng.integers(1 << 30))

    def apply(image: Image, index: int, strength: float) -> Image:
        grain = np.random.default_rng((seed, index)).standard_normal(image.shape, np.float32)
        grain = 0.7 * grain + 0.3 * grain.mean(axis=2, keepdims=True)
        return rounded(np.asarray(image + 45 * level * strength * grain, np.float32))

    return apply


def motion_blur(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The picture is blurred along one direction, over up to a ninth of its width."""
    angle = rng.uniform(-35, 35)

    def apply(image: Image, index: int, strength: float) -> Image:
        length = 1 + 0.11 * level * strength * image.shape[1]
        side = 2 * int(np.ceil(length / 2)) + 1
        kernel = np.zeros((side, side), np.float32)
        turn = angle + 20 * np.sin(index / 9)
        reach = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))]) * (length - 1) / 2
        ends = [np.round((side / 2 - 0.5 + sign * reach) * 16).astype(int) for sign in (-1, 1)]
        cv2.line(kernel, tuple(ends[0]), tuple(ends[1]), 1.0, 1, cv2.LINE_AA, 4)
        kernel /= max(float(kernel.sum()), 1e-6)
        return np.asarray(
            cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8
        )

    return apply


def compression(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A line of little bandwidth: few pixels, strongly compressed."""

    def apply(image: Image, index: int, strength: float) -> Image:
        amount = level * strength
        scale = 1 - 0.6 * amount
        width, height = image.shape[1], image.shape[0]
        small = (max(8, round(width * scale)), max(8, round(height * scale)))
        fewer = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        coded = reencoded(np.asarray(fewer, np.uint8), round(60 - 50 * amount))
        how = cv2.INTER_LINEAR
        return np.asarray(cv2.resize(coded, (width, height), interpolation=how), np.uint8)

    return apply


def low_resolution(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The picture was small and has been enlarged: down to an eighth of its side."""

    def apply(image: Image, index: int, strength: float) -> Image:
        side = round(image.shape[1] / (1 + 7 * level * strength))
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        size = image.shape[1], image.shape[0]
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    return apply


def packet_loss(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Packets are lost: rows of blocks keep the picture of before, or slip aside."""
    seed = int(rng.integers(1 << 30))

    def apply(image: Image, index: int, strength: float) -> Image:
        dice = np.random.default_rng((seed, index))
        height = image.shape[0]
        stale = scene.images[max(0, index - int(dice.integers(4, 16)))]
        result = image.copy()
        for top in range(0, height, _BLOCK):
            if dice.uniform() < 0.75 * level * strength:
                start = int(dice.integers(0, max(1, image.shape[1] // _BLOCK // 2))) * _BLOCK
                rows = slice(top, top + _BLOCK)
                slip = int(dice.integers(-2, 3)) * _BLOCK // 2
                result[rows, start:] = np.roll(stale[rows], slip, axis=1)[:, start:]
        return result

    return apply


def freeze(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The picture stands still for up to a second and a half, jumps on, and stands again."""
    hold = max(2, round(38 * level))

    def apply(image: Image, index: int, strength: float) -> Image:
        return scene.images[index // hold * hold] if strength > 0.5 else image

    return apply


def busy_background(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Behind the driver there is a lively scene that moves: shelves, pictures, people passing."""
    width, height = scene.size
    wall = _clutter(2 * width, height, rng)
    speed = rng.choice((-1, 1)) * (0.5 + 5.5 * level)

    def apply(image: Image, index: int, strength: float) -> Image:
        shift = int(width / 2 + (width / 2 - 1) * np.sin(speed * index / width * 2))
        behind = wall[:, shift : shift + width]
        cover = (0.35 + 0.65 * level) * strength * (1 - scene.person(index))[..., None]
        return rounded(np.asarray(image + cover * (behind - image), np.float32))

    return apply


def cartoon(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The picture becomes a drawing: flat colours and dark outlines."""

    def apply(image: Image, index: int, strength: float) -> Image:
        flat = image
        for _ in range(3):
            flat = np.asarray(cv2.bilateralFilter(flat, 7, 45, 7), np.uint8)
        steps = 6 + 10 * (1 - level)
        paint = np.round(flat / 255 * steps) / steps * 255
        grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), 1.4)
        wide = cv2.GaussianBlur(grey, (0, 0), 2.2).astype(np.float32)
        ink = np.clip((wide - grey.astype(np.float32) - 2) / 6, 0, 1)[..., None]
        drawn = paint * (1 - 0.85 * ink)
        share = min(1.0, 0.3 + 0.7 * level) * strength
        return rounded(np.asarray(image + share * (drawn - image), np.float32))

    return apply


def reencoded(image: Image, quality: int = 92) -> Image:
    """Return the picture after JPEG, which is what most webcams send."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert done
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)


def _clutter(width: int, height: int, rng: np.random.Generator) -> Floats:
    """A wall of shelves with books, pictures and lamps, (height, width, 3)."""
    wall = np.empty((height, width, 3), np.uint8)
    wall[:] = rng.integers(60, 190, 3)
    shelf = height // 4
    for top in range(0, height, shelf):
        x = 0
        while x < width:
            thick = int(rng.integers(5, 22))
            tall = int(shelf * rng.uniform(0.45, 0.95))
            colour = tuple(int(c) for c in rng.integers(20, 240, 3))
            bottom = top + shelf - 4
            cv2.rectangle(wall, (x, bottom - tall), (x + thick - 1, bottom), colour, -1)
            cv2.rectangle(wall, (x, bottom - tall), (x + 1, bottom), (25, 25, 25), -1)
            x += thick + int(rng.choice((0, 0, 0, 14)))
        cv2.rectangle(wall, (0, top + shelf - 4), (width, top + shelf), (70, 48, 32), -1)
    soft = cv2.GaussianBlur(wall, (0, 0), 0.006 * height + 0.4)
    return np.asarray(soft, np.float32)
