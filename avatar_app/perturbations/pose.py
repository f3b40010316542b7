"""Where the head is and how it is turned: the clip's own pixels, moved elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from avatar_app.perturbations.drawing import after, turned
from avatar_app.perturbations.envelope import fading
from avatar_app.perturbations.head import turned_head
from avatar_app.perturbations.scene import Effect, Scene, moved, rounded, to_pixels
from avatar_app.types import Floats, Image

_HEAD = (0.0, 0.34)  # the middle of the head, in face coordinates


def yaw(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The head turns to one side, by up to 50 degrees beyond the clip's own pose."""
    side = float(rng.choice((-1, 1)))
    return turned_head(scene, lambda strength: (50 * level * side * strength, 0.0))


def pitch(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The head nods down or looks up, by up to 32 degrees beyond the clip's own pose."""
    side = float(rng.choice((-1, 1)))
    return turned_head(scene, lambda strength: (0.0, 32 * level * side * strength))


def roll(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The head tilts towards a shoulder, by up to 40 degrees."""
    side = float(rng.choice((-1, 1)))
    pivot = np.array([0.0, 1.25], np.float32)

    def apply(image: Image, index: int, strength: float) -> Image:
        x, y = scene.grid(index)
        far = np.hypot(x - _HEAD[0], (y - _HEAD[1]) * 0.85)
        hold = fading(far, 1.3, 3.2) * fading(y, 1.1, 2.6)
        angle = -np.radians(40 * level * side * strength) * hold
        sine, cosine = np.sin(angle), np.cos(angle)
        from_x = pivot[0] + (x - pivot[0]) * cosine - (y - pivot[1]) * sine
        from_y = pivot[1] + (x - pivot[0]) * sine + (y - pivot[1]) * cosine
        return moved(image, *to_pixels(scene.places[index], from_x, from_y))

    return apply


def leave_frame(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The driver leaves the picture sideways, by up to two thirds of its width."""
    side = float(rng.choice((-1, 1)))
    return _carried(scene, lambda s: turned(0, 1, (0.66 * level * side * s * scene.size[0], 0)))


def distance(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The driver goes away from the camera, down to 40 % of the size."""
    return _carried(scene, lambda strength: _zoom(scene, 1 / (1 + 1.5 * level * strength)))


def cropped_forehead(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The driver comes near and high: forehead, then eyes are cut off by the picture's edge."""
    height = scene.size[1]

    def place(strength: float) -> Floats:
        near = 1 + 0.55 * level * strength
        up = turned(0, 1, (0.0, -0.26 * level * strength * height))
        return after(up, _zoom(scene, near))

    return _whole_picture(scene, place)


def camera_shake(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The camera is shaken by hand: shift and turn, a few times a second."""
    amount = 0.075 * level * scene.size[0]
    shake = _wobble(len(scene.images), rng)

    def apply(image: Image, index: int, strength: float) -> Image:
        x, y, angle = shake[index] * strength
        place = _about(scene, turned(4 * level * angle), (amount * x, amount * y))
        return _warped(image, place)

    return apply


def fast_motion(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The head jerks about: swift shifts and turns of head and shoulders, with their blur."""
    beats, phases = rng.uniform(0.5, 1.1, 3), rng.uniform(0, 2 * np.pi, 3)
    amount = 0.12 * level * scene.size[0]

    def sway(index: float, strength: float) -> Floats:
        x, y, angle = np.sin(beats * index + phases) * strength
        return _about(scene, turned(11 * level * angle), (amount * x, 0.4 * amount * y))

    def apply(image: Image, index: int, strength: float) -> Image:
        moments = [index + share for share in (-0.25, -0.125, 0, 0.125, 0.25)]
        blurred = [_warped(image, sway(moment, strength)).astype(np.float32) for moment in moments]
        return rounded(np.asarray(sum(blurred) / len(blurred), np.float32))

    return apply


def second_face(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Somebody looks over the driver's shoulder: further into the picture and larger."""
    side = float(rng.choice((-1, 1)))
    width, height = scene.size
    # The driver from other moments of the clip, mirrored and in another light, is the other one.
    colour = np.array([[1.08, 0.96, 0.86], [0.72, 0.66, 0.62], [0.9, 0.94, 1.0]])
    tint = colour[int(rng.integers(3))].astype(np.float32)
    scale = 0.62 + 0.33 * level
    lag = int(rng.integers(12, 30))

    def apply(image: Image, index: int, strength: float) -> Image:
        other = index - lag if index >= lag else min(len(scene.images) - 1, index + lag)
        near = scene.images[other][:, ::-1]
        stance = scene.stances[other]
        head = stance @ np.array([*_HEAD, 1.0], np.float32)
        reach = scale * 0.42 * width
        target_x = width / 2 + side * (
            width / 2 + reach - (0.9 * reach + 0.30 * width * level) * strength
        )
        place = turned(0, scale, (0, 0))
        place[:, 2] = (target_x - scale * (width - head[0]), height * (1 - scale))
        mask = scene.person(other)[:, ::-1]
        layer = _warped(near, place, cv2.BORDER_REPLICATE) * tint
        mask = np.ascontiguousarray(mask)
        cover = cv2.warpAffine(mask, place, scene.size)
        front = 1 - scene.person(index)
        cover = (cover * front)[..., None]
        return rounded(np.asarray(image + cover * (layer - image), np.float32))

    return apply


def off_centre(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The face is at the side of the picture, and low or high."""
    way = rng.choice((-1, 1), 2) * (0.30, 0.16) * level * scene.size[0]
    return _whole_picture(scene, lambda s: turned(0, 1, (float(way[0]) * s, float(way[1]) * s)))


def _carried(scene: Scene, place: Callable[[float], Floats]) -> Effect:
    """Move the person over the empty scene behind."""

    def apply(image: Image, index: int, strength: float) -> Image:
        into = place(strength)
        mask = scene.person(index)
        cover = cv2.warpAffine(mask, into, scene.size, borderMode=cv2.BORDER_REPLICATE)[..., None]
        layer = _warped(image, into, cv2.BORDER_REPLICATE)
        behind = scene.background
        return rounded(np.asarray(behind + cover * (layer - behind), np.float32))

    return apply


def _whole_picture(scene: Scene, place: Callable[[float], Floats]) -> Effect:
    return lambda image, index, strength: _warped(image, place(strength), cv2.BORDER_REPLICATE)


def _warped(image: Image, place: Floats, border: int = cv2.BORDER_REFLECT_101) -> Image:
    size = image.shape[1], image.shape[0]
    pixels = np.ascontiguousarray(image)
    return np.asarray(cv2.warpAffine(pixels, place, size, borderMode=border), np.uint8)


def _zoom(scene: Scene, scale: float) -> Floats:
    """Grow or shrink about a point below the middle of the picture, where the body is."""
    width, height = scene.size
    about_y = height * (1.0 if scale < 1 else 0.5)
    return turned(0, scale, (width / 2 * (1 - scale), about_y * (1 - scale)))


def _about(scene: Scene, turn: Floats, shift: tuple[float, float]) -> Floats:
    """Turn about the foot of the picture, then shift."""
    width, height = scene.size
    foot = turned(0, 1, (-width / 2, -0.9 * height))
    back = turned(0, 1, (width / 2 + shift[0], 0.9 * height + shift[1]))
    return after(back, after(turn, foot))


def _wobble(frames: int, rng: np.random.Generator) -> Floats:
    """(frames, 3): smooth noise with standard deviation near 1."""
    noise = rng.normal(size=(frames, 3)).astype(np.float32)
    kernel = cv2.getGaussianKernel(9, 1.4)
    soft = cv2.sepFilter2D(noise, cv2.CV_32F, np.ones((1, 1)), kernel)
    return np.asarray(soft / max(float(soft.std()), 1e-6), np.float32)
