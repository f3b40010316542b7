"""The looker's worker: finds the driver's face for the crop and the guide, and makes avatars.

It stands beside the detector so that the crop follows the face also where nobody judges pictures.
"""

from __future__ import annotations

from pathlib import Path

from avatar_app.events import AvatarAdded, Refused
from avatar_app.guide import RestingPose, guide
from avatar_app.pipeline.parts import Looker
from avatar_app.pipeline.view import DriverFace
from avatar_app.pipeline.wiring import Wiring
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame

ADDING = "adding an avatar"
"""The wish that is refused where a photo cannot be an avatar."""
CHOOSING = "another avatar"
"""The wish that is refused where an avatar cannot be shown."""
_SECONDS_BETWEEN_LOOKS = 0.1
"""Often enough for a crop that moves slowly, and for a person who follows the guide."""
_REST = 3.0
"""Times what a look took: on a slow machine most of the time is left for making the pictures."""
_WAIT = 0.25


class LookJob:
    """Looks for the driver's face and leaves what it finds in `face`.

    Ten times a second, or less often where looking is slow.
    """

    name = "looker"

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._looker: Looker | None = None
        self._resting = RestingPose()
        self._look_at = 0.0
        self._shape: tuple[int, ...] = ()
        self._is_failing = False

    def step(self) -> None:
        """Look at the newest picture, if it is time."""
        frame = self._wiring.to_look.take(_WAIT)
        if frame is None or frame.time < self._look_at:
            return
        self._look_at = frame.time + _SECONDS_BETWEEN_LOOKS
        began = self._wiring.now()
        if frame.image.shape != self._shape:
            self._shape = frame.image.shape
            self._opened().forget()  # the face is elsewhere in pictures of another size
        landmarks = self._opened().follow(frame.image)
        took = self._wiring.now() - began
        self._look_at = max(self._look_at, began + (1 + _REST) * took)
        self._wiring.measured("look_ms", took * 1000)
        found = self._face(frame, landmarks)
        self._wiring.face.change(lambda _: found)
        self._is_failing = False

    def make_avatar(self, name: str, size: int) -> Avatar | None:
        """Return the avatar called `name` at this size; None, and told why, where there is none."""
        try:
            return self._wiring.parts.avatar(name, size, self._opened())
        except AvatarAppError as error:
            self._wiring.tell(Refused(self._wiring.now(), CHOOSING, str(error)))
            return None

    def add_avatar(self, photo: str) -> None:
        """Keep this photo as an avatar, and tell its name or why it cannot be one."""
        try:
            kept = self._wiring.parts.photo(Path(photo), self._opened())
        except AvatarAppError as error:
            self._wiring.tell(Refused(self._wiring.now(), ADDING, str(error)))
        else:
            self._wiring.tell(AvatarAdded(self._wiring.now(), kept.stem))

    def calibrated(self) -> None:
        """Take the driver's face as it is now for the resting one."""
        face = self._wiring.face.value
        self._resting.calibrated(None if face is None else face.landmarks)

    def restart(self) -> None:
        """Forget the driver: another camera is used."""
        self._look_at = 0.0
        self._resting.calibrated(None)
        self._wiring.face.change(lambda _: None)
        if self._looker is not None:
            self._looker.forget()

    def failed(self, error: Exception) -> None:
        """Report the first of several failures; the crop stays where it is."""
        if not self._is_failing:
            self._is_failing = True
            self._wiring.tell_failed(self.name, error, "Following the face")

    def close(self) -> None:
        """Hold nothing."""

    def wake(self) -> None:
        """End the wait for a picture."""
        self._wiring.to_look.wake()

    def _opened(self) -> Looker:
        if self._looker is None:
            self._looker = self._wiring.parts.looker()
        return self._looker

    def _face(self, frame: Frame, landmarks: Floats | None) -> DriverFace:
        drifted = self._resting.has_drifted(landmarks, frame.time)
        if landmarks is None:
            return DriverFace(frame.index, frame.time)
        avatar = self._wiring.state.value.avatar
        height, width = frame.image.shape[:2]
        advice = guide(landmarks, height, width, None if avatar is None else avatar.landmarks)
        return DriverFace(frame.index, frame.time, landmarks, advice, drifted)
