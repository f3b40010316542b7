"""The window with a pipeline that does what the test says."""

from __future__ import annotations

import shutil

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QApplication, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from avatar_app.events import (
    AvatarAdded,
    AvatarChanged,
    CameraBack,
    CameraLost,
    Event,
    Flag,
    OutputChanged,
    RecordingStarted,
    Refused,
    Stats,
    WorkerFailed,
)
from avatar_app.gui.shortcuts import TOPIC
from avatar_app.gui.stage import Mood
from avatar_app.gui.window import Window
from avatar_app.pipeline import Shown, Status, commands
from avatar_app.pipeline.look import ADDING
from avatar_app.preferences import Preferences, load_preferences
from avatar_app.settings import bundled, data_dir
from avatar_app.types import Avatar
from tests.gui.fakes import TURNED, FakePipeline, picture, view

C = commands
_WITH_OUTPUT = Preferences(camera="demo", virtual_camera="auto")


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


def test_the_keyboard_stays_on_a_sheet(qtbot: QtBot, window: Window) -> None:
    """Tab goes round on it and never below."""
    window.control.do("pass_through")
    seen = set()
    for _ in range(5):
        QApplication.focusWidget().focusNextPrevChild(True)  # type: ignore[union-attr]
        seen.add(window.focusWidget())
    assert seen == {window.question.no, window.question.yes}


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


def test_a_lost_camera_is_said_until_it_is_back(window: Window, pipeline: FakePipeline) -> None:
    """Banner, picture and words name the loss; its return takes the banner away."""
    pipeline.events.put(CameraLost(1.0, "The camera was taken out; put it in again."))
    pipeline.change(camera=Status.LOST)
    window.refresh()
    assert [notice.topic for notice in window.banners.notices] == ["camera"]
    assert window.stage.words[0] == "The camera is gone"
    pipeline.events.put(CameraBack(2.0, "cam", 640, 480, 30.0))
    pipeline.change(camera=Status.ON)
    window.refresh()
    assert window.banners.notices == []
    assert window.stage.words[0] == "Looking for your face"
    pipeline.to_view.put(view())
    window.refresh()
    assert window.stage.words == ("", "")


@pytest.mark.parametrize(
    ("has_avatar", "is_ready", "title"),
    [
        (False, False, "Preparing the avatar"),
        (False, True, "No avatar yet"),
        (True, True, "Looking for your face"),
    ],
)
def test_what_keeps_the_avatar_away_is_said(
    window: Window, pipeline: FakePipeline, has_avatar: bool, is_ready: bool, title: str
) -> None:
    """One that cannot be had, and a face that is not seen, are not waited for in silence."""
    avatar = pipeline.state.avatar if has_avatar else None
    pipeline.change(avatar=avatar, is_ready=is_ready)
    window.refresh()
    assert window.stage.words[0] == title


@pytest.mark.parametrize(
    ("worker", "news"),
    [
        ("reenactor", AvatarChanged(2.0, "mei")),
        ("recorder", RecordingStarted(2.0, "/recordings/one")),
    ],
)
def test_what_works_again_needs_no_banner(
    window: Window, pipeline: FakePipeline, worker: str, news: Event
) -> None:
    """A model that could not be loaded is no news once another one shows the avatar."""
    pipeline.events.put(WorkerFailed(1.0, worker, "It does not work; choose another."))
    window.refresh()
    assert worker in [notice.topic for notice in window.banners.notices]
    pipeline.events.put(news)
    window.refresh()
    assert worker not in [notice.topic for notice in window.banners.notices]


