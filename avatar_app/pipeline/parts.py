"""What the pipeline is put together from, each by a function that opens it: tests give fakes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from avatar_app.avatars import add_avatar, load_avatar, resolve_avatar
from avatar_app.devices.camera import open_camera
from avatar_app.devices.virtual_camera import open_output
from avatar_app.fomm.motion import pose_distance
from avatar_app.preferences import Preferences
from avatar_app.recording import Moment, SessionInfo, SessionWriter, clip_of
from avatar_app.types import (
    Avatar,
    Camera,
    Detector,
    Floats,
    Frame,
    Image,
    KeyPoints,
    Output,
    Reenactor,
)


class LiveReenactor(Reenactor, Protocol):
    """A `Reenactor` that also says what it is, and gives keypoints for the best-frame search."""

    model_name: str
    runtime_description: str
    device_reason: str

    @property
    def is_calibrated(self) -> bool:
        """Whether a neutral pose was taken."""

    def keypoints(self, frame: Frame) -> KeyPoints:
        """The driver's keypoints in `frame`."""


class Looker(Protocol):
    """Finds faces for the crop, the guide and new avatars. One thread owns it."""

    def follow(self, image: Image) -> Floats | None:
        """Return the landmarks (68, 2) of the driver's face in the camera's next picture."""

    def forget(self) -> None:
        """The next picture is another scene's."""

    def in_photo(self, image: Image) -> Sequence[Floats]:
        """Return the landmarks of all faces in a still."""


class DlibLooker:
    """`Looker` by `glitch.landmarks`."""

    def __init__(self) -> None:
        from avatar_app.glitch.landmarks import FaceFinder

        self._finder = FaceFinder()

    def follow(self, image: Image) -> Floats | None:
        """Return the landmarks (68, 2) of the face that is followed."""
        face = self._finder.track(image, closely=True)
        return None if face is None else face.landmarks

    def forget(self) -> None:
        """The next picture is another scene's."""
        self._finder.forget()

    def in_photo(self, image: Image) -> Sequence[Floats]:
        """Return the landmarks of all faces in a still."""
        return self._finder.in_photo(image)


def _open_camera(preferences: Preferences) -> Camera:
    session = clip_of(Path(preferences.camera))
    return open_camera(
        preferences.camera if session is None else str(session),
        preferences.camera_width,
        preferences.camera_height,
        preferences.camera_fps,
    )


def _open_reenactor(preferences: Preferences) -> LiveReenactor:
    from avatar_app.fomm.reenactor import load_reenactor

    return load_reenactor(preferences.model, preferences.device)


def _open_avatar(name_or_file: str, size: int, looker: Looker) -> Avatar:
    return load_avatar(resolve_avatar(name_or_file), size, looker.in_photo)


def _keep_photo(photo: Path, looker: Looker) -> Path:
    return add_avatar(photo, looker.in_photo)


def _open_detector(preferences: Preferences) -> Detector | None:
    if not preferences.detector:
        return None
    from avatar_app.glitch.detector import load_detector
    from avatar_app.glitch.own import load_own

    return load_detector("driver", false_alarms_per_hour=preferences.false_alarms, own=load_own())


@dataclass(frozen=True)
class Delays:
    """How long the pipeline waits for things, in seconds; tests have less patience.

    `camera` and `output` lie between two tries to open one, `silence` is when a camera that gives
    nothing is said to hang, `opening` when one that is being opened is, `stale` when a picture is
    too old to be shown to others, `stats` between two sums.
    """

    camera: float = 1.0
    output: float = 2.0
    silence: float = 3.0
    opening: float = 8.0
    stale: float = 2.0
    stats: float = 1.0


@dataclass(frozen=True)
class Parts:
    """How each part is opened; every one may raise AvatarAppError.

    `photo` keeps one as an avatar and gives its new file. `detector` gives None where there is
    none. `output` opens the virtual camera that the preferences name and gives one that shows
    nothing for "none".
    """

    camera: Callable[[Preferences], Camera] = _open_camera
    reenactor: Callable[[Preferences], LiveReenactor] = _open_reenactor
    looker: Callable[[], Looker] = DlibLooker
    avatar: Callable[[str, int, Looker], Avatar] = _open_avatar
    photo: Callable[[Path, Looker], Path] = _keep_photo
    detector: Callable[[Preferences], Detector | None] = _open_detector
    output: Callable[[Preferences], Output] = open_output
    session: Callable[[Path, SessionInfo, Moment, Mapping[str, str]], SessionWriter] = SessionWriter
    pose_distance: Callable[[KeyPoints, KeyPoints], float] = pose_distance
    clock: Callable[[], float] = time.monotonic
    delays: Delays = Delays()
