"""Parts that do what a test tells them to, and a run that waits for events instead of time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from avatar_app.events import Event, Flag
from avatar_app.pipeline import Delays, Parts, Pipeline, commands
from avatar_app.preferences import Preferences
from avatar_app.recording import Moment, Session, SessionWriter
from avatar_app.types import (
    Avatar,
    AvatarAppError,
    Floats,
    Frame,
    Image,
    KeyPoints,
    Rendered,
    Verdict,
)
from tests.evaluation.constructed import landmarks

LONG = 10.0  # seconds; a test that waits so long has failed
SIZE = 64
SILENT = "silent"  # the camera that answers only when told to
RAW, AVATAR = 200, 90  # the grey of the camera's pictures, and of the avatar's
AVATAR_2 = 60  # that of the avatar called sofia
POINTS = KeyPoints(np.zeros((1, 3, 2), np.float32), np.zeros((1, 3, 2, 2), np.float32))

E = TypeVar("E")


def grey(value: int, height: int = SIZE, width: int = SIZE) -> Image:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


@dataclass
class Faults:
    """What the parts are to do wrong, from now on; shared by all parts of a run."""

    size: int = SIZE
    camera: Exception | None = None
    last_picture: int = 0  # before this one the camera does nothing wrong
    is_live: bool = True
    opening: Exception | None = None
    black: bool = False
    reenactor: Exception | None = None
    model: Exception | None = None
    unfit: str = ""  # the avatar that no model can encode
    looker: Exception | None = None
    faceless: bool = False
    detector: Exception | None = None
    output: Exception | None = None
    no_output: Exception | None = None
    recorder: Exception | None = None
    disk: Callable[[], object] = lambda: None  # called before each picture is written
    flags: frozenset[Flag] = frozenset()
    recalibrated: list[int] = field(default_factory=list)  # the pictures judged before
    judged: list[tuple[str, int]] = field(default_factory=list)  # as whose, and the grey
    rendered: list[float] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)  # set: reads go on
    judge: threading.Event = field(default_factory=threading.Event)  # set: judging goes on
    answer: threading.Event = field(default_factory=threading.Event)  # set: SILENT is opened
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    cameras: int = 0  # how many were open at once, at most
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hang.set()
        self.judge.set()
        self.answer.set()


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


class _Camera:
    """Gives a grey picture every few milliseconds."""

    width, height, fps = 160, 120, 200.0

    def __init__(self, faults: Faults, name: str) -> None:
        if name == SILENT:
            faults.answer.wait(LONG)
        _raise(faults.opening)
        self.name = name
        self.is_live = faults.is_live
        self._faults = faults
        self._index = 0
        faults.opened.append("camera")
        still_open = faults.opened.count("camera") - faults.closed.count("camera")
        faults.cameras = max(faults.cameras, still_open)

    def read(self) -> Frame:
        time.sleep(1 / self.fps)
        self._faults.hang.wait(LONG)
        if self._index >= self._faults.last_picture:
            _raise(self._faults.camera)
        self._index += 1
        image = grey(0 if self._faults.black else RAW, self.height, self.width)
        image.flags.writeable = False
        return Frame(image, self._index - 1, time.monotonic())

    def close(self) -> None:
        self._faults.closed.append("camera")


class _Reenactor:
    """Shows the avatar's picture, whatever the driver does."""

    model_name, runtime_description, device_reason = "fake", "nothing", "it is a test"

    def __init__(self, faults: Faults) -> None:
        _raise(faults.model)
        self._faults = faults
        self.size = faults.size
        self._avatar: Avatar | None = None
        self.is_calibrated = False
        faults.opened.append("reenactor")

    def set_source(self, avatar: Avatar) -> None:
        if avatar.name == self._faults.unfit:
            raise ValueError(f"{avatar.name} does not fit")
        self._avatar = avatar

    def calibrate(self, frame: Frame) -> None:
        self.is_calibrated = True

    def keypoints(self, frame: Frame) -> KeyPoints:
        # Of all drivers the one of picture 20 is most like the avatar.
        away = abs(frame.index - 20) if frame.time else 0
        return KeyPoints(np.full((1, 3, 2), away, np.float32), POINTS.jacobian)

    def animate(self, frame: Frame) -> Rendered:
        _raise(self._faults.reenactor)
        assert self._avatar is not None
        self._faults.rendered.append(frame.time)
        return Rendered(frame, self._avatar.image.copy(), POINTS, {}, {"render": 1.0})

    def close(self) -> None:
        self._faults.closed.append("reenactor")