@pytest.mark.parametrize("shown", [Shown.AVATAR, Shown.HELD, Shown.CARD, Shown.CAMERA])
def test_a_virtual_camera_that_works_needs_no_banner(
    window: Window, pipeline: FakePipeline, shown: Shown
) -> None:
    """What it could not be opened for is said until others see something."""
    pipeline.events.put(WorkerFailed(1.0, "output", "No virtual camera; install one."))
    pipeline.events.put(OutputChanged(1.0, "off", "No virtual camera; install one."))
    pipeline.change(output=Status.FAILED, preferences=_WITH_OUTPUT)
    window.refresh()
    assert [notice.topic for notice in window.banners.notices] == ["output"]
    pipeline.events.put(OutputChanged(2.0, shown.value))
    pipeline.change(output=Status.ON, shown=shown)
    window.refresh()
    assert window.banners.notices == []


def test_a_virtual_camera_that_fails_can_be_switched_off(
    window: Window, pipeline: FakePipeline
) -> None:
    """The button stays down while it is tried again, as V ends that; then nothing is complained."""
    button = window.controls.buttons["virtual_camera"]
    window.control.do("virtual_camera")
    pipeline.events.put(WorkerFailed(1.0, "output", "No virtual camera; install one."))
    for status in (Status.FAILED, Status.OFF, Status.FAILED):
        pipeline.change(output=status, preferences=window.control.preferences)
        window.refresh()
        assert button.isChecked()
    assert [notice.topic for notice in window.banners.notices] == ["output"]
    button.click()
    assert pipeline.asked(C.Apply)[-1].preferences.virtual_camera == "none"
    pipeline.change(preferences=window.control.preferences)
    window.refresh()
    assert not button.isChecked()
    assert window.banners.notices == []


def test_every_fault_is_a_banner_with_its_sentence(window: Window, pipeline: FakePipeline) -> None:
    """Whatever worker fails and whatever is refused, the user reads why."""
    for event in (
        WorkerFailed(1.0, "output", "No virtual camera; install one."),
        WorkerFailed(1.0, "detector", "The detector has stopped; switch it on again."),
        Refused(1.0, "avatar x", "No face in x; take another photo."),
    ):
        pipeline.events.put(event)
        window.refresh()
        assert window.banners.notices[-1].sentence == event.reason


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


def test_the_avatar_that_is_shown_is_marked(window: Window, pipeline: FakePipeline) -> None:
    """Not the one that was clicked, or chosen long ago, and could not be had."""
    window.gallery.tiles[window.gallery.names.index("kenji")].click()
    assert pipeline.asked(C.SetAvatar) == [C.SetAvatar("kenji")]
    pipeline.events.put(Refused(1.0, "avatar kenji", "kenji cannot be read; choose another one."))
    window.refresh()
    assert window.gallery.current == "mei"
    window.control.do("reload_avatars")
    assert window.gallery.current == "mei"
    pipeline.change(avatar=Avatar("kenji", picture(100)))
    window.refresh()
    assert window.gallery.current == "kenji"


def test_a_photo_that_cannot_serve_is_a_banner(window: Window, pipeline: FakePipeline) -> None:
    """The reason takes the place of the words that the face is looked for."""
    window.control.add_avatar("/photos/dog.jpg")
    pipeline.events.put(Refused(1.0, ADDING, "no face was found in dog.jpg; use another photo"))
    window.refresh()
    assert [notice.sentence[:8] for notice in window.banners.notices] == ["no face "]


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
    window.control.choose_avatar("kenji")
    window.control.do("landmarks")
    window.resize(900, 700)
    window.close()
    kept = load_preferences()
    assert kept.avatar == "kenji"
    assert kept.window["landmarks"] is False
    assert "geometry" in kept.window
    assert kept.camera == "0"  # what the command line overrode is not kept


@pytest.mark.parametrize("geometry", ["abc", "größer", "\ud800", "AAAA"])
def test_a_damaged_place_on_the_screen_is_forgotten(
    qtbot: QtBot, pipeline: FakePipeline, geometry: str
) -> None:
    """The window opens where it does the first time."""
    window = Window(pipeline, Preferences(camera="demo", window={"geometry": geometry}))
    qtbot.addWidget(window)
    assert (window.width(), window.height()) == (1120, 760)
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
