"""Sheets over the window: a question, and all keys. While one is up it has the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt5.QtCore import QEvent, QObject, QSize, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from avatar_app.gui import theme
from avatar_app.gui.hotkeys import ACTIONS, shown_key


def label(text: str, look: str = "") -> QLabel:
    """Make a label that looks as the theme calls it."""
    made = QLabel(text)
    if look:
        made.setProperty("look", look)
    return made


class Overlay(QFrame):
    """A sheet in the middle of its parent, which lies dimmed below it until it is closed."""

    closed = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._below = parent
        self.setProperty("look", "scrim")
        self.hide()
        self.sheet = QFrame()
        self.sheet.setProperty("look", "sheet")
        around = QVBoxLayout(self)
        around.setContentsMargins(16, 16, 16, 16)
        around.addWidget(self.sheet, 0, Qt.AlignmentFlag.AlignCenter)
        self._before: QWidget | None = None
        parent.installEventFilter(self)

    def open(self) -> None:
        """Show it, and give it the keyboard."""
        if self.isVisible():
            return
        self._before = self._focused()
        self.setGeometry(self._below.rect())
        self.fit()
        self.show()
        self.raise_()
        first = self._stops()
        if first:
            first[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def fit(self) -> None:
        """Lay the sheet out for the room there is; called again when that changes."""

    def dismiss(self) -> None:
        """Close it; the keyboard goes where it was."""
        if self.isHidden():
            return
        self.hide()
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Stay as large as the parent."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._below.rect())
            if self.isVisible():
                self.fit()
        return super().eventFilter(watched, event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go round on the sheet: what lies below cannot be reached."""
        stops = self._stops()
        if not stops:
            return False
        focused = self._focused()
        at = stops.index(focused) if focused in stops else -1
        stops[(at + (1 if forward else -1)) % len(stops)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    @property
    def room(self) -> QSize:
        """The parent's size."""
        return self._below.size()

    def _focused(self) -> QWidget | None:
        window = self.window()
        return None if window is None else window.focusWidget()

    def _stops(self) -> list[QWidget]:
        return [
            widget
            for widget in self.findChildren(QWidget)
            if widget.isVisibleTo(self)
            and widget.isEnabled()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]


class Question(Overlay):
    """Asks before something that cannot be taken back; the keyboard begins on the safe answer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.sheet.setFixedWidth(430)
        column = QVBoxLayout(self.sheet)
        column.setContentsMargins(24, 22, 24, 20)
        column.setSpacing(10)
        self._title = label("", "title")
        self._title.setWordWrap(True)
        self._words = label("", "soft")
        self._words.setWordWrap(True)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addSpacing(8)
        row = QHBoxLayout()
        row.addStretch(1)
        self.no = QPushButton("Cancel")
        self.yes = QPushButton()
        self.yes.setProperty("look", "danger")
        self.no.clicked.connect(self.dismiss)
        self.yes.clicked.connect(self._agree)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        column.addLayout(row)
        self._act: Callable[[], None] | None = None

    def ask(self, title: str, words: str, yes: str, act: Callable[[], None]) -> None:
        """Ask; `act` is called if the user agrees."""
        self._title.setText(title)
        self._words.setText(words)
        self.yes.setText(yes)
        self._act = act
        self.open()
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)  # another question may have been open

    @property
    def title(self) -> str:
        """What is asked."""
        return self._title.text()

    @property
    def words(self) -> str:
        """What is said about it."""
        return self._words.text()

    def _agree(self) -> None:
        act, self._act = self._act, None
        self.dismiss()
        if act is not None:
            act()


class KeySheet(Overlay):
    """All keys, by what they are for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self.sheet)
        column.setContentsMargins(22, 18, 22, 18)
        head = QHBoxLayout()
        head.addWidget(label("Keys", "title"), 1)
        close = QPushButton("Close")
        close.clicked.connect(self.dismiss)
        head.addWidget(close)
        column.addLayout(head)
        self._area = QScrollArea()
        self._area.setProperty("look", "stop")
        self._area.setAccessibleName("All keys")
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self._area)
        self._columns = 0
        self._keys: Mapping[str, tuple[str, ...]] = {}

    def show_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Take the keys that hold now, by action."""
        self._keys = dict(keys)
        self._columns = 0

    def fit(self) -> None:
        """Lay the keys out for the room there is."""
        room = self.room
        columns = 3 if room.width() > 900 else 2
        self.sheet.setFixedSize(min(room.width() - 32, 300 * columns), min(room.height() - 32, 560))
        if columns != self._columns:
            self._columns = columns
            self._area.setWidget(self._laid_out(columns))

    def _laid_out(self, columns: int) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 4, 8, 0)
        row.setSpacing(28 if columns > 2 else 12)
        stacks = [QVBoxLayout() for _ in range(columns)]
        lengths = [0] * columns
        for group, lines in self._groups().items():
            shortest = lengths.index(min(lengths))
            lengths[shortest] += len(lines) + 2
            stacks[shortest].addWidget(label(group, "heading"))
            stacks[shortest].addLayout(_table(lines))
            stacks[shortest].addSpacing(theme.SPACE)
        for stack in stacks:
            stack.setSpacing(6)
            stack.addStretch(1)
            row.addLayout(stack, 1)
        return inside

    def _groups(self) -> dict[str, list[tuple[str, str]]]:
        groups: dict[str, list[tuple[str, str]]] = {}
        numbers = [
            keys[0] for name, keys in self._keys.items() if name.startswith("avatar_") and keys
        ]
        if numbers:
            groups["Avatar"] = [(f"{numbers[0]} ... {numbers[-1]}", "Choose an avatar")]
        for action in ACTIONS:
            if not action.name.startswith("avatar_") and self._keys.get(action.name):
                key = shown_key(self._keys[action.name][0])
                groups.setdefault(action.group, []).append((key, action.label))
        return groups


def _table(lines: list[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(9)
    grid.setVerticalSpacing(5)
    for number, (key, words) in enumerate(lines):
        grid.addWidget(label(key, "key"), number, 0, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(label(words), number, 1)
    grid.setColumnMinimumWidth(0, 56)
    grid.setColumnStretch(1, 1)
    return grid
