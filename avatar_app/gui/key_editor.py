"""The table in which keys are changed."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QGridLayout, QKeySequenceEdit, QToolButton, QWidget

from avatar_app.gui import icons, theme
from avatar_app.gui.hotkeys import ACTIONS, Action, check_keys, keys_in_use
from avatar_app.gui.overlays import label


class KeyField(QKeySequenceEdit):
    """Takes one key, with or without modifiers; Tab and Backtab go on to the next field."""

    def __init__(self, action: Action) -> None:
        super().__init__()
        self.setAccessibleName(action.label)
        self.editingFinished.connect(self._keep_one)

    def focusNextPrevChild(self, _forward: bool) -> bool:
        """Leave Tab to the window."""
        return QWidget.focusNextPrevChild(self, _forward)

    def _keep_one(self) -> None:
        keys = self.keySequence()
        if keys.count() > 1:
            self.setKeySequence(QKeySequence(keys[0]))


class KeyEditor(QWidget):
    """One field an action; `changed` has those that differ from the built-in keys."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        super().__init__()
        self.fields: dict[str, KeyField] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        keys = keys_in_use(changed)
        group = ""
        for action in ACTIONS:
            if action.group != group:
                group = action.group
                grid.addWidget(label(group, "heading"), grid.rowCount(), 0)
            self._add(grid, action, keys[action.name])

    @property
    def changed(self) -> dict[str, str]:
        """The keys that differ from the built-in ones, by action; empty for no key."""
        return {
            action.name: key
            for action in ACTIONS
            if (key := self._key(action.name)) != QKeySequence(action.keys[0]).toString()
        }

    def check(self) -> None:
        """Raise AvatarAppError where one key would do two things."""
        check_keys(self.changed)

    def reset(self) -> None:
        """Put the built-in keys back."""
        for action in ACTIONS:
            self.fields[action.name].setKeySequence(QKeySequence(action.keys[0]))

    def _key(self, name: str) -> str:
        return self.fields[name].keySequence().toString()

    def _add(self, grid: QGridLayout, action: Action, keys: tuple[str, ...]) -> None:
        row = grid.rowCount()
        field = KeyField(action)
        field.setKeySequence(QKeySequence(keys[0] if keys else ""))
        field.setFixedWidth(150)
        clear = QToolButton()
        clear.setProperty("look", "quiet")
        clear.setIcon(icons.icon("close", theme.FAINT))
        clear.setAccessibleName(f"No key for {action.label}")
        clear.setToolTip("No key")
        clear.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        clear.clicked.connect(field.clear)
        grid.addWidget(label(action.label), row, 0)
        grid.addWidget(field, row, 1)
        grid.addWidget(clear, row, 2)
        self.fields[action.name] = field
