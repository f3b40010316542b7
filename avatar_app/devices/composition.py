"""What is sent to others: the avatar on a soft background, the label, and the card."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.types import Image

AI_LABEL = "AI avatar"
CAMERA_LABEL = "camera, no avatar"

_DIM = 0.45  # of the background, so that nobody looks at it
_TINY = 24  # pixels of the background's shorter side before it is enlarged: nothing can be read
_INK, _FAINT = (235, 238, 245), (139, 148, 168)
_FIGURE = (44, 52, 74)
_TOP, _BOTTOM = (24, 28, 40), (12, 14, 20)


def compose(image: Image, height: int, width: int, label: str = "", mirror: bool = False) -> Image:
    """Put `image` (H, W, 3) as large as it fits into (height, width, 3), with a label or without.

    What it does not fill shows the picture again, enlarged, blurred and dark. `mirror` turns the
    picture, never the label.
    """
    scale = min(height / image.shape[0], width / image.shape[1])
    inner = (round(image.shape[1] * scale), round(image.shape[0] * scale))  # width, height
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(image, inner, interpolation=how), np.uint8)
    if inner == (width, height):
        whole = picture
    else:
        whole = _background(image, height, width)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        whole[top : top + inner[1], left : left + inner[0]] = picture
    if mirror:
        whole = np.ascontiguousarray(whole[:, ::-1])
    if label:
        _stamp(whole, label)
    return whole


@lru_cache(maxsize=8)
def card(height: int, width: int, sentence: str) -> Image:
    """Draw the picture that is sent instead of the avatar: (height, width, 3), read-only."""
    shade = np.linspace(0, 1, height)[:, None, None]
    ground = (1 - shade) * np.array(_TOP) + shade * np.array(_BOTTOM)
    ground = np.broadcast_to(ground, (height, width, 3)).astype(np.uint8)
    picture = Pictures.fromarray(ground)
    draw = ImageDraw.Draw(picture)
    middle, unit = (width // 2, height // 2), height / 20
    x, y, head = middle[0], middle[1] - 3.4 * unit, 1.6 * unit
    draw.ellipse((x - head, y - head, x + head, y + head), fill=_FIGURE)
    y = middle[1] + 2.6 * unit
    draw.chord((x - 2 * head, y - 2 * head, x + 2 * head, y + 2 * head), 180, 360, fill=_FIGURE)
    draw.text(
        (middle[0], middle[1] + 5 * unit),
        sentence,
        _INK,
        ImageFont.load_default(unit),
        anchor="mm",
    )
    draw.text(
        (middle[0], middle[1] + 6.6 * unit),
        "avatar_app",
        _FAINT,
        ImageFont.load_default(unit * 0.7),
        anchor="mm",
    )
    drawn = np.array(picture, np.uint8)
    drawn.flags.writeable = False
    return drawn


def _background(image: Image, height: int, width: int) -> Image:
    """Return the middle of `image`, in the wanted proportions, as a soft dark ground."""
    rows, columns = image.shape[:2]
    share = min(rows / height, columns / width)
    part_height, part_width = max(1, round(height * share)), max(1, round(width * share))
    top, left = (rows - part_height) // 2, (columns - part_width) // 2
    part = image[top : top + part_height, left : left + part_width]
    scale = _TINY / min(part_height, part_width)
    tiny = (max(1, round(part_width * scale)), max(1, round(part_height * scale)))
    small = cv2.GaussianBlur(cv2.resize(part, tiny, interpolation=cv2.INTER_AREA), (0, 0), 4.0)
    dim = (small * _DIM).astype(np.uint8)
    return np.asarray(cv2.resize(dim, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _stamp(whole: Image, label: str) -> None:
    """Draw the label into the lower left corner."""
    patch, alpha = _drawn_label(label, max(12, round(whole.shape[0] / 30)))
    margin = max(6, whole.shape[0] // 48)
    height, width = patch.shape[:2]
    if height + margin > whole.shape[0] or width + margin > whole.shape[1]:
        return
    at = whole[-margin - height : -margin, margin : margin + width]
    at[:] = (patch * alpha + at * (1 - alpha)).astype(np.uint8)


@lru_cache(maxsize=8)
def _drawn_label(label: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the label's colours (h, w, 3) and its opacity (h, w, 1) in [0, 1]."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(label)
    pad = size // 2
    box = (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad)
    picture = Pictures.new("RGB", box, (10, 12, 18))
    ImageDraw.Draw(picture).text((box[0] / 2, box[1] / 2), label, _INK, font, anchor="mm")
    shape = Pictures.new("L", box, 0)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, box[0] - 1, box[1] - 1), pad, fill=170)
    colours = np.asarray(picture, np.float32)
    opacity = np.asarray(shape, np.float32)[:, :, None] / 255
    # The letters themselves are opaque.
    ink = (colours.max(axis=2, keepdims=True) - 18) / (max(_INK) - 18)
    return colours, np.clip(np.maximum(opacity, ink * (opacity > 0)), 0, 1)
