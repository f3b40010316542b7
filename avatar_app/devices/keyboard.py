"""Keys pressed in other windows: whether this session lets an app hear them."""

from __future__ import annotations

import importlib.util
import os
import sys

from avatar_app.settings import install

_SYSTEM: str = sys.platform
_WAYLAND = (
    "Keys in other windows do not work under Wayland, which keeps them from every app; log in to "
    "an X11 session for them, or use the keys in this window."
)
_NO_X11 = (
    "Keys in other windows need X11, which is not there; use the keys in this window, or log in to "
    "an X11 session."
)
_NOT_INSTALLED = (
    f"Keys in other windows need pynput, which is not installed; run {install('hotkeys')}."
)


def obstacle() -> str:
    """Say in a sentence why this session has no keys in other windows; empty where it may."""
    if _SYSTEM.startswith("linux"):
        if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
            return _WAYLAND
        if not os.environ.get("DISPLAY"):
            return _NO_X11
    return "" if importlib.util.find_spec("pynput") else _NOT_INSTALLED
