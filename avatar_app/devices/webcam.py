"""Webcams and streams, by OpenCV."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from avatar_app.types import CameraError, Frame

_SYSTEM: str = sys.platform
_BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
_PROBED = 4  # numbers tried where the system does not list its cameras
_SYS = Path("/sys/class/video4linux")
_OF_WEBCAM = "check its cable, and close other programs that use it"
_OF_STREAM = "check its address, and that it is switched on and sends"
_FAILURES = 5  # a single picture that does not come is no end yet


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this machine: what to ask for it by, and its name in words."""

    number: int
    name: str


def list_cameras() -> list[CameraInfo]:
    """Return the cameras of this machine by number.

    On Linux with the names that the system has for them, without opening any; elsewhere by
    opening the first few numbers, which takes a second and lights their lamps.
    """
    if _SYSTEM == "linux":
        return sorted(_listed(), key=lambda camera: camera.number)
    return [CameraInfo(number, f"camera {number}") for number in range(_PROBED) if _opens(number)]


def other_cameras() -> str:
    """Say which camera to choose instead of one that is not there."""
    there = ", ".join(f"{camera.number} ({camera.name})" for camera in list_cameras())
    return f"choose one of: {there}." if there else "connect one, or use the camera 'demo'."


def camera_number(spec: str) -> int | None:
    """Return the number of the webcam that `spec` names: 0, /dev/video0, or a part of its name."""
    device = re.fullmatch(r"(?:/dev/video)?(\d+)", spec)
    if device:
        return int(device[1])
    for camera in list_cameras():
        if spec.casefold() in camera.name.casefold():
            return camera.number
    return None


def spoken(address: str) -> str:
    """Return an address without user and password: names are shown, recorded and passed on."""
    return re.sub(r"(?<=://)[^/?#]*@", "", address)


class WebCamera:
    """A webcam by number, or a stream by address.

    `width`, `height` and `fps` are asked for; afterwards they are what the device really gives.
    Raises CameraError where it is missing, busy or not allowed.
    """

    is_live = True

    def __init__(self, source: int | str, width: int, height: int, fps: float) -> None:
        _keep_quiet()
        if isinstance(source, int):
            self.name, self._remedy = _name_of(source), _OF_WEBCAM
            _check_there(source, self.name)
            self._capture = cv2.VideoCapture(source, _BACKENDS.get(_SYSTEM, cv2.CAP_ANY))
        else:
            self.name, self._remedy = spoken(source), _OF_STREAM
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            self._capture.release()
            raise CameraError(f"{self.name} cannot be opened; {self._remedy}.")
        self._ask_for(width, height, fps)
        self._index = 0
        self._first: Frame | None = None
        try:
            self._first = self.read()
        except CameraError:
            self.close()
            raise
        self.height, self.width = self._first.image.shape[:2]
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS)) or fps

    def read(self) -> Frame:
        """Wait for the next picture; raises CameraError after some seconds without any."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        for _ in range(_FAILURES):
            there, picture = self._capture.read()
            if there and picture is not None and picture.size:
                break
        else:
            raise CameraError(f"{self.name} gives no pictures; {self._remedy}.")
        now = time.monotonic()
        image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        image.flags.writeable = False
        self._index += 1
        return Frame(image, self._index - 1, now)

    def close(self) -> None:
        """Let the device go; harmless when done twice."""
        self._capture.release()

    def _ask_for(self, width: int, height: int, fps: float) -> None:
        if width * height > 640 * 480:
            # Uncompressed, most webcams are slower than their full rate at larger sizes.
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)  # old pictures are no use


def _listed() -> list[CameraInfo]:
    if not _SYS.is_dir():
        return []
    found = []
    for device in _SYS.iterdir():
        number = re.fullmatch(r"video(\d+)", device.name)
        # One webcam shows up several times; index 0 is its picture, the others its metadata.
        index = _text(device / "index") or "0"
        if number and index == "0":
            found.append(CameraInfo(int(number[1]), _text(device / "name") or device.name))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _name_of(number: int) -> str:
    if _SYSTEM == "linux":
        name = _text(_SYS / f"video{number}" / "name")
        return f"{name} (/dev/video{number})" if name else f"camera {number}"
    return f"camera {number}"


def _check_there(number: int, name: str) -> None:
    if _SYSTEM != "linux":
        return
    device = Path(f"/dev/video{number}")
    if not device.exists():
        raise CameraError(f"There is no camera {number} on this machine; {other_cameras()}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraError(
            f"{name} may not be used; run 'sudo usermod -aG video $USER' and log in again."
        )


def _opens(number: int) -> bool:
    _keep_quiet()
    capture = cv2.VideoCapture(number, _BACKENDS.get(_SYSTEM, cv2.CAP_ANY))
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()


def _keep_quiet() -> None:
    # What OpenCV prints of a missing camera is no sentence for a user, nor what its FFmpeg prints
    # of a stream, which is tried again every second. It looks at this as it opens the first.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
