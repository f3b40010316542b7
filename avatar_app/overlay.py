"""A verdict drawn into the picture it is about: a frame, the landmarks, and the reason or part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.events import Flag, Severity, urgency
from avatar_app.types import Floats, Image, Verdict

SIDE = 512
"""Smallest height of what is drawn into: words must be readable."""

Colour = tuple[int, int, int]

COLOURS: Mapping[Severity, Colour] = {
    Severity.SEVERE: (232, 72, 72),
    Severity.MILD: (240, 160, 60),
    Severity.GATE: (200, 184, 80),
}
"""Of what is drawn about a flag, (red, green, blue)."""
_POINT = (120, 220, 150)
_GROUND = (14, 17, 25)
_FRAME = 8
_LINE, _MARGIN = 24, 12
_MOST_LINES = 3
_LABEL, _LABEL_GAP = 28, 12  # height of a part's name, and its distance from the face

PLACES = {
    "brows": slice(17, 27),
    "eyes": slice(36, 48),
    "nose": slice(27, 36),
    "mouth": slice(48, 68),
    "left jaw": slice(2, 6),
    "right jaw": slice(11, 15),
    "chin": slice(6, 11),
}
"""The landmarks at each part of a face; left in the picture."""


def overlay_size(height: int, width: int) -> tuple[int, int]:
    """Return (height, width) of what `draw_verdict` makes of a picture, both even."""
    scale = max(1.0, SIDE / height)
    return round(height * scale / 2) * 2, round(width * scale / 2) * 2


def draw_verdict(image: Image, verdict: Verdict | None) -> Image:
    """Return (H, W, 3) uint8 RGB, enlarged to `overlay_size`, with what was judged drawn in.

    Red flags as a frame with the worst one's colour and their reasons as lines at the bottom;
    landmarks as points. Without a verdict nothing is drawn.
    """
    drawn, up = _marked(image, verdict)
    if verdict is not None and up:
        lines = tuple(
            (f"{flag.name}  {reason_of(verdict, flag)}", COLOURS[flag.severity])
            for flag in up[:_MOST_LINES]
        )
        words = _words(drawn.shape[1] - 2 * _FRAME, lines)
        drawn[-_FRAME - len(words) : -_FRAME, _FRAME:-_FRAME] = words
    return drawn


def draw_marks(image: Image, verdict: Verdict, parts: Sequence[str]) -> Image:
    """Return what `draw_verdict` does, but for the words: below it somebody else says them.

    The `parts` of the face that are meant, keys of `PLACES`, are named beside the face where there
    is room, so that nothing of it is hidden.
    """
    drawn, up = _marked(image, verdict)
    if verdict.landmarks is not None:
        points = verdict.landmarks * (len(drawn) / len(image))
        colour = COLOURS[up[0].severity] if up else _POINT
        lowest = _FRAME
        for part in sorted(parts, key=lambda part: float(points[PLACES[part], 1].mean())):
            lowest = _name_part(drawn, points, part, colour, lowest)
    return drawn


def reason_of(verdict: Verdict, flag: Flag) -> str:
    """Return why a flag is up, to a person; what raised it may have passed meanwhile."""
    return verdict.reasons.get(flag, "") or "many measures together"


def _marked(image: Image, verdict: Verdict | None) -> tuple[Image, list[Flag]]:
    """Return it enlarged, with frame and landmarks; and the flags that are up, worst first."""
    height, width = overlay_size(*image.shape[:2])
    enlarged = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    drawn: Image = np.asarray(enlarged, np.uint8)
    if verdict is None:
        return drawn, []
    up = sorted(verdict.flags, key=urgency)
    if verdict.landmarks is not None:
        is_glitch = bool(up) and not up[0].is_gate
        colour = COLOURS[up[0].severity] if is_glitch else _POINT
        _points(drawn, verdict.landmarks * (height / image.shape[0]), colour)
    if up:
        draw_frame(drawn, COLOURS[up[0].severity], _FRAME)
    return drawn, up


def draw_frame(drawn: Image, colour: Colour, width: int) -> None:
    """Draw a frame of so many pixels along the edges of a picture, into it."""
    drawn[:width] = drawn[-width:] = colour
    drawn[:, :width] = drawn[:, -width:] = colour


def _name_part(drawn: Image, points: Floats, part: str, colour: Colour, lowest: int) -> int:
    """Write a part's name beside the face, not above `lowest`; return where the next may begin."""
    words = _label(part, colour)
    height, width = (int(length) for length in words.shape[:2])
    left, right = (round(float(end)) for end in (points[:, 0].min(), points[:, 0].max()))
    is_left = left >= drawn.shape[1] - right
    at = left - _LABEL_GAP - width if is_left else right + _LABEL_GAP
    top = max(lowest, round(float(points[PLACES[part], 1].mean()) - height / 2))
    fits_across = _FRAME <= at <= drawn.shape[1] - _FRAME - width
    if not fits_across or top > len(drawn) - _FRAME - height:
        return lowest
    drawn[top : top + height, at : at + width] = words
    return top + height + 2


def _points(drawn: Image, landmarks: Floats, colour: Colour) -> None:
    for x, y in landmarks:
        cv2.circle(drawn, (round(float(x)), round(float(y))), 2, colour, -1, cv2.LINE_AA)


@lru_cache(maxsize=64)
def _words(width: int, lines: tuple[tuple[str, Colour], ...]) -> Image:
    picture = Pictures.new("RGB", (width, _LINE * len(lines) + 8), _GROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(14)
    for row, (line, colour) in enumerate(lines):
        while len(line) > 2 and draw.textlength(line, font) > width - 2 * _MARGIN:
            line = line[:-2].rstrip() + "…"
        draw.text((_MARGIN, 4 + _LINE * row + _LINE / 2), line, colour, font, anchor="lm")
    return np.array(picture, np.uint8)


@lru_cache(maxsize=64)
def _label(words: str, colour: Colour) -> Image:
    font = ImageFont.load_default(20)
    width = round(font.getlength(words)) + _MARGIN
    picture = Pictures.new("RGB", (width, _LABEL), colour)
    ImageDraw.Draw(picture).text((_MARGIN / 2, _LABEL / 2), words, _GROUND, font, anchor="lm")
    return np.array(picture, np.uint8)
