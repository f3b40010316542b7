"""What a study takes of a clip, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.settings import bundled
from avatar_app.study.takes import Cut, read_take
from avatar_app.types import AvatarAppError

DEMO = Cut(bundled("assets", "demo", "webcam.mp4"), 1.2, 2.4, 2)


@pytest.mark.parametrize(
    "cut",
    [replace(DEMO, start=100.0), replace(DEMO, seconds=1e-9), replace(DEMO, stride=1000)],
    ids=["past the end", "no time", "too few of them"],
)
def test_a_take_of_too_few_frames_is_called_so_and_not_faceless(cut: Cut) -> None:
    """The sentence names all three that can be mended."""
    with pytest.raises(AvatarAppError, match=r"fewer than 10 frames .*longer clip, .*stride"):
        read_take(cut, 256, FaceFinder())
