"""Things worn on the head: they turn with it, so they follow the landmarks exactly."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.drawing import (
    Drawing,
    Sprite,
    Values,
    after,
    box,
    capsule,
    ellipse,
    mottled,
    polygon,
    round_height,
    turned,
)
from avatar_app.perturbations.scene import Effect, Scene
from avatar_app.types import Floats, Image

_MASKS = ((150, 196, 224), (236, 238, 240), (60, 64, 72), (150, 206, 190))
_HAIR = ((44, 30, 22), (92, 62, 38), (26, 22, 22), (150, 116, 70), (128, 124, 120))
_HATS = ((58, 66, 92), (120, 44, 48), (70, 82, 64), (196, 176, 136))
_STICKERS = ((226, 70, 74), (250, 198, 62), (72, 168, 108), (80, 136, 220), (214, 110, 190))


def worn(scene: Scene, sprite: Sprite, away: tuple[float, float], fades: bool = False) -> Effect:
    """Put a sprite on the head; it comes from `away`, in face coordinates."""

    def apply(image: Image, index: int, strength: float) -> Image:
        left = 0.0 if fades else 1 - strength
        shift = turned(0, 1, (away[0] * left, away[1] * left))
        opacity = strength if fades else min(1.0, 3 * strength)
        return sprite.laid(image, after(scene.places[index], shift), opacity)

    return apply


def surgical_mask(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A surgical mask, from under the mouth up to under the eyes."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_MASKS)), np.float32)
    jaw, top_end = shape[3:14], float(shape[28, 1])
    top = float(shape[57, 1]) + (top_end - float(shape[57, 1])) * (level * 1.25 - 0.25)
    rise = 0.16 if level > 0.5 else 0.05
    side_y = top + 0.26
    jaw = jaw[jaw[:, 1] > side_y] * (1.03, 1.0) + (0, 0.05)
    left_x, right_x = (float(np.interp(side_y, edge[:, 1], edge[:, 0])) for edge in _jaws(shape))
    across = np.linspace(right_x, left_x, 24)
    middle, half = (left_x + right_x) / 2, max((right_x - left_x) / 2, 0.1)
    bow = 1 - ((across - middle) / half) ** 2
    upper = np.c_[across, side_y - (0.26 + rise - 0.16) * bow**1.5]
    sheet = polygon(x, y, np.vstack((upper, jaw)))
    for edge_x, ear in ((left_x, shape[0]), (right_x, shape[16])):
        for start in (side_y + 0.05, side_y + 0.45):
            strap = capsule(x, y, (edge_x, start), (ear[0] * 1.04, ear[1] - 0.02), 0.013)
            drawing.add(strap, 0.0, np.minimum(colour * 1.1, 245))
    bulge = 0.5 * np.sqrt(np.clip(1 - ((x - middle) / 1.0) ** 2 - ((y - top) / 1.8) ** 2, 0, 1))
    rows = [at + 0.1 * ((x - middle) / half) ** 2 for at in _pleat_rows(side_y, jaw)]
    pleats = np.sum([_pleat(y - row) for row in rows], axis=0)
    drawing.add(sheet, bulge + 0.02 * pleats, colour + 3 * mottled(x.shape, 3, 5)[..., None])
    hem = np.maximum(sheet, -sheet - 0.06)
    drawing.add(hem, bulge, np.minimum(colour * 1.05, 248), shadow=0.08, opacity=0.7)
    return worn(scene, drawing.finished(shade=0.35), (0.0, 1.6))


def sunglasses(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Sunglasses, larger and darker as the level grows."""
    tint = np.asarray(((30, 30, 34), (52, 38, 26), (28, 42, 40))[int(rng.integers(3))], np.float32)
    drawing = _glasses(scene, 0.75 + 0.4 * level, tint, 0.55 + 0.44 * level, (24, 22, 22), 0.04)
    return worn(scene, drawing, (0.0, -1.4))


