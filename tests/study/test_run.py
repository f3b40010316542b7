"""A whole small study, killed in the middle and gone on with."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from avatar_app.settings import bundled
from avatar_app.study import StudyOptions, study, write_report
from avatar_app.study.run import _Plan
from avatar_app.types import AvatarAppError

SMALL = ("--quick", "--cases", "hand_mouth", "--severities", "5", "--seconds", "0.8")


def rows_of(folder: Path) -> list[dict[str, object]]:
    """Whole rows only."""
    path = folder / "trials.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def test_a_killed_study_goes_on_where_it_was_and_reports(tmp_path: Path) -> None:
    """Kill -9 after the first row; the same command does only what is missing."""
    out = tmp_path / "study"
    command = [
        sys.executable,
        "-m",
        "avatar_app",
        "study",
        "-o",
        str(out),
        "--workers",
        "1",
        *SMALL,
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 120
        while not rows_of(out) and running.poll() is None:
            assert time.monotonic() < deadline, "no row was written"
            time.sleep(0.02)  # there is nothing to wait on but the file
        os.kill(running.pid, signal.SIGKILL)
    before = rows_of(out)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    after = rows_of(out)
    assert after[: len(before)] == before
    assert len({row["id"] for row in after}) == len(after) == 8
    assert f"{len(after) - len(before)} trials in" in ended.stdout
    report = (out / "report.md").read_text()
    assert "into 1 edge case at severity 5, with 1 avatar and 1 clip" in report
    assert "The effect of hand mouth" in report
    told = re.search(r"In . of 1 cases at least half of the frames fail at some.*", ended.stdout)
    assert told is not None
    assert told[0] in report
    assert (out / "figures" / "effect-hand_mouth.jpg").is_file()
    _redraw(out)


def _redraw(out: Path) -> None:
    """The report comes again from the rows alone, word for word."""
    first = (out / "report.html").read_text()
    (out / "report.html").unlink()
    write_report(out)
    assert (out / "report.html").read_text() == first


def test_two_cuts_of_one_file_have_trials_of_their_own(tmp_path: Path) -> None:
    """The clip on board gives two: what was done of one must not pass for done of the other."""
    cases = ("glare", "source_cartoon")
    plan = _Plan(StudyOptions(tmp_path / "study", avatars=("mei",), cases=cases))
    assert len({cut.path for cut in plan.cuts}) == 1 < len(plan.cuts)
    trials = plan.trials()
    assert len({plan.id_of(trial) for trial in trials}) == len(trials)


def test_names_are_not_shared(tmp_path: Path) -> None:
    """Rows tell avatars and clips apart by their names alone."""
    mei, demo = bundled("assets", "avatars", "mei.png"), bundled("assets", "demo", "webcam.mp4")
    photo, edge = tmp_path / "mei.png", tmp_path / "webcam.mp4"
    shutil.copy(mei, photo)
    shutil.copy(demo, edge)
    about = {"name": "tongue_out", "fps": 25, "severity": [0.0] * 30 + [1.0] * 270}
    edge.with_suffix(".json").write_text(json.dumps(about))
    with pytest.raises(AvatarAppError, match="Two avatars have the same name"):
        _Plan(StudyOptions(tmp_path / "study", avatars=("mei", str(photo))))
    with pytest.raises(AvatarAppError, match=r"webcam\.mp4 has the name of another clip"):
        _Plan(StudyOptions(tmp_path / "study", avatars=("mei",), clips=(str(demo),), edge=tmp_path))


def test_what_cannot_be_studied_is_said_before_any_work(tmp_path: Path) -> None:
    """Unknown cases with the nearest names, missing clips, severities there are not."""
    out = tmp_path / "study"
    with pytest.raises(AvatarAppError, match="hand_mouth"):
        study(StudyOptions(out, cases=("hand_muth",)))
    with pytest.raises(AvatarAppError, match=r"no clip .*nowhere\.mp4"):
        study(StudyOptions(out, clips=("nowhere.mp4",)))
    with pytest.raises(AvatarAppError, match="1 to 5"):
        study(StudyOptions(out, severities=(6,)))
    assert not out.exists()


def test_a_clip_without_pictures_leaves_nothing_behind(tmp_path: Path) -> None:
    """The sentence names it, and there is no empty folder of a study."""
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    out = tmp_path / "study"
    with pytest.raises(AvatarAppError, match=r"bad\.mp4"):
        study(StudyOptions(out, clips=(str(bad),), cases=("tongue",), workers=0))
    assert not out.exists()
    out.mkdir()
    (out / "mine.txt").touch()
    with pytest.raises(AvatarAppError, match=r"bad\.mp4"):
        study(StudyOptions(out, clips=(str(bad),), cases=("tongue",), workers=0))
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
