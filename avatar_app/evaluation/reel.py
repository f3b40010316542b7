"""A short film that shows what the numbers mean: driver and ways to render, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.provenance import label_tags
from avatar_app.types import Avatar, Frame, Image, Reenactor
from avatar_app.video import VideoWriter, read_clip

SECONDS = 10.0
_RATE = 25
_CAPTION = 28
_PAPER, _INK = (24, 25, 29), (235, 235, 240)


def draw_reel(
    clips: Sequence[Path], portraits: Sequence[Avatar], engines: Mapping[str, Reenactor], path: Path
) -> None:
    """Write ten seconds, an equal part of each clip: its driver, and a portrait by each engine.

    Every clip drives another of the `portraits`. `engines` by caption; relative motion, measured
    from the clip's first frame. Under each name stands the median time of a frame. Raises
    AvatarAppError where a clip cannot be read or the file not be written.
    """
    size = next(iter(engines.values())).size
    each = max(1, round(SECONDS * _RATE / len(clips)))
    laps: dict[str, list[float]] = {name: [] for name in engines}
    rows: list[list[Image]] = []
    for number, clip in enumerate(clips):
        avatar = portraits[number % len(portraits)]
        frames = read_clip(clip, size)[:each]
        for engine in engines.values():
            engine.set_source(avatar)
            engine.calibrate(Frame(frames[0], 0, 0.0))
        for index, image in enumerate(frames):
            row = [image]
            for name, engine in engines.items():
                rendered = engine.animate(Frame(image, index, index / _RATE))
                laps[name].append(sum(rendered.timings.values()))
                row.append(rendered.image)
            rows.append(row)
    names = [f"{name}, {np.median(times):.0f} ms a frame" for name, times in laps.items()]
    caption = _caption(["driver", *names], size)
    height, width = size + _CAPTION, size * (1 + len(engines))
    tags = label_tags(", ".join(engines))
    with VideoWriter(path, width, height, _RATE, tags=tags) as writer:
        for index, row in enumerate(rows):
            picture = np.concatenate((caption, np.concatenate(row, axis=1)))
            writer.write(picture, index / _RATE)


def _caption(names: Sequence[str], size: int) -> Image:
    """(_CAPTION, size * len(names), 3) uint8: each name over its column."""
    strip = Pictures.new("RGB", (size * len(names), _CAPTION), _PAPER)
    pen = ImageDraw.Draw(strip)
    font = ImageFont.load_default(15)
    for column, name in enumerate(names):
        pen.text((column * size + size // 2, _CAPTION // 2), name, _INK, font, anchor="mm")
    return np.asarray(strip, np.uint8)
