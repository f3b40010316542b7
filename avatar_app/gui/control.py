"""What the keys and buttons do: each turns a wish into commands, or into something to be shown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PyQt5.QtCore import QObject, pyqtSignal

from avatar_app.avatars import list_avatars
from avatar_app.devices.virtual_camera import AUTO, NONE
from avatar_app.gui.banners import Notice, Tone
from avatar_app.gui.hotkeys import keys_in_use, shown_key
from avatar_app.pipeline import commands
from avatar_app.pipeline.look import ADDING, CHOOSING
from avatar_app.pipeline.view import State, Status
from avatar_app.preferences import Preferences, load_preferences, save_preferences
from avatar_app.types import AvatarAppError

_STEP, _LITTLE = 5.0, 1.0  # pixels of the camera's picture
_NEARER, _FURTHER = 0.95, 1.05
_GHOST_STEP = 0.1
_HELD_SECONDS = 1.0
"""A key that is held comes again within it, after a first wait of up to 0.7 seconds."""


class Engine(Protocol):
    """What is asked of the pipeline here."""

    @property
    def state(self) -> State:
        """How things stand now."""

    def post(self, command: commands.Command) -> None:
        """Have something done, soon."""


class Control(QObject):
    """Does actions by their names, and keeps the preferences.

    What only the window can do comes out as `show_asked` with the action's name. A choice is saved
    at once, an avatar once it is shown; what the command line overrode for this run is not.
    """

    show_asked = pyqtSignal(str)
    changed = pyqtSignal()  # preferences or looks
    avatars_changed = pyqtSignal()

    def __init__(
        self,
        engine: Engine,
        preferences: Preferences,
        tell: Callable[[Notice], None],
        ask: Callable[[str, str, str, Callable[[], None]], None],
    ) -> None:
        super().__init__()
        self._engine = engine
        self._tell = tell
        self._ask = ask
        self.preferences = preferences
        self._stored = _stored(Preferences())
        self._unsaved: dict[str, Any] = {}  # what could not be written, as on a full disk
        self.avatars: Mapping[str, Path] = list_avatars()
        self.is_recording_asked = False  # until it is saved
        self._wanted = preferences.avatar
        self._is_avatar_chosen = False  # until it is shown
        self._last_device = preferences.virtual_camera
        self._panic_heard_at = float("-inf")
        self._deeds = self._table()

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The keys that hold now, by action."""
        return keys_in_use(self.preferences.hotkeys)

    def look(self, name: str, default: Any) -> Any:
        """Return what the window remembers of itself under this name."""
        value = self.preferences.window.get(name, default)
        return value if isinstance(value, type(default)) else default

    def remember(self, **looks: Any) -> None:
        """Keep something about the window's looks."""
        self.change(window={**self.preferences.window, **looks})

    def change(self, **values: Any) -> None:
        """Run with other preferences from now on, and keep them; an avatar once it is shown."""
        if "avatar" in values:
            self._wanted = values.pop("avatar")
            self._is_avatar_chosen = True
            self._engine.post(commands.SetAvatar(self._wanted))
        if values:
            self._keep(values)

    def take_shown(self, avatar: str) -> bool:
        """Begin with this avatar next time, if it was chosen: a refused one is never shown.

        Return whether it was, and is the last one that was.
        """
        names = (self._wanted.casefold(), Path(self._wanted).stem.casefold())
        is_chosen = self._is_avatar_chosen and avatar.casefold() in names
        if is_chosen:
            self._is_avatar_chosen = False
            self._keep({"avatar": self._wanted})
        return is_chosen

    def _keep(self, values: Mapping[str, Any]) -> None:
        self.preferences = self.preferences.changed(**values)
        # Another window may have kept choices since, which are not to be undone.
        self._unsaved |= values
        self._stored = _stored(self._stored).changed(**self._unsaved)
        self._engine.post(commands.Apply(self.preferences))
        try:
            save_preferences(self._stored)
            self._unsaved.clear()
        except AvatarAppError as error:
            self._tell(Notice("settings", Tone.WARNING, f"The settings are not kept: {error}"))
        self.changed.emit()

    def choose_avatar(self, name: str) -> None:
        """Show this avatar; say so where it was removed meanwhile."""
        if name in self.avatars and not self.avatars[name].exists():
            self._reload()  # one on board may have the name again
            if name not in self.avatars:
                gone = f"{name} is no longer among your avatars; choose another one."
                self._tell(Notice(CHOOSING, Tone.WARNING, gone))
        if name in self.avatars:
            self.change(avatar=name)

    def add_avatar(self, photo: str) -> None:
        """Have an avatar made of a photo; what comes of it is told by an event."""
        self._tell(Notice(ADDING, Tone.OFFER, f"Looking for the face in {Path(photo).name} ..."))
        self._engine.post(commands.AddAvatar(photo))

    def take_added(self, name: str) -> None:
        """Show the avatar that was added just now."""
        self._reload()
        self.choose_avatar(name)

    def do(self, action: str) -> None:
        """Do what this action's key or button stands for."""
        deed = self._deeds.get(action)
        if deed is None:
            self.show_asked.emit(action)
        else:
            deed()

    def _table(self) -> dict[str, Callable[[], None]]:
        post = self._engine.post
        return {
            **{f"avatar_{n + 1}": partial(self._choose_number, n) for n in range(9)},
            "previous_avatar": lambda: self._choose_next(-1),
            "next_avatar": lambda: self._choose_next(1),
            "random_avatar": self._choose_any,
            "reload_avatars": self._reload,
            "play_again": lambda: post(commands.PlayAgain()),
            "calibrate": lambda: post(commands.Calibrate()),
            "best_frame": self._search,
            "panic": self._panic,
            "virtual_camera": self._virtual_camera,
            "pass_through": self._pass_through,
            "record": self._record,
            "mark": lambda: post(commands.Mark()),
            "zoom_in": lambda: post(commands.ZoomCrop(_NEARER)),
            "zoom_out": lambda: post(commands.ZoomCrop(_FURTHER)),
            "reset_crop": lambda: post(commands.ResetCrop()),
            **self._moves("", _STEP),
            **self._moves("_little", _LITTLE),
            "ghost_less": lambda: self._ghost(-_GHOST_STEP),
            "ghost_more": lambda: self._ghost(_GHOST_STEP),
            "landmarks": lambda: self.remember(landmarks=not self.look("landmarks", True)),
            "speed": lambda: self.remember(speed=not self.look("speed", False)),
            "mirror_driver": lambda: self.change(mirror_driver=not self.preferences.mirror_driver),
            "mirror_output": lambda: self.change(mirror_output=not self.preferences.mirror_output),
        }

    def _moves(self, suffix: str, step: float) -> dict[str, Callable[[], None]]:
        return {
            f"crop_left{suffix}": lambda: self._move(-step, 0),
            f"crop_right{suffix}": lambda: self._move(step, 0),
            f"crop_up{suffix}": lambda: self._move(0, -step),
            f"crop_down{suffix}": lambda: self._move(0, step),
        }

    def _move(self, dx: float, dy: float) -> None:
        """Move the crop as it is seen: in a mirror, left is the picture's right."""
        if self.preferences.mirror_driver:
            dx = -dx
        self._engine.post(commands.MoveCrop(dx, dy))

    def _choose_number(self, number: int) -> None:
        names = list(self.avatars)
        if number < len(names):
            self.choose_avatar(names[number])

    def _choose_next(self, step: int) -> None:
        names = list(self.avatars)
        at = names.index(self._wanted) if self._wanted in names else -1
        if names:
            self.choose_avatar(names[(at + step) % len(names)])

    def _choose_any(self) -> None:
        others = [name for name in self.avatars if name != self._wanted]
        if others:
            self.choose_avatar(random.choice(others))

    def _reload(self) -> None:
        self.avatars = list_avatars()
        self.avatars_changed.emit()

    def _search(self) -> None:
        self._engine.post(commands.SearchBestFrame(not self._engine.state.is_searching))

    def _panic(self) -> None:
        """Panic at once, and end it only after a pause: whoever is in panic may hold the key."""
        before, self._panic_heard_at = self._panic_heard_at, time.monotonic()
        if not self._engine.state.is_panicked:
            self._engine.post(commands.Panic(True))
        elif self._panic_heard_at - before > _HELD_SECONDS:
            self._engine.post(commands.Panic(False))

    def _record(self) -> None:
        self.is_recording_asked = True
        is_on = self._engine.state.can_stop_recording
        self._engine.post(commands.StopRecording() if is_on else commands.StartRecording())

    def _virtual_camera(self) -> None:
        now = self.preferences.virtual_camera
        if now != NONE:
            self._last_device = now
            self.change(virtual_camera=NONE)
        else:
            self.change(virtual_camera=AUTO if self._last_device == NONE else self._last_device)

    def _pass_through(self) -> None:
        if self._engine.state.is_passing_through:
            self._engine.post(commands.PassThrough(False))
            return
        key = " or ".join(map(shown_key, self.keys["pass_through"])) or "its key"
        self._ask(
            "Show others your real face?",
            f"They will see the camera's own picture, labelled, until you press {key} again.",
            "Show my camera",
            lambda: self._engine.post(commands.PassThrough(True)),
        )

    def _ghost(self, by: float) -> None:
        opacity = self.look("ghost", 0.0) + by
        self.remember(ghost=round(min(max(opacity, 0.0), 1.0), 2))

    @property
    def recording(self) -> str:
        """The path of the session that is being recorded, or nothing."""
        return self._engine.state.recording

    @property
    def is_seen(self) -> bool:
        """Whether others see something."""
        return self._engine.state.output is Status.ON

    @property
    def is_watched(self) -> bool:
        """Whether others see something, or something is being recorded."""
        return self.is_seen or bool(self.recording)


def _stored(known: Preferences) -> Preferences:
    """Return what was chosen for good, without what overrides it for this run.

    That is what was `known` of it where the file cannot be read.
    """
    try:
        return load_preferences()
    except AvatarAppError:
        return known
