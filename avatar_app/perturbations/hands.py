"""Hands before the face: drawn in the colour of the face's own skin, brought in from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from avatar_app.perturbations.drawing import (
    Drawing,
    Sprite,
    after,
    capsule,
    ellipse,
    mottled,
    round_height,
    turned,
)
from avatar_app.perturbations.scene import Effect, Scene, moved, to_pixels
from avatar_app.types import Floats, Image

Point = tuple[float, float]

# In units of the outer eye distance (about 90 mm): knuckle, direction from straight up in degrees
# when the fingers are closed and how much it grows when they spread, length, radius.
_FINGERS = (
    ((-0.34, -0.44), -4.0, -13.0, 0.80, 0.108),
    ((-0.115, -0.52), -1.0, -4.0, 0.90, 0.112),
    ((0.115, -0.48), 2.0, 5.0, 0.83, 0.106),
    ((0.325, -0.37), 6.0, 15.0, 0.64, 0.090),
)
_CURLED = 0.42  # length left of a finger that is bent into the palm
_WRIST: Point = (0.02, 0.62)
_SLEEVES = ((58, 74, 96), (96, 60, 58), (70, 84, 66), (66, 62, 72), (120, 112, 98))
_OUTSIDE = 3.4


@dataclass(frozen=True)
class Pose:
    """How a hand is held: `spread` of the fingers in [0, 1], which are `straight`, the thumb."""

    spread: float = 0.15
    straight: Sequence[bool] = (True, True, True, True)
    thumb_out: bool = True


def hand(scene: Scene, pose: Pose, rng: np.random.Generator) -> Sprite:
    """Draw the back of a hand with its fingers up, the middle of the palm at (0, 0)."""
    drawing = Drawing(scene.light, -1.25, -1.75, 2.6, 6.2)
    x, y = drawing.x, drawing.y
    skin = np.clip(scene.skin * (1.02, 0.97, 0.95), 0, 250)
    arm = capsule(x, y, _WRIST, (0.06, 4.6), 0.27, 0.42)
    distance, height, folds = _body(x, y, pose)
    distance = np.minimum(distance, arm)
    height = np.maximum(height, round_height(arm, 0.28) * 0.9)
    red = mottled(x.shape, 26, int(rng.integers(1 << 30)))[..., None] * (2.0, -1.5, -1.5)
    edge = np.clip(1 + distance / 0.09, 0, 1)[..., None] * (-8, -16, -15)
    colour = skin + red + edge - folds[..., None] * (26, 30, 28)
    drawing.add(distance, height, colour, gloss=0.03)
    for tip, angle, radius in _tips(pose):
        nail = _nail(x, y, tip, angle, radius)
        drawing.add(nail, round_height(nail, 0.05) * 0.5, skin * (1.06, 0.98, 1.0), 0.12, 0.15)
    sleeve = np.maximum(capsule(x, y, (0.03, 1.2), (0.1, 4.9), 0.42, 0.66), 1.15 - y)
    cloth = rng.choice(np.asarray(_SLEEVES))
    weave = mottled(x.shape, 9, int(rng.integers(1 << 30)))[..., None] * 3
    wrinkles = 0.012 * np.sin(14 * y + 3 * x + 2 * np.sin(5 * x))
    drawing.add(sleeve, round_height(sleeve, 0.45) * 0.8 + wrinkles, cloth + weave)
    return drawing.finished()


def brought(
    scene: Scene,
    sprite: Sprite,
    path: tuple[Point, Point],
    rng: np.random.Generator,
    angle: float = 0.0,
    scale: float = 1.0,
    mirrored: bool = False,
) -> Effect:
    """Bring a sprite along `path`, in face coordinates, as the strength grows; it never rests.

    It stays near the head without turning like something fixed to it.
    """
    start, end = (np.asarray(point) for point in path)
    beats = rng.uniform(0.04, 0.13, 3)
    phases = rng.uniform(0, 2 * np.pi, 3)
    flip = np.array([[-1 if mirrored else 1, 0, 0], [0, 1, 0]], np.float32)

    def apply(image: Image, index: int, strength: float) -> Image:
        sway_x, sway_y, sway = np.sin(beats * index + phases)
        at = start + (end - start) * strength + (0.03 * sway_x, 0.03 * sway_y)
        tilt = angle + 2.5 * sway + 18 * (1 - strength) * np.sign(angle)
        own = after(turned(tilt, scale, (float(at[0]), float(at[1]))), flip)
        return sprite.laid(image, after(scene.stances[index], own), min(1.0, 8 * strength))

    return apply


def hand_to(
    pose: Pose,
    nearly: Point,
    fully: Point,
    angle: float,
    scales: tuple[float, float] = (0.95, 1.1),
) -> Callable[[Scene, float, np.random.Generator], Effect]:
    """Make a case: a hand that stops between `nearly` and `fully`, as the level grows to 1.

    It comes from where its arm points; which side that is, the seed decides.
    """

    def make(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
        side = rng.choice((-1, 1))
        sprite = hand(scene, pose, rng)
        near, full = np.asarray(nearly), np.asarray(fully)
        end = near + (full - near) * level
        lean = np.radians(angle)
        start = end + _OUTSIDE * np.array([-np.sin(lean), np.cos(lean)])
        scale = scales[0] + (scales[1] - scales[0]) * level
        path = ((side * start[0], start[1]), (side * end[0], end[1]))
        return brought(scene, sprite, path, rng, side * angle, scale, mirrored=side < 0)

    return make


def hand_wave(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A spread hand passes before the face again and again, faster as the level grows."""
    sprite = hand(scene, Pose(spread=0.8), rng)
    beats = 0.10 + 0.14 * level
    phase = rng.uniform(0, 2 * np.pi)
    reach = 1.9 - 0.6 * level

    def apply(image: Image, index: int, strength: float) -> Image:
        sway = float(np.sin(beats * index + phase))
        at = (reach * sway, 0.75 + 3.2 * (1 - strength))
        own = turned(22 * sway, 0.95 + 0.15 * level, at)
        return sprite.laid(image, after(scene.stances[index], own), min(1.0, 8 * strength))

    return apply


