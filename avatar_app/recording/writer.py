"""A session while it is being recorded."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from avatar_app.events import Event, FlagRaised, event_to_json
from avatar_app.files import nearest_folder, write_errors, write_json
from avatar_app.recording.roll import Moment
from avatar_app.recording.session import (
    AVATAR_VIDEO,
    DRIVER_VIDEO,
    EVENTS,
    INFO,
    Session,
    SessionInfo,
)
from avatar_app.types import AvatarAppError
from avatar_app.video import DurableVideoWriter

_RATE = 30  # nominal; every picture has its own time
_MEGABYTE = 1_000_000


class SessionWriter:
    """Writes one session into a new folder in `folder`, which can be opened at any moment.

    The first moment decides about times and sizes: its `time` becomes second 0. `tags` are written
    into the avatar's video. Raises AvatarAppError where the disk refuses. `finish` or `abandon`
    ends it.
    """

    def __init__(
        self, folder: Path, info: SessionInfo, first: Moment, tags: Mapping[str, str]
    ) -> None:
        self._info = info
        self._origin = self._ends = first.time
        self._shapes = avatar_shape, driver_shape = first.shapes
        self._flags: Counter[str] = Counter()
        self._pictures = 0
        self.path = _new_folder(folder, datetime.fromisoformat(info.started))
        write_json(self.path / INFO, info)
        with write_errors(self.path / EVENTS):
            # Line by line, so that a killed process leaves all of them.
            self._lines = (self.path / EVENTS).open("w", encoding="utf-8", buffering=1)
        self._videos: list[DurableVideoWriter] = []
        try:
            self._avatar = self._video(AVATAR_VIDEO, avatar_shape, tags)
            self._driver = (
                None if driver_shape is None else self._video(DRIVER_VIDEO, driver_shape, {})
            )
        except AvatarAppError:
            self.abandon()
            raise

    @property
    def ends(self) -> float:
        """The time of its last moment."""
        return self._ends

    @property
    def seconds(self) -> float:
        """How long it is by now."""
        return self._ends - self._origin

    def fits(self, moment: Moment) -> bool:
        """Return whether the moment can follow: of the same sizes, and later."""
        is_later = moment.time > self._ends or not self._pictures
        return moment.shapes == self._shapes and is_later

    def write(self, moment: Moment) -> None:
        """Append a moment that fits."""
        self._avatar.write(moment.avatar, moment.time - self._origin)
        if self._driver is not None and moment.driver is not None:
            self._driver.write(moment.driver, moment.time - self._origin)
        self._ends = moment.time
        self._pictures += 1

    def note(self, event: Event) -> None:
        """Append an event, its time in seconds of the video; what was before it is left out."""
        if event.time < self._origin:
            return
        placed = dataclasses.replace(event, time=round(event.time - self._origin, 6))
        if isinstance(event, FlagRaised):
            self._flags[event.flag.name] += 1
        with write_errors(self.path / EVENTS):
            self._lines.write(f"{event_to_json(placed)}\n")

    def check_there(self) -> None:
        """Raise AvatarAppError where its folder was taken away: what is written goes nowhere."""
        if not (self.path / EVENTS).is_file():
            raise AvatarAppError(
                f"{self.path} was deleted or moved while it was being recorded; record again to go "
                "on in a new folder."
            )

    def finish(self, lost: int = 0) -> Session:
        """End it; `lost` pictures could not be written in time."""
        try:
            self.check_there()
            for video in self._videos:
                video.close()
            with write_errors(self.path / EVENTS):
                self._lines.close()
            info = dataclasses.replace(
                self._info,
                seconds=round(self.seconds + 1 / _RATE, 3),
                pictures=self._pictures,
                lost=lost,
                flags=dict(self._flags),
            )
            write_json(self.path / INFO, info)
        except AvatarAppError:
            self.abandon()
            raise
        return Session(self.path, info)

    def abandon(self) -> None:
        """Let go of everything after an error; what is on disk stays."""
        for video in self._videos:
            video.abandon()
        try:
            self._lines.close()
        except OSError:
            return  # it was the error

    def _video(
        self, name: str, shape: tuple[int, ...], tags: Mapping[str, str]
    ) -> DurableVideoWriter:
        video = DurableVideoWriter(self.path / name, shape[1], shape[0], _RATE, tags)
        self._videos.append(video)
        return video


def check_space(folder: Path, spare_megabytes: int) -> None:
    """Raise AvatarAppError where the disk of `folder` has less than that left."""
    with write_errors(folder):
        free = shutil.disk_usage(nearest_folder(folder)).free / _MEGABYTE
    if free < spare_megabytes:
        raise AvatarAppError(
            f"Nothing is recorded: only {free:.0f} MB are free on the disk of {folder}, and "
            f"{spare_megabytes} are to stay free; make room, or choose another folder."
        )


def _new_folder(folder: Path, started: datetime) -> Path:
    """Make a folder named for the time."""
    stem = f"{started:%Y%m%d-%H%M%S}"
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            path = folder / (stem if number == 1 else f"{stem}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    raise AvatarAppError(f"{folder} is full of sessions of this second; choose another folder")
