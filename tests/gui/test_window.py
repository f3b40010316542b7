"""The window with a pipeline that does what the test says."""

from __future__ import annotations

import shutil

import pytest
from PyQt5.QtCore import QMimeData, QPoint, Qt, QUrl
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt5.QtWidgets import (
    QApplication,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from avatar_app.events import (
    AvatarAdded,
    Flag,
    Refused,
    Stats,
)
from avatar_app.gui import control, theme
from avatar_app.gui.shortcuts import TOPIC
from avatar_app.gui.stage import Mood
from avatar_app.gui.window import Window
from avatar_app.pipeline import Shown, Status, commands
from avatar_app.preferences import load_preferences, save_preferences
from avatar_app.settings import bundled, data_dir
from avatar_app.types import AvatarAppError
from tests.gui.fakes import TURNED, FakePipeline, choose, view

C = commands


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("X", C.Calibrate()),
        ("F", C.SearchBestFrame(True)),
        ("P", C.Panic(True)),
        ("E", C.StartRecording()),
        ("M", C.Mark()),
        ("U", C.MoveCrop(0.0, -5.0)),
        ("W", C.ZoomCrop(0.95)),
        ("3", C.SetAvatar("ingrid")),
    ],
)
def test_keys_ask_the_pipeline(
    qtbot: QtBot, window: Window, pipeline: FakePipeline, key: str, command: commands.Command
) -> None:
    """A key does what the table says."""
    qtbot.keyClick(window, getattr(Qt.Key, f"Key_{key}"))
    assert pipeline.posted[0] == command


