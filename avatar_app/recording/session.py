"""A recorded session as it lies on disk, whole or cut off."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from avatar_app.events import Event, FlagRaised, event_from_json
from avatar_app.files import is_file
from avatar_app.types import AvatarAppError
from avatar_app.video import VideoReader

AVATAR_VIDEO, DRIVER_VIDEO = "avatar.mp4", "driver.mp4"
EVENTS, INFO = "events.jsonl", "session.json"
LAST = "last"


@dataclass(frozen=True)
class SessionInfo:
    """What session.json says: when and why it was recorded, of what, with what.

    `started` is ISO 8601 with the zone's offset. `seconds` and `pictures` are there once it is
    whole; `lost` counts pictures for which the disk was too slow; `flags` counts those raised, by
    name. Raises ValueError, TypeError or AttributeError for values that are none of these.
    """

    started: str
    reason: str
    avatar: str
    model: str
    device: str
    app: str
    seconds: float | None = None
    pictures: int | None = None
    lost: int = 0
    flags: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.started)
        texts = (self.reason, self.avatar, self.model, self.device, self.app)
        numbers = (self.seconds or 0, self.pictures or 0, self.lost, *self.flags.values())
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(f"SessionInfo: expected texts, got {texts}")
        if not all(
            isinstance(number, int | float) and 0 <= number < math.inf for number in numbers
        ):
            raise TypeError(f"SessionInfo: expected numbers from 0, got {numbers}")


@dataclass(frozen=True)
class Session:
    """A folder with `avatar.mp4`, perhaps `driver.mp4`, `events.jsonl`, `session.json`.

    Times in its events are seconds of its videos.
    """

    path: Path
    info: SessionInfo

    @property
    def name(self) -> str:
        """What it is asked for by."""
        return self.path.name

    @property
    def started(self) -> datetime:
        """When its first picture was taken, with the zone of that place."""
        return datetime.fromisoformat(self.info.started)

    @property
    def is_whole(self) -> bool:
        """Whether it was ended; if not, it is being written, or its process was killed."""
        return self.info.seconds is not None

    @property
    def avatar_video(self) -> Path:
        """The avatar's video."""
        return self.path / AVATAR_VIDEO

    @property
    def driver_video(self) -> Path | None:
        """The driver's video, where the driver asked for it."""
        path = self.path / DRIVER_VIDEO
        return path if path.is_file() else None

    @property
    def seconds(self) -> float:
        """Its length; of one that was cut off, that of what can be played."""
        if self.info.seconds is not None:
            return self.info.seconds
        try:
            with VideoReader(self.avatar_video) as reader:
                return reader.duration or 0.0
        except AvatarAppError:
            return 0.0

    @property
    def flags(self) -> Mapping[str, int]:
        """How often each flag was raised, by name."""
        if self.is_whole:
            return self.info.flags
        raised = (event for event in self.events() if isinstance(event, FlagRaised))
        return dict(Counter(event.flag.name for event in raised))

    def events(self) -> list[Event]:
        """Return what happened, in order; a line that was cut off is left out."""
        try:
            lines = (self.path / EVENTS).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(event_from_json(line))
            except ValueError:
                continue
        return sorted(found, key=lambda event: event.time)


def list_sessions(folder: Path) -> list[Session]:
    """Return the sessions in `folder`, the newest first; other things there are passed over."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        try:
            found.append(_read(path))
        except AvatarAppError:
            continue
    # Not by the clock on the wall, which goes back in autumn and on the way west.
    return sorted(found, key=lambda one: (one.started.timestamp(), one.name), reverse=True)


def open_session(name: str, folder: Path) -> Session:
    """Open a session by its name in `folder`, or by its path; the newest one is called "last".

    So "DIR/last" is the newest in DIR. Raises AvatarAppError where there is no such session.
    """
    if name == LAST:
        return _newest(folder)
    path = next((one for one in (folder / name, Path(name)) if one.is_dir()), None)
    if path is None:
        return _elsewhere(name, folder)
    if not (path / INFO).exists() and list_sessions(path):
        raise AvatarAppError(
            f"{path} holds sessions and is none itself; the newest in it is {path / LAST}, and "
            f"`avatar-app sessions list {path}` shows them all"
        )
    return _read(path)


def _newest(folder: Path) -> Session:
    newest = next(iter(list_sessions(folder)), None)
    if newest is None:
        raise AvatarAppError(
            f"there are no sessions in {folder}; record one first, or name the newest of another "
            f"folder as DIR/{LAST}"
        )
    return newest


def _elsewhere(name: str, folder: Path) -> Session:
    """Return the newest one of another folder, or complain with the names there are."""
    path = Path(name)
    is_elsewhere = name != path.name
    if is_elsewhere and path.name == LAST:
        return _newest(path.parent)
    known = [session.name for session in list_sessions(path.parent if is_elsewhere else folder)]
    near = difflib.get_close_matches(path.name, known, 1)
    if near:
        remedy = f"did you mean {path.with_name(near[0])}?"
    else:
        there = f" {path.parent}" if is_elsewhere else ""
        remedy = f"`avatar-app sessions list{there}` shows those there"
    raise AvatarAppError(f"there is no session {name}; {remedy}")


def clip_of(folder: Path) -> Path | None:
    """Return what plays as a camera in a session's folder: the driver's video, else the avatar's.

    None where `folder` is no session. Raises AvatarAppError where it cannot be read.
    """
    if not is_file(folder / INFO):
        return None
    session = _read(folder)
    return session.driver_video or session.avatar_video


def _read(path: Path) -> Session:
    try:
        values = json.loads((path / INFO).read_text(encoding="utf-8"))
        known = {row.name for row in dataclasses.fields(SessionInfo)}
        info = SessionInfo(**{name: value for name, value in values.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise AvatarAppError(
            f"{path} is no session that can be read: its {INFO} is missing or damaged; its videos "
            "can be played by any player"
        ) from error
    return Session(path, info)
