"""The window is closed in the middle of each fault: it goes at once, and nobody hangs on."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication

from avatar_app.gui import app as gui_app
from avatar_app.gui.app import run_window
from avatar_app.gui.window import Window
from avatar_app.pipeline import Status
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError, CameraError, ClipEndedError
from tests.pipeline.fakes import LONG, Faults, parts

_GLANCE_MS = 20


@dataclass(frozen=True)
class Case:
    """A fault, injected into a window that runs well, and how the window shows it."""

    name: str
    inject: Callable[[Faults], None]
    topic: str = ""
    shows: Callable[[Window], bool] = lambda window: True
    preferences: dict[str, Any] = field(default_factory=dict)


def _set(**faults: Any) -> Callable[[Faults], None]:
    def inject(shared: Faults) -> None:
        for name, value in faults.items():
            setattr(shared, name, value)

    return inject


CASES = (
    Case("nothing wrong", _set()),
    Case(
        "clip ends",
        _set(camera=ClipEndedError("the clip has ended")),
        shows=lambda window: window.source.state.camera is Status.ENDED,
    ),
    Case("camera unplugged", _set(camera=CameraError("it was taken out")), "camera"),
    Case(
        "camera hangs",
        lambda faults: faults.hang.clear(),
        "camera",
        shows=lambda window: window.source.state.camera is Status.LOST,
    ),
    Case(
        "reenactor raises",
        _set(reenactor=RuntimeError("no memory")),
        "reenactor",
        shows=lambda window: window.stage.words[0] == "The model has stopped",
    ),
    Case(
        "detector raises",
        _set(detector=RuntimeError("odd picture")),
        "detector",
        shows=lambda window: window.source.state.detector is Status.FAILED,
    ),
    Case("looker raises", _set(looker=RuntimeError("blind")), "looker"),
    Case(
        "virtual camera vanishes",
        _set(output=OSError("no such device"), no_output=AvatarAppError("there is no device")),
        "output",
    ),
    Case(
        "disk full",
        _set(recorder=OSError(errno.ENOSPC, "No space left on device")),
        "recorder",
        preferences={"record": "always"},
    ),
    Case(
        "recorder raises",
        _set(recorder=RuntimeError("codec")),
        "recorder",
        preferences={"record": "always"},
    ),
)


@pytest.fixture
def faults() -> Iterator[Faults]:
    """Give faults of which none holds; a camera that hangs goes on in the end."""
    made = Faults()
    yield made
    made.hang.set()


class _Closer:
    """Waits until all is well, injects the fault, and closes the window once that shows."""

    def __init__(self, case: Case, faults: Faults) -> None:
        self._case, self._faults = case, faults
        self._is_injected = False
        self._looks = 0
        self.closed = ""
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(_GLANCE_MS)

    def _look(self) -> None:
        window = next(
            top
            for top in QApplication.topLevelWidgets()
            if isinstance(top, Window) and top.isVisible()
        )
        self._looks += 1
        if not self._is_injected:
            if window.stage.has_picture and self._is_recording(window):
                self._is_injected = True
                self._case.inject(self._faults)
        elif self._shows(window):
            self._end(window, "while the fault showed")
        if self._looks * _GLANCE_MS > LONG * 1000:
            self._end(window, f"too late, with {window.banners.notices}")

    def _is_recording(self, window: Window) -> bool:
        return "record" not in self._case.preferences or bool(window.source.state.recording)

    def _shows(self, window: Window) -> bool:
        topics = [notice.topic for notice in window.banners.notices]
        return (not self._case.topic or self._case.topic in topics) and self._case.shows(window)

    def _end(self, window: Window, how: str) -> None:
        self._timer.stop()
        self.closed = how
        window.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_window_closes_in_the_middle_of_a_fault(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, faults: Faults, case: Case
) -> None:
    """The fault is shown, the window goes, all workers end, and all they held is let go."""
    monkeypatch.setattr(gui_app, "_PATIENCE", 0.5 if case.name == "camera hangs" else LONG)
    chosen = {"camera": "fake", "virtual_camera": "fake", "record": "off", **case.preferences}
    closer = _Closer(case, faults)
    run = run_window(Preferences(**chosen), parts=parts(faults))
    assert closer.closed == "while the fault showed"
    # A camera that never answers cannot be ended; the app goes without it, and says so.
    assert run.hung == (("camera",) if case.name == "camera hangs" else ())
    if not run.hung:
        assert sorted(faults.closed) == sorted(faults.opened)


def test_a_model_that_cannot_be_loaded_is_a_banner_in_a_window_that_closes(
    qapp: QApplication, faults: Faults
) -> None:
    """There is no picture yet; the window says why and lets the user choose another model."""
    faults.model = AvatarAppError("there is no model called x; choose another one")
    window: list[Window] = []
    seen: list[str] = []

    def look() -> None:
        window[:] = [
            top
            for top in QApplication.topLevelWidgets()
            if isinstance(top, Window) and top.isVisible()
        ]
        seen[:] = [notice.sentence for notice in window[0].banners.notices]
        if seen:
            timer.stop()
            window[0].close()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(_GLANCE_MS)
    run = run_window(Preferences(camera="fake", record="off"), parts=parts(faults))
    assert seen == ["There is no model called x; choose another one."]
    assert run.hung == ()
    assert run.model == ""
