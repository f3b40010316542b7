"""Things held before the face: card, phone, cup, microphone, cloth."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.drawing import (
    Drawing,
    Sprite,
    box,
    capsule,
    ellipse,
    mottled,
    polygon,
    round_height,
)
from avatar_app.perturbations.hands import Point, brought, grip
from avatar_app.perturbations.scene import Effect, Scene
from avatar_app.types import Floats

_CARDS = ((66, 150, 122), (196, 120, 70), (84, 118, 176), (214, 208, 196))
_CUPS = ((206, 200, 190), (72, 120, 150), (170, 70, 58), (64, 66, 72))
_CLOTHS = ((150, 52, 56), (58, 84, 122), (92, 112, 76), (140, 128, 112))


def card_mouth(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A card with writing on it, held by its lower corner, rises over chin and mouth."""
    side = float(rng.choice((-1, 1)))
    path = ((0.3 * side, 3.4), (0.05 * side, 1.75 - 0.75 * level))
    return brought(scene, _card(scene, rng), path, rng, -6 * side, 0.95 + 0.15 * level, side < 0)


def phone_half(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A telephone with its back to the camera moves over one half of the face."""
    side = float(rng.choice((-1, 1)))
    path = ((2.4 * side, 2.6), (side * (1.25 - 0.85 * level), 0.45))
    return brought(scene, _phone(scene), path, rng, 7 * side, 1.0 + 0.15 * level, side < 0)


def cup_mouth(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A cup is lifted to the mouth, and higher."""
    side = float(rng.choice((-1, 1)))
    path = ((0.5 * side, 3.3), (0.08 * side, 1.85 - 0.85 * level))
    return brought(scene, _cup(scene, rng), path, rng, -9 * side, 0.95 + 0.2 * level, side < 0)


def microphone(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A hand microphone comes up before the mouth."""
    side = float(rng.choice((-1, 1)))
    path = ((0.9 * side, 3.2), (side * (0.25 - 0.2 * level), 1.72 - 0.75 * level))
    return brought(scene, _microphone(scene), path, rng, -20 * side, 0.9 + 0.35 * level, side < 0)


def cloth_face(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A cloth is drawn up over the face, from the chin to above the eyes."""
    path = ((0.0, 3.0), (0.0, 1.55 - 1.55 * level))
    return brought(scene, _cloth(scene, rng), path, rng)


def _skin(scene: Scene) -> Floats:
    return np.asarray(np.clip(scene.skin * (1.02, 0.97, 0.95), 0, 250), np.float32)


def _arm(drawing: Drawing, skin: Floats, start: Point, end: Point) -> None:
    distance = capsule(drawing.x, drawing.y, start, end, 0.36, 0.42)
    drawing.add(distance, round_height(distance, 0.3), skin)


def _card(scene: Scene, rng: np.random.Generator) -> Sprite:
    drawing, skin = Drawing(scene.light, -1.2, -0.9, 2.6, 4.6), _skin(scene)
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_CARDS)), np.float32)
    _arm(drawing, skin, (0.75, 0.85), (1.1, 3.8))
    plane = 0.05 * x + 0.02 * y
    sheet = box(x, y, (0, 0), (0.95, 0.6), 0.07)
    drawing.add(sheet, plane, colour, gloss=0.02)
    drawing.add(box(x, y, (-0.62, -0.08), (0.2, 0.3), 0.02), plane, colour * (1.25, 0.5, 0.8))
    for row, length in enumerate((0.5, 0.62, 0.3, 0.55, 0.4)):
        line = box(x, y, (-0.28 + length / 1.6, -0.36 + 0.15 * row), (length / 1.6, 0.022), 0.01)
        drawing.add(line, plane, colour * 0.3, shadow=0)
    grip(drawing, skin, [(0.98, 0.95)], [(0.68, 0.28)])
    return drawing.finished()


def _phone(scene: Scene) -> Sprite:
    drawing, skin = Drawing(scene.light, -1.1, -1.2, 2.3, 4.8), _skin(scene)
    x, y = drawing.x, drawing.y
    _arm(drawing, skin, (0.25, 1.2), (0.7, 3.8))
    body = box(x, y, (0, 0), (0.46, 0.96), 0.13)
    drawing.add(body, round_height(body, 0.06) + 0.04 * x, (38, 40, 46), gloss=0.10)
    island = box(x, y, (-0.22, -0.68), (0.17, 0.21), 0.07)
    drawing.add(island, round_height(island, 0.03), (52, 54, 60), gloss=0.08)
    for lens in ((-0.22, -0.78), (-0.22, -0.58)):
        ring = ellipse(x, y, lens, (0.075, 0.075))
        drawing.add(ring, round_height(ring, 0.04), (16, 18, 26), gloss=0.35)
    knuckles = [(0.62, 0.05 + 0.24 * n) for n in range(4)]
    grip(drawing, skin, knuckles, [(0.2 + 0.03 * n, 0.0 + 0.24 * n) for n in range(4)])
    thumb = capsule(x, y, (-0.42, 1.0), (-0.5, 0.3), 0.14, 0.11)
    drawing.add(thumb, round_height(thumb, 0.12), skin, gloss=0.03)
    return drawing.finished()


