"""What every test gets: a home of its own, and a watch for what it leaves behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parent.parent

if "PYTEST_XDIST_WORKER" in os.environ:
    # Before torch and numpy are there: who runs beside others computes on one thread.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what the app keeps in a folder of this test, not in the user's."""
    home = tmp_path / "avatar-app-home"
    monkeypatch.setenv("AVATAR_APP_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=2)
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left, f"the test left threads running: {left}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of the real clips; the test is skipped where it is not at hand."""
    folder = Path(os.environ.get("AVATAR_APP_SHARED", _CHECKOUT.parent / "shared"))
    if not (folder / "clips").is_dir():
        pytest.skip(f"needs the real clips, which are not in {folder} (set AVATAR_APP_SHARED)")
    return folder
