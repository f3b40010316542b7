"""What the user may set and the app remembers: one table, from which the rest is made.

`Preferences` is that table. The settings dialog, the checks, the file and the help are generated
from it; command line options override it for one run. The file is preferences.json in the data
folder, one object; what it does not name has its default.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from avatar_app import settings
from avatar_app.events import DEFAULT_FALSE_ALARMS
from avatar_app.files import write_json
from avatar_app.types import AvatarAppError

Value = str | int | float | bool


@dataclass(frozen=True)
class Option:
    """One row of the table, as a person sees it.

    `group` is its page in the dialog. `choices` are all that a text may be, in the order to show,
    or empty for any text; numbers lie in [`low`, `high`], counted in `unit`.
    """

    name: str
    group: str
    label: str
    help: str
    default: Value
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def kind(self) -> type[Value]:
        """bool, int, float or str."""
        return type(self.default)

    def checked(self, value: Any) -> Value:
        """Return `value` as the kind it should be.

        Raises AvatarAppError, with what is allowed, where it cannot be that.
        """
        if self.kind is float and type(value) is int:
            value = float(value)
        if type(value) is not self.kind:
            raise self._wrong(value, f"it must be {_KINDS[self.kind]}")
        if self.choices and value not in self.choices:
            raise self._wrong(value, f"choose one of {', '.join(self.choices)}")
        if self.default and value == "":
            raise self._wrong(value, f"it is {self.default!r} by default")
        if self.low is None or self.high is None:
            return value
        if not self.low <= float(value) <= self.high:  # NaN is refused too
            raise self._wrong(value, f"choose {self.low:g} to {self.high:g} {self.unit}".rstrip())
        return value

    def _wrong(self, value: Any, remedy: str) -> AvatarAppError:
        return AvatarAppError(f"The setting {self.name} cannot be {value!r}; {remedy}.")


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _option(
    default: Value,
    group: str,
    label: str,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> Any:
    option = Option("", group, label, help, default, choices, low, high, unit)
    return field(default=default, metadata={"option": option})


def _free() -> Any:
    return field(default_factory=lambda: types.MappingProxyType({}))


@dataclass(frozen=True)
class Preferences:
    """All settings of one run.

    `hotkeys` are the keys that differ from the built-in ones, by action; `window` is what the
    window remembers of itself.
    """

    camera: str = _option(
        "0",
        "Camera",
        "Camera",
        "A number, a name, a video file or a session, an address, 'demo' or 'test'.",
    )
    camera_width: int = _option(
        640, "Camera", "Width", "What the camera is asked for.", low=160, high=3840, unit="pixels"
    )
    camera_height: int = _option(
        480, "Camera", "Height", "What the camera is asked for.", low=120, high=2160, unit="pixels"
    )
    camera_fps: int = _option(
        30,
        "Camera",
        "Rate",
        "What the camera is asked for.",
        low=5,
        high=120,
        unit="pictures a second",
    )
    follow_face: bool = _option(
        True, "Camera", "Follow the face", "Move the crop with the face; off: the middle."
    )
    mirror_driver: bool = _option(
        True, "Camera", "Mirror yourself", "Show you as a mirror would; only you see it."
    )
    avatar: str = _option(
        "mei", "Avatar", "Avatar", "A name or a picture; also shown at the next start."
    )
    model: str = _option("fomm-mini", "Avatar", "Model", "A known model or a .safetensors file.")
    device: str = _option(
        "auto", "Avatar", "Device", "What computes the avatar.", choices=("auto", "cpu", "cuda")
    )
    virtual_camera: str = _option(
        "none",
        "Virtual camera",
        "Virtual camera",
        "How others see the avatar: off, the first one there is, or a device's name.",
    )
    output_size: str = _option(
        "640x480",
        "Virtual camera",
        "Picture size",
        "The size of what others get.",
        choices=("640x480", "1280x720", "512x512"),
    )
    mirror_output: bool = _option(
        False, "Virtual camera", "Mirror the avatar", "Others see it mirrored too."
    )
    label: bool = _option(
        True,
        "Virtual camera",
        "Label 'AI avatar'",
        "A small label in the picture; some countries' law asks for one.",
    )
    on_flag: str = _option(
        "keep",
        "Virtual camera",
        "While a red flag is up",
        "What others see then.",
        choices=("keep", "hold", "card"),
    )
    detector: bool = _option(True, "Red flags", "Detect glitches", "Judge the avatar's pictures.")
    false_alarms: float = _option(
        DEFAULT_FALSE_ALARMS["driver"],
        "Red flags",
        "False alarms",
        "How many a clean hour may bring; fewer alarms miss more glitches.",
        low=0.1,
        high=60.0,
        unit="an hour",
    )
    record: str = _option(
        "flags",
        "Recording",
        "Record",
        "What is recorded without being asked for.",
        choices=("off", "flags", "always"),
    )
    record_driver: bool = _option(
        False, "Recording", "Record yourself too", "Your own picture beside the avatar's."
    )
    pre_roll: float = _option(
        5.0,
        "Recording",
        "Before a flag",
        "How much of it is recorded.",
        low=0.0,
        high=30.0,
        unit="seconds",
    )
    post_roll: float = _option(
        5.0,
        "Recording",
        "After a flag",
        "How much of it is recorded.",
        low=0.0,
        high=60.0,
        unit="seconds",
    )
    recordings: str = _option("", "Recording", "Folder", "Empty: in the app's own folder.")
    spare_disk: int = _option(
        500,
        "Recording",
        "Keep free",
        "No recording begins, and a running one ends, below this.",
        low=50,
        high=100_000,
        unit="megabytes",
    )
    global_hotkeys: bool = _option(
        False, "Hotkeys", "Everywhere", "Keys work in other windows too, where the system allows."
    )
    hotkeys: Mapping[str, str] = _free()
    window: Mapping[str, Value] = _free()

    def __post_init__(self) -> None:
        for option in options():
            object.__setattr__(self, option.name, option.checked(getattr(self, option.name)))

    def changed(self, **values: Any) -> Preferences:
        """Return these with other values; raises AvatarAppError for one that is not allowed."""
        return dataclasses.replace(self, **values)

    @property
    def recordings_dir(self) -> Path:
        """The folder that sessions are recorded into.

        Raises AvatarAppError where it begins with a user (~name) whom this system does not know.
        """
        if not self.recordings:
            return settings.data_dir() / "sessions"
        try:
            return Path(self.recordings).expanduser()
        except RuntimeError as error:
            raise AvatarAppError(
                f"The folder {self.recordings} for recordings is below the home of a user whom "
                "this system does not know; choose another folder."
            ) from error

    @property
    def output_shape(self) -> tuple[int, int]:
        """Height and width in pixels of what the virtual camera sends."""
        width, height = self.output_size.split("x")
        return int(height), int(width)


@cache
def options() -> tuple[Option, ...]:
    """Return the table's rows in the order to show."""
    return tuple(
        dataclasses.replace(row.metadata["option"], name=row.name)
        for row in dataclasses.fields(Preferences)
        if "option" in row.metadata
    )


