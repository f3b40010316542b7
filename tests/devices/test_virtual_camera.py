"""Virtual cameras: what is said where there is none, and what is never swallowed."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from avatar_app.devices import virtual_camera
from avatar_app.devices.virtual_camera import VirtualCamera, open_output
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError


class Device:
    """What pyvirtualcam gives."""

    def __init__(self, width: int, height: int, fps: float, device: str | None = None) -> None:
        if device == "/dev/missing":
            raise RuntimeError("no such device")
        self.device = device or "/dev/video11"
        self.sent: list[Any] = []
        self.closed = 0

    def send(self, image: Any) -> None:
        """Take a picture, or fail as a device that was pulled out."""
        if self.device == "/dev/flaky":
            raise OSError("gone")
        self.sent.append(image)

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@pytest.fixture(autouse=True)
def pyvirtualcam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a device that works in place of the system's."""
    module = types.ModuleType("pyvirtualcam")
    module.Camera = Device  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)


PICTURE = np.zeros((480, 640, 3), np.uint8)


def test_a_picture_is_sent_to_the_device() -> None:
    """The first device there is serves; closing twice closes once."""
    output = open_output(Preferences(virtual_camera="auto"))
    assert output.name == "/dev/video11"
    output.write(PICTURE)
    output.close()
    output.close()
    with pytest.raises(ValueError, match="is closed"):
        output.write(PICTURE)


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("linux", "modprobe v4l2loopback devices=1 exclusive_caps=1"),
        ("win32", "OBS Studio"),
        ("darwin", "OBS Studio"),
    ],
)
def test_a_missing_device_comes_with_the_commands_to_run(
    system: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install differs from system to system."""
    monkeypatch.setattr(virtual_camera, "_SYSTEM", system)
    with pytest.raises(AvatarAppError, match=said):
        VirtualCamera("/dev/missing", 480, 640)


def test_a_device_that_fails_is_named() -> None:
    """Its write error becomes a sentence."""
    output = VirtualCamera("/dev/flaky", 480, 640)
    with pytest.raises(AvatarAppError, match="/dev/flaky takes no pictures"):
        output.write(PICTURE)


@pytest.mark.parametrize("virtual_camera", ["none", "auto"])
def test_a_picture_of_another_size_is_a_mistake_of_ours(virtual_camera: str) -> None:
    """It is never stretched in silence."""
    output = open_output(Preferences(virtual_camera=virtual_camera))
    output.write(PICTURE)
    with pytest.raises(ValueError, match="expected 640 x 480"):
        output.write(PICTURE[:100])
