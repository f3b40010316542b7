"""The live app and what it records, as processes of their own, with a tiny untrained model."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from avatar_app import cli
from avatar_app.recording import list_sessions
from tests.cli.process import DEMO_CLIP, Run, assert_one_sentence, started


def test_the_live_app_runs_without_a_window(
    run: Run, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo clip drives the model at its pace; figures and a session are written."""
    options = ("--headless", "--camera", "demo", "--seconds", 3, "--no-detector")
    result = run(*options, "--model", model, "--stats", "stats.json", "--record", "sessions")
    assert result.returncode == 0, result.stderr
    assert "from camera to output:" in result.stdout
    assert "others see" not in result.stderr  # no virtual camera was asked for
    assert "tiny with OpenVINO on the CPU" in result.stdout
    assert ", because " in result.stdout
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["model"] == "tiny"
    assert stats["summary"]["pictures"]["model"] > 10
    assert stats["events"]["Calibrated"] == 1
    (session,) = (tmp_path / "sessions").iterdir()
    assert f"recorded: {session}" in result.stderr
    side = tmp_path / "side.mp4"
    for arguments, code, said in (
        (("sessions", "list", tmp_path / "sessions"), 0, f"{session.name}\t"),
        (("sessions", "list"), 0, "lists those that `run --record DIR` has recorded"),
        (("sessions", "list", tmp_path), 0, f"no sessions in {tmp_path}; give the folder that"),
        (("sessions", "show", session), 0, "avatar: mei"),
        (("sessions", "show", tmp_path / "sessions" / "last"), 0, f"session: {session}"),
        (("sessions", "show", tmp_path / "sessions"), 1, f"newest in it is {session.parent}/last"),
        (("sessions", "export", session.parent / "last", "-o", side), 0, f"video: {side}"),
        (("verify", side), 0, f"{side}: synthetic"),
        (("verify", DEMO_CLIP), 1, "no label"),
        (("verify", tmp_path / "missing.mp4"), 2, "missing.mp4 does not exist"),
        (("verify", tmp_path / "stats.json"), 2, "is not a video that can be read"),
        (("sessions", "show", "none"), 1, "no session"),
    ):
        assert cli.main([*map(str, arguments)]) == code
        assert said in "".join(capsys.readouterr())


def test_a_virtual_camera_that_could_never_be_opened_is_a_failure(run: Run, model: Path) -> None:
    """A script that asked for it learns that nobody saw anything, and a person what to do."""
    options = ("--headless", "--camera", "demo", "--seconds", 1, "--no-detector", "--model", model)
    result = run(*options, "--virtual-camera", "/nowhere")
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("avatar-app: The virtual camera /nowhere cannot be opened; ")


@pytest.mark.parametrize("options", [("--headless", "--seconds", "1"), ()])
def test_where_nothing_can_be_recorded_the_run_does_not_begin(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than go on without what was asked for."""
    (tmp_path / "file").write_text("")
    asked = ["run", "--camera", "demo", "--record", str(tmp_path / "file" / "below"), *options]
    assert cli.main(asked) == 1
    assert "its folder is a file; choose another folder" in capsys.readouterr().err


def test_a_camera_that_is_a_missing_file_is_one_sentence(
    run: Run, call: Run, tmp_path: Path
) -> None:
    """At once, and without a word about plugging something in."""
    for start, missing in ((run, "nope.mp4"), (call, tmp_path / "nope")):
        result = start("--headless", "--camera", missing)
        assert_one_sentence(result, f"{missing} does not exist; check the name and the folder")


def test_a_camera_that_can_never_be_played_is_one_sentence(call: Run, tmp_path: Path) -> None:
    """At once, rather than wait for ever until it mends."""
    session = tmp_path / "session"
    session.mkdir()
    (session / "session.json").write_text("{")
    (tmp_path / "talk.mp4").write_text("no video")
    for camera, said in (
        (session, "no session that can be read"),
        (tmp_path / "talk.mp4", "is not a video that can be read"),
        (tmp_path, "is a folder, and no recorded session"),
    ):
        assert_one_sentence(call("--headless", "--camera", camera), said)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_live_app_leaves_what_it_recorded(
    environment: dict[str, str], model: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    """Ctrl-C leaves a whole session, the figures, 130 and one line; a killed process a video."""
    arguments = ["run", "--headless", "--camera", "demo", "--no-detector", "--model", model]
    arguments += ["--record", tmp_path / "sessions", "--stats", tmp_path / "stats.json"]
    with started(environment, *arguments) as (process, stderr):
        while "recording: " not in stderr.readline():
            assert process.poll() is None
        (session,) = list_sessions(tmp_path / "sessions")
        grown = time.monotonic() + 20
        while session.seconds < 1 and time.monotonic() < grown:
            pass  # reading the video takes its time
        process.send_signal(ending)
        rest = stderr.read()
    (session,) = list_sessions(tmp_path / "sessions")
    assert session.seconds >= 1
    assert "Traceback" not in rest
    assert session.is_whole == (ending is signal.SIGINT)
    if ending is signal.SIGINT:
        assert process.returncode == 130
        assert rest.splitlines()[-1] == "avatar-app: stopped."
        assert json.loads((tmp_path / "stats.json").read_text())["events"]["RecordingSaved"] == 1
