"""The pictures that the tests of `inspect` make their videos of."""

from __future__ import annotations

from avatar_app.types import Image
from tests.demo_clip import demo_frames

FRAMES = 50


def clip() -> list[Image]:
    """Return the beginning of the bundled clip, 320 x 240."""
    return demo_frames(FRAMES, 320, 240)
