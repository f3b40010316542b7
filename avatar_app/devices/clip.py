"""Cameras without a camera: video files at their own pace, and a test pattern."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from avatar_app.types import ClipEndedError, Frame, Image
from avatar_app.video import VideoReader

_LONGER_SIDE = 1920
_AT_MOST_SKIPPED = 5
"""Pictures in a row: a machine that cannot even decode in time still sees some of them."""
_LONGEST_WAIT = 1.0
"""Seconds: a camera that gives nothing for longer is taken for one that hangs."""


class ClipCamera:
    """Plays a video file as a camera would deliver it: late pictures left out, pauses standing.

    `fps` is another pace than the file's own; `repeat` begins again at the end, otherwise `read`
    raises ClipEndedError there. Raises AvatarAppError for a file that cannot be read.
    """

    def __init__(
        self,
        path: Path,
        name: str = "",
        *,
        fps: float | None = None,
        repeat: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = name or path.name
        self.is_live = repeat
        self._path = path
        self._repeat = repeat
        self._clock = clock
        self._wait = wait
        self._reader = VideoReader(path, max_side=_LONGER_SIDE)
        self._pictures: Iterator[Frame] = iter(self._reader)
        self.width, self.height = self._reader.width, self._reader.height
        self.fps = fps or self._reader.rate
        self._pace = self.fps / self._reader.rate
        self._index = 0
        self._origin: float | None = None
        self._last: Frame | None = None
        self._coming: Frame | None = None

    def read(self) -> Frame:
        """Wait until the next picture is due; raises ClipEndedError after the last.

        Where that is more than a second away, the last one is given again after a second.
        """
        for _ in range(_AT_MOST_SKIPPED):
            picture = self._next()
            now = self._clock()
            if self._origin is None:
                self._origin = now - picture.time / self._pace
            early = self._origin + picture.time / self._pace - now
            if early > -0.5 / self.fps:
                break
        else:
            self._origin, early = now - picture.time / self._pace, 0.0
        if early > _LONGEST_WAIT and self._last is not None:
            self._coming, picture, early = picture, self._last, _LONGEST_WAIT
        if early > 0:
            self._wait(early)
        self._last = picture
        self._index += 1
        return Frame(picture.image, self._index - 1, self._clock())

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        self._reader.close()

    def _next(self) -> Frame:
        coming, self._coming = self._coming, None
        picture = coming or next(self._pictures, None)
        if picture is None and self._repeat:
            self._reader.close()
            self._reader = VideoReader(self._path, max_side=_LONGER_SIDE)
            self._pictures, self._origin = iter(self._reader), None
            picture = next(self._pictures)
        if picture is None:
            raise ClipEndedError(f"{self.name} has ended; choose another camera or clip.")
        return picture


class TestPattern:
    """Bars of colour with a white line that wanders: for trying what comes after a camera."""

    is_live = True
    __test__ = False  # pytest takes every Test* for its own

    def __init__(
        self,
        width: int = 640,
        height: int = 480,
        fps: float = 30.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = "test pattern"
        self.width, self.height, self.fps = width, height, fps
        self._clock = clock
        self._wait = wait
        self._index = 0
        self._due = clock()

    def read(self) -> Frame:
        """Wait until the next picture is due."""
        now = self._clock()
        if self._due > now:
            self._wait(self._due - now)
        self._due = max(self._due, now - 1 / self.fps) + 1 / self.fps
        image = self._bars()
        image[:, self._index * 4 % self.width] = 255
        image.flags.writeable = False
        self._index += 1
        return Frame(image, self._index - 1, self._clock())

    def close(self) -> None:
        """Hold nothing."""

    def _bars(self) -> Image:
        bars = 8
        which = np.arange(self.width) * bars // self.width
        colours = np.array([(b >> 1 & 1, b >> 2 & 1, b & 1) for b in range(bars)], np.uint8) * 180
        return np.broadcast_to(colours[which], (self.height, self.width, 3)).copy()
