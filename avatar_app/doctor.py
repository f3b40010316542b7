"""What of the app works on this machine, what does not, and what to do about it.

Every check answers one question by trying: it opens the camera, renders a picture, makes a window.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from avatar_app import __version__, settings
from avatar_app.devices.keyboard import obstacle
from avatar_app.files import check_writable
from avatar_app.pipeline import Parts
from avatar_app.preferences import Preferences
from avatar_app.progress import Progress, silent
from avatar_app.recording import check_space
from avatar_app.types import AvatarAppError, Frame, KeyPoints, Rendered

_TRIED_PICTURES = 8
_SLOW = 12.0  # pictures a second: below it nobody takes the avatar for a moving person
_WINDOW_SECONDS = 30.0
_CAMERA_PICTURES = 5
_NO_KEYPOINTS = KeyPoints(np.zeros((1, 1, 2), np.float32), np.zeros((1, 1, 2, 2), np.float32))

_LOOPBACK = Path("/sys/module/v4l2loopback/parameters/exclusive_caps")
_VIRTUAL = Path("/sys/devices/virtual/video4linux")
_OF_OPENCV = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_LIBRARIES = (
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 "
    "libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0 libx11-xcb1 libdbus-1-3 libfontconfig1"
)
_TRY_WINDOW = """
from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import QApplication
app = QApplication([])
print(app.platformName(), len(QFontDatabase().families()), sep=",")
"""


class Outcome(Enum):
    """How a check ended: what has FAILED keeps the app from its main job."""

    WORKS = "works"
    COULD_BE_BETTER = "could be better"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """The answer to one question: what was `found`, and the `remedy` where one is needed."""

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Examination:
    """All answers."""

    checks: tuple[Check, ...]

    @property
    def is_fit(self) -> bool:
        """Whether the app can do its main job here."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    def to_json(self) -> str:
        """Return all this as a JSON object."""
        checks = [
            {**dataclasses.asdict(check), "outcome": check.outcome.value} for check in self.checks
        ]
        return json.dumps({"is_fit": self.is_fit, "checks": checks}, indent=2)


def examine(
    preferences: Preferences,
    *,
    window: bool = True,
    parts: Parts | None = None,
    progress: Progress = silent,
) -> Examination:
    """Try everything that `avatar-app` needs with these preferences; `window` False: headless.

    Never raises what a part of the app does: that is what it is there to find out.
    """
    patient = _Patient(preferences, parts or Parts(), window)
    checks: list[Check] = []
    questions = patient.questions()
    for number, (name, question) in enumerate(questions):
        progress(number, len(questions), f"checks ({name})")
        checks.append(Check(name, *_answered(question)))
    return Examination(tuple(checks))


Answer = tuple[Outcome, str, str]
"""How it ended, what was found, and the remedy or nothing."""