def test_the_crop_moves_as_it_is_seen(qtbot: QtBot, window: Window, pipeline: FakePipeline) -> None:
    """In a mirror, left is the picture's right; without one it is left."""
    qtbot.keyClick(window, Qt.Key.Key_H)
    window.control.change(mirror_driver=False)
    qtbot.keyClick(window, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert pipeline.asked(C.MoveCrop) == [C.MoveCrop(5.0, 0), C.MoveCrop(-1.0, 0)]


def test_the_real_face_is_shown_only_after_a_yes(
    qtbot: QtBot, window: Window, pipeline: FakePipeline
) -> None:
    """The question begins on the safe answer; Enter there shows nothing."""
    qtbot.keyClick(window, Qt.Key.Key_0)
    assert window.question.isVisible()
    assert window.focusWidget() is window.question.no
    qtbot.keyClick(window.question.no, Qt.Key.Key_Space)
    assert pipeline.asked(C.PassThrough) == []
    qtbot.keyClick(window, Qt.Key.Key_0)
    window.question.yes.click()
    assert pipeline.asked(C.PassThrough) == [C.PassThrough(True)]
    pipeline.change(is_passing_through=True)
    qtbot.keyClick(window, Qt.Key.Key_0)
    assert pipeline.asked(C.PassThrough)[-1] == C.PassThrough(False)


def test_flags_turn_the_frame_red(window: Window, pipeline: FakePipeline) -> None:
    """A fault of the picture is red, a warning about the driver is not, and both are in words."""
    for flags, mood in (
        ({Flag.FACE_DISTORTED: "mouth"}, Mood.GLITCHED),
        ({Flag.OUT_OF_POSE: "yaw"}, Mood.WARNED),
        ({}, Mood.CALM),
    ):
        pipeline.to_view.put(view(flags=flags))
        window.refresh()
        assert window.stage.mood is mood
        assert window.flags.flags == list(flags)


def test_what_others_see_is_always_said(window: Window, pipeline: FakePipeline) -> None:
    """The words follow what the output really shows."""
    seen = set()
    for shown in Shown:
        pipeline.change(shown=shown)
        window.refresh()
        seen.add(window.header.seen.text())
    assert len(seen) == len(Shown)
    pipeline.change(shown=Shown.CAMERA)
    window.refresh()
    assert "YOU" in window.header.seen.text()


def test_a_real_face_that_others_would_see_is_said_before(
    window: Window, pipeline: FakePipeline
) -> None:
    """Asked for while nobody watches, it is not forgotten until the virtual camera is on."""
    pipeline.change(shown=Shown.OFF, is_passing_through=True)
    window.refresh()
    assert window.header.seen.text().endswith("Nobody is watching, else they would see YOU")
    assert theme.RED in window.header.seen.styleSheet()
    for change in ({"is_panicked": True}, {"is_passing_through": False, "is_panicked": False}):
        pipeline.change(**change)
        window.refresh()
        assert "YOU" not in window.header.seen.text()


def test_how_the_real_face_goes_away_again_is_said(window: Window) -> None:
    """By the key that holds now."""
    window.control.change(hotkeys={"pass_through": "Ctrl+0"})
    window.control.do("pass_through")
    assert "until you press Ctrl+0 again" in window.question.words


def test_an_added_photo_is_shown_at_once(window: Window, pipeline: FakePipeline) -> None:
    """While its face is looked for, that is said; then it stands in the gallery, asked for."""
    window.control.add_avatar("/photos/anna.jpg")
    assert pipeline.asked(C.AddAvatar) == [C.AddAvatar("/photos/anna.jpg")]
    assert "anna.jpg" in window.banners.notices[-1].sentence
    own = data_dir() / "avatars"
    own.mkdir(parents=True)
    shutil.copy(bundled("assets", "avatars", "mei.png"), own / "anna.png")
    pipeline.events.put(AvatarAdded(1.0, "anna"))
    window.refresh()
    assert "anna" in window.gallery.names
    assert pipeline.asked(C.SetAvatar) == [C.SetAvatar("anna")]
    assert [notice.sentence for notice in window.banners.notices] == [
        "anna is among your avatars now."
    ]


def test_a_photo_is_added_where_it_is_dropped(window: Window, pipeline: FakePipeline) -> None:
    """One from this machine; several, a link and words are not taken."""
    here = QUrl.fromLocalFile("/photos/anna.jpg")
    for urls, photos in (
        ([QUrl("https://example.org/anna.jpg")], []),
        ([here, here], []),
        ([], []),
        ([here], [C.AddAvatar("/photos/anna.jpg")]),
    ):
        data = QMimeData()
        data.setUrls(urls)
        data.setText("anna")
        where, buttons, keys = (
            QPoint(300, 200),
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        entering = QDragEnterEvent(where, Qt.DropAction.CopyAction, data, buttons, keys)
        entering.ignore()
        window.dragEnterEvent(entering)
        assert entering.isAccepted() == bool(photos)
        if entering.isAccepted():
            window.dropEvent(QDropEvent(where, Qt.DropAction.CopyAction, data, buttons, keys))
        assert pipeline.asked(C.AddAvatar) == photos


def test_panic_is_unmistakable(window: Window, pipeline: FakePipeline) -> None:
    """The picture is covered, the frame red, and the button says how to end it."""
    pipeline.change(is_panicked=True)
    window.refresh()
    assert window.stage.words[0] == "Panic"
    assert window.stage.mood is Mood.PANICKED
    assert window.controls.buttons["panic"].isChecked()
    assert window.controls.buttons["panic"].accessibleName() == "End panic"


def test_a_button_shows_what_holds_not_what_was_asked(
    window: Window, pipeline: FakePipeline
) -> None:
    """A recording that is refused, which changes no state, does not look like one."""
    button = window.controls.buttons["record"]
    for _ in range(3):
        button.click()
        pipeline.events.put(Refused(1.0, "recording", "The disk is full; make room."))
        window.refresh()
        assert not button.isChecked()
    assert len(pipeline.asked(C.StartRecording)) == 3
    pipeline.change(recording="somewhere")
    window.refresh()
    assert button.isChecked()
    button.click()
    window.refresh()
    assert button.isChecked()  # until it has ended
    assert pipeline.asked(C.StopRecording)


def test_a_recording_that_waits_for_a_picture_can_be_stopped(
    window: Window, pipeline: FakePipeline
) -> None:
    """As while the camera is gone: the second press takes the first one back."""
    pipeline.change(is_recording_wished=True)
    window.refresh()
    button = window.controls.buttons["record"]
    assert (button.isChecked(), button.accessibleName()) == (True, "Stop")
    button.click()
    assert pipeline.asked(C.StopRecording)


def _sit(window: Window, pipeline: FakePipeline, *, drifted: bool, face: bool = True) -> None:
    """Let the driver sit so, or not be seen, for some looks of the window."""
    for _ in range(3):
        pipeline.to_view.put(view(guide=TURNED if face else None, has_drifted=drifted))
        window.refresh()


def test_a_drifted_pose_is_offered_a_calibration(
    qtbot: QtBot, window: Window, pipeline: FakePipeline
) -> None:
    """The offer stays below the mouse while pictures come, and opens the guide."""
    window.control.remember(welcomed=True)
    _sit(window, pipeline, drifted=True)
    assert [notice.topic for notice in window.banners.notices] == ["drift"]
    QApplication.processEvents()
    button = window.banners.findChild(QPushButton)
    assert button is not None
    at, screen = button.mapTo(window, button.rect().center()), window.windowHandle()
    qtbot.mousePress(screen, Qt.MouseButton.LeftButton, pos=at)
    _sit(window, pipeline, drifted=True)
    qtbot.mouseRelease(screen, Qt.MouseButton.LeftButton, pos=at)
    assert window.guide.isVisible()
    assert window.banners.notices == []


def test_an_offer_that_was_dismissed_stays_away(window: Window, pipeline: FakePipeline) -> None:
    """It comes again after the driver has sat well; to be out of the picture is not to sit well."""
    window.control.remember(welcomed=True)
    _sit(window, pipeline, drifted=True)
    dismiss = window.banners.findChild(QToolButton)
    assert dismiss is not None
    dismiss.click()
    _sit(window, pipeline, drifted=True)
    _sit(window, pipeline, drifted=False, face=False)
    _sit(window, pipeline, drifted=True)
    assert window.banners.notices == []
    _sit(window, pipeline, drifted=False)
    _sit(window, pipeline, drifted=True)
    assert [notice.topic for notice in window.banners.notices] == ["drift"]


def test_choices_are_kept(window: Window, pipeline: FakePipeline) -> None:
    """The next start has the avatar, the looks and the size of this one."""
    choose(window, pipeline, "kenji")
    window.control.do("landmarks")
    window.resize(900, 700)
    window.close()
    kept = load_preferences()
    assert kept.avatar == "kenji"
    assert kept.window["landmarks"] is False
    assert "geometry" in kept.window
    assert kept.camera == "0"  # what the command line overrode is not kept


def test_choices_of_another_window_are_not_undone(window: Window, pipeline: FakePipeline) -> None:
    """Who has switched the recording of themselves off there finds it off at the next start."""
    window.control.change(record_driver=True)
    save_preferences(load_preferences().changed(record_driver=False, record="off"))
    choose(window, pipeline, "kenji")
    kept = load_preferences()
    assert (kept.record_driver, kept.record, kept.avatar) == (False, "off", "kenji")
    assert window.control.preferences.record_driver


def test_a_choice_that_could_not_be_written_is_written_with_the_next(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that was full for a while."""
    with monkeypatch.context() as full:

        def refuse(_: object) -> None:
            raise AvatarAppError("the disk is full")

        full.setattr(control, "save_preferences", refuse)
        window.control.change(record="off")
    assert "the disk is full" in window.banners.notices[-1].sentence
    assert load_preferences().record != "off"
    window.control.change(pre_roll=2.0)
    kept = load_preferences()
    assert (kept.record, kept.pre_roll) == ("off", 2.0)


def test_speed_is_shown_on_demand(window: Window, pipeline: FakePipeline) -> None:
    """The status line has the rate and the delay; I lists the stages too."""
    stats = Stats(1, 30, 24.4, 30, 9, 61, 88, 3, 0, "CPU", "no GPU", {"render": 26.0})
    pipeline.events.put(stats)
    window.refresh()
    assert window.status_line.speed.text() == "24 fps"
    assert window.status_line.latency.text() == "61 ms delay"
    window.control.do("speed")
    pipeline.events.put(stats)
    window.refresh()
    assert "render 26.0 ms" in window.stage.details
    pipeline.events.put(Stats(2, 0, 0, 30, 0, 0, 0, 3, 0, "CPU", "no GPU"))  # no camera
    window.refresh()
    assert window.status_line.latency.text() == ""


def test_escape_asks_while_others_watch(
    qtbot: QtBot, window: Window, pipeline: FakePipeline
) -> None:
    """One key does not end a call by accident; without anybody watching it closes."""
    pipeline.change(output=Status.ON)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.question.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.question.isVisible()
    assert window.isVisible()
    pipeline.change(output=Status.OFF)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_the_windows_own_button_asks_while_others_watch(
    window: Window, pipeline: FakePipeline
) -> None:
    """A slip of the mouse ends no call; pressed again it is none. Alone, the window closes."""
    pipeline.change(output=Status.ON, recording="/recordings/one")
    assert not _pressed(window)
    assert window.question.isVisible()
    assert window.isVisible()
    assert _pressed(window)
    window.question.dismiss()
    pipeline.change(output=Status.OFF)
    assert _pressed(window)


def _pressed(window: Window) -> bool:
    """Press the button that the system draws; return whether the window may close."""

    class FromOutside(QCloseEvent):
        def spontaneous(self) -> bool:
            return True

    event = FromOutside()
    window.closeEvent(event)
    return event.isAccepted()


def test_why_there_are_no_keys_in_other_windows_is_said_once(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are off at first; asked for where the system has none, the reason is a banner."""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    window.control.change(camera="demo")
    assert window.banners.notices == []
    window.control.change(global_hotkeys=True)
    assert ["Wayland" in notice.sentence for notice in window.banners.notices] == [True]
    window.banners.withdraw(TOPIC)
    window.control.change(mirror_driver=False)
    assert window.banners.notices == []


def test_a_rebound_key_works_at_once(qtbot: QtBot, window: Window, pipeline: FakePipeline) -> None:
    """The new key acts, the old one does not."""
    window.control.change(hotkeys={"mark": "Y"})
    pipeline.posted.clear()
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert pipeline.asked(C.Mark) == []
    qtbot.keyClick(window, Qt.Key.Key_Y)
    assert pipeline.asked(C.Mark) == [C.Mark()]
