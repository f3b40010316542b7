"""What events and states mean to a person: which banner they raise or take away, which words."""

from __future__ import annotations

from avatar_app.events import (
    AvatarAdded,
    AvatarChanged,
    CameraBack,
    CameraLost,
    Event,
    Marked,
    OutputChanged,
    RecordingSaved,
    RecordingStarted,
    Refused,
    WorkerFailed,
)
from avatar_app.gui.banners import Notice, Tone
from avatar_app.pipeline.look import ADDING
from avatar_app.pipeline.view import Shown, State, Status

# Where each worker's fault can be mended.
_OFFERS = {
    "camera": "Choose a camera",
    "output": "Settings",
    "reenactor": "Choose a model",
    "recorder": "Choose a folder",
}

PLAY_AGAIN = "Play it again"
"""What is offered when a clip is over."""

PAGES = {
    "Choose a camera": "Camera",
    "Settings": "Virtual camera",
    "Choose a model": "Avatar",
    "Choose a folder": "Recording",
}
"""The page of the settings to which an offer leads."""

NO_PICTURE = {
    Status.STARTING: "Opening the camera",
    Status.LOST: "No picture from the camera",
    Status.ENDED: "The clip is over",
}
"""What to say in place of the driver's picture, by how the camera stands."""


def notice(event: Event, state: State) -> Notice | None:
    """Return what to tell about an event; None where it shows elsewhere or does not matter.

    `state` says how things stand after it. Its `act` is left to the window, which knows what an
    offer opens.
    """
    if isinstance(event, CameraLost) and state.camera is Status.ENDED:
        return Notice("camera", Tone.OFFER, _sentence(event.reason), PLAY_AGAIN)
    return _trouble(event) or _good_news(event)


def _trouble(event: Event) -> Notice | None:
    match event:
        case CameraLost(reason=reason):
            return Notice("camera", Tone.ERROR, _sentence(reason), "Choose a camera")
        case WorkerFailed(worker=worker, reason=reason):
            return Notice(worker, Tone.ERROR, _sentence(reason), _OFFERS.get(worker, ""))
        case Refused(wish=wish, reason=reason):
            return Notice(wish, Tone.WARNING, _sentence(reason))
        case _:
            return None


def _sentence(reason: str) -> str:
    """Write a reason, which on a command line follows the program's name, as a sentence.

    A name with which it begins stays as it is, where it looks like one: a file, a device.
    """
    first = reason.split(" ", 1)[0]
    begun = reason[:1].upper() + reason[1:] if first.isalpha() else reason
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def _good_news(event: Event) -> Notice | None:
    match event:
        case AvatarAdded(avatar=avatar):
            return Notice(ADDING, Tone.DONE, f"{avatar} is among your avatars now.", passes=True)
        case RecordingStarted():
            return Notice("recording", Tone.DONE, "Recording ...", passes=True)
        case RecordingSaved(seconds=seconds):
            sentence = f"{seconds:.0f} seconds were recorded."
            return Notice("recording", Tone.DONE, sentence, "Look at it", passes=True)
        case Marked():
            return Notice("mark", Tone.DONE, "This moment is marked.", passes=True)
        case _:
            return None


def settled(event: Event) -> str | None:
    """Return the topic that needs no banner any more."""
    match event:
        case CameraBack():
            return "camera"
        case OutputChanged(state=shown) if shown != Shown.OFF.value:
            return "output"
        case AvatarChanged():
            return "reenactor"
        case RecordingStarted():
            return "recorder"
        case _:
            return None


# Some code is compiled for the processor then. After another model was chosen one comes by itself.
_NO_AVATAR = {
    False: ("Preparing the avatar", "The first time takes half a minute longer.", "info"),
    True: ("No avatar yet", "Choose one, if none comes.", "info"),
}


def words(state: State, has_picture: bool) -> tuple[str, str, str]:
    """Return title, note and icon to write over the picture; an empty title where all is well."""
    if state.is_panicked:
        return "Panic", "Others see a card. Press the button or its key again to go on.", "panic"
    if state.model is Status.FAILED:
        return "The model has stopped", "Others see a card.", "warning"
    if state.camera in (Status.LOST, Status.ENDED):
        note = "It is tried again every second." if state.camera is Status.LOST else ""
        return NO_PICTURE[state.camera], note, "unplugged"
    if state.model is Status.STARTING:
        return "Loading the model", "The first time takes a few seconds longer.", "info"
    if state.camera is Status.STARTING:
        return NO_PICTURE[state.camera], "", "camera"
    if state.avatar is None:
        return _NO_AVATAR[state.is_ready]
    if not has_picture:
        return "Looking for your face", "Sit before the camera.", "info"
    return "", "", "info"
