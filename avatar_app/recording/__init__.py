"""Sessions: what was recorded, as folders that open again."""

from avatar_app.recording.roll import Moment, Roll
from avatar_app.recording.session import (
    Session,
    SessionInfo,
    clip_of,
    list_sessions,
    open_session,
)
from avatar_app.recording.writer import SessionWriter, check_space

__all__ = [
    "Moment",
    "Roll",
    "Session",
    "SessionInfo",
    "SessionWriter",
    "check_space",
    "clip_of",
    "list_sessions",
    "open_session",
]
