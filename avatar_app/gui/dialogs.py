"""What is opened beside the window, which goes on meanwhile: nothing may stand before panic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QFileDialog, QWidget

from avatar_app.gui.control import Control
from avatar_app.gui.sessions import SessionBrowser
from avatar_app.gui.settings_dialog import SettingsDialog

_PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.gif)"

_D = TypeVar("_D", bound=QDialog)


class Dialogs:
    """One dialog of each kind at a time; asked for again, it comes to the front.

    None is modal: the window's buttons and its keys work as ever.
    """

    def __init__(self, window: QWidget, control: Control) -> None:
        self._window, self._control = window, control
        self._open: dict[type[QDialog], QDialog] = {}  # the last one is in front
        control.changed.connect(self._follow)

    def open_settings(self, page: str = "") -> None:
        """Let the settings be changed, those of this page first."""
        self._show(SettingsDialog, self._settings).show_page(page)

    def open_sessions(self) -> None:
        """Show what is recorded by now."""
        folder = self._control.preferences.recordings_dir
        recording = self._control.recording
        browser = self._show(
            SessionBrowser, lambda: SessionBrowser(self._window, folder, recording)
        )
        browser.show_folder(folder, recording)

    def open_photo(self) -> None:
        """Let a photo be chosen to make an avatar of."""
        self._show(QFileDialog, self._photo)

    def close_front(self) -> bool:
        """Close the one in front; say whether there was one."""
        front = next(reversed(self._open.values()), None)
        return front is not None and front.close()

    def close(self) -> None:
        """Close all."""
        for dialog in list(self._open.values()):
            dialog.close()

    def _show(self, kind: type[_D], make: Callable[[], _D]) -> _D:
        dialog = self._open.pop(kind, None)
        if not isinstance(dialog, kind):
            dialog = make()
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.finished.connect(lambda _: self._forget(kind))
            dialog.show()
        self._open[kind] = dialog
        dialog.raise_()
        dialog.activateWindow()
        return dialog

    def _forget(self, kind: type[QDialog]) -> None:
        self._open.pop(kind, None)

    def _settings(self) -> SettingsDialog:
        dialog = SettingsDialog(self._window, self._control.preferences)
        dialog.chosen.connect(lambda values: self._control.change(**values))
        return dialog

    def _photo(self) -> QFileDialog:
        dialog = QFileDialog(self._window, "Make an avatar of a photo", "", _PICTURES)
        # Qt's own questions would be modal: of a file that is not there, of renaming and deleting.
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setOption(QFileDialog.Option.ReadOnly)
        dialog.fileSelected.connect(self._control.add_avatar)
        return dialog

    def _follow(self) -> None:
        settings = self._open.get(SettingsDialog)
        if isinstance(settings, SettingsDialog):
            settings.follow(self._control.preferences)
