"""The picture of all cases by severities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from avatar_app.study import draw_cases
from avatar_app.types import AvatarAppError
from avatar_app.video import VideoWriter


def test_sheet_shows_each_case_at_five_severities(tmp_path: Path) -> None:
    """A row of five pictures that grow unlike one another, on the clip that comes along."""
    sheet = tmp_path / "cases.png"
    said: list[float] = []
    draw_cases(sheet, ["over_exposure"], progress=lambda done, total, what: said.append(done))
    with Pictures.open(sheet) as picture:
        pixels = np.asarray(picture.convert("L"), np.float32)
    cells = np.array_split(pixels[31:-20, 14:-14], 5, axis=1)
    brightness = [float(cell.mean()) for cell in cells]
    assert brightness == sorted(brightness)
    assert brightness[-1] > brightness[0] + 20
    assert said == [1]


def test_video_without_a_face_is_named(tmp_path: Path) -> None:
    """Nothing can be drawn on nobody."""
    video = tmp_path / "wall.mp4"
    with VideoWriter(video, 64, 64, 25) as writer:
        for index in range(5):
            writer.write(np.full((64, 64, 3), 100, np.uint8), index / 25)
    with pytest.raises(AvatarAppError, match=r"wall\.mp4 shows no face"):
        draw_cases(tmp_path / "cases.png", ["noise"], video)
    assert not (tmp_path / "cases.png").exists()
