"""The recorded sessions: which there are, and what is in them."""

from __future__ import annotations

import os
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
    """A list of the sessions in a folder, the newest first, beside a player.

    `recording` is the path of the one that is being recorded, or nothing.
    """

    def __init__(self, parent: QWidget | None, folder: Path, recording: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Recorded sessions")
        self.setMinimumSize(560, 400)
        if parent is not None:
            self.resize(min(980, parent.width() - 40), min(640, parent.height() - 40))
        self._folder = folder
        self._sessions: list[Session] = []
        self._recording = ""
        self.list = QListWidget()
        self.list.setFixedWidth(230 if self.width() > 720 else 180)
        self.list.setAccessibleName("Sessions")
        self.player = Player()
        self.list.currentRowChanged.connect(self._choose)
        self._middle = QWidget()
        middle = QHBoxLayout(self._middle)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(theme.SPACE)
        middle.addWidget(self.list)
        middle.addWidget(self.player, 1)
        self._empty = label(
            "Nothing is recorded yet. Press Record, or let the moments around red flags be "
            "recorded by themselves (Settings, Recording).",
            "soft",
        )
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 16)
        column.addWidget(label("Recorded sessions", "title"))
        column.addWidget(self._middle, 1)
        column.addWidget(self._empty, 1)
        column.addLayout(self._buttons())
        self._middle.hide()
        self.show_folder(folder, recording)

    def show_folder(self, folder: Path, recording: str = "") -> None:
        """List what is there now, the newest chosen; where that is what is listed, all stays."""
        self._folder_button.setEnabled(os.path.isdir(folder))  # it is made with the first session
        now = folder, list_sessions(folder), recording
        if now == (self._folder, self._sessions, self._recording):
            return
        self._folder, self._sessions, self._recording = now
        sessions = self._sessions
        self.player.stop()
        self.list.clear()
        for session in sessions:
            line = _line(session, str(session.path) == recording)
            item = QListWidgetItem(line)
            item.setToolTip(line)  # a list cuts long lines off
            item.setSizeHint(QSize(0, 72))
            self.list.addItem(item)
        self._middle.setVisible(bool(sessions))
        self._empty.setVisible(not sessions)
        self._folder_button.setToolTip(str(folder))
        self.list.setCurrentRow(0)

    def done(self, result: int) -> None:
        """Let the video go, and close."""
        self.player.stop()
        super().done(result)

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._sessions):
            self.player.show_session(self._sessions[row])

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._folder_button = QPushButton("Open the folder")
        self._folder_button.setIcon(icons.icon("folder", theme.SOFT))
        self._folder_button.setToolTip(str(self._folder))
        self._folder_button.clicked.connect(self._open_folder)
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        row.addWidget(self._folder_button)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))


def _line(session: Session, is_recorded: bool) -> str:
    """Say in three lines when, how long, of whom, and what was wrong; a name may be a long one."""
    flags = ", ".join(
        flag_name(Flag[name]) + (f" x {count}" if count > 1 else "")
        for name, count in session.flags.items()
        if name in Flag.__members__
    )
    unfinished = ", being recorded" if is_recorded else ", cut off"
    cut = "" if session.is_whole else unfinished
    when = f"{session.started:%d %b, %H:%M:%S}"
    return f"{when}\n{session.seconds:.0f} s{cut}, {session.info.avatar}\n{flags or 'no flags'}"
