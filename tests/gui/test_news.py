"""What the window says of faults and their end: banners, and words where the avatar would be."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from PyQt5.QtWidgets import QPushButton

from avatar_app.events import (
    AvatarChanged,
    CameraBack,
    CameraLost,
    Event,
    Flag,
    OutputChanged,
    RecordingSaved,
    RecordingStarted,
    Refused,
    WorkerFailed,
)
from avatar_app.gui.guide_view import COUNT_FROM
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.stage import Mood
from avatar_app.gui.window import Window
from avatar_app.pipeline import Shown, Status, commands
from avatar_app.pipeline.look import ADDING
from avatar_app.preferences import Preferences
from avatar_app.types import Avatar
from tests.gui.fakes import ALIKE, FakePipeline, picture, view

C = commands
MEI = Avatar("mei", picture(120))
_WITH_OUTPUT = Preferences(camera="demo", virtual_camera="auto")


def test_a_lost_camera_is_said_until_it_is_back(window: Window, pipeline: FakePipeline) -> None:
    """Banner, picture and words name the loss; its return takes the banner away."""
    pipeline.events.put(CameraLost(1.0, "The camera was taken out; put it in again."))
    pipeline.change(camera=Status.LOST)
    window.refresh()
    assert [notice.topic for notice in window.banners.notices] == ["camera"]
    assert window.stage.words[0] == "No picture from the camera"
    pipeline.to_view.put(view())  # what was still being rendered
    window.refresh()
    assert window.driver.lost == "No picture from the camera"
    pipeline.events.put(CameraBack(2.0, "cam", 640, 480, 30.0))
    pipeline.change(camera=Status.ON)
    window.refresh()
    assert window.banners.notices == []
    pipeline.to_view.put(view())
    window.refresh()
    assert window.driver.lost == ""
    assert window.stage.words == ("", "")


@pytest.mark.parametrize(
    "fault",
    [
        {"camera": Status.LOST},
        {"camera": Status.ENDED},
        {"camera": Status.STARTING},
        {"model": Status.FAILED},
        {"avatar": None},
        {"detector": Status.FAILED},
    ],
)
def test_where_nothing_is_judged_no_flag_is_up(
    window: Window, pipeline: FakePipeline, fault: dict[str, Any]
) -> None:
    """Those of the last picture fall with it, even one that comes late, and nothing is praised."""
    pipeline.to_view.put(view(1.0, flags={Flag.FACE_MISSING: "no face"}))
    window.refresh()
    assert (window.flags.flags, window.stage.mood) == ([Flag.FACE_MISSING], Mood.GLITCHED)
    pipeline.change(**fault)
    window.refresh()
    pipeline.to_view.put(view(1.1, flags={Flag.FACE_MISSING: "no face"}))
    window.refresh()
    assert (window.flags.flags, window.stage.mood) == ([], Mood.CALM)
    assert "No red flags" not in window.flags.calm
    pipeline.change(camera=Status.ON, model=Status.ON, detector=Status.ON, avatar=MEI)
    pipeline.to_view.put(view(2.0, flags={Flag.BLURRED: "smeared"}))
    window.refresh()
    assert (window.flags.flags, window.stage.mood) == ([Flag.BLURRED], Mood.WARNED)


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


def test_nobody_is_told_to_be_unseen_before_somebody_looked(
    window: Window, pipeline: FakePipeline
) -> None:
    """At a first start that takes its time."""
    seen = view(guide=None)
    for shown, said in (
        (dataclasses.replace(seen, face=None), "Looking for your face"),
        (seen, "Your face is not seen."),
    ):
        pipeline.to_view.put(shown)
        window.refresh()
        assert said in window._root.advice.text()


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


def _recorded(window: Window, pipeline: FakePipeline) -> list[str]:
    """Let a session be recorded, and return what was said of it."""
    said = []
    for event in (RecordingStarted(2.0, "/one"), RecordingSaved(12.0, "/one", 10.0)):
        pipeline.events.put(event)
        window.refresh()
        said += [notice.sentence for notice in window.banners.notices]
        window.banners.withdraw("recording")
    return said


def test_what_is_recorded_by_itself_is_told_of_once(window: Window, pipeline: FakePipeline) -> None:
    """A banner at each flag would push the picture about; what was asked for is always told."""
    assert _recorded(window, pipeline) == ["10 seconds were recorded."]
    assert _recorded(window, pipeline) == []
    window.control.do("record")
    assert _recorded(window, pipeline) == ["Recording ...", "10 seconds were recorded."]
    assert _recorded(window, pipeline) == []
    pipeline.change(recording="/one")
    window.control.do("record")  # stops what was begun by itself
    pipeline.events.put(RecordingSaved(12.0, "/one", 10.0))
    window.refresh()
    assert [notice.offer for notice in window.banners.notices] == ["Look at it"]


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


@pytest.mark.parametrize(
    ("event", "page"),
    [
        (CameraLost(1.0, "The camera was taken out; put it in again."), "Camera"),
        (WorkerFailed(1.0, "camera", "The camera broke; choose another."), "Camera"),
        (WorkerFailed(1.0, "output", "No virtual camera; install one."), "Virtual camera"),
        (WorkerFailed(1.0, "reenactor", "There is no such model; choose another."), "Avatar"),
        (WorkerFailed(1.0, "recorder", "/x is a file; choose another folder."), "Recording"),
    ],
)
def test_a_banner_leads_to_where_its_fault_can_be_mended(
    window: Window, pipeline: FakePipeline, event: Event, page: str
) -> None:
    """To the page of the settings, also where these are open at another one."""
    window.control.do("settings")
    (dialog,) = window.findChildren(SettingsDialog)
    dialog.show_page("Hotkeys")
    pipeline.events.put(event)
    window.refresh()
    button = window.banners.findChild(QPushButton)
    assert button is not None
    button.click()
    assert window.findChildren(SettingsDialog) == [dialog]
    assert dialog.page == page


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


def test_a_clip_that_is_over_can_be_played_again(window: Window, pipeline: FakePipeline) -> None:
    """That is no fault of a camera; a camera that is lost is to be chosen anew."""
    for status, offer in ((Status.ENDED, "Play it again"), (Status.LOST, "Choose a camera")):
        pipeline.change(camera=status)
        pipeline.events.put(CameraLost(1.0, "talk.mp4 has ended; choose another camera or clip."))
        window.refresh()
        (told,) = window.banners.notices
        assert told.offer == offer
        assert told.act is not None
        told.act()
    assert pipeline.asked(commands.PlayAgain) == [commands.PlayAgain()]


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (Status.LOST, "No picture from the camera"),
        (Status.ENDED, "The clip is over"),
        (Status.STARTING, "Opening the camera"),
    ],
)
def test_where_no_picture_comes_both_places_say_why(
    window: Window, pipeline: FakePipeline, status: Status, title: str
) -> None:
    """Also where another camera is being opened: the last one's picture is not left standing."""
    pipeline.to_view.put(view())
    window.refresh()
    pipeline.change(camera=status)
    window.refresh()
    assert window.stage.words[0] == window.driver.lost == title


