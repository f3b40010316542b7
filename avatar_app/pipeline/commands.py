"""What can be asked of a running pipeline, as values: `Pipeline.post` takes them.

Lasting choices (camera, model, device, virtual camera, mirroring, label, ...) are preferences and
are changed together by `Apply`.
"""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.preferences import Preferences


@dataclass(frozen=True)
class Apply:
    """Run with these preferences from now on; what has not changed is left running.

    `preferences.avatar` counts at the start only: `SetAvatar` changes it later.
    """

    preferences: Preferences


@dataclass(frozen=True)
class PlayAgain:
    """Play a clip that is over from its beginning; nothing where the camera still gives."""


@dataclass(frozen=True)
class SetAvatar:
    """Show the avatar with this name, or made of this picture."""

    avatar: str


@dataclass(frozen=True)
class AddAvatar:
    """Keep the photo in this file among the user's avatars; `AvatarAdded` tells when it is."""

    photo: str


@dataclass(frozen=True)
class Calibrate:
    """Take the driver's pose in the next picture as the neutral one."""


@dataclass(frozen=True)
class SearchBestFrame:
    """Calibrate again at every frame that is more like the avatar than all before, until off."""

    on: bool


@dataclass(frozen=True)
class Panic:
    """Show others a card at once, whatever else is going on, until off; ends `PassThrough`."""

    on: bool


@dataclass(frozen=True)
class PassThrough:
    """Show others the camera's own picture, labelled as such, until off. Ask before."""

    on: bool


@dataclass(frozen=True)
class MoveCrop:
    """Move what is cut out of the camera's picture by so many of its pixels."""

    dx: float
    dy: float


@dataclass(frozen=True)
class ZoomCrop:
    """Cut out a square `factor` times as large: below 1 the face comes nearer."""

    factor: float


@dataclass(frozen=True)
class ResetCrop:
    """Undo `MoveCrop` and `ZoomCrop`."""


@dataclass(frozen=True)
class StartRecording:
    """Record from now on, until `StopRecording`."""


@dataclass(frozen=True)
class StopRecording:
    """End the session that is being recorded."""


@dataclass(frozen=True)
class Mark:
    """Remember this moment; recorded like a flag where flags are."""

    note: str = ""


Command = (
    Apply
    | PlayAgain
    | SetAvatar
    | AddAvatar
    | Calibrate
    | SearchBestFrame
    | Panic
    | PassThrough
    | MoveCrop
    | ZoomCrop
    | ResetCrop
    | StartRecording
    | StopRecording
    | Mark
)
