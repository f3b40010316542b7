"""Panic, and what is opened beside the window: whatever is open, the key and the button work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QListWidget,
    QShortcut,
    QWidget,
)
from pytestqt.qtbot import QtBot

from avatar_app.gui.key_editor import KeyField
from avatar_app.gui.sessions import SessionBrowser
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.window import Window
from avatar_app.pipeline import commands
from tests.gui.fakes import FakePipeline
from tests.gui.test_dialogs import record_session

PANIC = [commands.Panic(True)]

_D = TypeVar("_D", bound=QDialog)


def dialog_of(window: Window, kind: type[_D]) -> _D:
    """Return the one dialog of a kind that is open, with the keyboard in it."""
    there = [dialog for dialog in window.findChildren(kind) if dialog.isVisible()]
    assert len(there) == 1
    QApplication.setActiveWindow(there[0])
    return there[0]


def _settings(window: Window) -> QWidget:
    window.control.do("settings")
    return dialog_of(window, SettingsDialog)


def _sessions(window: Window) -> QWidget:
    window.control.do("sessions")
    return dialog_of(window, SessionBrowser)


def _photo(window: Window) -> QWidget:
    window.gallery.add_asked.emit()
    return dialog_of(window, QFileDialog)


def _guide(window: Window) -> QWidget:
    window.control.do("guide")
    return window.guide.now


def _question(window: Window) -> QWidget:
    window.control.do("pass_through")
    return window.question.no


def _keys(window: Window) -> QWidget:
    window.control.do("hotkeys")
    return window.key_sheet


OPENED = [_settings, _sessions, _photo, _guide, _question, _keys]


@pytest.mark.parametrize("opened", OPENED)
def test_panic_works_whatever_is_open(
    qtbot: QtBot, window: Window, pipeline: FakePipeline, opened: Callable[[Window], QWidget]
) -> None:
    """Its keys are heard in every window of the app and on every sheet; other keys are not."""
    there = opened(window)
    pipeline.posted.clear()
    focused = QApplication.focusWidget() or there
    qtbot.keyClick(focused, Qt.Key.Key_F12)
    assert pipeline.posted == PANIC
    if there.window() is not window:
        qtbot.keyClick(there, Qt.Key.Key_M)
        assert pipeline.posted == PANIC


@pytest.mark.parametrize("opened", [_settings, _sessions, _photo])
def test_the_panic_button_works_beside_a_dialog(
    qtbot: QtBot, window: Window, pipeline: FakePipeline, opened: Callable[[Window], QWidget]
) -> None:
    """No dialog takes the window away from the mouse."""
    opened(window)
    pipeline.posted.clear()
    button = window.controls.buttons["panic"]
    at = button.mapTo(window, button.rect().center())
    qtbot.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=at)
    assert pipeline.posted == PANIC


def test_a_panic_key_that_is_held_panics(
    window: Window, pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it comes; pressed again after a pause it ends the panic."""
    now = 100.0
    monkeypatch.setattr("avatar_app.gui.control.time.monotonic", lambda: now)
    pipeline.posted.clear()
    for _ in range(30):
        window.control.do("panic")
        pipeline.change(is_panicked=True)
        now += 0.7 if now == 100 else 0.03
    assert pipeline.posted == PANIC
    now += 1.1
    window.control.do("panic")
    assert pipeline.posted == [*PANIC, commands.Panic(False)]


def test_every_question_begins_on_the_safe_answer(window: Window) -> None:
    """Also one that is asked while another is open, with the keyboard on its yes."""
    window.control.do("pass_through")
    window.question.yes.setFocus()
    window.question.ask("Close avatar_app?", "", "Close", window.end)
    assert window.focusWidget() is window.question.no


def test_the_panic_key_can_be_typed_and_chosen(
    qtbot: QtBot, window: Window, pipeline: FakePipeline
) -> None:
    """Where a text or a key is entered, P is a letter; in a list it is panic."""
    window.control.do("settings")
    dialog = dialog_of(window, SettingsDialog)
    pipeline.posted.clear()
    field = dialog.keys.fields["mark"]
    assert isinstance(field, KeyField)
    dialog.show_page("Hotkeys")
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_P)
    assert field.keySequence().toString() == "P"
    text = next(editor for editor in dialog.editors.values() if isinstance(editor, QLineEdit))
    text.clear()
    text.setFocus()
    qtbot.keyClick(text, Qt.Key.Key_P)
    assert text.text() == "p"
    assert pipeline.posted == []
    pages = dialog.findChild(QListWidget)
    assert pages is not None
    qtbot.keyClick(pages, Qt.Key.Key_P)
    assert pipeline.posted == PANIC


