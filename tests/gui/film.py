"""Films the window picture by picture, at the pace of the demo clip.

How fast the app is live depends on the machine, and is measured elsewhere; this film is the same on
every one. It has real renderings, real verdicts and the real window on a real screen.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from PyQt5.QtCore import QPoint
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QApplication

from avatar_app.events import AvatarChanged, Calibrated
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.window import Window
from avatar_app.pipeline import Shown, Status, View
from avatar_app.types import Avatar, AvatarAppError
from tests.gui.scene import FPS, Scene, grabbed, pipeline_of

WIDTH, HEIGHT = 1120, 760
SECONDS = 18.0
OTHER = (1.2, 3.4)
"""The seconds between which another avatar is shown."""
_COUNT = 0.7  # seconds a count
_LARGEST = 3_000_000  # bytes


class Reel:
    """Takes what the screen shows, one picture after the other, into a film."""

    def __init__(self, path: Path) -> None:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += ["-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", f"{FPS:g}", "-i", "-"]
        command += ["-c:v", "libx264", "-preset", "medium", "-crf", "26", "-pix_fmt", "yuv420p"]
        command += ["-movflags", "+faststart", str(path)]
        self._path = path
        self._encoder = subprocess.Popen(command, stdin=subprocess.PIPE)

    def take(self) -> None:
        """Take the screen as it is now."""
        QApplication.processEvents()
        image = grabbed().toImage().convertToFormat(QImage.Format.Format_RGB888)
        image = image.copy(0, 0, WIDTH, HEIGHT)
        bits = image.constBits()
        assert bits is not None
        assert self._encoder.stdin is not None
        self._encoder.stdin.write(bits.asstring(image.bytesPerLine() * HEIGHT))

    def finish(self) -> None:
        """End the film. Raises AvatarAppError where it has become too large."""
        assert self._encoder.stdin is not None
        self._encoder.stdin.close()
        if self._encoder.wait() or self._path.stat().st_size > _LARGEST:
            raise AvatarAppError(f"{self._path} cannot be encoded in {_LARGEST} bytes; film less.")


class Story:
    """What a person does before the camera's pictures, second by second."""

    def __init__(self, scene: Scene, other: Avatar, views: Mapping[int, View]) -> None:
        self._scene, self._other, self._views = scene, other, views
        self.window = scene.window(
            WIDTH, HEIGHT, output=Status.ON, output_name="/dev/video10", shown=Shown.AVATAR
        )
        self.window.control.remember(welcomed=True)
        self._own = pipeline_of(self.window).state.avatar
        self._counted = 0.0
        self._deeds: list[tuple[float, Callable[[float], None]]] = [
            (OTHER[0], lambda now: self._wear(now, other)),
            (OTHER[1], lambda now: self._wear(now, self._own)),
            (11.9, lambda now: self._panic(True)),
            (13.2, lambda now: self._panic(False)),
            (13.8, lambda now: self.window.control.do("guide")),
            (16.2, self._calibrated),
            (16.6, lambda now: self._open_settings()),
            (SECONDS - 0.2, lambda now: self._dialog().reject()),
        ]

    def film(self, reel: Reel) -> None:
        """Play it all before a reel."""
        for view in self._scene.steps(self.window, round(SECONDS * FPS)):
            while self._deeds and view.time >= self._deeds[0][0]:
                self._deeds.pop(0)[1](view.time)
            if OTHER[0] <= view.time < OTHER[1] and view.index in self._views:
                pipeline_of(self.window).to_view.put(self._views[view.index])
            self.window.refresh()
            self._count(view.time)
            reel.take()

    def _wear(self, now: float, avatar: Avatar | None) -> None:
        assert avatar is not None
        pipeline_of(self.window).change(avatar=avatar)
        pipeline_of(self.window).events.put(AvatarChanged(now, avatar.name))

    def _panic(self, on: bool) -> None:
        shown = Shown.CARD if on else Shown.AVATAR
        pipeline_of(self.window).change(is_panicked=on, shown=shown)

    def _calibrated(self, now: float) -> None:
        self.window.guide.dismiss()
        pipeline_of(self.window).events.put(Calibrated(now, 0))

    def _count(self, now: float) -> None:
        """Count down by the film's time, not by the clock on the wall."""
        guide = self.window.guide
        guide._timer.stop()
        if guide.count is None:
            self._counted = now
        elif now - self._counted >= _COUNT and guide.count > 1:
            self._counted = now
            guide._step()

    def _open_settings(self) -> None:
        self.window.control.do("settings")
        dialog = self._dialog()
        dialog.move(self.window.mapToGlobal(QPoint(170, 100)))
        dialog.show_page("Virtual camera")

    def _dialog(self) -> SettingsDialog:
        dialog = self.window.findChild(SettingsDialog)
        assert dialog is not None
        return dialog


def film(scene: Scene, other: Avatar, views: Mapping[int, View], path: Path) -> Window:
    """Film the story; `views` has the pictures of the `other` avatar by their numbers."""
    story = Story(scene, other, views)
    reel = Reel(path)
    story.film(reel)
    reel.finish()
    return story.window
