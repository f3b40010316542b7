"""The comparison film shows every clip's driver beside what each engine made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.evaluation import reel
from avatar_app.evaluation.reel import draw_reel
from avatar_app.provenance import read_label
from avatar_app.types import Avatar, Image
from avatar_app.video import VideoReader
from tests.evaluation.test_run import CopyingEngine

SIZE = 64


def test_a_film_of_ten_seconds_shares_them_among_clips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each clip's part has its driver on the left and its own portrait, rendered, on the right."""

    def clip(path: Path, size: int) -> Image:
        return np.full((200, size, size, 3), 60 if path.stem == "one" else 200, np.uint8)

    monkeypatch.setattr(reel, "read_clip", clip)
    avatars = [
        Avatar(name, np.full((SIZE, SIZE, 3), level, np.uint8))
        for name, level in (("a", 120), ("b", 20))
    ]
    engines = {"copy": CopyingEngine(size=SIZE), "stiff": CopyingEngine(copies=False, size=SIZE)}
    draw_reel([Path("one.mp4"), Path("two.mp4")], avatars, engines, tmp_path / "reel.mp4")
    label = read_label(tmp_path / "reel.mp4")
    assert label is not None
    assert label.model == "copy, stiff"
    with VideoReader(tmp_path / "reel.mp4") as film:
        frames = list(film)
    assert len(frames) / film.rate == pytest.approx(10)
    middle = reel._CAPTION + SIZE // 2
    columns = [SIZE // 2 + SIZE * column for column in range(3)]
    shown = [
        [int(frame.image[middle, x].mean()) for x in columns] for frame in (frames[5], frames[-5])
    ]
    assert np.abs(np.array(shown) - [[60, 60, 120], [200, 200, 20]]).max() < 8
