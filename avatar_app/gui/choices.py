"""What can be chosen in the settings, in words; of free texts, what this machine offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from avatar_app.avatars import list_avatars
from avatar_app.devices.camera import DEMO, TEST
from avatar_app.devices.virtual_camera import AUTO, NONE
from avatar_app.devices.webcam import list_cameras
from avatar_app.fomm import checkpoints
from avatar_app.preferences import Option

Choice = tuple[str, str]
"""What is shown, and what is kept."""


_WORDS: Mapping[str, Mapping[str, str]] = {
    "device": {
        "auto": "The fastest there is",
        "cpu": "The processor (CPU)",
        "cuda": "The NVIDIA graphics card (CUDA)",
    },
    "on_flag": {
        "keep": "Keep the picture",
        "hold": "Hold the last good picture",
        "card": "Show a card",
    },
    "record": {
        "off": "Nothing by itself",
        "flags": "Moments around red and orange flags",
        "always": "All of the time",
    },
}


def worded(option: Option) -> list[Choice]:
    """Give all that an option may be."""
    words = _WORDS.get(option.name, {})
    return [(words.get(choice, choice), choice) for choice in option.choices]


def suggestions() -> Mapping[str, Callable[[], list[Choice]]]:
    """Give, by the preference's name, what can be chosen; anything else may be typed."""
    return {"camera": _cameras, "avatar": _avatars, "model": _models, "virtual_camera": _outputs}


def _cameras() -> list[Choice]:
    found = [(f"{camera.name} ({camera.number})", str(camera.number)) for camera in list_cameras()]
    return [*found, ("Demo clip", DEMO), ("Test pattern", TEST)]


def _avatars() -> list[Choice]:
    return [(name, name) for name in list_avatars()]


def _models() -> list[Choice]:
    return [(name, name) for name in checkpoints.available()]


def _outputs() -> list[Choice]:
    return [("Off", NONE), ("The first one there is", AUTO)]