def preferences_file() -> Path:
    """Return the path of the file, whether or not it exists."""
    return settings.data_dir() / "preferences.json"


def load_preferences() -> Preferences:
    """Read the file, or give the defaults where there is none.

    What this version does not know is left alone, so that an older app can use a newer one's file.
    Raises AvatarAppError where the file is damaged or a value is not allowed.
    """
    found = _read_file()
    known = {row.name for row in dataclasses.fields(Preferences)}
    values = {name: value for name, value in found.items() if name in known}
    hotkeys = values.get("hotkeys", {})
    # A key that is none costs itself, and not the window.
    values["hotkeys"] = {name: key for name, key in hotkeys.items() if isinstance(key, str)}
    try:
        return Preferences(**values)
    except AvatarAppError as error:
        raise AvatarAppError(f"{error} It stands in {preferences_file()}.") from error


def save_preferences(preferences: Preferences) -> None:
    """Write the file: only what differs from the defaults, and what a newer app keeps in it.

    Raises AvatarAppError.
    """
    defaults = Preferences()
    rows = dataclasses.fields(preferences)
    values = {
        row.name: getattr(preferences, row.name)
        for row in rows
        if getattr(preferences, row.name) != getattr(defaults, row.name)
    }
    plain = {
        name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()
    }
    plain.update(_foreign({row.name for row in rows}))
    write_json(preferences_file(), plain)


def _foreign(known: set[str]) -> dict[str, Any]:
    """Return what stands in the file under other names."""
    try:
        return {name: value for name, value in _read_file().items() if name not in known}
    except AvatarAppError:
        return {}


def _read_file() -> dict[str, Any]:
    """Return what stands in the file; nothing where there is none. Raises AvatarAppError."""
    path = preferences_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    free = ("hotkeys", "window")
    if not isinstance(found, dict) or not all(isinstance(found.get(n, {}), dict) for n in free):
        raise _unreadable(path)
    return found


def _unreadable(path: Path) -> AvatarAppError:
    return AvatarAppError(f"{path} cannot be read; mend it, or delete it to have the defaults back")
