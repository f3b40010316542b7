"""What events mean to a person: which banner they raise, and which they take away."""

from __future__ import annotations

from avatar_app.events import (
    CameraBack,
    CameraLost,
    Event,
    Marked,
    RecordingSaved,
    RecordingStarted,
    Refused,
    WorkerFailed,
)
from avatar_app.gui.banners import Notice, Tone

# Where each worker's fault can be mended.
_OFFERS = {"camera": "Choose a camera", "output": "Settings", "detector": "", "recorder": ""}


def notice(event: Event) -> Notice | None:
    """Return what to tell about an event; None where it shows elsewhere or does not matter.

    Its `act` is left to the window, which knows what an offer opens.
    """
    match event:
        case CameraLost(reason=reason):
            return Notice("camera", Tone.ERROR, reason, "Choose a camera")
        case WorkerFailed(worker="camera", reason=reason):
            return Notice("camera", Tone.ERROR, reason, "Choose a camera")
        case WorkerFailed(worker=worker, reason=reason):
            return Notice(worker, Tone.ERROR, reason, _OFFERS.get(worker, ""))
        case Refused(wish=wish, reason=reason):
            return Notice(f"refused {wish}", Tone.WARNING, reason)
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
    return "camera" if isinstance(event, CameraBack) else None