def _answered(question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except AvatarAppError as error:
        return _told(Outcome.FAILED, str(error))
    except Exception as error:  # noqa: BLE001 - whatever is broken here is what was asked for
        found = f"unexpected {type(error).__name__}: {error}"
        return Outcome.FAILED, found, "report this, it is a fault of the app"


def _told(outcome: Outcome, sentence: str) -> Answer:
    """Split one of the app's sentences into what is wrong and what to do about it."""
    found, _, remedy = sentence.partition("; ")
    return outcome, found, remedy.rstrip(".")


class _Patient:
    """The app on this machine, with these preferences."""

    def __init__(self, preferences: Preferences, parts: Parts, window: bool) -> None:
        self._preferences = preferences
        self._parts = parts
        self._window = window

    def questions(self) -> list[tuple[str, Callable[[], Answer]]]:
        return [
            ("system", _system),
            ("folders", self._folders),
            ("camera", self._camera),
            ("model", self._model),
            ("device", self._device),
            ("avatar", self._avatar),
            ("red flags", self._red_flags),
            ("virtual camera", self._virtual_camera),
            *([("window", _try_window)] if self._window else []),
            ("hotkeys", self._hotkeys),
        ]

    def _folders(self) -> Answer:
        for folder in (settings.data_dir(), settings.cache_dir(), self._preferences.recordings_dir):
            check_writable(folder / "probe")
        check_space(self._preferences.recordings_dir, self._preferences.spare_disk)
        return Outcome.WORKS, f"{settings.data_dir()} can be written", ""

    def _camera(self) -> Answer:
        camera = self._parts.camera(self._preferences)
        try:
            frames = [camera.read() for _ in range(_CAMERA_PICTURES)]
            found = f"{camera.name}, {camera.width} x {camera.height} at {camera.fps:.0f} a second"
        finally:
            camera.close()
        if max(int(frame.image.max()) for frame in frames) < 8:
            return (
                Outcome.COULD_BE_BETTER,
                f"{found}, but its pictures are black",
                "open its cover, or close the other program that uses it",
            )
        return Outcome.WORKS, found, ""

    def _model(self) -> Answer:
        engine = self._parts.reenactor(self._preferences)
        try:
            # The one that comes along: the chosen one has an answer of its own.
            avatar = self._parts.avatar(Preferences().avatar, engine.size, self._parts.looker())
            engine.set_source(avatar)
            frame = Frame(avatar.image, 0, 0.0)
            engine.calibrate(frame)
            engine.animate(frame)
            times = []
            for _ in range(_TRIED_PICTURES):
                began = time.perf_counter()
                engine.animate(frame)
                times.append(time.perf_counter() - began)
        finally:
            engine.close()
        fps = 1 / float(np.median(times))
        found = f"{engine.model_name}: {fps:.0f} pictures a second by {engine.runtime_description}"
        if fps < _SLOW:
            quickest = Preferences().model
            other = "" if engine.model_name == quickest else f"the model {quickest}, or "
            remedy = f"close other programs, or use {other}a machine with an NVIDIA card"
            return Outcome.COULD_BE_BETTER, found, remedy
        return Outcome.WORKS, found, ""

    def _device(self) -> Answer:
        from avatar_app.fomm.runtime import choose

        choice = choose(self._preferences.device)
        idle = choice.device == "cpu" and "PyTorch" in choice.reason
        return (
            Outcome.COULD_BE_BETTER if idle else Outcome.WORKS,
            f"{choice.runtime} on {choice.device}, because {choice.reason}",
            "pip install torch --index-url https://download.pytorch.org/whl/cu126" if idle else "",
        )

    def _avatar(self) -> Answer:
        avatar = self._parts.avatar(self._preferences.avatar, 256, self._parts.looker())
        if avatar.landmarks is None:
            return (
                Outcome.COULD_BE_BETTER,
                f"{avatar.name}: no face was found in it",
                "choose another picture, of one person from the front",
            )
        return Outcome.WORKS, avatar.name, ""

    def _red_flags(self) -> Answer:
        detector = self._parts.detector(self._preferences)
        if detector is None:
            return Outcome.WORKS, "the settings turn them off", ""
        avatar = self._parts.avatar(Preferences().avatar, 256, self._parts.looker())
        times = []
        try:
            detector.set_source(avatar)
            for index in range(2 * _TRIED_PICTURES):
                frame = Frame(avatar.image, index, index / 25)
                began = time.perf_counter()
                detector.inspect(Rendered(frame, avatar.image, _NO_KEYPOINTS))
                times.append(time.perf_counter() - began)
        finally:
            detector.close()
        # What is compiled for this processor, once, is compiled at the first ones.
        usual = 1000 * float(np.median(times))
        return Outcome.WORKS, f"a picture is judged in {usual:.0f} ms", ""

    def _virtual_camera(self) -> Answer:
        from avatar_app.devices.virtual_camera import AUTO, NONE

        is_wanted = self._preferences.virtual_camera != NONE
        wish = self._preferences if is_wanted else self._preferences.changed(virtual_camera=AUTO)
        try:
            output = self._parts.output(wish)
        except AvatarAppError as error:
            outcome = Outcome.FAILED if is_wanted else Outcome.COULD_BE_BETTER
            return _told(outcome, str(error))
        name = output.name
        output.close()
        return _loopback(name)

    def _hotkeys(self) -> Answer:
        hindrance = obstacle() if self._preferences.global_hotkeys else ""
        if hindrance:
            return _told(Outcome.COULD_BE_BETTER, hindrance)
        return Outcome.WORKS, "keys work in the window", ""


def _system() -> Answer:
    found = (
        f"avatar_app {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.release()}, {os.cpu_count()} cores"
    )
    missing = [
        path
        for path in (
            settings.bundled("models", "fomm-mini.safetensors"),
            settings.bundled("assets", "demo", "webcam.mp4"),
            settings.bundled("assets", "avatars"),
        )
        if not path.exists()
    ]
    if missing:
        return Outcome.FAILED, f"{found}; {missing[0]} is missing", "install the app again"
    return Outcome.WORKS, found, ""


def _loopback(name: str) -> Answer:
    """Look whether other programs will list the device: Chrome hides one that can also be fed."""
    if sys.platform == "linux" and _LOOPBACK.is_file():
        there = _LOOPBACK.read_text(encoding="utf-8").strip().split(",")
        # One a device, in the order of their numbers: 2 is before 10.
        devices = [device.name for device in _VIRTUAL.glob("video*")]
        devices.sort(key=lambda device: (len(device), device))
        device = Path(name).name
        index = devices.index(device) if device in devices else 0
        if index < len(there) and there[index] not in ("Y", "1"):
            return (
                Outcome.COULD_BE_BETTER,
                f"{name}, but browsers will not list it",
                "sudo modprobe -r v4l2loopback && sudo modprobe v4l2loopback exclusive_caps=1 "
                'card_label="avatar_app camera"',
            )
    return Outcome.WORKS, name, ""


def _try_window() -> Answer:
    """Make a window's application in a process of its own: Qt ends the process where it cannot."""
    # OpenCV leaves the path of a Qt of its own here, which the window does not use.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_OPENCV}
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _TRY_WINDOW],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_WINDOW_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Outcome.FAILED, "no window came", "check the desktop session, or use --headless"
    if tried.returncode == 0:
        kind, fonts = tried.stdout.strip().split(",")
        if int(fonts):
            return Outcome.WORKS, f"Qt on {kind}, {fonts} fonts", ""
        return Outcome.FAILED, "there are no fonts", "sudo apt install fonts-dejavu-core"
    return Outcome.FAILED, *_why_no_window(tried.stderr)


def _why_no_window(said: str) -> tuple[str, str]:
    """Return what Qt means, and the remedy."""
    if "No module named" in said:
        return "PyQt5 is not installed", "pip install PyQt5, or use --headless"
    if "could not connect to display" in said:
        return "there is no screen", "run it in a desktop session, or use --headless"
    if "Could not load the Qt platform plugin" in said or "cannot open shared object" in said:
        return (
            "a library that Qt needs is missing",
            f"sudo apt install {_LIBRARIES}",
        )
    last = said.strip().splitlines()[-1:] or ["Qt ended without a word"]
    return last[0], "use --headless"
