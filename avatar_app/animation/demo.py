"""The main job on the files that travel with the app, shown as a strip of pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app import settings
from avatar_app.animation.job import animate
from avatar_app.animation.report import Stats
from avatar_app.files import whole, write_errors
from avatar_app.progress import Progress, silent
from avatar_app.types import AvatarAppError, Image, Rendered

_INK, _PAPER, _FAINT = (32, 34, 40), (250, 250, 248), (120, 124, 132)
_CELL, _GAP, _MARGIN, _LABELS, _HEADER = 256, 12, 24, 116, 40


@dataclass(frozen=True)
class Demo:
    """What `demo` left behind."""

    video: Path
    strip: Path
    stats_json: Path
    stats: Stats


def demo(
    out_dir: Path,
    *,
    avatar: str = "kenji",
    model: str | Path = "fomm-mini",
    device: str = "auto",
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda sentence: None,
) -> Demo:
    """Animate a bundled avatar with the bundled clip into `out_dir`.

    Writes demo.mp4, strip.png (a row a moment: source, driver, rendered) and stats.json. Raises
    AvatarAppError as `animate` does.
    """
    driving = settings.bundled("assets", "demo", "webcam.mp4")
    moments = _moments(driving.with_suffix(".json"))
    shown: dict[str, Rendered] = {}

    def keep(rendered: Rendered) -> None:
        if rendered.driving.index in moments:
            shown[moments[rendered.driving.index]] = rendered

    stats_json = out_dir / "stats.json"
    animation = animate(
        avatar,
        driving,
        out_dir / "demo.mp4",
        model=model,
        device=device,
        stats_json=stats_json,
        progress=progress,
        warn=warn,
        seen=keep,
    )
    strip = draw_strip(
        ("source", "driver", "rendered"),
        [
            (label, (animation.avatar.image, rendered.driving.image, rendered.image))
            for label, rendered in shown.items()
        ],
    )
    strip_file = out_dir / "strip.png"
    with whole(strip_file) as part, write_errors(strip_file):
        Pictures.fromarray(strip).save(part)
    return Demo(animation.video, strip_file, stats_json, animation.stats)


def draw_strip(headings: Sequence[str], rows: Sequence[tuple[str, Sequence[Image]]]) -> Image:
    """Return a sheet of labelled rows of pictures, (H, W, 3) uint8 RGB.

    Each row has a label and a square picture under each of the `headings`.
    """
    step = _CELL + _GAP
    width = 2 * _MARGIN + _LABELS + len(headings) * step - _GAP
    height = 2 * _MARGIN + _HEADER + len(rows) * step - _GAP
    sheet = Pictures.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=18)
    left, top = _MARGIN + _LABELS, _MARGIN + _HEADER
    for column, heading in enumerate(headings):
        place = (left + column * step + _CELL // 2, _MARGIN + _HEADER // 2)
        draw.text(place, heading, _INK, font, anchor="mm")
    for row, (label, images) in enumerate(rows):
        y = top + row * step
        draw.multiline_text((_MARGIN, y + _CELL // 2), label, _FAINT, font, anchor="lm")
        for column, image in enumerate(images):
            picture = Pictures.fromarray(image).resize((_CELL, _CELL), Pictures.Resampling.LANCZOS)
            sheet.paste(picture, (left + column * step, y))
    return np.asarray(sheet, np.uint8)


def _moments(notes: Path) -> Mapping[int, str]:
    """Return the labels of the frames to show: the middle of what the clip's notes name."""
    try:
        events = json.loads(notes.read_text(encoding="utf-8"))["events"]
    except (OSError, ValueError, KeyError) as error:
        raise AvatarAppError(
            f"{notes}, which belongs to the demo, cannot be read; install the app again"
        ) from error
    return {(start + end) // 2: name.replace("_", "\n") for name, (start, end) in events.items()}
