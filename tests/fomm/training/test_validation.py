"""What validation tells about a model on pairs it never learns from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from avatar_app.fomm.blocks import coordinate_grid
from avatar_app.fomm.networks import Motion
from avatar_app.fomm.training import validation
from avatar_app.fomm.training.data import Clip
from avatar_app.types import AvatarAppError

SIDE = 32
FRAMES = 9


@pytest.fixture
def clip() -> Clip:
    """A face whose eyes and mouth open more and more, each edge by up to four pixels."""
    rng = np.random.default_rng(0)
    landmarks = np.tile(rng.uniform(8, 24, (68, 2)), (FRAMES, 1, 1)).astype(np.float32)
    further = np.linspace(0, 4, FRAMES, dtype=np.float32)[:, None]
    for upper, lower in (validation._EYES, validation._MOUTH):
        landmarks[:, upper] = landmarks[:1, lower] - (0, 2)
        landmarks[:, lower, 1] += further
    frames = rng.integers(0, 255, (FRAMES, SIDE, SIDE, 3), np.uint8)
    return Clip("opening", frames, landmarks)


def _measured(
    clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch, lift: float
) -> dict[str, str]:
    """The row for a motion that looks above by the share `lift` of each row's height."""
    grid = coordinate_grid(SIDE, SIDE, torch.zeros(1)).clone()
    grid[..., 1] *= 1 - lift
    mask = torch.zeros(8, 4, SIDE, SIDE)
    mask[:, 2, 3, 3], mask[:, 3] = 0.5, validation.AT_WORK / 2

    def render(
        nets: nn.ModuleDict, source: torch.Tensor, driver: torch.Tensor, dtype: torch.dtype
    ) -> tuple[torch.Tensor, Motion]:
        count = len(source)
        deformation = grid.expand(count, -1, -1, -1)
        return source, Motion(deformation, mask[:count, :1], mask[:count])

    monkeypatch.setattr(validation, "_render", render)
    validation.Validation([clip], out, "cpu").measure(nn.ModuleDict(), 0, torch.float32)
    with (out / "validation.csv").open() as file:
        return list(csv.DictReader(file))[-1]


def test_a_motion_that_stands_still_follows_nothing(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everything stays, so do eyes and mouth."""
    row = _measured(clip, tmp_path, monkeypatch, 0)
    assert abs(float(row["eyes_followed"])) < 1e-3
    assert abs(float(row["mouth_followed"])) < 1e-3


def test_a_motion_that_closes_what_opened_follows_it(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distances halved: of an opening from 2 to between 3 and 6 pixels most is undone."""
    row = _measured(clip, tmp_path, monkeypatch, 0.5)
    openings = np.array([3, 4, 5, 6])
    expected = 1 - np.sum((openings - 2) * (openings / 2 - 2)) / np.sum((openings - 2) ** 2)
    assert float(row["eyes_followed"]) == pytest.approx(expected, abs=0.02)
    assert float(row["mouth_followed"]) == pytest.approx(expected, abs=0.02)


def test_keypoints_that_the_mask_gave_up_are_not_counted(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three, one rules a spot, one nothing, and one is never strong enough."""
    assert _measured(clip, tmp_path, monkeypatch, 0)["keypoints_at_work"] == "1"


def test_clips_that_show_no_face_twice_are_named(clip: Clip, tmp_path: Path) -> None:
    """At once, rather than when training has gone on for minutes; one clip with a face will do."""
    late = Clip("late", clip.frames, clip.landmarks.copy())
    late.landmarks[0] = np.nan
    once = Clip("once", clip.frames, clip.landmarks.copy())
    once.landmarks[1:] = np.nan
    with pytest.raises(AvatarAppError, match=r"\(late, once\) .* choose others"):
        validation.Validation([late, once], tmp_path, "cpu")
    validation.Validation([late, once, clip], tmp_path, "cpu")
