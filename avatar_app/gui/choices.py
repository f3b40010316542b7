"""What this machine offers for settings that are free texts: cameras, avatars, models."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from avatar_app.avatars import list_avatars
from avatar_app.devices.camera import DEMO, TEST
from avatar_app.devices.virtual_camera import AUTO, NONE
from avatar_app.devices.webcam import list_cameras
from avatar_app.fomm import checkpoints

Choice = tuple[str, str]
"""What is shown, and what is kept."""


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
