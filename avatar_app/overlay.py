"""A verdict drawn into the picture it is about: a frame, the landmarks, and the reason."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.events import Flag, Severity, urgency
from avatar_app.types import Floats, Image, Verdict

SIDE = 512
"""Smallest height of what is drawn into: words must be readable."""

_COLOURS = {
    Severity.SEVERE: (232, 72, 72),
    Severity.MILD: (240, 160, 60),
    Severity.GATE: (200, 184, 80),
}
_POINT = (120, 220, 150)
_GROUND = (14, 17, 25)
_FRAME = 8
_LINE, _MARGIN = 24, 12
_MOST_LINES = 3


def overlay_size(height: int, width: int) -> tuple[int, int]:
    """Return (height, width) of what `draw_verdict` makes of a picture, both even."""
    scale = max(1.0, SIDE / height)
    return round(height * scale / 2) * 2, round(width * scale / 2) * 2


def draw_verdict(image: Image, verdict: Verdict | None) -> Image:
    """Return (H, W, 3) uint8 RGB, enlarged to `overlay_size`, with what was judged drawn in.

    Red flags as a frame with the worst one's colour and their reasons as lines at the bottom;
    landmarks as points. Without a verdict nothing is drawn.
    """
    height, width = overlay_size(*image.shape[:2])
    enlarged = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    drawn: Image = np.asarray(enlarged, np.uint8)
    if verdict is None:
        return drawn
    up = sorted(verdict.flags, key=urgency)
    if verdict.landmarks is not None:
        is_glitch = bool(up) and not up[0].is_gate
        colour = _COLOURS[up[0].severity] if is_glitch else _POINT
        _points(drawn, verdict.landmarks * (height / image.shape[0]), colour)
    if up:
        colour = _COLOURS[up[0].severity]
        drawn[:_FRAME] = drawn[-_FRAME:] = colour
        drawn[:, :_FRAME] = drawn[:, -_FRAME:] = colour
        lines = tuple(
            (f"{flag.name}  {reason_of(verdict, flag)}", _COLOURS[flag.severity])
            for flag in up[:_MOST_LINES]
        )
        words = _words(width - 2 * _FRAME, lines)
        drawn[-_FRAME - len(words) : -_FRAME, _FRAME:-_FRAME] = words
    return drawn


def reason_of(verdict: Verdict, flag: Flag) -> str:
    """Return why a flag is up, to a person; what raised it may have passed meanwhile."""
    return verdict.reasons.get(flag, "") or "many measures together"


def _points(drawn: Image, landmarks: Floats, colour: tuple[int, int, int]) -> None:
    for x, y in landmarks:
        cv2.circle(drawn, (round(float(x)), round(float(y))), 2, colour, -1, cv2.LINE_AA)


@lru_cache(maxsize=64)
def _words(width: int, lines: tuple[tuple[str, tuple[int, int, int]], ...]) -> Image:
    picture = Pictures.new("RGB", (width, _LINE * len(lines) + 8), _GROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(14)
    for row, (line, colour) in enumerate(lines):
        while len(line) > 2 and draw.textlength(line, font) > width - 2 * _MARGIN:
            line = line[:-2].rstrip() + "…"
        draw.text((_MARGIN, 4 + _LINE * row + _LINE / 2), line, colour, font, anchor="lm")
    return np.array(picture, np.uint8)
