"""Runs the window with its pipeline, from the first picture to a clean end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

from PyQt5.QtCore import QT_VERSION_STR, Qt, QTimer
from PyQt5.QtWidgets import QApplication

from avatar_app.files import check_writable, write_json
from avatar_app.gui.banners import Notice, Tone
from avatar_app.gui.theme import apply_theme
from avatar_app.gui.window import Window
from avatar_app.pipeline import Parts, Pipeline
from avatar_app.pipeline.account import Account, LiveRun
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError

_SYSTEM: str = sys.platform
_PATIENCE = 5.0  # seconds for all workers to end
_GLANCE_MS = 200
_NO_SCREEN = (
    "there is no screen to open a window on; run it in a desktop session, or without a window: "
    "avatar-app run --headless"
)


def run_window(
    preferences: Preferences,
    *,
    seconds: float | None = None,
    stats_json: Path | None = None,
    parts: Parts | None = None,
) -> LiveRun:
    """Show the window until it is closed, or for `seconds` with a model; return how that went.

    The same is written to `stats_json`, also after Ctrl-C. Raises AvatarAppError where there is no
    screen, and KeyboardInterrupt after Ctrl-C.
    """
    check_writable(stats_json)
    app = make_application()
    pipeline = Pipeline(preferences, parts)
    account = Account(pipeline)
    window = Window(pipeline, preferences)
    window.happened.connect(account.count)
    watch = _watch(window, account, seconds)
    with _errors_as_banners(window), _interrupts(app) as interrupts:
        pipeline.start()
        try:
            window.show()
            app.exec_()
        finally:
            watch.stop()
            window.close()
            hung = pipeline.stop(_PATIENCE)
            for event in pipeline.events.drain():
                account.count(event)
            run = account.run(hung)
            window.deleteLater()
            if stats_json is not None:
                write_json(stats_json, run)
    if interrupts:
        raise interrupts[0]
    return run


def _watch(window: Window, account: Account, seconds: float | None) -> QTimer:
    """Return a running timer that keeps the account, and ends the window after its seconds."""
    end = QTimer(window)
    end.setSingleShot(True)
    end.timeout.connect(window.end)
    glance = QTimer(window)

    def look() -> None:
        account.glance()
        if seconds is not None and window.source.state.is_ready and not end.isActive():
            end.start(round(seconds * 1000))

    glance.timeout.connect(look)
    glance.start(_GLANCE_MS)
    return glance


def make_application() -> QApplication:
    """Return the one QApplication, made and themed if there is none.

    Raises AvatarAppError where there is no screen: Qt itself would end the process.
    """
    # cv2 brings a Qt of its own and points Qt's plugins there; PyQt5 then aborts on X11.
    os.environ.pop("QT_QPA_PLATFORM_PLUGIN_PATH", None)
    os.environ.pop("QT_QPA_FONTDIR", None)
    there = QApplication.instance()
    if isinstance(there, QApplication):
        return there
    if not _has_screen():
        raise AvatarAppError(_NO_SCREEN)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QApplication.setHighDpiScaleFactorRoundingPolicy(_rounding())
    app = QApplication(["avatar_app"])
    app.setApplicationName("avatar_app")
    app.setApplicationDisplayName("avatar_app")
    apply_theme(app)
    return app


def _rounding() -> Qt.HighDpiScaleFactorRoundingPolicy:
    """Round where the scale is what a screen claims to measure, not what its user has chosen."""
    if _SYSTEM.startswith("linux"):
        return Qt.HighDpiScaleFactorRoundingPolicy.Round
    return Qt.HighDpiScaleFactorRoundingPolicy.PassThrough


def _has_screen() -> bool:
    if not _SYSTEM.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def _errors_as_banners(window: Window) -> Iterator[None]:
    """Show what goes wrong in the window itself; without this PyQt ends the process."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, Exception):
            before(kind, error, trace)
            return
        sentence = (
            str(error)
            if isinstance(error, AvatarAppError)
            else f"The window met an unexpected {kind.__name__} ({error}); please report this, it "
            f"is a fault of the app (Qt {QT_VERSION_STR})."
        )
        window.banners.tell(Notice("window", Tone.ERROR, sentence))

    before, sys.excepthook = sys.excepthook, show
    try:
        yield
    finally:
        sys.excepthook = before


@contextmanager
def _interrupts(app: QApplication) -> Iterator[list[BaseException]]:
    """Let Ctrl-C and the system's requests end the event loop; what was raised is collected."""
    caught: list[BaseException] = []
    numbers = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
    before = {number: signal.getsignal(number) for number in numbers}

    def end(number: int, frame: FrameType | None) -> None:
        handler = before[number]
        try:
            if callable(handler):
                handler(number, frame)
            else:
                raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            # Its traceback would hold what was interrupted: a painter that must end now.
            caught.append(stop.with_traceback(None))
        app.quit()

    for number in numbers:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, end)
    # Python looks at signals between bytecodes only: give it some.
    glance = QTimer()
    glance.timeout.connect(lambda: None)
    glance.start(_GLANCE_MS)
    try:
        yield caught
    finally:
        glance.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
