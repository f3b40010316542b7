"""The settings, made from the table of preferences: one page a group, one editor a row."""

from __future__ import annotations

import os
from typing import Any

from PyQt5.QtCore import QEvent, QObject, QSize, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from avatar_app.devices.keyboard import obstacle
from avatar_app.gui import theme
from avatar_app.gui.choices import suggestions, worded
from avatar_app.gui.key_editor import KeyEditor
from avatar_app.gui.overlays import label
from avatar_app.preferences import Option, Preferences, Value, options
from avatar_app.types import AvatarAppError

_KEYS_PAGE = "Hotkeys"


class Scrolling(QObject):
    """Leaves the wheel to the page: what merely passes under the pointer must not change."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let the wheel turn only an editor that has the keyboard."""
        is_wheel = event is not None and event.type() == QEvent.Type.Wheel
        if event is None or not is_wheel or (isinstance(watched, QWidget) and watched.hasFocus()):
            return super().eventFilter(watched, event)
        event.ignore()
        return True


class SettingsDialog(QDialog):
    """Edits a copy of the preferences; `chosen` brings what differs when all of it is allowed."""

    chosen = pyqtSignal(dict)

    def __init__(self, parent: QWidget, preferences: Preferences) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setMinimumSize(560, 380)
        self.resize(min(780, parent.width() - 40), min(560, parent.height() - 40))
        self._before = preferences
        self.editors: dict[str, QWidget] = {}
        self._scrolling = Scrolling(self)
        self.keys = KeyEditor(preferences.hotkeys)
        self._list = QListWidget()
        self._list.setFixedWidth(150)
        self._list.setAccessibleName("Pages")
        self._pages = QStackedWidget()
        for group in dict.fromkeys(option.group for option in options()):
            item = QListWidgetItem(group)
            item.setSizeHint(QSize(0, 36))
            self._list.addItem(item)
            self._pages.addWidget(self._page(group))
        self._list.currentRowChanged.connect(self._pages.setCurrentIndex)
        self._list.setCurrentRow(0)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setStyleSheet(f"color: {theme.RED};")
        middle = QHBoxLayout()
        middle.setSpacing(theme.SPACE)
        middle.addWidget(self._list)
        middle.addWidget(self._pages, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 16)
        column.addLayout(middle, 1)
        column.addWidget(self._problem)
        column.addLayout(self._buttons())

    @property
    def problem(self) -> str:
        """What keeps the settings from being taken, or nothing."""
        return self._problem.text()

    @property
    def page(self) -> str:
        """The group that is shown."""
        item = self._list.currentItem()
        return "" if item is None else item.text()

    def show_page(self, group: str) -> None:
        """Turn to the page of a group; where there is none of that name, all stays."""
        for row in range(self._list.count()):
            item = self._list.item(row)
            if item is not None and item.text() == group:
                self._list.setCurrentRow(row)

    def values(self) -> dict[str, Any]:
        """Return what differs from before, by the preference's name."""
        found: dict[str, Any] = {
            name: value
            for name, editor in self.editors.items()
            if (value := _value(editor)) != getattr(self._before, name)
        }
        if self.keys.changed != dict(self._before.hotkeys):
            found["hotkeys"] = self.keys.changed
        return found

    def follow(self, preferences: Preferences) -> None:
        """Take what was changed meanwhile; what was chosen here stays."""
        for name, editor in self.editors.items():
            if _value(editor) == getattr(self._before, name):
                _put(editor, getattr(preferences, name))
        self._before = preferences

    def accept(self) -> None:
        """Check everything, hand it on, and close; stay open with the reason otherwise."""
        try:
            self.keys.check()
            values = self.values()
            self._before.changed(**values)
        except AvatarAppError as error:
            self._problem.setText(str(error))
            return
        if values:
            self.chosen.emit(values)
        super().accept()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        defaults = QPushButton("Defaults")
        defaults.setToolTip("Put everything back; nothing changes until you save")
        defaults.clicked.connect(self.to_defaults)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        save = QPushButton("Save")
        save.setProperty("look", "main")
        save.setDefault(True)
        save.clicked.connect(self.accept)
        row.addWidget(defaults)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(save)
        return row

    def _page(self, group: str) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(4, 0, 12, 0)
        column.setSpacing(theme.SPACE)
        column.addWidget(label(group, "title"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for option in options():
            if option.group == group:
                self._add_row(grid, option)
        column.addLayout(grid)
        if group == _KEYS_PAGE:
            if hindrance := obstacle():
                words = label(hindrance, "soft")
                words.setWordWrap(True)
                column.addWidget(words)
            column.addWidget(self.keys)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        return area

    def _add_row(self, grid: QGridLayout, option: Option) -> None:
        editor = _editor(option, getattr(self._before, option.name))
        editor.setMinimumHeight(24 if isinstance(editor, QCheckBox) else 34)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a spin box takes it by the wheel, too
        editor.installEventFilter(self._scrolling)
        editor.setAccessibleName(option.label)
        editor.setAccessibleDescription(option.help)
        self.editors[option.name] = editor
        row = grid.rowCount()
        words = label(option.help, "faint")
        words.setWordWrap(True)
        if not isinstance(editor, QCheckBox):
            name = QLabel(option.label)
            name.setBuddy(editor)
            grid.addWidget(name, row, 0)
        grid.addWidget(editor, row, 1)
        grid.addWidget(words, row + 1, 1)
        grid.setRowMinimumHeight(row + 2, 8)

    def to_defaults(self) -> None:
        """Put everything back; nothing is handed on before it is accepted."""
        for option in options():
            _put(self.editors[option.name], option.default)
        self.keys.reset()


def _editor(option: Option, value: Value) -> QWidget:
    editor: QWidget
    if option.kind is bool:
        editor = QCheckBox(option.label)
    elif option.kind is int:
        editor = QSpinBox()
        editor.setRange(int(option.low or 0), int(option.high or 2**31 - 1))
        editor.setSuffix(f" {option.unit}" if option.unit else "")
    elif option.kind is float:
        editor = QDoubleSpinBox()
        editor.setDecimals(1)
        editor.setRange(option.low or 0.0, option.high or 1e9)
        editor.setSuffix(f" {option.unit}" if option.unit else "")
    elif option.choices or option.name in suggestions():
        editor = QComboBox()
        editor.setEditable(not option.choices)
        # By itself it is as wide as its longest name, and the page then wider than the dialog.
        editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        known = worded(option) if option.choices else suggestions()[option.name]()
        for words, choice in known:
            editor.addItem(words, choice)
    else:
        editor = QLineEdit()
    _put(editor, value)
    return editor


def _put(editor: QWidget, value: Value) -> None:
    if isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QSpinBox | QDoubleSpinBox):
        editor.setValue(value)  # type: ignore[arg-type]
    elif isinstance(editor, QComboBox):
        known = editor.findData(value)
        if known >= 0:
            editor.setCurrentIndex(known)
        else:
            editor.setEditText(str(value))
    elif isinstance(editor, QLineEdit):
        editor.setText(str(value))


def _value(editor: QWidget) -> Value:
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    if isinstance(editor, QSpinBox | QDoubleSpinBox):
        return editor.value()
    if isinstance(editor, QComboBox):
        at = editor.currentIndex()
        is_listed = at >= 0 and editor.itemText(at) == editor.currentText()
        data = editor.itemData(at) if is_listed else None
        # A file may be typed as in a terminal, where the shell knows whose home is meant.
        return str(data) if data is not None else os.path.expanduser(editor.currentText().strip())
    assert isinstance(editor, QLineEdit)
    return editor.text().strip()
