"""Keys that work while another window has the keyboard, by pynput, where the system allows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, Qt, pyqtSignal
from PyQt5.QtGui import QKeySequence

from avatar_app.devices.keyboard import obstacle
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    from pynput.keyboard import GlobalHotKeys

_SYSTEM: str = sys.platform
_PATIENCE = 2.0  # seconds for its thread to end
_REFUSED = (
    "The system does not let the app listen to keys in other windows ({error}); use the keys in "
    "this window."
)
_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "<ctrl>", "<cmd>"),
    (Qt.KeyboardModifier.AltModifier, "<alt>", "<alt>"),
    (Qt.KeyboardModifier.ShiftModifier, "<shift>", "<shift>"),
    (Qt.KeyboardModifier.MetaModifier, "<cmd>", "<ctrl>"),
)
"""Qt's modifiers as pynput calls them, and as it does on macOS, where Qt swaps two of them."""
_NAMED = {
    "Space": "<space>",
    "Return": "<enter>",
    "Backspace": "<backspace>",
    "Del": "<delete>",
    "Ins": "<insert>",
    "Home": "<home>",
    "End": "<end>",
    "PgUp": "<page_up>",
    "PgDown": "<page_down>",
    "Left": "<left>",
    "Right": "<right>",
    "Up": "<up>",
    "Down": "<down>",
    **{f"F{number}": f"<f{number}>" for number in range(1, 21)},
}


def for_pynput(key: str) -> str:
    """Write a key of Qt's, "Ctrl+Alt+P", as pynput does, "<ctrl>+<alt>+p".

    Raises AvatarAppError where it has no modifier, or none that works in other windows.
    """
    keys = QKeySequence(key)
    code = keys[0] if keys.count() == 1 else 0
    is_mac = _SYSTEM == "darwin"
    parts = [on_mac if is_mac else name for flag, name, on_mac in _MODIFIERS if code & int(flag)]
    plain = QKeySequence(code & ~int(Qt.KeyboardModifier.KeyboardModifierMask)).toString()
    last = _NAMED.get(plain, plain.lower() if len(plain) == 1 else "")
    if not last or not parts or parts == ["<shift>"]:
        raise AvatarAppError(
            f"{key} cannot be a key in other windows; choose one with Ctrl or Alt, such as "
            "Ctrl+Alt+P."
        )
    return "+".join([*parts, last])


class GlobalKeys(QObject):
    """Listens in a thread of pynput's; `pressed` arrives in the thread of the window."""

    pressed = pyqtSignal(str)  # an action's name

    def __init__(self) -> None:
        super().__init__()
        self._listener: GlobalHotKeys | None = None
        self._keys: dict[str, str] = {}

    @property
    def is_listening(self) -> bool:
        """Whether keys in other windows are heard."""
        return self._listener is not None

    def listen(self, keys: Mapping[str, str]) -> None:
        """Hear these keys, by action, and no others; none at all ends the listening.

        Raises AvatarAppError where the system, or one of the keys, does not allow it.
        """
        if dict(keys) == self._keys:
            return
        self.stop()
        self._keys = dict(keys)
        if not keys:
            return
        hindrance = obstacle()
        if hindrance:
            raise AvatarAppError(hindrance)
        heard = {
            for_pynput(key): partial(self.pressed.emit, action) for action, key in keys.items()
        }
        try:
            from pynput.keyboard import GlobalHotKeys

            listener = GlobalHotKeys(heard)
            listener.start()
        except Exception as error:  # pynput asks X11 and the system, each with errors of its own
            raise AvatarAppError(_REFUSED.format(error=error)) from error
        self._listener = listener

    def stop(self) -> None:
        """Hear nothing any more."""
        listener, self._listener, self._keys = self._listener, None, {}
        if listener is not None:
            listener.stop()
            listener.join(_PATIENCE)
