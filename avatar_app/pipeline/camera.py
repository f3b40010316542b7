"""The camera's worker: opens it, reads it, and gets it back when it is lost."""

from __future__ import annotations

from avatar_app.events import CameraBack, CameraLost, WorkerFailed
from avatar_app.handoff import Slot
from avatar_app.pipeline.view import Status
from avatar_app.pipeline.wiring import Wiring
from avatar_app.pipeline.worker import Worker, sentence
from avatar_app.types import AvatarAppError, Camera, CameraError, ClipEndedError, Frame

_WAIT = 0.1
_HANDOVER = 1.0
"""Seconds in which a camera that answers has let its device go."""
_BLACK = 6  # of 255: brighter than a covered lens gives, darker than a night
_LOOKS_UNTIL_BLACK = 20
_PICTURES_BETWEEN_LOOKS = 5
_PIXELS_BETWEEN = 16


class CameraJob:
    """Gives the pictures of the preferences' camera to whoever wants the newest.

    Opening -> on -> lost -> on ...; a clip that is over has ended and stays so. While it is lost
    it is opened again every second. A clip waits for the first avatar.

    For another camera another job takes over, as one that hangs hears nothing; it waits until the
    one `before` has let the device go, which may be the same, but not for ever.
    """

    name = "camera"

    def __init__(self, wiring: Wiring, before: Worker | None = None) -> None:
        self._wiring = wiring
        self._before = before
        self._takes_over_at = wiring.now() + _HANDOVER
        self._camera: Camera | None = None
        self._pause: Slot[None] = Slot()
        self._has_failed = False
        self._is_retired = False
        self._black_looks = 0

    def step(self) -> None:
        """Read a picture, or try to open the camera."""
        if self._is_held_up():
            return
        if self._wiring.state.value.camera is Status.ENDED:
            self._pause.take(self._wiring.parts.delays.camera)
        elif self._camera is None:
            self._open()
        elif not self._camera.is_live and not self._wiring.state.value.is_ready:
            self._pause.take(_WAIT)  # a short clip would be over before it is used
        else:
            self._read(self._camera)

    def retire(self) -> None:
        """Give nothing more, even if what hangs should end; called from other threads."""
        self._is_retired = True

    def failed(self, error: Exception) -> None:
        """Give the camera up for now."""
        reason = sentence(error, "The camera")
        if not self._is_retired:
            self._wiring.tell(WorkerFailed(self._wiring.now(), self.name, reason))
        self._lose(reason)

    def close(self) -> None:
        """Let the device go."""
        self._let_go()

    def wake(self) -> None:
        """End the wait between two tries."""
        self._pause.wake()

    def _is_held_up(self) -> bool:
        """Wait a little for the one before; say whether it is to be waited for still."""
        if self._before is None:
            return False
        is_waiting = self._before.is_alive_after(_WAIT) and self._wiring.now() < self._takes_over_at
        if not is_waiting:
            self._before = None
        return is_waiting

    def _open(self) -> None:
        try:
            self._camera = self._wiring.parts.camera(self._wiring.preferences)
        except AvatarAppError as error:
            self._lose(str(error))
            return
        self._black_looks = 0
        if self._is_retired:
            self._let_go()  # another one took over while it did not answer
        elif self._camera.is_live:
            self._found(self._camera)

    def _read(self, camera: Camera) -> None:
        try:
            frame = camera.read()
        except ClipEndedError as error:
            self._let_go()
            self._report(Status.ENDED, str(error))
            return
        except CameraError as error:
            self._lose(str(error))
            return
        if self._is_retired:
            return
        if self._wiring.state.value.camera is not Status.ON and not self._is_black:
            self._found(camera)
        self._look_for_light(frame)
        self._wiring.measured("camera")
        self._wiring.to_reenact.put(frame)
        self._wiring.to_look.put(frame)

    def _found(self, camera: Camera) -> None:
        self._has_failed = False
        self._wiring.change_state(camera=Status.ON, camera_name=camera.name)
        self._wiring.tell(
            CameraBack(self._wiring.now(), camera.name, camera.width, camera.height, camera.fps)
        )

    def _lose(self, reason: str) -> None:
        self._let_go()
        if not self._has_failed:
            self._has_failed = True
            self._report(Status.LOST, reason)
        self._pause.take(self._wiring.parts.delays.camera)

    def _report(self, status: Status, reason: str) -> None:
        if not self._is_retired:
            self._wiring.change_state(camera=status)
            self._wiring.tell(CameraLost(self._wiring.now(), reason))

    def _let_go(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    @property
    def _is_black(self) -> bool:
        return self._black_looks >= _LOOKS_UNTIL_BLACK

    def _look_for_light(self, frame: Frame) -> None:
        """Name a camera whose pictures are black; it goes on, and is back when they are not."""
        if frame.index % _PICTURES_BETWEEN_LOOKS:
            return
        if frame.image[::_PIXELS_BETWEEN, ::_PIXELS_BETWEEN].max() > _BLACK:
            self._black_looks = 0
            return
        self._black_looks += 1
        if self._black_looks == _LOOKS_UNTIL_BLACK:
            name = self._wiring.state.value.camera_name
            self._report(
                Status.LOST,
                f"{name} gives only black pictures; open its cover, or close the other program "
                "that uses it.",
            )
