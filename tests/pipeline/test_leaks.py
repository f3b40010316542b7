"""What is left after much use: no thread, no descriptor, and the last wish fulfilled."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from avatar_app.events import AvatarChanged
from avatar_app.pipeline.commands import SetAvatar, StartRecording
from tests.pipeline.fakes import LONG, Faults, running

CHANGES = 100
DESCRIPTORS = Path("/proc/self/fd")


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(DESCRIPTORS.iterdir()))


def test_a_hundred_avatar_changes_end_with_the_last() -> None:
    """None queues up behind another: the last is there soon after it is asked for."""
    with running() as run:
        run.until(AvatarChanged)
        views = 0
        for number in range(CHANGES):
            run.post(SetAvatar(f"avatar {number}"))
            views += run.pipeline.to_view.take(0.01) is not None
        asked = time.monotonic()
        run.until(AvatarChanged, avatar=f"avatar {CHANGES - 1}")
        assert time.monotonic() - asked < LONG / 2
        assert views > CHANGES / 10  # the picture went on meanwhile
        assert run.pipeline.state.avatar is not None


@pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="needs a list of open descriptors")
def test_fifty_starts_and_stops_leave_nothing() -> None:
    """Neither threads nor descriptors, also where something was being recorded."""
    before_threads = threading.active_count()
    counts = []
    for turn in range(50):
        with running(Faults(), record="flags") as run:
            run.pipeline.to_view.take(LONG)
            if turn % 10 == 0:
                run.post(StartRecording())
                run.until_true(lambda run=run: bool(run.pipeline.state.recording))  # type: ignore[misc]
        counts.append(descriptors())
    assert threading.active_count() == before_threads
    # The first turns open what stays for good.
    assert counts[-1] <= counts[10]
