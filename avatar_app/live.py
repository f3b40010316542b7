"""The live app without its window: runs until told to stop, and says how it went."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from avatar_app.devices.camera import check_camera
from avatar_app.events import (
    AvatarChanged,
    CameraBack,
    CameraLost,
    Event,
    FlagRaised,
    OutputChanged,
    RecordingSaved,
    RecordingStarted,
    Refused,
    WorkerFailed,
)
from avatar_app.files import check_distinct, check_writable, is_file, write_json
from avatar_app.pipeline import Parts, Pipeline, Shown, Status
from avatar_app.pipeline.account import Account, LiveRun
from avatar_app.pipeline.output import OutputJob
from avatar_app.preferences import Preferences
from avatar_app.progress import Progress, silent
from avatar_app.recording import clip_of
from avatar_app.types import AvatarAppError

_GLANCE = 0.2  # seconds between two looks at the clock
_PATIENCE = 10.0  # seconds for all workers to end
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last


def run_headless(
    preferences: Preferences,
    *,
    seconds: float | None = None,
    stats_json: Path | None = None,
    progress: Progress = silent,
    say: Callable[[str], None] = lambda sentence: None,
    parts: Parts | None = None,
) -> LiveRun:
    """Run the app until its clip ends, `seconds` with an avatar are over, or KeyboardInterrupt.

    `say` takes a sentence about whatever a person should know. `stats_json` is also written after
    KeyboardInterrupt, which is raised again. Raises AvatarAppError at once for a camera that is a
    file or a folder which cannot be played, for `stats_json` where it is that file, or where model
    or avatar cannot be had; and at the end where there has been no avatar at all, or the virtual
    camera could never be used. Its sentence is that of the cause.
    """
    camera = str(clip_of(Path(preferences.camera)) or preferences.camera)
    check_camera(camera)
    if is_file(Path(camera)):
        check_distinct([Path(camera)], [stats_json])
    check_writable(stats_json)
    pipeline = Pipeline(preferences, parts)
    watch = _Watch(pipeline, say)
    pipeline.start()
    try:
        watch.until_over(seconds, progress)
    finally:
        with _undisturbed():
            hung = pipeline.stop(_PATIENCE)
            watch.take_events()
            run = watch.account.run(hung)
            if stats_json is not None:
                write_json(stats_json, run)
    if run.summary.pictures.get("model", 0) == 0:
        raise AvatarAppError(watch.last_trouble or _NO_FACE)
    if watch.output_trouble and not watch.was_seen:
        raise AvatarAppError(watch.output_trouble)
    return run


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Pass over further requests to end: the end is near, and a thread cut off by it aborts."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of another thread's business
        return
    known = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in known}
    try:
        yield
    finally:
        for number, heard in before.items():
            signal.signal(number, signal.SIG_DFL if heard is None else heard)


_NO_FACE = (
    "No face was seen, so no avatar was shown; sit before the camera, or choose another one with "
    "--camera."
)


class _Watch:
    """Takes what happens from a pipeline, counts it, and says what a person should know."""

    def __init__(self, pipeline: Pipeline, say: Callable[[str], None]) -> None:
        self._pipeline = pipeline
        self._say = say
        self.account = Account(pipeline)
        self.last_trouble = self.output_trouble = ""
        self.was_seen = False  # by others, through the virtual camera

    def until_over(self, seconds: float | None, progress: Progress) -> None:
        began = time.monotonic()
        while True:
            self.take_events(_GLANCE)
            self.account.glance()
            state = self._pipeline.state
            if not state.is_ready:
                began = time.monotonic()
            passed = time.monotonic() - began
            progress(min(passed, seconds or passed), seconds, "seconds")
            if state.camera is Status.ENDED:
                return
            if seconds is not None and passed >= seconds:
                return
            if state.is_ready and state.avatar is None:
                return  # no model, or no avatar: nobody is there to choose another

    def take_events(self, timeout: float = 0.0) -> None:
        first = self._pipeline.events.take(timeout)
        for event in [*([first] if first else []), *self._pipeline.events.drain()]:
            self.account.count(event)
            sentence = _sentence(event)
            if sentence:
                self._say(sentence)
            if isinstance(event, CameraLost) and self._pipeline.state.camera is Status.ENDED:
                continue  # that a clip is over is no trouble
            if isinstance(event, CameraLost | WorkerFailed | Refused):
                self.last_trouble = event.reason
            if isinstance(event, WorkerFailed) and event.worker == OutputJob.name:
                self.output_trouble = event.reason
            if isinstance(event, OutputChanged) and event.state != Shown.OFF.value:
                self.was_seen = True


def _sentence(event: Event) -> str:
    """Say to a person what has happened, or nothing where it does not matter."""
    match event:
        case CameraBack(name=name, width=width, height=height, fps=fps):
            return f"camera: {name}, {width} x {height} at {fps:.0f} a second"
        case AvatarChanged(avatar=avatar):
            return f"avatar: {avatar}"
        case FlagRaised(flag=flag, reason=reason):
            kind = "warning" if flag.is_gate else "flag"
            why = f" ({reason})" if reason else ""
            return f"{kind}: {flag.sentence}{why} {flag.remedy}"
        case OutputChanged(state=state, reason=reason):
            return f"others see: {state}{f' ({reason})' if reason else ''}"
        case CameraLost(reason=reason) | WorkerFailed(reason=reason) | Refused(reason=reason):
            return reason
        case RecordingStarted(path=path):
            return f"recording: {path}"
        case RecordingSaved(path=path, seconds=seconds):
            return f"recorded: {path} ({seconds:.1f} s)"
        case _:
            return ""
