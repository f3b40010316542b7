"""Sessions on disk: what is in them, how they are found, and what is left of one cut off."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest

from avatar_app.events import Event, Flag, FlagCleared, FlagRaised, Marked
from avatar_app.recording import (
    Moment,
    Session,
    SessionInfo,
    SessionWriter,
    check_space,
    clip_of,
    list_sessions,
    open_session,
)
from avatar_app.types import AvatarAppError, Image
from avatar_app.video import VideoReader

START = 1000.0  # of the clock that moments and events share


def picture(grey: int, height: int = 64, width: int = 64) -> Image:
    """A picture of one grey."""
    return np.full((height, width, 3), grey, np.uint8)


def info(started: str = "2026-03-01T10:00:00.000+01:00") -> SessionInfo:
    """What a session may say of itself."""
    return SessionInfo(started, "asked for", "mei", "fomm-mini", "the CPU", "0.1.0")


def begun(folder: Path, *, driver: bool = False, pictures: int = 60, **given: str) -> SessionWriter:
    """Begin a session, 30 pictures a second of rising greys."""

    def moment(step: int) -> Moment:
        beside = picture(200 - step, 48, 80) if driver else None
        return Moment(step, START + step / 30, picture(20 + step), beside)

    writer = SessionWriter(folder, info(**given), moment(0), {"comment": "label"})
    for step in range(pictures):
        writer.write(moment(step))
    return writer


def recorded(folder: Path, events: tuple[Event, ...] = (), **given: bool | str) -> Session:
    """Record a whole session."""
    writer = begun(folder, **given)  # type: ignore[arg-type]
    for event in events:
        writer.note(event)
    return writer.finish()


def test_a_session_opens_again(tmp_path: Path) -> None:
    """With its facts, its events in seconds of its video, and both videos picture by picture."""
    events = (
        FlagRaised(START + 0.5, 15, Flag.FROZEN, 0.9, "no movement"),
        FlagCleared(START + 1.0, 30, Flag.FROZEN, 0.5),
        Marked(START - 1, "before it began"),
    )
    written = recorded(tmp_path, events, driver=True)
    session = open_session("20260301-100000", tmp_path)
    assert session == written
    assert session.is_whole
    assert session.info.pictures == 60
    assert session.seconds == pytest.approx(2.0, abs=0.01)
    assert session.flags == {"FROZEN": 1}
    assert [event.time for event in session.events()] == [0.5, 1.0]
    assert session.driver_video is not None
    with VideoReader(session.avatar_video) as avatar, VideoReader(session.driver_video) as driver:
        assert (driver.width, driver.height) == (80, 48)
        for step, (mine, yours) in enumerate(zip(avatar, driver, strict=True)):
            assert abs(float(mine.image.mean()) - 20 - step) < 3
            assert abs(float(yours.image.mean()) - 200 + step) < 3


def test_sessions_of_one_second_get_names_of_their_own(tmp_path: Path) -> None:
    """And the newest is listed first, whatever else lies there."""
    recorded(tmp_path)
    recorded(tmp_path)
    recorded(tmp_path, started="2026-03-02T09:00:00.000+01:00")
    (tmp_path / "holiday").mkdir()
    (tmp_path / "note.txt").write_text("")
    names = [session.name for session in list_sessions(tmp_path)]
    assert names == ["20260302-090000", "20260301-100000-2", "20260301-100000"]
    assert open_session("last", tmp_path).name == "20260302-090000"
    assert open_session(str(tmp_path / names[1]), tmp_path / "elsewhere").name == names[1]


def test_the_newest_of_another_folder_is_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a path, from wherever one stands; a session that is called so goes first."""
    usual, other = tmp_path / "usual", tmp_path / "other"
    recorded(usual, started="2026-03-03T09:00:00.000+01:00")
    recorded(other)
    newest = recorded(other, started="2026-03-02T09:00:00.000+01:00")
    assert open_session(str(other / "last"), usual) == newest
    for folder, name in ((tmp_path, "other/last"), (other, "./last"), (usual, "../other/last")):
        monkeypatch.chdir(folder)
        assert open_session(name, usual).name == newest.name
    (other / "20260301-100000").rename(other / "last")
    assert open_session(str(other / "last"), usual).started < newest.started


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("other", r"other holds sessions and is none itself; the newest in it is other.last, and "),
        (
            "other/20260301-100001",
            r"^there is no session other.*did you mean other.20260301-100000",
        ),
        ("other/nothing", r"`avatar-app sessions list other` shows those there"),
        ("elsewhere/last", r"there are no sessions in elsewhere; record one first"),
    ],
)
def test_what_is_no_session_of_another_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """With what is there."""
    monkeypatch.chdir(tmp_path)
    recorded(Path("other"))
    recorded(Path("usual"), started="2026-03-03T09:00:00.000+01:00")
    with pytest.raises(AvatarAppError, match=said):
        open_session(name, Path("usual"))


