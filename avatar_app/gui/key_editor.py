"""The table in which keys are changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QGridLayout, QKeySequenceEdit, QToolButton, QWidget

from avatar_app.gui import icons, theme
from avatar_app.gui.hotkeys import ACTIONS, check_keys, everywhere
from avatar_app.gui.overlays import label


class KeyField(QKeySequenceEdit):
    """Takes one key, with or without modifiers; Tab and Backtab go on to the next field."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.editingFinished.connect(self._keep_one)

    def focusNextPrevChild(self, _forward: bool) -> bool:
        """Leave Tab to the window."""
        return QWidget.focusNextPrevChild(self, _forward)

    def _keep_one(self) -> None:
        keys = self.keySequence()
        if keys.count() > 1:
            self.setKeySequence(QKeySequence(keys[0]))


@dataclass(frozen=True)
class _Row:
    """What a field edits: the name its key is kept under, and the built-in key."""

    name: str
    group: str
    label: str
    key: str


_ROWS = (
    *(_Row(action.name, action.group, action.label, action.keys[0]) for action in ACTIONS),
    *(
        _Row(everywhere(action.name), "In other windows", action.label, action.everywhere)
        for action in ACTIONS
        if action.everywhere
    ),
)


class KeyEditor(QWidget):
    """One field a row; `changed` has those that differ from the built-in keys."""

    def __init__(self, changed: Mapping[str, str]) -> None:
        super().__init__()
        self.fields: dict[str, KeyField] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        group = ""
        for row in _ROWS:
            if row.group != group:
                group = row.group
                grid.addWidget(label(group, "heading"), grid.rowCount(), 0)
            self._add(grid, row, changed.get(row.name, row.key))

    @property
    def changed(self) -> dict[str, str]:
        """The keys that differ from the built-in ones, by what they are kept under; "" for none."""
        return {
            row.name: key
            for row in _ROWS
            if (key := self.fields[row.name].keySequence().toString())
            != QKeySequence(row.key).toString()
        }

    def check(self) -> None:
        """Raise AvatarAppError where one key would do two things, or cannot do what it should."""
        check_keys(self.changed)

    def reset(self) -> None:
        """Put the built-in keys back."""
        for row in _ROWS:
            self.fields[row.name].setKeySequence(QKeySequence(row.key))

    def _add(self, grid: QGridLayout, row: _Row, key: str) -> None:
        line = grid.rowCount()
        field = KeyField(row.label)
        field.setKeySequence(QKeySequence(key))
        field.setFixedWidth(150)
        clear = QToolButton()
        clear.setProperty("look", "quiet")
        clear.setIcon(icons.icon("close", theme.FAINT))
        clear.setAccessibleName(f"No key for {row.label}")
        clear.setToolTip("No key")
        clear.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        clear.clicked.connect(field.clear)
        grid.addWidget(label(row.label), line, 0)
        grid.addWidget(field, line, 1)
        grid.addWidget(clear, line, 2)
        self.fields[row.name] = field
