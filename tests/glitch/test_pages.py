"""Memory that is read at random, in large pages."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.glitch import pages

COLLAPSE = 25
PIECES, SIZE = 60_000, 600


def can_collapse() -> bool:
    """Say whether this system moves memory into large pages when asked."""
    if sys.platform != "linux":
        return False
    with mmap.mmap(-1, 4 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(b"x" * (4 << 20))
        try:
            memory.madvise(COLLAPSE)
        except OSError:
            return False
    return True


def pieces(count: int = PIECES) -> list[bytes]:
    """Allocate much memory in small pieces."""
    return [bytes([index % 251]) * SIZE for index in range(count)]


PROGRAM = """
import re
from pathlib import Path
from avatar_app.glitch.pages import in_large_pages
from tests.glitch.test_pages import pieces

def held():
    found = re.search(r"AnonHugePages:\\s+(\\d+)", Path("/proc/self/smaps_rollup").read_text())
    return 1024 * int(found[1])

before = held()
with in_large_pages():
    made = pieces()
print(held() - before, made == pieces())
"""


@pytest.mark.skipif(not can_collapse(), reason="this system has no large pages on request")
def test_many_small_pieces_come_to_lie_in_large_pages() -> None:
    """Most of them do, and none of them changes; in a process that has nothing to give back."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    gained, is_same = ran.stdout.split()
    assert int(gained) > PIECES * SIZE / 2
    assert is_same == "True"


def test_where_there_are_none_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems have no such file."""
    monkeypatch.setattr(pages, "_MAPS", Path("/nowhere/maps"))
    with pages.in_large_pages():
        made = pieces(2)
    assert [len(piece) for piece in made] == [SIZE, SIZE]


@pytest.mark.parametrize(
    ("spans", "known", "left"),
    [
        ([(0, 10)], [], [(0, 10)]),
        ([(0, 10)], [(0, 10)], []),
        ([(0, 10), (20, 30)], [(0, 4), (22, 25)], [(4, 10), (20, 22), (25, 30)]),
        ([(5, 10)], [(0, 6), (8, 20)], [(6, 8)]),
    ],
)
def test_only_what_is_new_is_moved(
    spans: list[pages.Span], known: list[pages.Span], left: list[pages.Span]
) -> None:
    """What another part of the program holds stays where it is."""
    assert pages.without(spans, known) == left
