"""Listens to the keys that hold now, in the window and, where that is wanted, in all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QShortcut, QWidget

from avatar_app.gui.banners import Notice, Tone
from avatar_app.gui.global_keys import GlobalKeys
from avatar_app.gui.hotkeys import BY_NAME, global_keys_in_use
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError

TOPIC = "keys in other windows"
_IN_ALL_WINDOWS = frozenset({"panic"})
"""What is heard in the app's other windows too, save where the key is typed or chosen."""

_STEPS = frozenset({"previous_avatar", "next_avatar", "ghost_less", "ghost_more"})
"""What goes on while its key is held, as the crop does; anything else happens once."""


class Shortcuts:
    """Does the action of every key that is pressed; keys may change at any time."""

    def __init__(
        self,
        window: QWidget,
        do: Callable[[str], None],
        tell: Callable[[Notice], None],
    ) -> None:
        self._window, self._do, self._tell = window, do, tell
        self._bound: dict[tuple[str, str], QShortcut] = {}
        self.everywhere = GlobalKeys()
        self.everywhere.pressed.connect(do)

    def bind(self, keys: Mapping[str, tuple[str, ...]]) -> bool:
        """Listen to these keys, by action, in the window; say whether they differ from before."""
        wanted = {
            (QKeySequence(key).toString(), action) for action, row in keys.items() for key in row
        }
        if wanted == self._bound.keys():
            return False
        for shortcut in self._bound.values():
            shortcut.setParent(None)
        self._bound = {pair: self._made(*pair) for pair in sorted(wanted)}
        return True

    def bind_everywhere(self, preferences: Preferences) -> None:
        """Listen in other windows as the user wants it; what keeps from it is told once."""
        wanted = global_keys_in_use(preferences.hotkeys) if preferences.global_hotkeys else {}
        try:
            self.everywhere.listen(wanted)
        except AvatarAppError as error:
            self._tell(Notice(TOPIC, Tone.WARNING, str(error)))

    def stop(self) -> None:
        """Listen in other windows no more."""
        self.everywhere.stop()

    def _made(self, key: str, action: str) -> QShortcut:
        shortcut = QShortcut(QKeySequence(key), self._window)
        shortcut.setObjectName(action)
        shortcut.setAutoRepeat(action in _STEPS or BY_NAME[action].group == "Framing")
        if action in _IN_ALL_WINDOWS:
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(lambda: self._do(action))
        return shortcut