def glasses(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Spectacles with a dark frame, heavier as the level grows."""
    frame = ((32, 28, 28), (70, 44, 30), (40, 48, 70))[int(rng.integers(3))]
    tint = np.array([205, 215, 225], np.float32)
    return worn(
        scene,
        _glasses(scene, 0.95, tint, 0.08 + 0.12 * level, frame, 0.02 + 0.05 * level),
        (0, -1.4),
    )


def glare(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Spectacles that mirror a bright window, more of it as the level grows."""
    tint = np.array([250, 252, 255], np.float32)
    return worn(
        scene, _glasses(scene, 1.0, tint, 0.1 + 0.15 * level, (40, 36, 36), 0.03, level), (0, -1.4)
    )


def headphones(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Headphones over the ears, bulkier as the level grows."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    colour = np.asarray(((40, 42, 46), (222, 222, 220), (150, 40, 44))[int(rng.integers(3))])
    middle = float(shape[[0, 16], 0].mean())
    half = float(shape[16, 0] - shape[0, 0]) / 2 + 0.16
    ring = np.abs(ellipse(x, y, (middle, 0.15), (half, 1.36))) - (0.06 + 0.06 * level)
    band = np.maximum(ring, y - 0.15)
    drawing.add(band, round_height(band, 0.09), colour, gloss=0.12)
    for side in (-1, 1):
        pad = ellipse(x, y, (middle + side * half, 0.3), (0.15 + 0.2 * level, 0.36 + 0.2 * level))
        drawing.add(pad, round_height(pad, 0.18), colour * 0.8, gloss=0.08)
        cap = ellipse(x, y, (middle + side * (half + 0.06), 0.3), (0.09 + 0.1 * level, 0.25))
        drawing.add(cap, round_height(cap, 0.1), colour, gloss=0.2)
    return worn(scene, drawing.finished(), (0.0, -1.6))


def hair_over_face(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Strands of hair fall over the forehead, then over the eyes and half of the face."""
    drawing = _canvas(scene)
    colour = scene.hair
    side = float(rng.choice((-1, 1)))
    for number in range(int(60 + 150 * level)):
        across = side * (0.95 - 1.8 * rng.uniform() * (0.35 + 0.65 * level))
        crown = np.array([0.3 * across + rng.uniform(-0.1, 0.1), rng.uniform(-1.15, -0.95)])
        brow = np.array([1.1 * across, rng.uniform(-1.0, -0.75)])
        length = (0.75 + 1.65 * level) * rng.uniform(0.65, 1.1)
        tip = np.array([across + side * rng.uniform(-0.1, 0.3), length - 0.95])
        t = np.linspace(0, 1, 14)[:, None]
        line = crown * (1 - t) ** 2 + 2 * brow * t * (1 - t) + tip * t * t
        line[:, 0] += rng.uniform(0.01, 0.04) * np.sin(5 * t[:, 0] + number)
        drawing.strand(line, colour * rng.uniform(0.7, 1.35) + 6, rng.uniform(0.02, 0.05))
    return worn(scene, drawing.finished(shade=0.25, blur=0.006), (0.0, -1.8))


def stickers(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Round stickers on the face, more and larger as the level grows."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    spots = [
        shape[2] * 0.5 + shape[31] * 0.5,
        shape[14] * 0.5 + shape[35] * 0.5,
        (shape[21] + shape[22]) / 2 - (0, 0.3),
        shape[8] - (0, 0.16),
        shape[30],
        shape[48] * 0.6 + shape[4] * 0.4,
        shape[54] * 0.6 + shape[12] * 0.4,
        shape[19] - (0, 0.22),
        shape[24] - (0, 0.22),
    ]
    for spot in rng.permutation(np.asarray(spots))[: round(1 + 8 * level)]:
        disc = ellipse(x, y, spot, (0.11 + 0.08 * level, 0.11 + 0.08 * level))
        colour = rng.choice(np.asarray(_STICKERS))
        drawing.add(disc, round_height(disc, 0.012), colour, shadow=0.2)
    return worn(scene, drawing.finished(shade=0.2, reach=0.03), (0.0, 0.0), fades=True)


def beard(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A beard along the jaw and around the mouth, fuller as the level grows."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_HAIR)), np.float32)
    chin = shape[2:15] * (1.04, 1.0) + (0, 0.04 + 0.25 * level)
    inner = np.vstack((shape[14:15], shape[[35, 33, 31]] + (0, 0.08), shape[2:3]))
    outline = polygon(x, y, np.vstack((chin, inner)))
    lips = polygon(x, y, shape[48:60])
    ragged = 0.03 * mottled(x.shape, 5, int(rng.integers(1 << 30)))
    area = np.maximum(outline + ragged, 0.03 - lips)
    strands = cv2.GaussianBlur(mottled(x.shape, 1.6, int(rng.integers(1 << 30))), (1, 9), 0)
    cover = 0.45 + 0.55 * level
    hair = colour + 34 * strands[..., None]
    drawing.add(area, 0.03 * strands, np.clip(hair, 0, 255), shadow=0, opacity=cover)
    return worn(scene, drawing.finished(shade=0.15, blur=0.02), (0, 0), fades=True)


def hat(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A woollen cap, deeper over the forehead as the level grows."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    colour = np.asarray(rng.choice(np.asarray(_HATS)), np.float32)
    middle = float(shape[[0, 16], 0].mean())
    half = float(shape[16, 0] - shape[0, 0]) / 2 + 0.28
    rim = -0.8 + 0.5 * level
    top = np.maximum(ellipse(x, y, (middle, rim + 0.1), (half, 1.2)), y - rim)
    bulge = 0.7 * np.sqrt(np.clip(1 - ((x - middle) / half) ** 2, 0, 1))
    knit = (
        0.012
        * np.sin(60 * np.arcsin(np.clip((x - middle) / half, -1, 1)))
        * (1 + 0.4 * np.sin(40 * y))
    )
    drawing.add(top, bulge + knit, colour)
    bow = rim - 0.12 + 0.10 * (1 - ((x - middle) / half) ** 2)
    cuff = np.maximum(np.abs(y - bow) - 0.17, np.abs(x - middle) - half)
    ribs = 0.02 * np.sin(46 * np.arcsin(np.clip((x - middle) / half, -1, 1)))
    drawing.add(cuff, bulge + ribs + round_height(cuff, 0.08), colour * 1.12)
    return worn(scene, drawing.finished(shade=0.5, reach=0.1), (0.0, -1.5))


def _canvas(scene: Scene) -> Drawing:
    return Drawing(scene.light, -1.6, -1.9, 3.2, 4.0)


def _jaws(shape: Floats) -> tuple[Floats, Floats]:
    """Return the left and the right edge of the face from the ear down to the chin."""
    return shape[0:9] * (1.04, 1.0), shape[16:7:-1] * (1.04, 1.0)


def _pleat_rows(top: float, jaw: Floats) -> list[float]:
    bottom = float(jaw[:, 1].max()) if len(jaw) else top + 0.5
    return [top + (bottom - top) * share for share in (0.2, 0.42, 0.64)]


def _pleat(distance: Values) -> Floats:
    """A fold: a soft rise from above and a sharp edge below."""
    return np.asarray(np.exp(-((distance / 0.09) ** 2)) * (distance < 0), np.float32)


def _glasses(
    scene: Scene,
    scale: float,
    tint: Floats,
    density: float,
    frame: tuple[int, int, int],
    thickness: float,
    mirror: float = 0.0,
) -> Sprite:
    """Draw glasses that fit the eyes: lenses of a `tint` and `density`, and their frame."""
    drawing, shape = _canvas(scene), scene.shape
    x, y = drawing.x, drawing.y
    centres = [shape[36:42].mean(axis=0), shape[42:48].mean(axis=0)]
    half = np.array([0.30, 0.235]) * scale
    for centre, ear, side in zip(centres, (shape[0], shape[16]), (-1, 1), strict=True):
        middle = centre + np.array([0.02 * side, 0.04])
        hinge = (middle[0] + side * half[0], middle[1] - half[1] * 0.5)
        arm = capsule(x, y, hinge, (ear[0], ear[1] - 0.1), thickness * 0.8 + 0.012)
        drawing.add(arm, round_height(arm, 0.03), frame, gloss=0.1)
        lens = box(x, y, middle, half, 0.16 * scale)
        drawing.add(lens, 0.10 * (x - middle[0]), tint, gloss=0.12, shadow=0, opacity=density)
        streak = np.abs(x - middle[0] + 0.55 * (y - middle[1]) + 0.06) - (0.05 + 0.42 * mirror)
        shine = 0.93 * mirror**0.5 if mirror else 0.13
        drawing.add(np.maximum(lens, streak), 0.0, (250, 252, 255), shadow=0, opacity=shine)
        rim = np.abs(lens) - thickness
        drawing.add(rim, round_height(rim, max(thickness, 0.02)), frame, gloss=0.15)
    left, right = (centre - np.array([0, 0.02]) for centre in centres)
    bridge = capsule(
        x, y, (left[0] + half[0], left[1]), (right[0] - half[0], right[1]), thickness + 0.012
    )
    drawing.add(bridge, round_height(bridge, 0.04), frame, gloss=0.15)
    return drawing.finished(shade=0.25, reach=0.04)
