"""Settings and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QKeySequence, QWheelEvent
from PyQt5.QtWidgets import QApplication, QCheckBox, QComboBox, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from avatar_app.events import Event, Flag, FlagCleared, FlagRaised
from avatar_app.gui.player import flags_at
from avatar_app.gui.sessions import SessionBrowser
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.stage import Mood
from avatar_app.preferences import Preferences, options
from avatar_app.recording import Moment, SessionInfo, SessionWriter
from avatar_app.settings import data_dir
from tests.gui.fakes import picture


@pytest.fixture
def dialog(qtbot: QtBot) -> Iterator[SettingsDialog]:
    """Give the settings of somebody who changed some."""
    parent = QWidget()
    parent.resize(900, 700)
    qtbot.addWidget(parent)
    made = SettingsDialog(parent, Preferences(camera="video.mp4", hotkeys={"mark": "Y"}))
    yield made
    made.close()


def test_every_preference_can_be_edited(dialog: SettingsDialog) -> None:
    """The dialog has the whole table, and untouched editors change nothing."""
    assert set(dialog.editors) == {option.name for option in options()}
    assert dialog.values() == {}


def test_only_what_was_changed_is_handed_on(qtbot: QtBot, dialog: SettingsDialog) -> None:
    """Every kind of editor gives its value."""
    changes: dict[str, Any] = {"label": False, "camera_fps": 25, "on_flag": "card"}
    label, fps, on_flag = (dialog.editors[name] for name in changes)
    assert isinstance(label, QCheckBox)
    assert isinstance(fps, QSpinBox)
    assert isinstance(on_flag, QComboBox)
    label.setChecked(False)
    fps.setValue(25)
    on_flag.setCurrentText("Show a card")
    dialog.keys.fields["panic"].setKeySequence(QKeySequence("Ctrl+P"))
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.accept()
    assert chosen.args == [{**changes, "hotkeys": {"mark": "Y", "panic": "Ctrl+P"}}]


def test_what_can_be_chosen_is_in_words(dialog: SettingsDialog) -> None:
    """Not what the file has: 'keep' or 'cuda' tells nobody anything."""
    for option in options():
        editor = dialog.editors[option.name]
        if not option.choices or option.name == "output_size":
            continue
        assert isinstance(editor, QComboBox)
        said = [editor.itemText(row) for row in range(editor.count())]
        assert [editor.itemData(row) for row in range(editor.count())] == list(option.choices)
        assert all(words not in option.choices and words[0].isupper() for words in said)


def _turn_wheel(widget: QWidget) -> None:
    """Turn the wheel by a step, towards oneself."""
    at = widget.rect().center()
    event = QWheelEvent(
        QPointF(at),
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_a_file_may_be_typed_by_its_place_in_the_home(
    dialog: SettingsDialog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No shell is between the dialog and the one that opens the file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    names = ("camera", "avatar", "model")
    for name in names:
        editor = dialog.editors[name]
        assert isinstance(editor, QComboBox)
        editor.setEditText("~/mine")
    assert dialog.values() == dict.fromkeys(names, str(tmp_path / "mine"))


def test_a_long_name_does_not_widen_a_page(qtbot: QtBot) -> None:
    """The arrow and the end of the line would lie beyond the dialog's edge."""
    own = data_dir() / "avatars"
    own.mkdir(parents=True)
    (own / f"{'a long name ' * 12}.png").touch()
    parent = QWidget()
    parent.resize(1120, 760)
    qtbot.addWidget(parent)
    dialog = SettingsDialog(parent, Preferences())
    dialog.show_page("Avatar")
    dialog.show()
    avatar = dialog.editors["avatar"]
    right = avatar.mapTo(dialog, avatar.rect().topRight()).x()
    assert right < dialog.width()


def test_scrolling_a_page_changes_no_setting(qtbot: QtBot, dialog: SettingsDialog) -> None:
    """Only the one that was clicked on turns with the wheel."""
    dialog.show_page("Recording")
    dialog.show()
    editor = dialog.editors["record"]
    for moved in dialog.editors.values():
        _turn_wheel(moved)
    assert dialog.values() == {}
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    _turn_wheel(editor)
    assert dialog.values() == {"record": "always"}


def test_a_key_for_two_actions_keeps_the_dialog_open(qtbot: QtBot, dialog: SettingsDialog) -> None:
    """The reason is on the screen, and nothing is handed on."""
    dialog.keys.fields["panic"].setKeySequence(QKeySequence("Y"))
    with qtbot.assertNotEmitted(dialog.chosen):
        dialog.accept()
    assert "Y is both" in dialog.problem


def test_a_global_key_needs_a_modifier(qtbot: QtBot, dialog: SettingsDialog) -> None:
    """Otherwise it would act whenever it is typed anywhere."""
    dialog.keys.fields["panic everywhere"].setKeySequence(QKeySequence("Y"))
    with qtbot.assertNotEmitted(dialog.chosen):
        dialog.accept()
    assert "choose one with Ctrl or Alt" in dialog.problem


