"""A head with depth, cast from one picture: turned, it hides one cheek and shows the other side.

Every pixel of the turned picture is followed back: along its line of sight to the surface of a
skull with the relief of a face, back by the turn, and straight down onto the clip's own picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from avatar_app.perturbations.envelope import fading
from avatar_app.perturbations.scene import Effect, Scene, moved, rounded, to_pixels
from avatar_app.types import Floats, Image

# Of a head with hair, in distances of the eyes' outer corners (9 cm in adults).
_MIDDLE = (0.0, 0.20)
_RADII = (1.15, 1.50, 1.25)
_DEPTH_PER_WIDTH = 1.12  # of a cross-section of the head
_ROWS, _HALF = np.linspace(-1.8, 2.2, 61, dtype=np.float32), 1.7
_INWARD = 0.86  # what lies behind the ears is taken from before them
_NECK = (1.05, 1.90)  # a nod fades from the chin to where the ellipsoid ends
_COLLAR = (1.05, 1.60)  # a turn above the shoulders, which it would fold
_ROUNDS, _DAMPING = 6, 0.6
_EDGE = 0.12  # of the ellipsoid's outline, faded

# What stands out of the ellipsoid: landmark (or the mean of some), height, reach across and down.
_RELIEF = (
    ((30,), 0.26, 0.14, 0.17),  # tip of the nose
    ((27, 28, 29), 0.13, 0.10, 0.24),  # its bridge
    (tuple(range(36, 42)), -0.10, 0.19, 0.13),  # sockets
    (tuple(range(42, 48)), -0.10, 0.19, 0.13),
    ((19, 24), 0.04, 0.5, 0.10),  # brows
    ((51, 57), 0.08, 0.26, 0.16),  # lips
    ((8, 8, 57), 0.12, 0.24, 0.18),  # chin
    ((2, 31), -0.05, 0.2, 0.25),  # hollows of the cheeks
    ((14, 35), -0.05, 0.2, 0.25),
)

Angles = Callable[[float], tuple[float, float]]
"""Of a strength in [0, 1]: degrees of yaw and pitch; positive turns to the picture's left, up."""


def turned_head(scene: Scene, angles: Angles) -> Effect:
    """Turn the head by `angles`, with the background behind it filled in; the shoulders stay."""
    head = _Head(scene)

    def apply(image: Image, index: int, strength: float) -> Image:
        yaw, pitch = (float(np.radians(angle)) for angle in angles(strength))
        x, y = scene.grid(index)
        from_x, from_y, weight = head.seen_from(x, y, yaw, pitch)
        at = to_pixels(scene.places[index], from_x, from_y)
        turned = moved(image, *at).astype(np.float32)
        cover = cv2.remap(scene.person(index), *at, cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)[..., None]  # fmt: skip
        # Below the chin background and body are not told apart: both stay where they are.
        behind = np.where((y < _NECK[0])[..., None], scene.background, image)
        new = behind + cover * (turned - behind)
        return rounded(np.asarray(image + weight[..., None] * (new - image), np.float32))

    return apply


@dataclass(frozen=True, eq=False)
class _Head:
    scene: Scene

    @cached_property
    def _bumps(self) -> list[tuple[float, float, float, float, float]]:
        """Height, place and reach of each part of the relief, where this face has it."""
        found = []
        for points, height, across, down in _RELIEF:
            at_x, at_y = self.scene.shape[list(points)].mean(axis=0)
            found.append((height, float(at_x), float(at_y), across, down))
        return found

    def seen_from(
        self, x: Floats, y: Floats, yaw: float, pitch: float
    ) -> tuple[Floats, Floats, Floats]:
        """Return where (H, W) what is seen at face coordinates x, y was before the turn.

        And the weight in [0, 1] of it: 0 beside the head, where nothing turns.
        """
        hold = fading(y, *(_NECK if pitch else _COLLAR))
        u, v = x - _MIDDLE[0], y - _MIDDLE[1]
        sine, cosine = np.sin(yaw * hold), np.cos(yaw * hold)
        sine_p, cosine_p = np.sin(pitch * hold), np.cos(pitch * hold)
        radii: tuple[Floats | float, float, Floats | float] = _RADII
        if not pitch:  # every row turns in itself: as wide as the head is there
            u, half = self._section(x, y)
            radii = half, np.inf, half * _DEPTH_PER_WIDTH
        # A point (u, v, w) of the turned head was at `foot + w * sight`.
        foot = (u * cosine + v * sine_p * sine, v * cosine_p, u * sine - v * sine_p * cosine)
        sight = (-sine * cosine_p, sine_p, cosine * cosine_p)
        scaled_foot = [part / radius for part, radius in zip(foot, radii, strict=True)]
        scaled_sight = [part / radius for part, radius in zip(sight, radii, strict=True)]
        a = sum(part * part for part in scaled_sight)
        b = sum(one * other for one, other in zip(scaled_foot, scaled_sight, strict=True))
        c = sum(part * part for part in scaled_foot)
        outline = b * b - a * (c - 1)
        relief = np.zeros_like(x)
        for _ in range(_ROUNDS):
            depth = (-b + np.sqrt(np.maximum(b * b - a * (c - np.square(1 + relief)), 0))) / a
            from_u, from_w = foot[0] + depth * sight[0], foot[2] + depth * sight[2]
            from_y = foot[1] + depth * sight[1] + _MIDDLE[1]
            front = np.clip(2 * from_w, 0, 1)
            bumps = self._relief(from_u + x - u, from_y) / radii[2]
            relief += _DAMPING * (front * bumps - relief)
        if not pitch:
            from_u *= _INWARD + (1 - _INWARD) * np.clip(from_w / (0.5 * radii[0]), 0, 1)
        weight = np.clip(outline / (_EDGE * a), 0, 1) * np.minimum(1, 8 * hold)
        return (
            np.asarray(from_u + x - u, np.float32),
            np.asarray(from_y, np.float32),
            np.asarray(weight, np.float32),
        )

    @cached_property
    def _sections(self) -> tuple[Floats, Floats]:
        """Return the middle and half the width of the driver at the heights `_ROWS`."""
        scene = self.scene
        across = np.linspace(-_HALF, _HALF, 121, dtype=np.float32)
        x, y = np.meshgrid(across, _ROWS)
        place = scene.places[scene.reference]
        inside = cv2.remap(scene.person(scene.reference), *to_pixels(place, x, y),
                           cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        total = np.maximum(inside.sum(axis=1), 1e-3)
        half = np.clip(total * (across[1] - across[0]) / 2, 0.05, _HALF)
        middle = np.where(half > 0.3, (inside * across).sum(axis=1) / total, 0)
        both = np.stack((middle, half), axis=1).astype(np.float32)
        soft = np.asarray(cv2.GaussianBlur(both, (1, 9), 0, sigmaY=1.5), np.float32)
        return soft[:, 0], soft[:, 1]

    def _section(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return x from the middle of the head at the height of y, and half its width there."""
        middle, half = (np.interp(y, _ROWS, values) for values in self._sections)
        return np.asarray(x - middle, np.float32), np.asarray(half, np.float32)

    def _relief(self, x: Floats, y: Floats) -> Floats:
        """Return the height of the relief at source coordinates."""
        total = np.zeros_like(x)
        for height, at_x, at_y, across, down in self._bumps:
            far = np.square((x - at_x) / across) + np.square((y - at_y) / down)
            total += height * np.exp(-far)
        return np.asarray(total, np.float32)
