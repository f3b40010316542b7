"""A recorded session as one video for others: driver and avatar side by side, flags drawn in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.events import Marked, urgency
from avatar_app.overlay import COLOURS, Colour, draw_frame
from avatar_app.progress import Progress, silent
from avatar_app.provenance import label_tags
from avatar_app.recording import Session
from avatar_app.reports import Span, spans
from avatar_app.types import AvatarAppError, Frame, Image
from avatar_app.video import VideoReader, VideoWriter, check_output

_HEIGHT = 480  # of the pictures
_STRIP = 84  # pixels below them: words, and the whole session as a line
_MARGIN, _LINE = 20, 10
_FRAME = 6
_RATE = 30.0

_GROUND, _TRACK, _PLAYED = (14, 17, 25), (44, 52, 74), (108, 122, 155)
_INK, _FAINT, _MARK = (235, 238, 245), (139, 148, 168), (120, 190, 255)


def export_session(session: Session, output: Path, progress: Progress = silent) -> Path:
    """Write a session as one video: driver and avatar side by side, below them what was wrong.

    A frame around the avatar shows that a flag was up. Raises AvatarAppError where the session
    holds no picture yet, or the file cannot be written.
    """
    check_output(output)
    if output.resolve().parent == session.path.resolve():
        raise AvatarAppError(f"{output} lies in the session itself; choose another folder")
    seconds, events = session.seconds, session.events()
    film = _Film(spans(events, seconds), [e.time for e in events if isinstance(e, Marked)], seconds)
    writer: VideoWriter | None = None
    with VideoReader(session.avatar_video) as reader:
        pairs = _pairs(reader, session)
        first = next(pairs)
        picture = film.picture(*first)
        height, width = picture.shape[:2]
        with VideoWriter(
            output, width, height, _RATE, tags=label_tags(session.info.model)
        ) as writer:
            writer.write(picture, first[0].time)
            for avatar, driver in pairs:
                writer.write(film.picture(avatar, driver), avatar.time)
                progress(avatar.time, seconds, "seconds")
    return output


def _pairs(reader: VideoReader, session: Session) -> Iterator[tuple[Frame, Frame | None]]:
    """Yield the avatar's pictures, each with the driver's where there are any."""
    if session.driver_video is None:
        for avatar in reader:
            yield avatar, None
        return
    with VideoReader(session.driver_video) as drivers:
        # Of a session that was cut off, one video may be a little longer.
        yield from zip(reader, drivers, strict=False)


class _Film:
    """Draws the pictures of one session."""

    def __init__(self, flags: list[Span], marks: list[float], seconds: float) -> None:
        # Drawn in this order, so that the worst is on top.
        self._spans = sorted(flags, key=lambda span: -urgency(span.flag))
        self._marks = marks
        self._seconds = max(seconds, 1e-3)

    def picture(self, avatar: Frame, driver: Frame | None) -> Image:
        """Return (height, width, 3) for this moment."""
        up = [span for span in self._spans[::-1] if span.begin <= avatar.time <= span.end]
        shown = _scaled(avatar.image)
        faults = [span for span in up if not span.flag.is_gate]
        if faults:
            draw_frame(shown, COLOURS[faults[0].flag.severity], _FRAME)
        parts = [shown] if driver is None else [_scaled(driver.image), shown]
        above = np.concatenate(parts, axis=1)
        strip = self._strip(above.shape[1], avatar.time, up)
        return np.concatenate([above, strip], axis=0)

    def _strip(self, width: int, time: float, up: list[Span]) -> Image:
        strip = _words(width, tuple(_sentences(up)), _clock(time, self._seconds)).copy()
        top = _STRIP - _MARGIN - _LINE // 2
        self._draw(strip, width, top, 0.0, self._seconds, _TRACK)
        self._draw(strip, width, top, 0.0, time, _PLAYED)
        for span in self._spans:
            self._draw(strip, width, top, span.begin, span.end, COLOURS[span.flag.severity])
        for mark in self._marks:
            self._draw(strip, width, top - 4, mark, mark, _MARK, _LINE + 8)
        self._draw(strip, width, top - 4, time, time, _INK, _LINE + 8)
        return strip

    def _draw(
        self,
        strip: Image,
        width: int,
        top: int,
        begin: float,
        end: float,
        colour: Colour,
        height: int = _LINE,
    ) -> None:
        scale = (width - 2 * _MARGIN) / self._seconds
        left = _MARGIN + round(begin * scale)
        right = max(left + 2, _MARGIN + round(min(end, self._seconds) * scale))
        strip[top : top + height, left:right] = colour


def _sentences(up: list[Span]) -> Iterator[tuple[str, Colour]]:
    for span in up[:2]:
        words = span.flag.sentence
        if span.reason:
            words = f"{words.rstrip('.')}: {' '.join(span.reason.split())}"
        yield words, COLOURS[span.flag.severity]
    if len(up) > 2:
        yield f"and {len(up) - 2} more", _FAINT


def _clock(time: float, seconds: float) -> str:
    return f"{time:.1f} / {seconds:.1f} s"


def _scaled(image: Image) -> Image:
    scale = _HEIGHT / image.shape[0]
    # Even sides are what every player can show.
    size = (round(image.shape[1] * scale / 2) * 2, _HEIGHT)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


@lru_cache(maxsize=64)
def _words(width: int, sentences: tuple[tuple[str, Colour], ...], clock: str) -> Image:
    """Draw what is written below the pictures, (_STRIP, width, 3)."""
    picture = Pictures.new("RGB", (width, _STRIP), _GROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(17)
    draw.text((width - _MARGIN, 18), clock, _FAINT, font, anchor="rm")
    room = width - 2 * _MARGIN - draw.textlength(clock, font) - _MARGIN
    x = float(_MARGIN)
    for sentence, colour in sentences:
        sentence = sentence[:width]  # no letter is narrower than a pixel
        while sentence and x - _MARGIN + draw.textlength(sentence, font) > room:
            sentence = sentence[:-2].rstrip(" .") + "…" if len(sentence) > 2 else ""
        draw.text((x, 18), sentence, colour, font, anchor="lm")
        x += draw.textlength(sentence, font) + _MARGIN
    return np.array(picture, np.uint8)
