"""What can be done by a key: one table, from which menus, the sheet, settings and help are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtGui import QKeySequence

from avatar_app.gui.global_keys import for_pynput
from avatar_app.types import AvatarAppError


@dataclass(frozen=True)
class Action:
    """One row: `keys` as Qt writes them, the first is shown; `everywhere` is its global key.

    A global key works in other windows too, where the user has switched that on.
    """

    name: str
    group: str
    label: str
    keys: tuple[str, ...]
    everywhere: str = ""


def _avatars() -> tuple[Action, ...]:
    return tuple(
        Action(f"avatar_{number}", "Avatar", f"Avatar {number}", (str(number),))
        for number in range(1, 10)
    )


ACTIONS: tuple[Action, ...] = (
    *_avatars(),
    Action("previous_avatar", "Avatar", "Previous avatar", ("A",)),
    Action("next_avatar", "Avatar", "Next avatar", ("D",)),
    Action("random_avatar", "Avatar", "Any avatar", ("Q",)),
    Action("reload_avatars", "Avatar", "Look for new avatars", ("L",)),
    Action("calibrate", "Calibration", "Calibrate now", ("X",), "Ctrl+Alt+X"),
    Action("guide", "Calibration", "Guided calibration", ("G", "Shift+X")),
    Action("best_frame", "Calibration", "Search the best frame", ("F",)),
    Action("panic", "Safety", "Panic: others see a card", ("P", "F12"), "Ctrl+Alt+P"),
    Action("virtual_camera", "Safety", "Virtual camera on or off", ("V",)),
    Action("pass_through", "Safety", "Show the real camera", ("0",)),
    Action("record", "Recording", "Record, or stop", ("E",), "Ctrl+Alt+R"),
    Action("mark", "Recording", "Mark this moment", ("M",), "Ctrl+Alt+M"),
    Action("sessions", "Recording", "Recorded sessions", ("B",)),
    Action("zoom_in", "Framing", "Nearer", ("W",)),
    Action("zoom_out", "Framing", "Further away", ("S",)),
    Action("crop_left", "Framing", "Crop to the left", ("H",)),
    Action("crop_right", "Framing", "Crop to the right", ("K",)),
    Action("crop_up", "Framing", "Crop up", ("U",)),
    Action("crop_down", "Framing", "Crop down", ("J",)),
    Action("crop_left_little", "Framing", "A pixel to the left", ("Shift+H",)),
    Action("crop_right_little", "Framing", "A pixel to the right", ("Shift+K",)),
    Action("crop_up_little", "Framing", "A pixel up", ("Shift+U",)),
    Action("crop_down_little", "Framing", "A pixel down", ("Shift+J",)),
    Action("reset_crop", "Framing", "Crop as it was", ("Shift+Z",)),
    Action("ghost_less", "View", "Avatar over you: weaker", ("Z",)),
    Action("ghost_more", "View", "Avatar over you: stronger", ("C",)),
    Action("landmarks", "View", "Landmarks", ("O",)),
    Action("mirror_driver", "View", "Mirror yourself", ("R",)),
    Action("mirror_output", "View", "Mirror the avatar", ("T",)),
    Action("speed", "View", "Speed in detail", ("I",)),
    Action("full_screen", "View", "Full screen", ("F11",)),
    Action("settings", "App", "Settings", ("Ctrl+,", "F2")),
    Action("hotkeys", "App", "All keys", ("?", "F1")),
    Action("back", "App", "Close what is open, or quit", ("Esc",)),
)

BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}


def keys_in_use(changed: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return every action's keys, where `changed` names other ones by action.

    An action without a key has none. What names no action, or is no key, is left out, so that an
    older or damaged setting costs one key and not the window.
    """
    return {
        action.name: _changed_keys(changed[action.name]) if action.name in changed else action.keys
        for action in ACTIONS
    }


def everywhere(name: str) -> str:
    """Return the name under which an action's key in other windows is kept."""
    return f"{name} everywhere"


def global_keys_in_use(changed: Mapping[str, str]) -> dict[str, str]:
    """Return the keys for other windows by action, where `changed` names other ones.

    An action without one is left out, and so is what is no key.
    """
    keys = {
        action.name: changed.get(everywhere(action.name), action.everywhere)
        for action in ACTIONS
        if action.everywhere
    }
    return {name: key for name, key in keys.items() if QKeySequence(key).toString()}


def check_keys(changed: Mapping[str, str]) -> None:
    """Raise AvatarAppError where one key would do two things, or cannot do what it should."""
    owners: dict[str, str] = {}
    elsewhere = {name: (key,) for name, key in global_keys_in_use(changed).items()}
    for (key,) in elsewhere.values():
        for_pynput(key)
    for name, keys in [*keys_in_use(changed).items(), *elsewhere.items()]:
        for key in keys:
            plain = QKeySequence(key).toString()
            if plain in owners:
                raise AvatarAppError(
                    f"{shown_key(key)} is both '{BY_NAME[owners[plain]].label}' and "
                    f"'{BY_NAME[name].label}'; choose another key for one of them."
                )
            owners[plain] = name


def shown_key(key: str) -> str:
    """Write a key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _changed_keys(key: str) -> tuple[str, ...]:
    return (key,) if key and QKeySequence(key).toString() else ()
