"""Things drawn once and laid over many frames: shaded from a height field, with soft edges.

Shapes are signed distances: negative inside, in the drawing's own units, (h, w) float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.perturbations.scene import rounded
from avatar_app.types import Floats, Image

Points = npt.ArrayLike
Values = npt.NDArray[np.floating[Any]]
"""Numbers on the grid of a drawing, (h, w)."""

_AMBIENT = 0.5
_CONTACT_SHADOW = 0.35


@dataclass(frozen=True, eq=False)
class Sprite:
    """A finished drawing: `rgba` (h, w, 4) float32, colours times alpha, and where it stands.

    `density` pixels a unit; `origin` is the pixel of the point (0, 0). `shade` (h, w) is the share
    of light it takes from what lies below.
    """

    rgba: Floats
    shade: Floats
    density: float
    origin: tuple[float, float]

    def laid(self, image: Image, place: Floats, opacity: float) -> Image:
        """Lay it over `image` where `place`, (2, 3), puts its coordinates in pixels."""
        if opacity <= 0:
            return image
        into = np.asarray(place, np.float64).copy()
        into[:, :2] /= self.density
        into[:, 2] -= into[:, :2] @ np.asarray(self.origin)
        size = image.shape[1], image.shape[0]
        layer = cv2.warpAffine(self.rgba, into, size, flags=cv2.INTER_LINEAR)
        shade = cv2.warpAffine(self.shade, into, size, flags=cv2.INTER_LINEAR)
        keep = (1 - opacity * layer[..., 3:]) * (1 - opacity * shade[..., None])
        return rounded(np.asarray(image * keep + opacity * layer[..., :3], np.float32))


class Drawing:
    """A canvas of `width` x `height` units around (0, 0), lit from `light`."""

    def __init__(
        self,
        light: Floats,
        left: float,
        top: float,
        width: float,
        height: float,
        density: float = 110.0,
    ) -> None:
        self._light = light
        self._density = density
        self._origin = (-left * density, -top * density)
        shape = (int(height * density), int(width * density))
        self.x = np.broadcast_to(
            (np.arange(shape[1], dtype=np.float32) / density + left)[None], shape
        )
        self.y = np.broadcast_to(
            (np.arange(shape[0], dtype=np.float32) / density + top)[:, None], shape
        )
        self._rgb = np.zeros((*shape, 3), np.float32)
        self._alpha = np.zeros(shape, np.float32)

    def add(
        self,
        distance: Values,
        height: Values | float,
        colour: Points,
        gloss: float = 0.0,
        shadow: float = _CONTACT_SHADOW,
        opacity: float = 1.0,
    ) -> None:
        """Draw a shape over what is there: its relief `height` in units, its colour, its gloss.

        `colour` is (3,) or (h, w, 3) in [0, 255].
        """
        cover = opacity * np.clip(0.5 - distance * self._density, 0, 1)
        relief = np.broadcast_to(np.asarray(height, np.float32), distance.shape)
        shaded = self._shaded(relief, np.asarray(colour, np.float32), gloss)
        if shadow:
            dark = cv2.GaussianBlur(cover, (0, 0), 0.05 * self._density)
            self._rgb *= 1 - shadow * dark[..., None]
        cover = np.asarray(cover, np.float32)
        self._rgb += cover[..., None] * (shaded - self._rgb)
        self._alpha += cover * (1 - self._alpha)

    def strand(self, line: Values, colour: Floats, width: float) -> None:
        """Draw a lock of hair along `line` (n, 2): `width` at the root, a point at the end."""
        pixels = np.round((line * self._density + self._origin) * 16).astype(np.int32)
        mask = np.zeros(self._alpha.shape, np.uint8)
        left, top = np.maximum(pixels.min(axis=0) // 16 - 12, 0)
        right, bottom = pixels.max(axis=0) // 16 + 12
        for number, (start, end) in enumerate(pairwise(pixels)):
            share = 1 - number / (len(pixels) - 1)
            thick = max(1, round(width * self._density * share))
            cv2.line(mask, tuple(start), tuple(end), 255, thick, cv2.LINE_AA, 4)
        part = np.s_[top:bottom, left:right]
        cover = mask[part].astype(np.float32) / 255
        dark = cv2.GaussianBlur(cover, (0, 0), 2.5)[..., None]
        below = self._rgb[part] * (1 - 0.25 * dark)
        self._rgb[part] = below + cover[..., None] * (np.clip(colour, 0, 255) - below)
        self._alpha[part] += cover * (1 - self._alpha[part])

    def finished(self, shade: float = 0.35, reach: float = 0.07, blur: float = 0.01) -> Sprite:
        """Return the sprite; it darkens what is within `reach` of it by up to `shade`."""
        premultiplied = np.dstack((self._rgb * self._alpha[..., None], self._alpha))
        soft = cv2.GaussianBlur(premultiplied, (0, 0), max(0.3, blur * self._density))
        dark = cv2.GaussianBlur(self._alpha, (0, 0), reach * self._density)
        drop = np.array(
            [
                [1, 0, -self._light[0] * reach * self._density * 0.7],
                [0, 1, reach * self._density * 0.5],
            ]
        )
        dark = cv2.warpAffine(dark, drop, (dark.shape[1], dark.shape[0]))
        return Sprite(
            np.asarray(soft, np.float32),
            np.asarray(shade * dark, np.float32),
            self._density,
            self._origin,
        )

    def _shaded(self, relief: Floats, colour: Floats, gloss: float) -> Floats:
        steep = relief * self._density
        right = cv2.Sobel(steep, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        down = cv2.Sobel(steep, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        length = np.sqrt(right * right + down * down + 1)
        toward = (self._light[2] - right * self._light[0] - down * self._light[1]) / length
        lit = _AMBIENT + (1 - _AMBIENT) * np.maximum(toward, 0) / self._light[2]
        shaded = colour * lit[..., None]
        if gloss:
            shaded = shaded + 255 * gloss * np.maximum(toward, 0)[..., None] ** 24
        return np.asarray(np.clip(shaded, 0, 255), np.float32)


def capsule(
    x: Values, y: Values, start: Points, end: Points, radius: float, end_radius: float | None = None
) -> Floats:
    """Distance to a finger: a line with round ends that tapers from `radius` to `end_radius`."""
    (ax, ay), (bx, by) = np.asarray(start, np.float32), np.asarray(end, np.float32)
    along_x, along_y = bx - ax, by - ay
    square = max(float(along_x**2 + along_y**2), 1e-9)
    t = np.clip(((x - ax) * along_x + (y - ay) * along_y) / square, 0, 1)
    width = radius + t * ((radius if end_radius is None else end_radius) - radius)
    return np.asarray(np.hypot(x - ax - t * along_x, y - ay - t * along_y) - width, np.float32)


def ellipse(x: Values, y: Values, centre: Points, radii: Points) -> Floats:
    """Distance, nearly, to an ellipse."""
    (cx, cy), (rx, ry) = np.asarray(centre, np.float32), np.asarray(radii, np.float32)
    return np.asarray((np.hypot((x - cx) / rx, (y - cy) / ry) - 1) * min(rx, ry), np.float32)


def box(x: Values, y: Values, centre: Points, half: Points, corner: float) -> Floats:
    """Distance to a rectangle with round corners; `half` are half its sides."""
    (cx, cy), (hx, hy) = np.asarray(centre, np.float32), np.asarray(half, np.float32)
    over_x = np.abs(x - cx) - hx + corner
    over_y = np.abs(y - cy) - hy + corner
    outside = np.hypot(np.maximum(over_x, 0), np.maximum(over_y, 0))
    return np.asarray(outside + np.minimum(np.maximum(over_x, over_y), 0) - corner, np.float32)


def polygon(x: Values, y: Values, corners: Points) -> Floats:
    """Distance to a polygon (n, 2), from a mask of the grid x, y."""
    step = float(x[0, 1] - x[0, 0])
    corner = np.array([x[0, 0], y[0, 0]])
    pixels = (np.asarray(corners, np.float64) - corner) / step
    mask = np.zeros(x.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, shift=4)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
    return np.asarray((outside - inside) * step, np.float32)


def round_height(distance: Values, radius: float) -> Floats:
    """Height of a body whose outline is `distance` and which is round to a depth of `radius`."""
    depth = np.clip(-distance / radius, 0, 1)
    return np.asarray(radius * np.sqrt(depth * (2 - depth)), np.float32)


def mottled(shape: tuple[int, ...], grain: float, seed: int) -> Floats:
    """Smooth noise (h, w) with standard deviation 1 and blotches of about `grain` pixels."""
    small = (max(2, int(shape[0] / grain)), max(2, int(shape[1] / grain)))
    noise = np.random.default_rng(seed).normal(size=small).astype(np.float32)
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def turned(angle: float, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """(2, 3): a turn clockwise in degrees, a scale and a shift."""
    sine, cosine = np.sin(np.radians(angle)) * scale, np.cos(np.radians(angle)) * scale
    return np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]], np.float32)


def after(outer: Floats, inner: Floats) -> Floats:
    """(2, 3): first `inner`, then `outer`."""
    whole = np.vstack((inner, [0, 0, 1]))
    return np.asarray(outer @ whole, np.float32)
