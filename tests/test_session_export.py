"""A session as one video: who is where, and when something is drawn in."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.events import Flag, FlagCleared, FlagRaised
from avatar_app.provenance import read_label
from avatar_app.recording import open_session
from avatar_app.reports import spans
from avatar_app.session_export import export_session
from avatar_app.types import AvatarAppError
from avatar_app.video import VideoReader
from tests.recording.test_session import START, begun, recorded

EVENTS = (
    FlagRaised(START + 0.5, 15, Flag.FACE_DISTORTED, 0.9, "mouth"),
    FlagRaised(START + 0.7, 15, Flag.LOW_LIGHT, 0.9),
    FlagCleared(START + 1.0, 30, Flag.FACE_DISTORTED, 0.5),
)


def test_driver_and_avatar_stand_side_by_side(tmp_path: Path) -> None:
    """All pictures at their times; a red frame while a flag is up, none for a mere warning."""
    session = recorded(tmp_path, EVENTS, driver=True)
    done: list[float] = []
    path = export_session(
        session, tmp_path / "all.mp4", lambda at, total, what: done.append(at / (total or 1))
    )
    with VideoReader(path) as reader:
        frames = list(reader)
    assert len(frames) == 60
    assert frames[0].image.shape == (480 + 84, 800 + 480, 3)
    assert done[-1] == pytest.approx(1.0, abs=0.05)
    framed = [frame.time for frame in frames if frame.image[2, 1000, 0] > 180]
    assert framed[0] == pytest.approx(0.5, abs=0.05)
    assert framed[-1] == pytest.approx(1.0, abs=0.05)
    middle = frames[5].image
    assert abs(int(middle[240, 400, 0]) - 195) < 5
    assert abs(int(middle[240, 1040, 0]) - 25) < 5
    assert read_label(path) is not None


def test_without_a_driver_the_avatar_stands_alone(tmp_path: Path) -> None:
    """Also where the session was cut off."""
    writer = begun(tmp_path, pictures=60)
    session = open_session("last", tmp_path)
    path = export_session(session, tmp_path / "alone.mp4")
    writer.abandon()
    with VideoReader(path) as reader:
        assert (reader.width, reader.height) == (480, 564)


def test_reason_of_any_length_is_cut_to_one_line(tmp_path: Path) -> None:
    """What stands in a file that somebody passed on neither ends the job nor holds it up."""
    long = FlagRaised(START, 0, Flag.FACE_DISTORTED, 0.9, "one\ntwo " * 20_000)
    path = export_session(recorded(tmp_path, (long,)), tmp_path / "all.mp4")
    assert read_label(path) is not None


def test_flags_become_spans() -> None:
    """One that was never cleared lasts to the end."""
    up = [(span.flag, span.begin - START, span.end - START) for span in spans([*EVENTS], START + 2)]
    assert up == [(Flag.FACE_DISTORTED, 0.5, 1.0), (Flag.LOW_LIGHT, pytest.approx(0.7), 2.0)]


def test_the_session_itself_stays_as_it_is(tmp_path: Path) -> None:
    """Its own videos cannot be overwritten."""
    session = recorded(tmp_path)
    with pytest.raises(AvatarAppError, match="choose another folder"):
        export_session(session, session.avatar_video)


def test_a_session_without_a_picture_is_named(tmp_path: Path) -> None:
    """Nothing is left behind."""
    begun(tmp_path, pictures=0).abandon()
    with pytest.raises(AvatarAppError, match=r"avatar\.mp4"):
        export_session(open_session("last", tmp_path), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
