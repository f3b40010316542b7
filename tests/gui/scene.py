"""What pictures of the window are made of: the demo clip, rendered, and a window around it."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image as Pictures
from PyQt5 import sip
from PyQt5.QtCore import QBuffer, QEventLoop, QIODevice, QTimer
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QApplication, QWidget

from avatar_app import settings
from avatar_app.events import (
    Calibrated,
    Marked,
    Stats,
)
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.framing import SmoothedSquare, cut
from avatar_app.glitch.detector import load_detector
from avatar_app.glitch.flags import FlagTracker
from avatar_app.gui.window import Window
from avatar_app.guide import Guide, guide
from avatar_app.pipeline import DriverFace, View
from avatar_app.pipeline.parts import DlibLooker
from avatar_app.preferences import Preferences
from avatar_app.recording import Moment, SessionInfo, SessionWriter
from avatar_app.types import Avatar, AvatarAppError
from avatar_app.video import VideoReader
from tests.gui.fakes import FakePipeline, running_state

_STILL = 700  # milliseconds, after which nothing lights up any more
_STATS = Stats(
    0, 30.0, 24.6, 30.0, 9.8, 61.0, 88.0, 41, 0, "OpenVINO on the CPU (int8 and float32)",
    "it is the fastest that this machine has", {"look": 15.6, "keypoints": 4.6, "render": 26.1},
)  # fmt: skip
EVERY = 2  # of the clip's pictures one is rendered: as many as the app shows on a small machine
FPS = 25.0 / EVERY


def number(seconds: float) -> int:
    """Return the number of the picture so far into the clip."""
    return round(seconds * FPS)


def wait(milliseconds: int) -> None:
    """Let the window draw."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec_()


def grabbed() -> QPixmap:
    """Return what the screen shows."""
    screen = QApplication.primaryScreen()
    assert screen is not None
    return screen.grabWindow(sip.voidptr(0))


class Scene:
    """The demo clip, rendered once, and a window to show parts of it in."""

    def __init__(self, avatar: Avatar, views: list[View], folder: Path) -> None:
        self._avatar, self._views, self._folder = avatar, views, folder

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Keep what the screen shows as NAME.png, with few colours."""
        wait(_STILL)
        taken = grabbed() if widget is None else widget.grab()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        taken.save(buffer, "PNG")
        with Pictures.open(io.BytesIO(bytes(buffer.data()))) as picture:
            few = picture.convert("RGB").quantize(256, kmeans=1)
        few.save(self._folder / f"{name}.png", optimize=True)

    def window(self, width: int = 1120, height: int = 760, **state: Any) -> Window:
        """Open a window on this state."""
        base = {
            "avatar": self._avatar,
            "camera_name": "demo clip",
            "device": _STATS.device,
            "device_reason": _STATS.device_reason,
        }
        pipeline = FakePipeline(running_state(**{**base, **state}))
        window = Window(pipeline, Preferences(camera="demo"))
        window.setGeometry(0, 0, width, height)
        window.show()
        QApplication.setActiveWindow(window)
        return window

    def play(self, window: Window, until: int) -> None:
        """Let the clip run before the window up to a picture."""
        source = pipeline_of(window)
        for view in self.steps(window, until + 1):
            if view.index == number(0.8):
                source.events.put(Calibrated(view.time, view.index))
            if view.index == number(4.4):
                source.events.put(Marked(view.time))
            # Only the last one is shown: all others can be seen in the timeline alone.
            assert view.verdict is not None
            window.timeline.add_score(view.time, view.verdict.score)
        source.events.put(_STATS)
        window.refresh()
        for topic in ("mark", "drift"):
            window.banners.withdraw(topic)

    def steps(self, window: Window, count: int) -> Iterator[View]:
        """Hand the window one picture after the other, over and over, with what was flagged."""
        source, tracker = pipeline_of(window), FlagTracker()
        for index in range(count):
            lap, at = divmod(index, len(self._views))
            view = self._views[at]
            time = view.time + lap * len(self._views) / FPS
            verdict = view.verdict
            assert verdict is not None
            verdict = dataclasses.replace(verdict, time=time, index=index)
            for event in tracker.update(verdict):
                source.events.put(event)
            view = dataclasses.replace(view, time=time, index=index, verdict=verdict)
            source.to_view.put(view)
            yield view

    def worst(self, begin: int) -> int:
        """Return the picture with the highest score from `begin` on."""

        def score(at: int) -> float:
            verdict = self._views[at].verdict
            return 0.0 if verdict is None else verdict.score

        return max(range(begin, len(self._views)), key=score)

    def warned(self) -> int:
        """Return the picture that is least at fault of those with nothing but warnings."""
        scores = {
            at: view.verdict.score
            for at, view in enumerate(self._views)
            if view.verdict is not None
            and view.verdict.flags
            and all(flag.is_gate for flag in view.verdict.flags)
        }
        if not scores:
            raise AvatarAppError("The demo clip brings no warning any more; choose another one.")
        return min(scores, key=lambda at: scores[at])

    def play_good(self, window: Window) -> None:
        """Show the picture of the clip that is most like the avatar."""
        good = max(self._views, key=lambda view: 0.0 if view.guide is None else view.guide.match)
        assert good.face is not None
        face = dataclasses.replace(good.face, guide=Guide(0.97, (), {}))
        pipeline_of(window).to_view.put(dataclasses.replace(good, face=face))
        window.refresh()

    def record(self, folder: Path, started: datetime) -> None:
        """Record the clip's last seconds as a session with a flag."""
        info = SessionInfo(
            started.astimezone().isoformat(), "flags", self._avatar.name, "fomm-mini", "CPU", "1"
        )
        moments = [
            Moment(view.index, view.time, view.avatar_image)
            for view in self._views[number(6.8) :]
            if view.avatar_image is not None
        ]
        writer = SessionWriter(folder, info, moments[0], {})
        for moment in moments:
            writer.write(moment)
        tracker = FlagTracker()
        for view in self._views[number(6.8) :]:
            assert view.verdict is not None
            for event in tracker.update(view.verdict):
                writer.note(event)
        writer.finish()


def pipeline_of(window: Window) -> FakePipeline:
    """Return the fake behind a window."""
    source = window.source
    assert isinstance(source, FakePipeline)
    return source


def rendered(avatar: Avatar, until: float = math.inf) -> Iterator[View]:
    """Render and judge the demo clip as the pipeline does, up to `until` seconds into it."""
    engine = load_reenactor("fomm-mini", "auto")
    engine.set_source(avatar)
    detector = load_detector("driver")
    detector.set_source(avatar)
    looker, smoothed = DlibLooker(), SmoothedSquare()
    with VideoReader(settings.bundled("assets", "demo", "webcam.mp4")) as clip:
        for frame in clip:
            if frame.time >= until:
                break
            if frame.index % EVERY:
                continue
            height, width = frame.image.shape[:2]
            landmarks = looker.follow(frame.image)
            square = smoothed.update(landmarks, frame.time)
            if square is None:
                continue
            driver = cut(frame, square.fitted(width, height), engine.size)
            if not engine.is_calibrated:
                engine.calibrate(driver)
            made = engine.animate(driver)
            verdict = detector.inspect(made)
            advice = (
                None if landmarks is None else guide(landmarks, height, width, avatar.landmarks)
            )
            face = DriverFace(frame.index, frame.time, landmarks, advice)
            crop = square.fitted(width, height)
            yield View(frame.index, frame.time, frame.image, crop, made.image, face, verdict)
    detector.close()
    engine.close()
