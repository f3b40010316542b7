"""Detectors that are opened for a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avatar_app.glitch.detector import GlitchDetector, load_detector
from tests.glitch.shown import finder


@pytest.fixture
def video() -> Iterator[GlitchDetector]:
    """Open a detector that sees only the video."""
    detector = load_detector("video", finder=finder())
    yield detector
    detector.close()
