"""What pictures of the window are made of: the demo clip, rendered, and a window around it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image as Pictures
from PyQt5 import sip
from PyQt5.QtCore import QBuffer, QEventLoop, QIODevice, QTimer
from PyQt5.QtWidgets import QApplication, QWidget

from avatar_app import settings
from avatar_app.events import (
    Calibrated,
    Flag,
    FlagCleared,
    FlagRaised,
    Marked,
    Stats,
)
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.framing import SmoothedSquare
from avatar_app.gui.window import Window
from avatar_app.guide import Guide, guide
from avatar_app.pipeline import DriverFace, View
from avatar_app.pipeline.framing import cut
from avatar_app.pipeline.parts import DlibLooker
from avatar_app.preferences import Preferences
from avatar_app.recording import Moment, SessionInfo, SessionWriter
from avatar_app.types import Avatar, Verdict
from avatar_app.video import VideoReader
from tests.gui.fakes import FakePipeline, running_state

_STILL = 700  # milliseconds, after which nothing lights up any more
_STATS = Stats(
    0, 30.0, 24.6, 30.0, 9.8, 61.0, 88.0, 41, 0, "OpenVINO on the CPU (int8 and float32)",
    "it is the fastest that this machine has", {"look": 15.6, "keypoints": 4.6, "render": 26.1},
)  # fmt: skip
SEVERE = {
    Flag.FACE_DISTORTED: "mouth, 4.1 x the usual",
    Flag.WARP_FOLDED: "3.2 % of the picture",
}
GATE = {Flag.OUT_OF_POSE: "yaw 37 degrees"}


def wait(milliseconds: int) -> None:
    """Let the window draw."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec_()


class Scene:
    """The demo clip, rendered once, and a window to show parts of it in."""

    def __init__(self, avatar: Avatar, views: list[View], folder: Path) -> None:
        self._avatar, self._views, self._folder = avatar, views, folder

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Keep what the screen shows as NAME.png, with few colours."""
        wait(_STILL)
        screen = QApplication.primaryScreen()
        assert screen is not None
        grabbed = screen.grabWindow(sip.voidptr(0)) if widget is None else widget.grab()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        grabbed.save(buffer, "PNG")
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

    def play(self, window: Window, until: int, flags: dict[int, dict[Flag, str]]) -> None:
        """Let the clip run before the window up to a picture; `flags` hold from a picture on."""
        source = pipeline_of(window)
        now: dict[Flag, str] = {}
        since: dict[Flag, float] = {}
        for index, view in enumerate(self._views[: until + 1]):
            wanted = flags.get(index, now)
            for flag in now.keys() - wanted.keys():
                gone = FlagCleared(view.time, index, flag, view.time - since.pop(flag))
                source.events.put(gone)
            for flag in wanted.keys() - now.keys():
                since[flag] = view.time
                source.events.put(FlagRaised(view.time, index, flag, 0.8, wanted[flag]))
            now = wanted
            score = 0.12 + 0.05 * (index % 7) / 7 + (0.6 if _is_severe(now) else 0.0)
            verdict = Verdict(index, view.time, score, frozenset(now), now)
            source.to_view.put(dataclasses.replace(view, verdict=verdict))
            if index == 20:
                source.events.put(Calibrated(view.time, index))
            if index == 110:
                source.events.put(Marked(view.time))
            window.refresh()
        source.events.put(_STATS)
        window.refresh()
        for topic in ("mark", "drift"):
            window.banners.withdraw(topic)

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
            for view in self._views[170:]
            if view.avatar_image is not None
        ]
        writer = SessionWriter(folder, info, moments[0], {})
        for moment in moments:
            writer.write(moment)
        begin = moments[75].time
        for flag, reason in SEVERE.items():
            writer.note(FlagRaised(begin, 245, flag, 0.8, reason))
            writer.note(FlagCleared(begin + 1.5, 280, flag, 1.5))
        writer.finish()


def _is_severe(flags: dict[Flag, str]) -> bool:
    return any(not flag.is_gate for flag in flags)


def pipeline_of(window: Window) -> FakePipeline:
    """Return the fake behind a window."""
    source = window.source
    assert isinstance(source, FakePipeline)
    return source


def rendered(avatar: Avatar) -> Iterator[View]:
    """Render the demo clip as the pipeline does."""
    engine = load_reenactor("fomm-mini", "auto")
    engine.set_source(avatar)
    looker, smoothed = DlibLooker(), SmoothedSquare()
    with VideoReader(settings.bundled("assets", "demo", "webcam.mp4")) as clip:
        for frame in clip:
            height, width = frame.image.shape[:2]
            landmarks = looker.follow(frame.image)
            square = smoothed.update(landmarks, frame.time)
            if square is None:
                continue
            driver = cut(frame, square.fitted(width, height), engine.size)
            if not engine.is_calibrated:
                engine.calibrate(driver)
            image = engine.animate(driver).image
            advice = (
                None if landmarks is None else guide(landmarks, height, width, avatar.landmarks)
            )
            face = DriverFace(frame.index, frame.time, landmarks, advice)
            yield View(
                frame.index, frame.time, frame.image, square.fitted(width, height), image, face
            )
    engine.close()