def test_the_newest_session_is_the_last_whatever_the_clock_showed(tmp_path: Path) -> None:
    """In the night in which summer time ends an hour comes twice."""
    recorded(tmp_path, started="2026-10-25T02:40:00.000+02:00")
    recorded(tmp_path, started="2026-10-25T02:10:00.000+01:00")  # half an hour later
    assert open_session("last", tmp_path).name == "20261025-021000"


@pytest.mark.parametrize(
    "damage",
    [
        {"started": "soon"},
        {"started": 3},
        {"flags": None},
        {"seconds": "2"},
        {"seconds": float("nan")},
        {"seconds": -2},
        {"avatar": None},
        "[" * 100_000,
    ],
)
def test_a_damaged_session_does_not_hide_the_others(
    tmp_path: Path, damage: dict[str, object] | str
) -> None:
    """It is passed over; asked for by its name it is called damaged."""
    damaged, sound = recorded(tmp_path), recorded(tmp_path)
    file = damaged.path / "session.json"
    if isinstance(damage, str):
        file.write_text(damage)
    else:
        file.write_text(json.dumps({**json.loads(file.read_text()), **damage}))
    assert list_sessions(tmp_path) == [sound]
    with pytest.raises(AvatarAppError, match="missing or damaged"):
        open_session(damaged.name, tmp_path)


def test_a_session_that_was_cut_off_is_known_by_what_is_there(tmp_path: Path) -> None:
    """Its length is the video's, its flags are the events', a broken line is no matter."""
    writer = begun(tmp_path, pictures=60)
    writer.note(FlagRaised(START + 0.5, 15, Flag.FROZEN, 0.9))
    with (writer.path / "events.jsonl").open("a") as lines:
        lines.write('{"event": "FlagRai')
    session = open_session(writer.path.name, tmp_path)
    assert not session.is_whole
    assert 1.0 < session.seconds <= 2.0
    assert session.flags == {"FROZEN": 1}
    writer.abandon()


def test_a_session_has_no_length_before_its_first_picture(tmp_path: Path) -> None:
    """It is listed all the same."""
    writer = begun(tmp_path, pictures=0)
    assert [session.seconds for session in list_sessions(tmp_path)] == [0.0]
    writer.abandon()


def test_a_moment_of_another_kind_does_not_fit(tmp_path: Path) -> None:
    """Another size, a driver that was not there, or one that is not there, or an earlier time."""
    writer = begun(tmp_path, pictures=3)
    after = START + 1
    assert writer.fits(Moment(4, after, picture(0)))
    assert not writer.fits(Moment(4, after, picture(0, 32, 32)))
    assert not writer.fits(Moment(4, after, picture(0), picture(0)))
    assert not writer.fits(Moment(4, START, picture(0)))
    writer.finish()


def test_a_session_plays_as_a_camera(tmp_path: Path) -> None:
    """The driver drives again, or else the avatar does; another folder is no camera."""
    with_driver, without = recorded(tmp_path, driver=True), recorded(tmp_path)
    assert clip_of(with_driver.path) == with_driver.driver_video
    assert clip_of(without.path) == without.avatar_video
    assert clip_of(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("20260301-100001", "did you mean 20260301-100000"),
        ("nothing like it", "sessions list"),
        ("damaged", "missing or damaged"),
    ],
)
def test_what_is_no_session_is_named(tmp_path: Path, name: str, said: str) -> None:
    """With what to do about it."""
    recorded(tmp_path)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "session.json").write_text("[]")
    with pytest.raises(AvatarAppError, match=said):
        open_session(name, tmp_path)


def test_without_sessions_there_is_no_last(tmp_path: Path) -> None:
    """Nor any list, even if the folder is not there yet."""
    assert list_sessions(tmp_path / "none") == []
    with pytest.raises(AvatarAppError, match="record one first"):
        open_session("last", tmp_path)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (False, "its drive or folder is not there; choose another"),
        (PermissionError(errno.EACCES, "denied"), "no permission to write there; choose another"),
    ],
)
def test_where_the_disk_cannot_be_asked_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, answer: bool | OSError, said: str
) -> None:
    """On a drive that was taken out, or below a folder that is another's."""

    def exists(path: Path) -> bool:
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(Path, "exists", exists)
    with pytest.raises(AvatarAppError, match=said):
        check_space(Path("elsewhere") / "new", 50)
