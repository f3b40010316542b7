"""Pictures that show what the numbers mean: moments of clips, side by side, with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.evaluation.clips import Take
from avatar_app.face_signals import SIGNALS
from avatar_app.files import whole, write_errors
from avatar_app.types import Image

_CELL = 144
_GAP = 4
_GROUP_GAP = 14
_LABEL = 18
_MARGIN = 16
_TITLE = 30
_LONGEST = 22  # letters of a label
_MOMENTS = 3
# Kinds of movement in the order of their interest: label, signal, direction, least visible amount.
_KINDS = (
    ("turned {:+.0f}°", "yaw", 0, 5.0),
    ("mouth open", "mouth", 1, 0.04),
    ("eyelids down", "eyes", -1, 0.025),
    ("nod {:+.0f}°", "pitch", 0, 5.0),
    ("tilted {:+.0f}°", "roll", 0, 4.0),
)
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


def telling_moments(take: Take) -> list[tuple[int, str]]:
    """Choose three frames in which the driver does most: indices into `take`, with a label.

    Each is the extreme of one kind of movement, where that is large enough to be seen, and stands
    apart from the others; what is missing is filled up evenly. Fewer where the take is shorter.
    """
    found = [(index, look.signals) for index, look in enumerate(take.looks) if look is not None]
    middle = {name: float(np.median([signals[name] for _, signals in found])) for name in SIGNALS}
    apart = max(1, len(found) // 12)
    chosen: list[tuple[int, str]] = []
    for label, name, direction, visible in _KINDS:
        free = [pair for pair in found if all(abs(pair[0] - i) >= apart for i, _ in chosen)]
        ranked = sorted(free, key=lambda pair: _amount(pair[1][name] - middle[name], direction))
        if ranked and len(chosen) < _MOMENTS:
            index, signals = ranked[-1]
            if _amount(signals[name] - middle[name], direction) >= visible:
                chosen.append((index, label.format(signals[name])))
    spread = np.linspace(0, len(found) - 1, _MOMENTS + 2).astype(int)
    rest = [found[place][0] for place in (*spread[1:-1], *range(len(found)))]
    for index in rest:
        if len(chosen) < _MOMENTS and index not in [i for i, _ in chosen]:
            chosen.append((index, f"frame {take.numbers[index]}"))
    return chosen


def _amount(difference: float, direction: int) -> float:
    """How far a signal goes in a direction, 1 or -1; in either where it is 0."""
    return direction * difference if direction else abs(difference)


def draw_sheet(title: str, rows: Sequence[Row], path: Path) -> None:
    """Draw `rows` under `title` as a PNG file. Raises AvatarAppError where it cannot be written."""
    sheet = Pictures.new("RGB", (_width(rows), _height(rows)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN - 4), title, _INK, ImageFont.load_default(17))
    for number, row in enumerate(rows):
        _draw_row(sheet, pen, row, _MARGIN + _TITLE + number * _row_height())
    with whole(path) as part, write_errors(path):
        sheet.save(part, "PNG", optimize=True)


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


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 3]}..."
