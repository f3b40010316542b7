"""The live app without a window: when it ends, and what it says of itself."""

from __future__ import annotations

import dataclasses
import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from avatar_app.live import run_headless
from avatar_app.pipeline import Pipeline
from avatar_app.preferences import Preferences
from avatar_app.recording import list_sessions
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, ClipEndedError
from tests.pipeline.fakes import LONG, Faults, parts

PREFERENCES = Preferences(camera="fake", virtual_camera="fake")


def test_a_run_ends_after_its_seconds(tmp_path: Path) -> None:
    """Its figures are in the file and in what is returned; what happened was said meanwhile."""
    said: list[str] = []
    stats = tmp_path / "stats.json"
    run = run_headless(
        PREFERENCES, seconds=0.7, stats_json=stats, say=said.append, parts=parts(Faults())
    )
    assert run.summary.fps["model"] > 0
    assert run.summary.latency_ms is not None
    assert (run.camera, run.model, run.avatar, run.hung) == ("fake", "fake", "mei", ())
    assert "avatar: mei" in said
    assert "others see: avatar" in said
    written = json.loads(stats.read_text())
    assert written["device_reason"] == "it is a test"
    assert written["events"]["Calibrated"] == 1
    assert written["summary"]["stages_ms"]["render"]["p95"] == 1.0


def test_a_run_shorter_than_a_sum_is_summed_up_too() -> None:
    """What is left at the end counts."""
    fakes = parts(Faults())
    patient = dataclasses.replace(fakes, delays=dataclasses.replace(fakes.delays, stats=60.0))
    run = run_headless(PREFERENCES, seconds=0.4, parts=patient)
    assert run.summary.pictures["model"] > 10
    assert 0.4 < run.summary.seconds < 5
    assert run.summary.fps["output"] > 1


def test_a_run_ends_with_its_clip() -> None:
    """A script need not know how long the clip is."""
    faults = Faults(last_picture=60, camera=ClipEndedError("the clip has ended"))
    assert run_headless(PREFERENCES, parts=parts(faults)).events["CameraLost"] == 1


@pytest.mark.parametrize("slow", ["reenactor", "avatar"])
def test_a_clip_begins_when_the_avatar_is_there(slow: str) -> None:
    """However long it takes to load the model and to make it, nothing of the clip is missed."""
    faults = Faults(last_picture=60, camera=ClipEndedError("it has ended"), is_live=False)
    fakes = parts(faults)
    make = getattr(fakes, slow)

    def made_late(*given: object) -> object:
        time.sleep(0.6)  # twice as long as the clip
        return make(*given)

    late: dict[str, Any] = {slow: made_late}
    run = run_headless(PREFERENCES, seconds=LONG, parts=dataclasses.replace(fakes, **late))
    assert run.summary.pictures["camera"] == 60
    assert run.summary.pictures["model"] > 20


def test_a_clip_without_a_face_is_told_from_one_that_has_ended() -> None:
    """Its end is no trouble: what was missing in it is said."""
    faults = Faults(last_picture=60, camera=ClipEndedError("the clip has ended"), faceless=True)
    with pytest.raises(AvatarAppError, match="No face was seen"):
        run_headless(PREFERENCES, parts=parts(faults))


def test_an_avatar_that_cannot_be_had_ends_the_run() -> None:
    """Nobody is there to choose another, and the camera would go on for ever."""
    with pytest.raises(AvatarAppError, match="no avatar called nobody"):
        run_headless(PREFERENCES.changed(avatar="nobody"), parts=parts(Faults()))


def test_a_model_that_cannot_be_loaded_ends_the_run() -> None:
    """Nobody is there to choose another."""
    faults = Faults(model=AvatarAppError("there is no model called x"))
    with pytest.raises(AvatarAppError, match="no model called x"):
        run_headless(PREFERENCES, parts=parts(faults))


def test_a_virtual_camera_that_was_never_there_is_a_failure() -> None:
    """Nobody saw anything; the sentence is about the cause."""
    faults = Faults(no_output=AvatarAppError("no device; load it."))
    with pytest.raises(AvatarAppError, match="no device; load it"):
        run_headless(PREFERENCES, seconds=0.7, parts=parts(faults))


def test_a_virtual_camera_that_fails_later_is_an_ordinary_event() -> None:
    """Others have seen the avatar."""
    faults = Faults()

    def say(sentence: str) -> None:
        if sentence == "others see: avatar":
            faults.output = AvatarAppError("it is gone; switch it on.")

    run = run_headless(PREFERENCES, seconds=0.7, say=say, parts=parts(faults))
    assert run.events["WorkerFailed"] == 1


def test_a_run_without_any_avatar_has_failed() -> None:
    """The sentence is about the cause."""
    faults = Faults(looker=RuntimeError("blind"))
    with pytest.raises(AvatarAppError, match="blind"):
        run_headless(PREFERENCES, seconds=0.3, parts=parts(faults))


def test_statistics_that_cannot_be_written_are_known_before_the_run(tmp_path: Path) -> None:
    """Nobody waits for an hour to learn that."""
    faults = Faults()
    with pytest.raises(AvatarAppError, match="is a folder"):
        run_headless(PREFERENCES, stats_json=tmp_path, parts=parts(faults))
    assert not faults.opened


def test_statistics_do_not_take_the_place_of_the_clip(tmp_path: Path) -> None:
    """It is somebody's video."""
    clip = tmp_path / "me.mp4"
    shutil.copy(bundled("assets", "demo", "webcam.mp4"), clip)
    content = clip.read_bytes()
    with pytest.raises(AvatarAppError, match="is used twice"):
        run_headless(
            PREFERENCES.changed(camera=str(clip)),
            seconds=0.3,
            stats_json=tmp_path / "." / "me.mp4",
            parts=parts(Faults()),
        )
    assert clip.read_bytes() == content


def test_a_second_wish_to_end_does_not_disturb_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who presses Ctrl-C twice still has a whole session and the figures, and no core dump."""
    stop = Pipeline.stop

    def disturbed(pipeline: Pipeline, deadline: float) -> list[str]:
        signal.raise_signal(signal.SIGINT)
        return stop(pipeline, deadline)

    def say(sentence: str) -> None:
        if sentence.startswith("recording: "):
            raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "stop", disturbed)
    heard = signal.getsignal(signal.SIGINT)
    preferences, stats = PREFERENCES.changed(record="always"), tmp_path / "stats.json"
    with pytest.raises(KeyboardInterrupt):
        run_headless(preferences, stats_json=stats, say=say, parts=parts(Faults()))
    (session,) = list_sessions(preferences.recordings_dir)
    assert session.is_whole
    assert json.loads(stats.read_text())["events"]["RecordingSaved"] == 1
    assert signal.getsignal(signal.SIGINT) is heard
