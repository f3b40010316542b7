"""What others see: a virtual camera of the system. The only module that knows pyvirtualcam."""

from __future__ import annotations

import sys

from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError, Image, Output, check_image

NONE, AUTO = "none", "auto"
OUTPUT_FPS = 30.0

_SYSTEM: str = sys.platform
_REMEDIES = {
    "linux": (
        "run 'sudo apt install v4l2loopback-dkms' and 'sudo modprobe v4l2loopback devices=1 "
        'exclusive_caps=1 card_label="avatar_app camera"\''
    ),
    "win32": "install OBS Studio (obsproject.com) and start its virtual camera once",
    "darwin": "install OBS Studio (obsproject.com), start its virtual camera once and allow it",
}


def open_output(preferences: Preferences) -> Output:
    """Open the virtual camera that the preferences name; for "none", one that shows nothing.

    Raises AvatarAppError, with the commands to run, where there is none that can be used.
    """
    height, width = preferences.output_shape
    if preferences.virtual_camera == NONE:
        return NoOutput(height, width)
    device = None if preferences.virtual_camera == AUTO else preferences.virtual_camera
    return VirtualCamera(device, height, width)


class NoOutput:
    """An `Output` that nobody sees."""

    name = ""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width

    def write(self, image: Image) -> None:
        """Check the picture as a virtual camera would."""
        _check_fits(image, self.height, self.width)

    def close(self) -> None:
        """Hold nothing."""


class VirtualCamera:
    """An `Output` that other programs take for a webcam; `device` None takes the first there is."""

    def __init__(self, device: str | None, height: int, width: int) -> None:
        import pyvirtualcam

        self.height, self.width = height, width
        try:
            self._camera: pyvirtualcam.Camera | None = pyvirtualcam.Camera(
                width, height, OUTPUT_FPS, device=device
            )
        except (RuntimeError, OSError, KeyError, ImportError) as error:
            what = f"The virtual camera {device}" if device else "A virtual camera"
            remedy = _REMEDIES.get(_SYSTEM, "see the README for your system")
            raise AvatarAppError(f"{what} cannot be opened; {remedy}.") from error
        self.name = str(self._camera.device)

    def write(self, image: Image) -> None:
        """Show (height, width, 3) uint8 RGB now; raises AvatarAppError where that fails."""
        _check_fits(image, self.height, self.width)
        if self._camera is None:
            raise ValueError(f"the virtual camera {self.name} is closed")
        try:
            self._camera.send(image)
        except (RuntimeError, OSError) as error:
            raise AvatarAppError(
                f"The virtual camera {self.name} takes no pictures any more; switch it on again."
            ) from error

    def close(self) -> None:
        """Let the device go; harmless when done twice."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()


def _check_fits(image: Image, height: int, width: int) -> None:
    check_image(image, "Output.write")
    if image.shape[:2] != (height, width):
        raise ValueError(
            f"Output.write: expected {width} x {height} pixels, "
            f"got {image.shape[1]} x {image.shape[0]}"
        )