class _Looker:
    """Sees one face in the middle of every picture."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def follow(self, image: Image) -> Floats | None:
        _raise(self._faults.looker)
        return None if self._faults.faceless else landmarks(unit=20, centre=(80, 60))

    def forget(self) -> None:
        pass

    def in_photo(self, image: Image) -> Sequence[Floats]:
        return []


class _Detector:
    """Raises the flags that it is told to."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._newest = -1
        self._of = ""
        faults.opened.append("detector")

    def set_source(self, avatar: Avatar) -> None:
        self._of = avatar.name

    def recalibrate(self) -> None:
        self._faults.recalibrated.append(self._newest)

    def inspect(self, rendered: Rendered) -> Verdict:
        self._faults.judged.append((self._of, int(rendered.image[0, 0, 0])))
        self._faults.judge.wait(LONG)
        _raise(self._faults.detector)
        driving = rendered.driving
        self._newest = driving.index
        reasons = dict.fromkeys(self._faults.flags, "told to")
        return Verdict(driving.index, driving.time, 0.5, self._faults.flags, reasons)

    def close(self) -> None:
        self._faults.closed.append("detector")


class _Output:
    """Keeps the grey in the middle of what others see."""

    name = "fake output"

    def __init__(self, faults: Faults, height: int, width: int) -> None:
        faults.asked.append("output")
        _raise(faults.no_output)
        self.height, self.width = height, width
        self._faults = faults
        faults.opened.append("output")

    def write(self, image: Image) -> None:
        _raise(self._faults.output)
        assert image.shape == (self.height, self.width, 3)
        SEEN.append(int(image[self.height // 2, self.width // 2, 0]))

    def close(self) -> None:
        self._faults.closed.append("output")


class _Session(SessionWriter):
    """Writes what it is given, until it is told not to."""

    def __init__(self, faults: Faults, *given: Any) -> None:
        super().__init__(*given)
        self._faults = faults
        faults.opened.append("session")

    def write(self, moment: Moment) -> None:
        _raise(self._faults.recorder)
        self._faults.disk()
        super().write(moment)

    def finish(self, lost: int = 0) -> Session:
        session = super().finish(lost)  # which abandons what it cannot finish
        self._faults.closed.append("session")
        return session

    def abandon(self) -> None:
        self._faults.closed.append("session")
        super().abandon()


SEEN: list[int] = []
"""The grey in the middle of every picture that others saw in this run."""


def _avatar(faults: Faults, name: str, size: int) -> Avatar:
    faults.asked.append(name)
    if name == "nobody":
        raise AvatarAppError("there is no avatar called nobody")
    shade = AVATAR_2 if name == "sofia" else AVATAR
    return Avatar(name, grey(shade, size, size), None, landmarks(unit=size / 5, centre=(32, 32)))


def _photo(photo: Path) -> Path:
    if photo.stem == "nobody":
        raise AvatarAppError(f"no face was found in {photo}")
    return photo.with_suffix(".png")


def parts(faults: Faults) -> Parts:
    """All parts as fakes."""
    return Parts(
        camera=lambda preferences: _Camera(faults, preferences.camera),
        reenactor=lambda preferences: _Reenactor(faults),
        looker=lambda: _Looker(faults),
        avatar=lambda name, size, looker: _avatar(faults, name, size),
        photo=lambda photo, looker: _photo(photo),
        detector=lambda preferences: _Detector(faults) if preferences.detector else None,
        output=lambda preferences: _Output(faults, *preferences.output_shape),
        session=lambda *given: _Session(faults, *given),
        delays=Delays(camera=0.05, output=0.05, silence=0.4, opening=0.4, stale=0.3, stats=0.2),
        pose_distance=lambda one, other: float(abs(one.value - other.value).mean()),
    )


class Run:
    """A pipeline of fakes that runs."""

    def __init__(self, preferences: Preferences, faults: Faults) -> None:
        self.faults = faults
        self.pipeline = Pipeline(preferences, parts(faults))
        self.events: list[Event] = []

    def post(self, command: commands.Command) -> None:
        """Ask for something."""
        self.pipeline.post(command)

    def until(self, kind: type[E], **fields: Any) -> E:
        """Wait for the next event of this kind that has these fields."""
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            event = self.pipeline.events.take(0.2)
            if event is None:
                continue
            self.events.append(event)
            if isinstance(event, kind) and all(
                getattr(event, name) == value for name, value in fields.items()
            ):
                return event
        raise AssertionError(f"no {kind.__name__} with {fields} among {self.events}")

    def until_true(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds, from picture to picture."""
        end = time.monotonic() + LONG
        while not holds():
            assert time.monotonic() < end, f"it never came true; {self.pipeline.state}"
            self.pipeline.to_view.take(0.05)

    def until_seen(self, value: int) -> None:
        """Wait until others see this grey."""
        SEEN.clear()
        self.until_true(lambda: value in SEEN[-1:])


@contextlib.contextmanager
def running(faults: Faults | None = None, **preferences: Any) -> Iterator[Run]:
    """Give a run that is ended afterwards, in time and without a thread left."""
    chosen = {"camera": "fake", "virtual_camera": "fake", "record": "off", **preferences}
    SEEN.clear()
    run = Run(Preferences(**chosen), faults or Faults())
    run.pipeline.start()
    try:
        yield run
    finally:
        run.faults.hang.set()
        run.faults.judge.set()
        run.faults.answer.set()
        assert run.pipeline.stop(LONG) == []
    assert sorted(run.faults.closed) == sorted(run.faults.opened)
