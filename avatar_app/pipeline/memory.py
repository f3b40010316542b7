"""Keeping memory flat over hours, where the system's allocator does not by itself."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_SYSTEM: str = sys.platform
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_ARENAS = 2


def keep_flat() -> None:
    """Let threads share their heaps, before there are any; nothing where the system cannot.

    Pictures are made in one thread and freed in another. With a heap for every thread, glibc keeps
    what was freed in each of them: hundreds of megabytes after some minutes.
    """
    if _SYSTEM.startswith("linux"):
        # Another C library has no mallopt, or ignores it.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)
