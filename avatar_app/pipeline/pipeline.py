"""The running app without its window: its workers, and what a window or a script needs of them."""

from __future__ import annotations

import time
from functools import singledispatchmethod

from avatar_app.events import Event, Marked
from avatar_app.handoff import Backlog, Cell, Slot
from avatar_app.pipeline import commands
from avatar_app.pipeline.camera import CameraJob
from avatar_app.pipeline.detect import DetectJob
from avatar_app.pipeline.look import LookJob
from avatar_app.pipeline.memory import keep_flat
from avatar_app.pipeline.output import OutputJob
from avatar_app.pipeline.parts import Parts
from avatar_app.pipeline.pools import keep_to_workers
from avatar_app.pipeline.record import RecordJob
from avatar_app.pipeline.reenact import ReenactJob
from avatar_app.pipeline.speed import Summary
from avatar_app.pipeline.view import State, Status, View
from avatar_app.pipeline.wiring import Wiring
from avatar_app.pipeline.worker import Worker
from avatar_app.preferences import Preferences

_CAMERA = ("camera", "camera_width", "camera_height", "camera_fps")
_MODEL = ("model", "device")
_OUTPUT = ("virtual_camera", "output_size")
_DETECTOR = ("detector", "false_alarms")


class Pipeline:
    """Camera, model, detector, output and recorder, each in a worker of its own.

    `start` once, `post` commands from one thread, `stop` at the end. Take pictures from `to_view`
    and events from `events`; look at `state` at any time. Nothing here raises what a camera, a
    model or a device does: that comes as an event.
    """

    def __init__(self, preferences: Preferences, parts: Parts | None = None) -> None:
        wiring = Wiring(parts or Parts(), Cell(State(preferences)))
        self._wiring = wiring
        self._look = LookJob(wiring)
        self._detect = DetectJob(wiring)
        self._output = OutputJob(wiring)
        self._camera = CameraJob(wiring)
        self._looker = Worker(self._look)
        self._reenact = ReenactJob(
            wiring, self._look, self._looker.post, lambda command: self._reenactor.post(command)
        )
        self._reenactor = Worker(self._reenact)
        self._detector = Worker(self._detect)
        self._sender = Worker(self._output)
        self._filmer = Worker(self._camera)
        self._record = RecordJob(wiring)
        self._recorder = Worker(self._record)
        self._retired: list[Worker] = []

    @property
    def to_view(self) -> Slot[View]:
        """The newest picture with what belongs to it."""
        return self._wiring.to_view

    @property
    def events(self) -> Backlog[Event]:
        """What has happened, in order."""
        return self._wiring.events

    @property
    def state(self) -> State:
        """How things stand now."""
        return self._wiring.state.value

    def start(self) -> None:
        """Begin; returns at once, the model is loaded meanwhile."""
        keep_flat()
        keep_to_workers()
        for worker in self._workers():
            worker.start()

    def post(self, command: commands.Command) -> None:
        """Have something done, soon; returns at once. What cannot be done comes as `Refused`."""
        self._do(command)

    def stop(self, deadline: float = 5.0) -> list[str]:
        """End all workers within `deadline` seconds; return the names of those that hang."""
        until = time.monotonic() + deadline
        workers = [*self._workers(), *self._retired]
        for worker in workers:
            worker.tell_to_stop()
        self._wiring.close()
        return [
            worker.name for worker in workers if worker.is_alive_after(until - time.monotonic())
        ]

    def summary(self) -> Summary:
        """Return the run so far in numbers; call it after `stop`."""
        return self._output.tally.summary()

    @property
    def dropped(self) -> int:
        """How many of the camera's pictures were skipped, as newer ones had come."""
        return self._wiring.to_reenact.dropped

    @property
    def lost(self) -> int:
        """How many pictures a recording had to leave out."""
        return self._wiring.to_record.lost

    def _workers(self) -> list[Worker]:
        return [
            self._filmer,
            self._looker,
            self._reenactor,
            self._detector,
            self._sender,
            self._recorder,
        ]

    @singledispatchmethod
    def _do(self, command: commands.Command) -> None:
        raise TypeError(f"Pipeline.post: expected a command, got {command!r}")

    @_do.register
    def _apply(self, command: commands.Apply) -> None:
        before, after = self.state.preferences, command.preferences
        self._wiring.change_state(preferences=after)
        for names, change in (
            (_CAMERA, self._change_camera),
            (_MODEL, lambda: self._reenactor.post(self._reenact.load)),
            (_OUTPUT, lambda: self._sender.post(self._output.reopen)),
            (_DETECTOR, lambda: self._detector.post(self._detect.reload)),
        ):
            if any(getattr(before, name) != getattr(after, name) for name in names):
                change()

    def _change_camera(self) -> None:
        before = self._filmer
        self._camera.retire()
        before.tell_to_stop()
        self._retired = [worker for worker in self._retired if worker.is_alive_after(0)] + [before]
        # One that is lost, or still being opened, holds nothing that it would soon let go.
        has_answered = self.state.camera in (Status.ON, Status.ENDED)
        self._camera = CameraJob(self._wiring, before if has_answered else None)
        self._filmer = Worker(self._camera)
        self._wiring.change_state(camera=Status.STARTING, camera_name="")
        self._filmer.start()
        self._looker.post(self._look.restart)
        self._reenactor.post(self._reenact.restart)

    @_do.register
    def _play_again(self, _: commands.PlayAgain) -> None:
        if self.state.camera is Status.ENDED:
            self._change_camera()

    @_do.register
    def _set_avatar(self, command: commands.SetAvatar) -> None:
        self._reenactor.post(lambda: self._reenact.set_avatar(command.avatar))

    @_do.register
    def _add_avatar(self, command: commands.AddAvatar) -> None:
        self._looker.post(lambda: self._look.add_avatar(command.photo))

    @_do.register
    def _calibrate(self, _: commands.Calibrate) -> None:
        self._reenactor.post(self._reenact.calibrate)

    @_do.register
    def _search(self, command: commands.SearchBestFrame) -> None:
        self._reenactor.post(lambda: self._reenact.search(command.on))

    @_do.register
    def _panic(self, command: commands.Panic) -> None:
        self._wiring.change_state(is_panicked=command.on)
        if command.on:  # its end must not be what shows a face: that is asked for anew
            self._wiring.change_state(is_passing_through=False)

    @_do.register
    def _pass_through(self, command: commands.PassThrough) -> None:
        self._wiring.change_state(is_passing_through=command.on)

    @_do.register
    def _move_crop(self, command: commands.MoveCrop) -> None:
        self._reenactor.post(lambda: self._reenact.framing.move(command.dx, command.dy))

    @_do.register
    def _zoom_crop(self, command: commands.ZoomCrop) -> None:
        self._reenactor.post(lambda: self._reenact.framing.zoom(command.factor))

    @_do.register
    def _reset_crop(self, _: commands.ResetCrop) -> None:
        self._reenactor.post(self._reenact.framing.reset)

    @_do.register
    def _start_recording(self, _: commands.StartRecording) -> None:
        self._recorder.post(self._record.start)

    @_do.register
    def _stop_recording(self, _: commands.StopRecording) -> None:
        self._recorder.post(self._record.stop)

    @_do.register
    def _mark(self, command: commands.Mark) -> None:
        self._wiring.tell(Marked(self._wiring.now(), command.note))
