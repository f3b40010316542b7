"""Running commands as processes of their own, and what is expected of those that fail."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from avatar_app.settings import bundled

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEMO_CLIP = bundled("assets", "demo", "webcam.mp4")
FRAMES = 12
"""So many the clip of `conftest` has."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def assert_one_sentence(result: subprocess.CompletedProcess[str], word: str) -> None:
    """Exit 1, and one line on stderr that says `word`."""
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("avatar-app: ")
    assert result.stderr.count("\n") == 1
    assert word in result.stderr
