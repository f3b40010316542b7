"""What a window shows: one frozen value a picture, and one for how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from avatar_app.framing import Square
from avatar_app.guide import Guide
from avatar_app.preferences import Preferences
from avatar_app.types import Avatar, Floats, Image, Verdict


class Status(Enum):
    """How one part of the app stands."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    LOST = "lost"  # it is tried again by itself
    ENDED = "ended"  # a clip that was played to its end
    FAILED = "failed"


class Shown(Enum):
    """What the output shows to others."""

    OFF = "off"
    CARD = "card"
    AVATAR = "avatar"
    HELD = "held"
    CAMERA = "camera"


@dataclass(frozen=True, eq=False)
class DriverFace:
    """The driver's face as it was last looked for, in the camera picture `index` at `time`.

    `landmarks` (68, 2) in pixels of the camera's picture and None where no face was found; `guide`
    says how it matches the avatar's, `has_drifted` whether to offer another calibration.
    """

    index: int
    time: float
    landmarks: Floats | None = None
    guide: Guide | None = None
    has_drifted: bool = False


@dataclass(frozen=True, eq=False)
class View:
    """One moment for the window: the picture `index` of the camera, taken at `time` in seconds.

    `driver_image` (H, W, 3) is the camera's picture as it comes, not mirrored; `crop` is the part
    of it that drives the avatar, in its pixels, None while there was no face to follow.
    `avatar_image` (S, S, 3) is what was rendered from it, None where nothing could be. `face` and
    `verdict` are the newest there are and may be some pictures older. All pictures are uint8 RGB
    and read-only.
    """

    index: int
    time: float
    driver_image: Image
    crop: Square | None = None
    avatar_image: Image | None = None
    face: DriverFace | None = None
    verdict: Verdict | None = None

    @property
    def landmarks(self) -> Floats | None:
        """The driver's landmarks (68, 2) in pixels of `driver_image`, None where there are none."""
        return None if self.face is None else self.face.landmarks

    @property
    def guide(self) -> Guide | None:
        """How the driver's face matches the avatar's, None without a face."""
        return None if self.face is None else self.face.guide


@dataclass(frozen=True)
class State:
    """How things stand: replaced as a whole at every change, so it can be read at any time.

    `camera_name`, `model_name`, `output_name` are in words and empty where there is none yet;
    `is_ready` says that the first avatar is there, or that there will be none by itself.
    `device` says what computes and `device_reason` why. `recording` is the folder of the session
    that is being written, or empty; one that `is_recording_wished` begins with the next picture.
    """

    preferences: Preferences
    camera: Status = Status.STARTING
    camera_name: str = ""
    model: Status = Status.STARTING
    model_name: str = ""
    is_ready: bool = False
    device: str = ""
    device_reason: str = ""
    detector: Status = Status.OFF
    output: Status = Status.OFF
    output_name: str = ""
    shown: Shown = Shown.OFF
    avatar: Avatar | None = None
    is_calibrated: bool = False
    is_searching: bool = False
    is_panicked: bool = False
    is_passing_through: bool = False
    is_recording_wished: bool = False
    recording: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether pictures come and are judged; if not, what was found before holds no more."""
        parts = (self.camera, self.model, self.detector)
        return self.avatar is not None and all(part is Status.ON for part in parts)

    @property
    def can_stop_recording(self) -> bool:
        """Whether there is a session to end, or the wish for one to take back."""
        return bool(self.recording) or self.is_recording_wished
