"""What the tests of `inspect` share."""

from __future__ import annotations

from functools import lru_cache

import pytest

from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.inspection import job


@lru_cache(maxsize=1)
def finder() -> FaceFinder:
    """Share one finder, as its models take a second to load."""
    return FaceFinder()


@pytest.fixture(autouse=True)
def shared_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put it where the job makes its own."""
    monkeypatch.setattr(job, "FaceFinder", finder)