def _cup(scene: Scene, rng: np.random.Generator) -> Sprite:
    drawing, skin = Drawing(scene.light, -1.3, -0.9, 2.9, 4.6), _skin(scene)
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_CUPS)), np.float32)
    _arm(drawing, skin, (0.55, 0.75), (1.0, 3.8))
    wall = 0.36 * np.sqrt(np.clip(1 - (x / 0.48) ** 2, 0, 1))
    side = np.minimum(box(x, y, (0, 0.02), (0.45, 0.5), 0.03), ellipse(x, y, (0, 0.5), (0.45, 0.1)))
    drawing.add(side, wall, colour, gloss=0.06)
    stripe = np.maximum(side + 0.005, np.abs(y - 0.12 - 0.22 * wall) - 0.1)
    drawing.add(stripe, wall, np.clip(colour * 1.35 + 20, 0, 250), gloss=0.06, shadow=0)
    rim = ellipse(x, y, (0, -0.48), (0.45, 0.1))
    drawing.add(rim, round_height(rim, 0.03), colour * 1.05, gloss=0.1, shadow=0.1)
    drawing.add(ellipse(x, y, (0, -0.475), (0.41, 0.075)), 0.0, colour * 0.35, shadow=0)
    knuckles = [(0.62, -0.22 + 0.23 * n) for n in range(4)]
    grip(drawing, skin, knuckles, [(0.1, -0.2 + 0.215 * n) for n in range(4)])
    return drawing.finished()


def _microphone(scene: Scene) -> Sprite:
    drawing, skin = Drawing(scene.light, -0.9, -0.6, 2.0, 4.6), _skin(scene)
    x, y = drawing.x, drawing.y
    _arm(drawing, skin, (0.2, 1.5), (0.3, 3.9))
    stem = capsule(x, y, (0, 0.3), (0, 2.0), 0.17, 0.12)
    drawing.add(stem, round_height(stem, 0.17), (44, 46, 50), gloss=0.2)
    head = ellipse(x, y, (0, 0), (0.30, 0.33))
    mesh = 0.008 * (np.sin(70 * (x + y)) * np.sin(70 * (x - y)))
    drawing.add(head, round_height(head, 0.3) + mesh, (98, 100, 104), gloss=0.12)
    band = np.maximum(head, np.abs(y - 0.16) - 0.035)
    drawing.add(band, round_height(head, 0.3), (150, 150, 152), gloss=0.2, shadow=0.1)
    knuckles = [(0.38, 0.75 + 0.22 * n) for n in range(4)]
    grip(drawing, skin, knuckles, [(-0.1, 0.72 + 0.22 * n) for n in range(4)])
    return drawing.finished(shade=0.45)


def _cloth(scene: Scene, rng: np.random.Generator) -> Sprite:
    drawing = Drawing(scene.light, -1.9, -0.9, 3.8, 5.0, density=90.0)
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_CLOTHS)), np.float32)
    across = np.linspace(-1.15, 1.15, 40)
    upper = -0.35 + 0.14 * np.cos(across * 2.6) + 0.03 * np.sin(across * 9)
    corners = np.vstack(
        (np.c_[across, upper], [(1.55, 1.0), (1.8, 4.1), (-1.8, 4.1), (-1.55, 1.0)])
    )
    shape = polygon(x, y, corners)
    bulge = 0.5 * np.sqrt(np.clip(1 - (x / 1.5) ** 2, 0, 1))
    bend = y + 0.28 * x * x
    folds = 0.05 * np.sin(5.5 * bend + 0.8 * x) + 0.025 * np.sin(12 * bend - 3 * x)
    soft = 0.012 * mottled(x.shape, 24, int(rng.integers(1 << 30)))
    weave = mottled(x.shape, 2.5, int(rng.integers(1 << 30)))[..., None] * 4
    hem = np.clip(1 - np.abs(shape + 0.06) / 0.012, 0, 1)[..., None] * -22
    relief = cv2.GaussianBlur(np.asarray(bulge + folds + soft, np.float32), (0, 0), 2)
    drawing.add(shape, np.asarray(relief, np.float32), colour + weave + hem)
    return drawing.finished(shade=0.45)
