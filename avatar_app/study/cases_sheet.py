"""One picture of all edge cases at all severities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from avatar_app.files import whole, write_errors
from avatar_app.framing import crop, face_square, into_crop
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.perturbations import CASES, Case, find_case, perturb
from avatar_app.perturbations.cases import SEVERITIES, SOURCE
from avatar_app.progress import Progress, silent
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats, Image
from avatar_app.video import VideoReader

_SIZE, _CELL, _GAP, _LABEL, _MARGIN = 256, 128, 3, 17, 14
_COLUMNS = 3
_FRAMES, _SHOWN = 40, 24
_PAPER, _INK = "#ffffff", "#1d1d1f"


@dataclass(frozen=True, eq=False)
class _Clip:
    images: Image
    landmarks: Floats


def draw_cases(
    path: Path,
    names: Sequence[str] = (),
    video: Path | None = None,
    progress: Progress = silent,
) -> None:
    """Draw every case, or those of `names`, at severities 1 to 5 on the face of `video` as a PNG.

    By default on the clip that comes with the app. Raises AvatarAppError for an unknown case, a
    video without a face, and where the file cannot be written.
    """
    cases = [find_case(name) for name in names] or list(CASES.values())
    clip = _read(video or bundled("assets", "demo", "webcam.mp4"))
    rows = []
    for done, case in enumerate(cases):
        rows.append((case.name, [_shown(clip, case, severity) for severity in SEVERITIES]))
        progress(done + 1, len(cases), "cases")
    with whole(path) as part, write_errors(path):
        _sheet(rows).save(part, "PNG", optimize=True)


def _read(path: Path) -> _Clip:
    """Read the first frames with a face, cut to a square that stands still."""
    finder, frames, faces = FaceFinder(), [], []
    with VideoReader(path) as reader:
        for frame in reader:
            face = finder.track(frame.image)
            if face is not None:
                frames.append(frame.image)
                faces.append(face.landmarks)
            if len(frames) == _FRAMES:
                break
    if not frames:
        raise AvatarAppError(f"{path} shows no face that can be found; give a video of one person.")
    square = face_square(faces[0]).fitted(frames[0].shape[1], frames[0].shape[0])
    images = np.stack([crop(image, square, _SIZE) for image in frames])
    return _Clip(images, np.stack([into_crop(points, square, _SIZE) for points in faces]))


def _shown(clip: _Clip, case: Case, severity: int) -> Image:
    if case.side == SOURCE:
        still: Image = perturb(clip.images[:1], clip.landmarks[:1], case, severity)[0]
        return still
    index = min(_SHOWN, len(clip.images) - 1)
    strength = np.zeros(len(clip.images), np.float32)
    strength[index] = 1
    shown: Image = perturb(clip.images, clip.landmarks, case, severity, strength=strength)[index]
    return shown


def _sheet(rows: Sequence[tuple[str, Sequence[Image]]]) -> Pictures.Image:
    columns = min(_COLUMNS, len(rows))
    deep = -(-len(rows) // columns)
    wide, high = len(SEVERITIES) * (_CELL + _GAP) + 12, _CELL + _LABEL + _GAP
    sheet = Pictures.new(
        "RGB", (columns * wide - 12 + 2 * _MARGIN, deep * high + 2 * _MARGIN), _PAPER
    )
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (name, images) in enumerate(rows):
        left, top = _MARGIN + number // deep * wide, _MARGIN + number % deep * high
        pen.text((left, top), name, _INK, font)
        for place, image in enumerate(images):
            cell = Pictures.fromarray(image).resize((_CELL, _CELL), Pictures.Resampling.LANCZOS)
            sheet.paste(cell, (left + place * (_CELL + _GAP), top + _LABEL))
    return sheet
