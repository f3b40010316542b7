"""How the window fits its place, and how the keyboard goes through it."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QEvent, QPoint, QRect, Qt
from PyQt5.QtGui import QGuiApplication, QKeyEvent
from PyQt5.QtWidgets import (
    QApplication,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from avatar_app.gui.banners import Notice, Tone
from avatar_app.gui.window import Window
from avatar_app.pipeline import commands
from avatar_app.preferences import Preferences
from tests.gui.fakes import FakePipeline

C = commands


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_presses_what_has_the_keyboard(
    qtbot: QtBot, window: Window, pipeline: FakePipeline, key: Qt.Key
) -> None:
    """As Space does: a button, an avatar, an answer."""
    window.gallery.focus_on("kenji")
    qtbot.keyClick(QApplication.focusWidget(), key)
    assert pipeline.asked(C.SetAvatar) == [C.SetAvatar("kenji")]
    window.controls.buttons["record"].setFocus()
    qtbot.keyClick(QApplication.focusWidget(), key)
    assert pipeline.asked(C.StartRecording)
    window.control.do("pass_through")
    window.question.yes.setFocus()
    qtbot.keyClick(QApplication.focusWidget(), key)
    assert pipeline.asked(C.PassThrough) == [C.PassThrough(True)]


def test_tab_goes_through_the_window_as_it_is_read(window: Window) -> None:
    """What a banner offers comes after the head and before all avatars, whenever it came."""
    tell = window.banners.tell
    tell(Notice("one", Tone.OFFER, "One thing.", "Do it"))
    tell(Notice("two", Tone.ERROR, "Another.", "Mend it"))
    tell(Notice("one", Tone.OFFER, "One thing more.", "Do that"))
    QApplication.processEvents()
    window.header.setFocus()
    names = []
    for _ in range(30):
        QApplication.sendEvent(
            QApplication.focusWidget() or window,
            QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
        )
        focused = QApplication.focusWidget()
        assert focused is not None
        names.append(focused.accessibleName() or focused.text())
    first = names.index("Recorded sessions")
    assert names[first : first + 9] == [
        "Recorded sessions",
        "All keys",
        "Settings",
        "Mend it",
        "Dismiss",
        "Do that",
        "Dismiss",
        "The last minute",
        "Calibrate",
    ]


def test_the_keyboard_stays_on_a_sheet(qtbot: QtBot, window: Window) -> None:
    """Tab goes round on it and never below."""
    window.control.do("pass_through")
    seen = set()
    for _ in range(5):
        QApplication.focusWidget().focusNextPrevChild(True)  # type: ignore[union-attr]
        seen.add(window.focusWidget())
    assert seen == {window.question.no, window.question.yes}


@pytest.mark.parametrize("geometry", ["abc", "größer", "\ud800", "AAAA"])
def test_a_damaged_place_on_the_screen_is_forgotten(
    qtbot: QtBot, pipeline: FakePipeline, geometry: str
) -> None:
    """The window opens where it does the first time, and so that all of it is on the screen."""
    first = Window(pipeline, Preferences(camera="demo"))
    qtbot.addWidget(first)
    screen = QGuiApplication.primaryScreen()
    assert screen is not None
    assert screen.availableGeometry().width() < 1120  # as of a small laptop
    assert screen.availableGeometry().contains(QRect(0, 0, first.width(), first.height() + 30))
    window = Window(pipeline, Preferences(camera="demo", window={"geometry": geometry}))
    qtbot.addWidget(window)
    assert window.size() == first.size()
    first.close()
    window.close()


def test_a_size_from_a_larger_screen_is_kept_within_this_one(
    qtbot: QtBot, pipeline: FakePipeline
) -> None:
    """Panic must not lie below its edge."""
    large = QWidget()
    large.resize(1900, 1000)
    geometry = bytes(large.saveGeometry().toBase64()).decode()
    window = Window(pipeline, Preferences(camera="demo", window={"geometry": geometry}))
    qtbot.addWidget(window)
    screen = QGuiApplication.primaryScreen()
    assert screen is not None
    assert window.width() <= screen.availableGeometry().width() < 1900
    assert window.height() <= screen.availableGeometry().height() - 30
    window.close()


def test_it_fits_a_small_screen(window: Window) -> None:
    """At 640 x 480 nothing is cut off, and buttons keep names for those who cannot see icons."""
    window.resize(640, 480)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (640, 480)
    for button in window.controls.buttons.values():
        right = button.mapTo(window, button.rect().topRight()).x()
        assert right < 640
        assert button.accessibleName()
        assert button.toolTip()


@pytest.mark.parametrize("action", ["hotkeys", "guide", "pass_through"])
def test_a_sheet_fits_a_window_that_shrinks(window: Window, action: str) -> None:
    """It is laid out anew, so that its buttons can still be reached; it grows again, too."""
    window.resize(1120, 760)
    QApplication.processEvents()
    window.control.do(action)
    (sheet,) = (s.sheet for s in (window.key_sheet, window.guide, window.question) if s.isVisible())
    before = sheet.size()
    window.resize(640, 480)
    QApplication.processEvents()
    place = QRect(sheet.mapTo(window, QPoint(0, 0)), sheet.size())
    assert QRect(0, 0, 640, 480).contains(place)
    for button in sheet.findChildren(QPushButton):
        assert place.contains(QRect(button.mapTo(window, QPoint(0, 0)), button.size()))
    window.resize(1120, 760)
    QApplication.processEvents()
    assert sheet.size() == before


@pytest.mark.parametrize("width", [640, 760, 859, 861, 900, 960, 1000, 1120])
@pytest.mark.parametrize("is_panicked", [False, True])
def test_no_word_on_a_button_is_cut_off(
    window: Window, pipeline: FakePipeline, width: int, is_panicked: bool
) -> None:
    """Where there is no room for all of them, there are icons."""
    pipeline.change(is_panicked=is_panicked)
    window.refresh()
    window.resize(width, 600)
    for _ in range(2):  # the words are changed first, then the buttons' places
        QApplication.processEvents()
    for button in window.controls.buttons.values():
        assert button.width() >= button.sizeHint().width()
    has_words = bool(window.controls.buttons["guide"].text())
    assert has_words or width < 1000


def test_every_button_says_what_it_does(window: Window) -> None:
    """With its key in the tip, and to who cannot see the tip."""
    for button in window.controls.buttons.values():
        name, does = button.toolTip().split("\n")
        assert name == f"{button.accessibleName()} ({name[-2]})"
        assert does.endswith(".")
        assert button.accessibleDescription() == does


def test_escape_closes_the_sheet_in_front(qtbot: QtBot, window: Window) -> None:
    """Not one that lies below it; the last one opened is in front."""
    sheets = window.guide, window.question, window.key_sheet
    for action in ("guide", "pass_through", "hotkeys"):
        window.control.do(action)
    for shown in (True, True, False), (True, False, False), (False, False, False):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        assert tuple(sheet.isVisible() for sheet in sheets) == shown
    window.control.do("hotkeys")
    window.control.do("guide")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert (window.guide.isVisible(), window.key_sheet.isVisible()) == (False, True)
