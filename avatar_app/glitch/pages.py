"""Large pages of memory for what is read at random all the time."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Span = tuple[int, int]
"""Where memory begins and ends, as addresses."""

_MAPS = Path("/proc/self/maps")
_COLLAPSE = 25  # MADV_COLLAPSE, since Linux 6.1
_PAGE = 2 << 20


@contextmanager
def in_large_pages() -> Iterator[None]:
    """Move what is allocated meanwhile into pages of 2 MB, where Linux can; else nothing happens.

    A processor remembers where few pages lie: what is read at random from many small ones, as
    dlib's trees of landmarks, waits for each address. Nothing but time depends on it.
    """
    before = _writable()
    yield
    for span in without(_writable(), before):
        _collapse(span)


def without(spans: list[Span], known: list[Span]) -> list[Span]:
    """Return those parts of spans that lie in none of the known ones; both are in order."""
    left = []
    for start, stop in spans:
        for begin, end in known:
            if start < begin < stop:
                left.append((start, begin))
            if begin < stop and start < end:
                start = end
        if start < stop:
            left.append((start, stop))
    return left


def _writable() -> list[Span]:
    """Return where this process has memory of its own to write to; none outside Linux."""
    if sys.platform != "linux":
        return []
    spans = []
    with suppress(OSError):
        for line in _MAPS.read_text().splitlines():
            place, rights, _, _, file, *name = line.split()
            if rights == "rw-p" and file == "0" and name in ([], ["[heap]"]):
                start, stop = (int(address, 16) for address in place.split("-"))
                spans.append((start, stop))
    return spans


def _collapse(span: Span) -> None:
    start, stop = -(-span[0] // _PAGE) * _PAGE, span[1] // _PAGE * _PAGE
    if start < stop:
        # That it fails, as in an older Linux, costs nothing but the time it would have saved.
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        madvise(start, stop - start, _COLLAPSE)