def test_the_guide_does_not_calibrate_without_a_camera(
    window: Window, pipeline: FakePipeline
) -> None:
    """Its count ends, as its last picture is not the driver any more, and it says why."""
    window.control.do("guide")
    pipeline.to_view.put(view(guide=ALIKE))
    window.refresh()
    counts = [window.guide.count]
    pipeline.change(camera=Status.LOST)
    window.refresh()
    counts.append(window.guide.count)
    assert counts == [COUNT_FROM, None]
    assert window.guide.advice == window.guide.driver.lost == "No picture from the camera"


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("no face was found in a.jpg; use another", "No face was found in a.jpg; use another."),
        ("a.mp4 has ended; choose another.", "a.mp4 has ended; choose another."),
        ("/a/b does not exist", "/a/b does not exist."),
    ],
)
def test_reasons_are_written_as_sentences(
    window: Window, pipeline: FakePipeline, reason: str, sentence: str
) -> None:
    """On a command line they follow the program's name; names stay as they are."""
    pipeline.events.put(Refused(1.0, "something", reason))
    window.refresh()
    assert window.banners.notices[-1].sentence == sentence


def test_a_photo_that_cannot_serve_is_a_banner(window: Window, pipeline: FakePipeline) -> None:
    """The reason takes the place of the words that the face is looked for."""
    window.control.add_avatar("/photos/dog.jpg")
    pipeline.events.put(Refused(1.0, ADDING, "no face was found in dog.jpg; use another photo"))
    window.refresh()
    assert [notice.sentence[:8] for notice in window.banners.notices] == ["No face "]
