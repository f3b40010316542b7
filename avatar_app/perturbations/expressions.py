"""Movements of the face itself, by bending the picture: mouth, teeth, tongue, eyelids."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.perturbations.drawing import Drawing, capsule, round_height
from avatar_app.perturbations.scene import Effect, Scene, moved, to_pixels
from avatar_app.types import Floats, Image

_EYES = (([36, 37, 38, 39], [36, 41, 40, 39]), ([42, 43, 44, 45], [42, 47, 46, 45]))
_CAVITY = (52, 16, 18)


def wide_mouth(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The jaw drops and the mouth stands open, further as the level grows."""
    return _mouth(scene, drop=0.75 * level, wide=0.0, teeth=0.35)


def teeth(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """A broad smile that bares the teeth."""
    return _mouth(scene, drop=0.09 + 0.11 * level, wide=0.10 + 0.12 * level, teeth=1.0)


def eyes_closed(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """Both eyelids sink, all the way at the highest level."""
    return _lids(scene, level, (0, 1))


def wink(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """One eyelid sinks, all the way at the highest level."""
    return _lids(scene, level, (int(rng.integers(2)),))


def tongue(scene: Scene, level: float, rng: np.random.Generator) -> Effect:
    """The mouth opens and the tongue comes out, down to the chin at the highest level."""
    opened = _mouth(scene, drop=0.16 + 0.22 * level, wide=-0.06, teeth=0.25)
    length = 0.18 + 0.55 * level
    drawing = Drawing(scene.light, -0.6, -0.3, 1.2, 1.6)
    x, y = drawing.x, drawing.y
    body = capsule(x, y, (0, -0.05), (0, length - 0.12), 0.20, 0.19)
    groove = 0.05 * np.exp(-((x / 0.035) ** 2)) * (y < length - 0.14)
    pink = (
        np.array([206, 96, 104], np.float32) * np.clip(0.7 + 0.5 * y / length, 0.6, 1.05)[..., None]
    )
    drawing.add(body, round_height(body, 0.15) - groove, pink, gloss=0.06)
    sprite = drawing.finished(shade=0.3, reach=0.05)

    def apply(image: Image, index: int, strength: float) -> Image:
        points = scene.points(index)
        image = opened(image, index, strength)
        inner = (points[62] + points[66]) / 2
        place = scene.places[index].copy()
        stretch = np.array([[1, 0, inner[0]], [0, max(strength, 0.05), inner[1] + 0.05]])
        whole = np.vstack((stretch, [0, 0, 1]))
        return sprite.laid(image, np.asarray(place @ whole, np.float32), min(1.0, 4 * strength))

    return apply


def _mouth(scene: Scene, drop: float, wide: float, teeth: float) -> Effect:
    def apply(image: Image, index: int, strength: float) -> Image:
        x, y = scene.grid(index)
        points = scene.points(index)
        left, right = points[48], points[54]
        middle = (left + right) / 2
        half = max(float(np.linalg.norm(right - left)) / 2, 0.1) * (1 + wide * strength)
        line = float((points[62, 1] + points[66, 1]) / 2)
        spread = wide * strength * np.exp(-((x - middle[0]) ** 2 / 0.5 + (y - line) ** 2 / 0.12))
        from_x = middle[0] + (x - middle[0]) * (1 - spread)
        below = y - line
        u = (x - middle[0]) / (half * 0.94 + 0.9 * np.clip(below - 0.03, 0, 1))
        open_by = drop * strength * np.sqrt(np.clip(1 - u * u, 0, 1))
        chin = float(points[8, 1]) - line
        fade = np.clip(1.6 - below / max(chin, 0.2), 0, 1)
        open_by = np.where(below > 0, open_by * np.minimum(1, 1.6 * fade), 0)
        gap = (below > 0) & (below < open_by)
        from_y = np.where(below > 0, np.maximum(y - open_by, line), y)
        bent = moved(image, *to_pixels(scene.places[index], from_x, from_y))
        return _with_cavity(bent, gap, below, open_by, u, teeth)

    return apply


def _with_cavity(
    image: Image, gap: np.ndarray, below: Floats, depth: Floats, u: Floats, teeth: float
) -> Image:
    """Fill the open mouth: dark inside, upper teeth along the lip, a tongue on the ground."""
    cover = cv2.GaussianBlur(gap.astype(np.float32), (0, 0), 0.8)[..., None]
    deep = np.clip(below / 0.25, 0, 1)
    inside = np.asarray(_CAVITY, np.float32) * (1.0 - 0.45 * deep)[..., None]
    bed = np.clip((below - 0.55 * depth) / 0.06, 0, 1) * np.clip(1.1 - np.abs(u) * 1.3, 0, 1)
    bed = (bed * (teeth < 0.9))[..., None]
    inside = inside + bed * (np.array([168, 78, 82]) - inside) * 0.75
    row = 0.02 + 0.13 * np.minimum(teeth, 1)
    rows = np.clip((row * (1 - 0.35 * u * u) - below) / 0.012, 0, 1) * (np.abs(u) < 0.86)
    if teeth > 0.9:
        lower = np.clip((below - depth + 0.09 * (1 - 0.4 * u * u)) / 0.012, 0, 1) * (
            np.abs(u) < 0.7
        )
        rows = np.maximum(rows, 0.92 * lower)
    gaps = 0.82 + 0.18 * np.clip(np.abs(np.sin(np.pi * 4.5 * u)) * 5, 0, 1)
    light = (1.02 - 0.35 * u * u) * gaps
    enamel = np.array([226, 220, 206], np.float32) * light[..., None]
    inside = inside + rows[..., None] * (enamel - inside)
    brightness = np.clip(float(image.mean()) / 110, 0.35, 1.0)
    mixed = image + cover * (inside * brightness - image)
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)


def _lids(scene: Scene, level: float, eyes: tuple[int, ...]) -> Effect:
    """Stretch the skin above each eye down over it."""

    def apply(image: Image, index: int, strength: float) -> Image:
        points = scene.points(index)
        x, y = scene.grid(index)
        from_y = y.copy()
        for eye in eyes:
            from_y = _lowered(from_y, x, y, points, eye, level * strength)
        return moved(image, *to_pixels(scene.places[index], x, from_y))

    return apply


def _lowered(
    from_y: Floats, x: Floats, y: Floats, points: Floats, eye: int, closed: float
) -> Floats:
    upper, lower = (points[rows] for rows in _EYES[eye])
    brow = float(points[17 + 5 * eye : 22 + 5 * eye, 1].mean()) + 0.12
    column = np.clip(x, upper[0, 0], upper[-1, 0])
    top = np.interp(column, upper[:, 0], upper[:, 1]) - 0.03
    end = np.interp(column, lower[:, 0], lower[:, 1])
    sinks = top + min(closed, 1.1) * (end - top)
    centre, half = (upper[0, 0] + upper[-1, 0]) / 2, (upper[-1, 0] - upper[0, 0]) / 2
    beside = np.clip(1.45 - np.abs(x - centre) / max(float(half), 0.05), 0, 0.45) / 0.45
    sinks = top + (sinks - top) * beside
    start = np.maximum(top - 0.16, np.minimum(brow, top - 0.06))
    share = np.clip((y - start) / np.maximum(sinks - start, 1e-3), 0, 1)
    stretched = start + share * (top - start)
    return np.asarray(
        np.where((y > start) & (y < sinks), from_y + stretched - y, from_y), np.float32
    )
