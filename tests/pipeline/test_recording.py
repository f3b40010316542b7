"""What is recorded of a run, when, and what happens where the disk does not want it."""

from __future__ import annotations

import dataclasses
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avatar_app.events import (
    Calibrated,
    Flag,
    FlagCleared,
    FlagRaised,
    Marked,
    OutputChanged,
    RecordingSaved,
    RecordingStarted,
    Refused,
    WorkerFailed,
)
from avatar_app.handoff import Cell
from avatar_app.pipeline.commands import Apply, Mark, StartRecording, StopRecording
from avatar_app.pipeline.record import RecordJob
from avatar_app.pipeline.view import State
from avatar_app.pipeline.wiring import Wiring
from avatar_app.preferences import Preferences
from avatar_app.provenance import read_label
from avatar_app.recording import Moment, Session, SessionWriter, list_sessions, open_session
from avatar_app.types import AvatarAppError
from avatar_app.video import VideoReader
from tests.pipeline.fakes import AVATAR, LONG, RAW, Faults, Run, grey, parts, running


def saved(run: Run) -> Session:
    """Wait until a session is whole, and open it."""
    path = Path(run.until(RecordingSaved).path)
    return open_session(path.name, path.parent)


def take_away(session: Path) -> None:
    """Delete a session at one stroke: the recorder may be about to put a file into it."""
    shutil.rmtree(session.rename(session.parent.parent / "gone"))


def seconds_recorded(run: Run, seconds: float) -> None:
    """Wait until the run has gone on for so long."""
    begin = run.pipeline.to_view.take(LONG)
    assert begin is not None
    run.until_true(lambda: getattr(run.pipeline.to_view.peek(), "time", 0) > begin.time + seconds)


def test_a_session_is_recorded_while_asked_for() -> None:
    """It has the avatar at the camera's times and says what it is; the driver is not in it."""
    with running(label=False) as run:
        run.until(Calibrated)
        run.post(StartRecording())
        path = run.until(RecordingStarted).path
        assert run.pipeline.state.recording == path
        seconds_recorded(run, 0.4)
        run.post(Mark("here"))
        run.until(Marked)
        run.post(StopRecording())
        session = saved(run)
        assert run.pipeline.state.recording == ""
    assert session.is_whole
    assert (session.info.reason, session.info.avatar) == ("asked for", "mei")
    assert (session.info.model, session.info.lost) == ("fake", 0)
    assert session.driver_video is None
    assert 0.3 < session.seconds < 2
    assert read_label(session.avatar_video) is not None
    with VideoReader(session.avatar_video) as reader:
        frames = list(reader)
    assert len(frames) == session.info.pictures
    assert all(abs(float(frame.image.mean()) - AVATAR) < 3 for frame in frames)
    assert frames[-1].time == pytest.approx(session.seconds, abs=0.1)
    (mark,) = [event for event in session.events() if isinstance(event, Marked)]
    assert mark.note == "here"
    assert 0.3 < mark.time <= session.seconds + 0.2


def test_the_driver_is_recorded_only_where_asked() -> None:
    """Then it lies beside the avatar, picture by picture; the avatar bears its label."""
    with running(Faults(size=160), record_driver=True, record="always") as run:
        run.until(RecordingStarted)
        seconds_recorded(run, 0.2)
        run.post(StopRecording())
        session = saved(run)
        assert session.info.reason == "always"
    assert session.driver_video is not None
    assert read_label(session.driver_video) is None
    with VideoReader(session.driver_video) as driver, VideoReader(session.avatar_video) as avatar:
        for mine, yours in zip(driver, avatar, strict=True):
            assert mine.time == yours.time
            assert abs(float(mine.image.mean()) - RAW) < 3
            assert np.ptp(yours.image) > 50


def test_a_flag_is_recorded_with_the_seconds_around_it() -> None:
    """From before it was raised until after it was cleared; the events say when that was."""
    faults = Faults()
    with running(faults, record="flags", pre_roll=0.3, post_roll=0.3) as run:
        roll = run.pipeline._record._roll
        run.until_true(lambda: roll.seconds > 0.4)
        faults.flags = frozenset({Flag.FACE_MISSING})
        flagged = run.until(FlagRaised)
        run.until(RecordingStarted)
        seconds_recorded(run, 0.4)
        faults.flags = frozenset()
        run.until(FlagCleared)
        session = saved(run)
    assert session.info.reason == "FACE_MISSING"
    assert session.flags == {"FACE_MISSING": 1}
    raised, cleared = (
        next(event for event in session.events() if isinstance(event, kind))
        for kind in (FlagRaised, FlagCleared)
    )
    # It begins with the first picture that was made in the pre-roll.
    first = min(time for time in faults.rendered if time >= flagged.time - 0.3)
    assert flagged.time - raised.time == pytest.approx(first, abs=1e-5)
    assert session.seconds >= cleared.time