def finger_cheek(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A finger presses into a cheek: the skin gives way around its tip."""
    side = float(rng.choice((-1, 1)))
    sprite = hand(scene, Pose(0.0, (True, False, False, False), thumb_out=False), rng)
    tip = np.array([0.62 - 0.26 * level, 0.66])
    angle = -58.0
    (place,) = ((x, y) for (x, y), _, _ in _tips(Pose(0.0, (True, False, False, False))))
    lean = turned(angle)
    end = tip - lean[:, :2] @ np.asarray(place)
    out = end + 2.6 * np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    path = ((side * out[0], out[1]), (side * end[0], end[1]))
    bring = brought(scene, sprite, path, np.random.default_rng(1), side * angle, 1.0, side < 0)

    def apply(image: Image, index: int, strength: float) -> Image:
        x, y = scene.grid(index)
        near = np.exp(-((x - side * tip[0]) ** 2 + (y - tip[1]) ** 2) / 0.06)
        push = np.asarray(0.20 * level * strength**3 * near, np.float32)
        pressed = moved(image, *to_pixels(scene.places[index], x + side * push, y))
        return bring(pressed, index, strength)

    return apply


def grip(drawing: Drawing, skin: Floats, knuckles: Sequence[Point], tips: Sequence[Point]) -> None:
    """Draw fingers that lie over a held thing, from `knuckles` to `tips`."""
    for knuckle, tip in zip(knuckles, tips, strict=True):
        distance = capsule(drawing.x, drawing.y, knuckle, tip, 0.115, 0.095)
        edge = np.clip(1 + distance / 0.08, 0, 1)[..., None] * (-6, -20, -20)
        drawing.add(distance, round_height(distance, 0.1), skin + edge, gloss=0.03)
        along = np.degrees(np.arctan2(tip[0] - knuckle[0], knuckle[1] - tip[1]))
        nail = _nail(drawing.x, drawing.y, tip, float(along), 0.095)
        drawing.add(nail, round_height(nail, 0.05) * 0.5, skin * (1.06, 0.98, 1.0), 0.12, 0.15)


def _body(x: Floats, y: Floats, pose: Pose) -> tuple[Floats, Floats, Floats]:
    """Return distance and height of palm and fingers, and the folds over the joints in [0, 1]."""
    distance = ellipse(x, y, (0.0, 0.08), (0.50, 0.62))
    height = 0.20 * np.sqrt(np.clip(1 - (x / 0.56) ** 2 - ((y - 0.05) / 0.78) ** 2, 0, 1))
    folds = np.zeros_like(distance)
    for (knuckle, closed, opens, length, radius), straight in zip(
        _FINGERS, pose.straight, strict=True
    ):
        angle = np.radians(closed + opens * pose.spread)
        way = np.array([np.sin(angle), -np.cos(angle)])
        root = np.asarray(knuckle) - 0.55 * way
        tip = np.asarray(knuckle) + way * (length if straight else length * _CURLED)
        part = capsule(x, y, root, tip, radius * 1.15, radius * 0.86)
        distance = np.minimum(distance, part)
        height = np.maximum(height, round_height(part, radius) * (1.0 if straight else 1.5) + 0.08)
        for share in (0.42, 0.74) if straight else ():
            joint = np.asarray(knuckle) + way * length * share
            across = (x - joint[0]) * way[0] + (y - joint[1]) * way[1]
            wrinkle = np.exp(-((np.abs(across) - 0.018) ** 2) / 0.00012)
            folds = np.maximum(folds, 0.5 * wrinkle * (part < -0.012))
    if pose.thumb_out:
        thumb = np.minimum(
            capsule(x, y, (-0.25, 0.42), (-0.60, -0.02), 0.2, 0.135),
            capsule(x, y, (-0.60, -0.02), (-0.74, -0.36), 0.13, 0.1),
        )
        distance = np.minimum(distance, thumb)
        height = np.maximum(height, round_height(thumb, 0.13) + 0.05)
    return distance, np.asarray(height, np.float32), np.asarray(folds, np.float32)


def _tips(pose: Pose) -> list[tuple[Point, float, float]]:
    """Return place, direction in degrees and radius of each fingertip that shows a nail."""
    found: list[tuple[Point, float, float]] = []
    for (knuckle, closed, opens, length, radius), straight in zip(
        _FINGERS, pose.straight, strict=True
    ):
        angle = closed + opens * pose.spread
        way = np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle))])
        if straight:
            tip = np.asarray(knuckle) + way * length
            found.append(((float(tip[0]), float(tip[1])), angle, radius * 0.86))
    return found


def _nail(x: Floats, y: Floats, tip: Point, angle: float, radius: float) -> Floats:
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    along, across = (
        (x - tip[0]) * sine - (y - tip[1]) * cosine,
        (x - tip[0]) * cosine + (y - tip[1]) * sine,
    )
    return ellipse(across, along, (0.0, -0.005), (0.62 * radius, 0.85 * radius))