def test_defaults_are_all_put_back(qtbot: QtBot, dialog: SettingsDialog) -> None:
    """The camera and the keys are as on the first day."""
    dialog.to_defaults()
    assert dialog.values() == {"camera": "0", "hotkeys": {}}


def record_session(folder: Path, started: str) -> None:
    """Record a second in which a flag is up for a while."""
    info = SessionInfo(started, "flags", "mei", "fomm-mini", "CPU", "1")
    moments = [Moment(n, n / 10, picture(20 * n)) for n in range(10)]
    writer = SessionWriter(folder, info, moments[0], {})
    for moment in moments:
        writer.write(moment)
    writer.note(FlagRaised(0.3, 3, Flag.BLURRED, 0.8, "mouth"))
    writer.note(FlagCleared(0.6, 6, Flag.BLURRED, 0.3))
    writer.finish()


def test_flags_are_up_between_their_events() -> None:
    """At the moment it is raised a flag is up, at the moment it is cleared it is not."""
    events: list[Event] = [
        FlagRaised(1.0, 1, Flag.BLURRED, 0.8, "mouth"),
        FlagCleared(2.0, 2, Flag.BLURRED, 1),
    ]
    assert flags_at(events, 0.9) == {}
    assert flags_at(events, 1.0) == {Flag.BLURRED: "mouth"}
    assert flags_at(events, 2.0) == {}


def test_a_session_that_is_being_recorded_is_not_called_cut_off(
    qtbot: QtBot, tmp_path: Path
) -> None:
    """One that a killed app left is; and the tip has all flags where the line is too short."""
    for hour in (10, 11, 12):
        record_session(tmp_path, f"2026-11-03T{hour}:00:00+00:00")
    for hour in (11, 12):
        info = tmp_path / f"20261103-{hour}0000" / "session.json"
        info.write_text(info.read_text().replace('"seconds": 0.933', '"seconds": null'))
    browser = SessionBrowser(None, tmp_path, str(tmp_path / "20261103-120000"))
    qtbot.addWidget(browser)
    items = [browser.list.item(row) for row in range(browser.list.count())]
    lines = [item.text() for item in items if item is not None]
    assert ["being recorded" in line for line in lines] == [True, False, False]
    assert ["cut off" in line for line in lines] == [False, True, False]
    assert items[0] is not None
    assert items[0].toolTip() == lines[0]


def test_a_long_name_covers_neither_length_nor_flags(qtbot: QtBot, tmp_path: Path) -> None:
    """Photos often have one; it is cut at the end of its line, of which there is one."""
    record_session(tmp_path, "2026-11-03T10:00:00+00:00")
    info = tmp_path / "20261103-100000" / "session.json"
    info.write_text(info.read_text().replace('"mei"', f'"{"a long name " * 9}"'))
    browser = SessionBrowser(None, tmp_path)
    qtbot.addWidget(browser)
    item = browser.list.item(0)
    assert item is not None
    assert item.text().splitlines()[1].startswith("1 s, a long name")
    assert not browser.list.wordWrap()


def test_a_folder_is_opened_only_where_there_is_one(qtbot: QtBot, tmp_path: Path) -> None:
    """Before the first session there is none, and the button would do nothing."""
    folder = tmp_path / "sessions"
    browser = SessionBrowser(None, folder)
    qtbot.addWidget(browser)
    button = next(one for one in browser.findChildren(QPushButton) if "folder" in one.text())
    assert not button.isEnabled()
    record_session(folder, "2026-11-03T10:00:00+00:00")
    browser.show_folder(folder)
    assert button.isEnabled()


def test_a_session_is_played_with_its_flags(qtbot: QtBot, tmp_path: Path) -> None:
    """The newest is on top; going to a moment shows its flags; playing ends at the end."""
    record_session(tmp_path, "2026-11-03T10:00:00+00:00")
    record_session(tmp_path, "2026-11-03T11:00:00+00:00")
    browser = SessionBrowser(None, tmp_path)
    qtbot.addWidget(browser)
    browser.show()
    first = browser.list.item(0)
    assert first is not None
    assert "11:00" in first.text()
    assert "Face smeared" in first.text()
    player = browser.player
    player.go_to(0.45)
    assert player.flags.flags == [Flag.BLURRED]
    assert player.stage.mood is Mood.WARNED  # red is for what is severe, as it was live
    player.toggle()
    qtbot.waitUntil(lambda: not player.is_playing, timeout=5000)
    assert player.flags.flags == []
    player.go_to(0.35)  # and back
    assert player.flags.flags == [Flag.BLURRED]
    browser.reject()


def test_a_damaged_session_is_said_so(qtbot: QtBot, tmp_path: Path) -> None:
    """The browser stays, with a sentence where the picture would be."""
    record_session(tmp_path, "2026-11-03T10:00:00+00:00")
    next(tmp_path.glob("*/avatar.mp4")).write_bytes(b"nothing")
    browser = SessionBrowser(None, tmp_path)
    qtbot.addWidget(browser)
    assert browser.player.stage.words[0] == "This session cannot be played"
    browser.reject()