def test_a_session_counts_as_recorded_until_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before that a list of sessions would call it cut off."""
    finish, seen = SessionWriter.finish, []
    with running() as run:

        def watched(writer: SessionWriter, lost: int = 0) -> Session:
            seen.append(run.pipeline.state.recording)
            return finish(writer, lost)

        monkeypatch.setattr(SessionWriter, "finish", watched)
        run.until(Calibrated)
        run.post(StartRecording())
        path = run.until(RecordingStarted).path
        run.post(StopRecording())
        run.until(RecordingSaved)
        assert seen == [path]
        assert not run.pipeline.state.recording


def test_a_picture_that_comes_late_begins_no_session_of_its_own() -> None:
    """The last ones of the seconds around a flag belong to them, however slow the model is."""
    clock = [100.0]
    made = dataclasses.replace(parts(Faults()), clock=lambda: clock[0])
    preferences = Preferences(record="flags", post_roll=1.0)
    wiring = Wiring(made, Cell(State(preferences)))
    job = RecordJob(wiring)
    wiring.to_note.put(FlagRaised(100.0, 0, Flag.BLURRED, 0.5))
    wiring.to_note.put(FlagCleared(100.2, 0, Flag.BLURRED, 0.2))
    for now, taken in ((100.3, 100.0), (101.3, None), (101.4, 101.1), (103.5, None)):
        clock[0] = now
        if taken is not None:
            wiring.to_record.put(Moment(0, taken, grey(AVATAR)))
        job.step()
    (session,) = list_sessions(preferences.recordings_dir)
    assert session.info.pictures == 2


def test_a_mark_is_recorded_like_a_flag() -> None:
    """Gates alone are not: nobody before the camera is nothing to look at."""
    faults = Faults(flags=frozenset({Flag.DRIVER_MISSING}))
    with running(faults, record="flags", pre_roll=0.1, post_roll=0.1) as run:
        run.until(FlagRaised, flag=Flag.DRIVER_MISSING)
        seconds_recorded(run, 0.2)
        assert run.pipeline.state.recording == ""
        run.post(Mark())
        assert saved(run).info.reason == "mark"


def test_a_pipeline_that_ends_leaves_whole_sessions() -> None:
    """What was rendered until then is in it."""
    with running(record="always") as run:
        path = Path(run.until(RecordingStarted).path)
        seconds_recorded(run, 0.2)
    (session,) = list_sessions(path.parent)
    assert session.is_whole
    assert session.info.pictures


def test_another_size_begins_another_session() -> None:
    """A driver that is recorded from now on does not fit into a session without."""
    with running(record="always") as run:
        run.until(RecordingStarted)
        preferences = run.pipeline.state.preferences
        run.post(Apply(preferences.changed(record_driver=True)))
        assert saved(run).driver_video is None
        run.until(RecordingStarted)
        run.post(StopRecording())
        assert saved(run).driver_video is not None


def test_the_seconds_before_a_mark_are_of_one_kind() -> None:
    """Those of another size are not kept in place of the marked ones; what is amid them counts."""
    with running(record="flags", pre_roll=5.0, post_roll=0.1) as run:
        roll = run.pipeline._record._roll

        def change(record_driver: bool) -> None:
            before = len(roll)
            preferences = run.pipeline.state.preferences
            run.post(Apply(preferences.changed(record_driver=record_driver)))
            run.until_true(lambda: len(roll) > before + 20)

        run.until_true(lambda: len(roll) > 20)
        change(True)
        run.post(Mark())
        session = saved(run)
        assert session.driver_video is not None
        assert session.seconds > 20 * 0.005
        assert session.info.lost == 0
        change(False)
        change(True)
        change(False)
        run.post(Mark())
        session = saved(run)
    assert session.driver_video is None
    assert session.info.lost > 10


def test_a_session_ends_where_no_picture_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next picture begins another, as a video with hours of nothing in it has wrong times."""
    monkeypatch.setattr("avatar_app.pipeline.record._LONGEST_PAUSE", 0.3)
    faults = Faults()
    with running(faults, record="always") as run:
        path = run.until(RecordingStarted).path
        seconds_recorded(run, 0.1)
        faults.hang.clear()
        assert saved(run).is_whole
        assert run.pipeline.state.recording == ""
        faults.hang.set()
        assert run.until(RecordingStarted).path != path


def test_a_wish_without_a_picture_can_be_taken_back() -> None:
    """While there is no camera it stands, for all to see, and a second one ends it."""
    faults = Faults()
    faults.hang.clear()
    with running(faults) as run:
        run.post(StartRecording())
        run.until_true(lambda: run.pipeline.state.can_stop_recording)
        run.post(StopRecording())
        run.until_true(lambda: not run.pipeline.state.can_stop_recording)
        faults.hang.set()
        run.until(OutputChanged, state="avatar")
        seconds_recorded(run, 0.2)
        assert run.pipeline.state.recording == ""
        assert not any(isinstance(event, Refused) for event in run.events)


