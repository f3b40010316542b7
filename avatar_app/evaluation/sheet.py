"""Pictures that show what the numbers mean: moments of clips, side by side, with labels."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.evaluation.clips import Take
from avatar_app.evaluation.files import write_whole
from avatar_app.types import Image

_CELL = 144
_GAP = 4
_GROUP_GAP = 14
_LABEL = 18
_MARGIN = 16
_TITLE = 30
_PAPER, _INK, _PALE = "#ffffff", "#1d1d1f", "#6e6e73"


@dataclass(frozen=True)
class Moment:
    """One column group of a row: what the driver does, and the pictures with a caption each."""

    label: str
    pictures: Sequence[tuple[str, Image]]


@dataclass(frozen=True)
class Row:
    """One row: its name, the picture it starts with, and its moments."""

    name: str
    start: tuple[str, Image]
    moments: Sequence[Moment]


def telling_moments(take: Take, count: int = 3) -> list[tuple[int, str]]:
    """Choose `count` frames in which the driver does most: indices into `take`, with a label.

    In this order: the widest turn, mouth, shut eyes, nod, tilt; each at least a few frames from
    the ones before, where the take is long enough.
    """
    found = [(i, look.signals) for i, look in enumerate(take.looks) if look is not None]
    still = found[0][1]
    ranked: list[tuple[str, Callable[[Mapping[str, float]], float]]] = [
        ("turned {yaw:+.0f}°", lambda s: abs(s["yaw"] - still["yaw"])),
        ("mouth open", lambda s: s["mouth"] - still["mouth"]),
        ("eyelids down", lambda s: still["eyes"] - s["eyes"]),
        ("nod {pitch:+.0f}°", lambda s: abs(s["pitch"] - still["pitch"])),
        ("tilted {roll:+.0f}°", lambda s: abs(s["roll"] - still["roll"])),
    ]
    apart = max(1, len(found) // 12)
    chosen: list[tuple[int, str]] = []
    for label, amount in ranked:
        free = [pair for pair in found if all(abs(pair[0] - i) >= apart for i, _ in chosen)]
        if free and len(chosen) < count:
            index, signals = max(free, key=lambda pair: amount(pair[1]))
            chosen.append((index, label.format(**signals)))
    return chosen


def draw_sheet(title: str, rows: Sequence[Row], path: Path) -> None:
    """Draw `rows` under `title` as a PNG file. Raises AvatarAppError where it cannot be written."""
    sheet = Pictures.new("RGB", (_width(rows), _height(rows)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN - 4), title, _INK, ImageFont.load_default(17))
    for number, row in enumerate(rows):
        _draw_row(sheet, pen, row, _MARGIN + _TITLE + number * _row_height())
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    write_whole(path, buffer.getvalue())


def _row_height() -> int:
    return 2 * _LABEL + _CELL + _GROUP_GAP


def _height(rows: Sequence[Row]) -> int:
    return 2 * _MARGIN + _TITLE + len(rows) * _row_height() - _GROUP_GAP


def _width(rows: Sequence[Row]) -> int:
    groups = [[1, *(len(moment.pictures) for moment in row.moments)] for row in rows]
    return 2 * _MARGIN + max(
        sum(group * (_CELL + _GAP) - _GAP for group in row) + _GROUP_GAP * (len(row) - 1)
        for row in groups
    )


def _draw_row(sheet: Pictures.Image, pen: ImageDraw.ImageDraw, row: Row, top: int) -> None:
    groups = [Moment(row.name, [row.start]), *row.moments]
    x = _MARGIN
    for moment in groups:
        pen.text((x, top), _shortened(moment.label), _INK, ImageFont.load_default(13))
        for caption, image in moment.pictures:
            pen.text((x, top + _LABEL), caption, _PALE, ImageFont.load_default(11))
            cell = Pictures.fromarray(np.ascontiguousarray(image))
            cell = cell.resize((_CELL, _CELL), Pictures.Resampling.LANCZOS)
            sheet.paste(cell, (x, top + 2 * _LABEL))
            x += _CELL + _GAP
        x += _GROUP_GAP - _GAP


def _shortened(label: str, length: int = 22) -> str:
    return label if len(label) <= length else f"{label[: length - 3]}..."
