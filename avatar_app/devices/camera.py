"""The driver's camera, whatever is called by that name."""

from __future__ import annotations

import os
from pathlib import Path

from avatar_app import settings
from avatar_app.devices.clip import ClipCamera, TestPattern
from avatar_app.devices.webcam import WebCamera, camera_number, other_cameras
from avatar_app.files import is_file
from avatar_app.types import Camera, CameraError
from avatar_app.video import VIDEO_SUFFIXES

DEMO, TEST = "demo", "test"
_DEMO_FPS = 30.0
"""The demo clip is played a little faster than it was filmed: at the rate of a webcam."""


def open_camera(spec: str, width: int = 640, height: int = 480, fps: float = 30.0) -> Camera:
    """Open what `spec` names; `width`, `height` and `fps` are asked of a webcam.

    A number or a part of a webcam's name, a video file, an address ("rtsp://..."), "demo" for the
    clip that comes along (again and again), "test" for a pattern. Raises AvatarAppError, mostly
    CameraError, where there is no such thing or it cannot be opened.
    """
    if spec == DEMO:
        clip = settings.bundled("assets", "demo", "webcam.mp4")
        return ClipCamera(clip, "demo clip", fps=_DEMO_FPS, repeat=True)
    if spec == TEST:
        return TestPattern(width, height, fps)
    if "://" in spec:
        return WebCamera(spec, width, height, fps)
    if is_file(Path(spec)):
        return ClipCamera(Path(spec))
    check_camera(spec)
    number = camera_number(spec)
    if number is None:
        raise CameraError(f"There is no camera and no file called {spec}; {other_cameras()}")
    return WebCamera(number, width, height, fps)


def check_camera(spec: str) -> None:
    """Raise AvatarAppError where `spec` can only be a file or a folder that is not to be used.

    A webcam may still be plugged in; what is misspelt or damaged does not come by waiting.
    """
    path = Path(spec)
    if "://" in spec or spec in (DEMO, TEST):
        return
    if is_file(path):
        ClipCamera(path).close()
        return
    is_folder = os.path.isdir(path)
    is_path = path.suffix.lower() in VIDEO_SUFFIXES or path.name != spec
    is_device = os.path.exists(path) and not is_folder
    if is_device or not (is_path or is_folder) or camera_number(spec) is not None:
        return
    if is_folder:
        raise CameraError(
            f"{spec} is a folder, and no recorded session; give a video file or a session's folder."
        )
    raise CameraError(
        f"{spec} does not exist; check the name and the folder, or use the camera 'demo'."
    )