def test_stopping_what_does_not_run_is_refused() -> None:
    """In words."""
    with running() as run:
        run.post(StopRecording())
        assert run.until(Refused, wish="recording").reason == "Nothing is being recorded."


def test_a_recorder_that_raises_touches_nothing_else() -> None:
    """It is named, the avatar goes on, and the next wish to record is met."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.recorder = RuntimeError("scratched")
        run.post(StartRecording())
        assert "scratched" in run.until(WorkerFailed, worker="recorder").reason
        assert run.pipeline.state.recording == ""
        assert run.pipeline.to_view.take(1.0) is not None
        faults.recorder = None
        run.post(StartRecording())
        run.until(RecordingStarted)
        run.post(StopRecording())
        run.until(RecordingSaved)
        assert run.pipeline.state.shown.value == "avatar"
        assert not any(
            isinstance(event, WorkerFailed) and event.worker != "recorder" for event in run.events
        )


def test_a_disk_that_is_full_ends_the_recording_alone() -> None:
    """What the system says becomes a sentence; what was written until then can be played."""
    faults = Faults()
    with running(faults, record="always") as run:
        path = Path(run.until(RecordingStarted).path)
        seconds_recorded(run, 0.8)
        faults.recorder = AvatarAppError(f"{path} could not be written: the disk is full")
        assert "disk is full" in run.until(WorkerFailed, worker="recorder").reason
        assert run.pipeline.state.shown.value == "avatar"
    session = open_session(path.name, path.parent)
    assert not session.is_whole
    assert session.seconds > 0.5


def test_the_disk_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little space is said once a wish, and ends what is recorded while it is still whole."""
    free = SimpleNamespace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    monkeypatch.setattr("avatar_app.pipeline.record._BETWEEN_LOOKS", 0.05)
    with running(record="always", spare_disk=100) as run:
        run.until(RecordingStarted)
        seconds_recorded(run, 0.1)
        free.free = 50 * 10**6
        assert saved(run).is_whole  # told first, so that it does not cover up why it ended
        assert "only 50 MB are free" in run.until(Refused, wish="recording").reason
        run.post(StartRecording())  # a new wish gets its own answer
        run.until(Refused, wish="recording")
        seconds_recorded(run, 0.2)
        assert run.pipeline.state.recording == ""
        free.free = 10**12
        run.post(StartRecording())
        run.until(RecordingStarted)
        assert sum(isinstance(event, Refused) for event in run.events) == 2


def test_a_session_that_is_taken_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon, and not when it ends; it does not come back without its videos."""
    monkeypatch.setattr("avatar_app.pipeline.record._BETWEEN_LOOKS", 0.05)
    with running(record="always") as run:
        path = Path(run.until(RecordingStarted).path)
        seconds_recorded(run, 0.1)
        take_away(path)
        assert f"{path} was deleted" in run.until(WorkerFailed, worker="recorder").reason
        run.post(StartRecording())
        again = Path(run.until(RecordingStarted).path)
        seconds_recorded(run, 0.1)
        take_away(again)
        run.post(StopRecording())
        run.until(WorkerFailed, worker="recorder")
        assert list_sessions(path.parent) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Nothing is begun there."""
    (tmp_path / "file").write_text("")
    with running(recordings=str(tmp_path / "file" / "below")) as run:
        run.until(Calibrated)
        run.post(StartRecording())
        assert "its folder is a file" in run.until(WorkerFailed, worker="recorder").reason


def test_a_disk_that_hangs_costs_pictures_of_the_recording_only() -> None:
    """They are counted, others see the avatar, and the pipeline ends in time."""
    faults, stuck = Faults(), threading.Event()
    faults.disk = lambda: stuck.wait(LONG)
    driver = np.zeros((1080, 1920, 3), np.uint8)
    with running(faults, record="always") as run:
        run.until(RecordingStarted)
        for index in range(30):
            run.pipeline._wiring.to_record.put(Moment(index, index / 30, driver[:64, :64], driver))
        assert run.pipeline.lost >= 20
        run.until_seen(AVATAR)
        began = time.monotonic()
        assert run.pipeline.stop(0.3) == ["recorder"]
        assert time.monotonic() - began < LONG / 2
        stuck.set()


def test_a_disk_that_is_slow_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not written in time is counted; the session is whole up to there."""
    monkeypatch.setattr("avatar_app.pipeline.record._LAST", 0.1)
    faults, slow = Faults(), threading.Event()
    faults.disk = lambda: slow.wait(0.05)  # ten times slower than pictures come
    with running(faults, record="flags", pre_roll=1.0) as run:
        run.until_true(lambda: run.pipeline._record._roll.seconds > 1.0)
        run.post(Mark())
        path = Path(run.until(RecordingStarted).path)
        run.until_true(lambda: len(faults.rendered) > 200)
        began = time.monotonic()
        assert run.pipeline.stop(LONG) == []
        assert time.monotonic() - began < 200 * 0.05 / 2
    session = open_session(path.name, path.parent)
    assert session.is_whole
    assert session.info.lost > 50