def test_a_key_that_is_held_down_switches_once(window: Window) -> None:
    """Panic does not end by itself in a nervous hand; a crop goes on while its key is held."""
    repeated = {
        shortcut.objectName()
        for shortcut in window.findChildren(QShortcut)
        if shortcut.autoRepeat()
    }
    assert repeated.isdisjoint({"panic", "virtual_camera", "pass_through", "record", "back"})
    assert {"crop_left", "zoom_in", "ghost_more", "next_avatar"} <= repeated


@pytest.mark.parametrize(
    ("action", "kind"), [("settings", SettingsDialog), ("sessions", SessionBrowser)]
)
def test_a_dialog_is_there_once(window: Window, action: str, kind: type[QDialog]) -> None:
    """Asked for again it is the same one; after it was closed, another."""
    window.control.do(action)
    first = dialog_of(window, kind)
    window.control.do(action)
    assert dialog_of(window, kind) is first
    first.reject()
    window.control.do(action)
    assert dialog_of(window, kind) is not first


def test_escape_closes_what_is_in_front(qtbot: QtBot, window: Window) -> None:
    """The window does not end below an open dialog; with the window the dialogs go."""
    window.control.do("sessions")
    window.control.do("settings")
    settings, sessions = dialog_of(window, SettingsDialog), dialog_of(window, SessionBrowser)
    QApplication.setActiveWindow(window)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert (settings.isVisible(), sessions.isVisible(), window.isVisible()) == (False, True, True)
    window.close()
    assert not sessions.isVisible()


def test_open_settings_follow_what_is_changed_by_a_key(window: Window) -> None:
    """What they show when they are saved is what then holds."""
    window.control.do("settings")
    dialog = dialog_of(window, SettingsDialog)
    mirror, camera = dialog.editors["mirror_output"], dialog.editors["virtual_camera"]
    assert isinstance(mirror, QCheckBox)
    assert isinstance(camera, QComboBox)
    camera.setEditText("/dev/video7")
    window.control.do("mirror_output")
    window.control.do("virtual_camera")
    assert mirror.isChecked()
    assert camera.currentText() == "/dev/video7"
    mirror.setChecked(False)
    dialog.accept()
    assert not window.control.preferences.mirror_output
    assert window.control.preferences.virtual_camera == "/dev/video7"


def test_a_new_recording_is_in_the_open_list(window: Window) -> None:
    """Asked for again, it begins with the newest; where nothing is new, all stays as it is."""
    folder: Path = window.control.preferences.recordings_dir
    window.control.do("sessions")
    browser = dialog_of(window, SessionBrowser)
    assert browser.list.count() == 0
    for hour in (10, 11):
        record_session(folder, f"2026-11-03T{hour}:00:00+00:00")
        window.control.do("sessions")
        first = browser.list.item(0)
        assert first is not None
        assert f"{hour}:00" in first.text()
        assert browser.list.isVisible()
        assert browser.player.isEnabled()
    browser.list.setCurrentRow(1)
    window.control.do("sessions")
    assert (browser.list.count(), browser.list.currentRow()) == (2, 1)


def test_a_chosen_photo_becomes_an_avatar(window: Window, pipeline: FakePipeline) -> None:
    """The photo that was chosen is asked for; none, where the dialog is closed."""
    window.gallery.add_asked.emit()
    dialog_of(window, QFileDialog).reject()
    assert pipeline.asked(commands.AddAvatar) == []
    window.gallery.add_asked.emit()
    dialog_of(window, QFileDialog).fileSelected.emit("/photos/anna.jpg")
    assert pipeline.asked(commands.AddAvatar) == [commands.AddAvatar("/photos/anna.jpg")]


def test_a_photo_that_is_not_there_brings_up_nothing_modal(
    qtbot: QtBot, window: Window, pipeline: FakePipeline
) -> None:
    """Nothing could be pressed beside it, not even panic; the window itself says what is wrong."""
    window.gallery.add_asked.emit()
    dialog = dialog_of(window, QFileDialog)
    assert dialog.testOption(QFileDialog.Option.ReadOnly)  # so that it asks before no deleting
    boxes: list[QWidget | None] = []

    def close() -> None:
        boxes.append(box := QApplication.activeModalWidget())
        if box is not None:
            box.close()

    QTimer.singleShot(200, close)
    name = dialog.findChild(QLineEdit)
    assert name is not None
    name.setText("/nowhere/me.png")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    qtbot.wait(400)
    assert boxes == [None]
    assert pipeline.asked(commands.AddAvatar) == [commands.AddAvatar("/nowhere/me.png")]
