"""The recorded sessions: which there are, and what is in them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PyQt5.QtCore import QSize, Qt, QUrl
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from avatar_app.events import Flag
from avatar_app.gui import icons, theme
from avatar_app.gui.flags import flag_name
from avatar_app.gui.overlays import label
from avatar_app.gui.player import Player
from avatar_app.recording import Session, list_sessions


class SessionBrowser(QDialog):
    """A list of the sessions in a folder, the newest first, beside a player."""

    def __init__(self, parent: QWidget | None, folder: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recorded sessions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(560, 400)
        if parent is not None:
            self.resize(min(980, parent.width() - 40), min(640, parent.height() - 40))
        self._folder = folder
        self._sessions = list_sessions(folder)
        self.list = QListWidget()
        self.list.setFixedWidth(230 if self.width() > 720 else 180)
        self.list.setAccessibleName("Sessions")
        self.list.setWordWrap(True)
        self.player = Player()
        for session in self._sessions:
            item = QListWidgetItem(_line(session))
            item.setSizeHint(QSize(0, 72))
            self.list.addItem(item)
        self.list.currentRowChanged.connect(self._choose)
        middle = QHBoxLayout()
        middle.setSpacing(theme.SPACE)
        middle.addWidget(self.list)
        middle.addWidget(self.player, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.addWidget(label("Recorded sessions", "title"))
        if self._sessions:
            column.addLayout(middle, 1)
            self.list.setCurrentRow(0)
        else:
            empty = label(
                "Nothing is recorded yet. Press Record, or let the moments around red flags be "
                "recorded by themselves (Settings, Recording).",
                "soft",
            )
            empty.setWordWrap(True)
            empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(empty, 1)
            self.player.hide()
        column.addLayout(self._buttons())

    def done(self, result: int) -> None:
        """Let the video go, and close."""
        self.player.stop()
        super().done(result)

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._sessions):
            self.player.show_session(self._sessions[row])

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        folder = QPushButton("Open the folder")
        folder.setIcon(icons.icon("folder", theme.SOFT))
        folder.setToolTip(str(self._folder))
        folder.clicked.connect(self._open_folder)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        row.addWidget(folder)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


def _line(session: Session) -> str:
    """Say in two lines when, of whom, how long, and what was wrong."""
    try:
        when = f"{datetime.fromisoformat(session.info.started):%d %b, %H:%M:%S}"
    except ValueError:
        when = session.name
    flags = ", ".join(
        flag_name(Flag[name]) + (f" x {count}" if count > 1 else "")
        for name, count in session.flags.items()
        if name in Flag.__members__
    )
    cut = "" if session.is_whole else ", cut off"
    return f"{when}\n{session.info.avatar}, {session.seconds:.0f} s{cut}\n{flags or 'no flags'}"
