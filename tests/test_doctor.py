"""The doctor: everything is tried, what fails is named with its remedy, nothing escapes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from avatar_app import cli, doctor
from avatar_app.doctor import Examination, Outcome, examine
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError, CameraError
from tests.pipeline import fakes
from tests.pipeline.fakes import Faults, parts

GOOD = {"camera": "fake", "virtual_camera": "fake"}


def examined(faults: Faults, **preferences: object) -> Examination:
    """Examine a machine of fakes, without a window."""
    chosen = Preferences(**{**GOOD, **preferences})  # type: ignore[arg-type]
    return examine(chosen, window=False, parts=parts(faults))


def answer(examination: Examination, name: str) -> doctor.Check:
    """Return one of the answers."""
    (check,) = [check for check in examination.checks if check.name == name]
    return check


def test_a_machine_on_which_all_works_is_fit() -> None:
    """Everything was opened and closed again; the speed was measured."""
    faults = Faults()
    result = examined(faults)
    assert result.is_fit
    assert {check.outcome for check in result.checks} == {Outcome.WORKS}
    opened = ["camera", "detector", "output", "reenactor"]
    assert sorted(faults.opened) == sorted(faults.closed) == opened
    assert "a picture is judged in " in answer(result, "red flags").found
    assert "pictures a second by nothing" in answer(result, "model").found
    assert ", because " in answer(result, "device").found
    assert json.loads(result.to_json())["is_fit"] is True


@pytest.mark.parametrize(
    ("name", "faults", "said"),
    [
        ("camera", Faults(opening=CameraError("no camera; connect one.")), "no camera"),
        ("camera", Faults(camera=CameraError("it hangs; pull it out.")), "it hangs"),
        ("model", Faults(model=AvatarAppError("no model; fetch it.")), "no model"),
        ("model", Faults(reenactor=RuntimeError("torn")), "unexpected RuntimeError: torn"),
        ("red flags", Faults(detector=AvatarAppError("no landmarks; install it.")), "no landmarks"),
        ("virtual camera", Faults(no_output=AvatarAppError("no device; load it.")), "no device"),
    ],
)
def test_what_fails_is_named_with_its_remedy(name: str, faults: Faults, said: str) -> None:
    """Whatever was opened is closed, and the other questions are answered all the same."""
    result = examined(faults)
    check = answer(result, name)
    assert (check.outcome, result.is_fit) == (Outcome.FAILED, False)
    assert said in check.found
    assert check.remedy
    assert sorted(faults.opened) == sorted(faults.closed)
    assert len(result.checks) == len(examined(Faults()).checks)


def test_red_flags_that_nobody_wants_are_not_tried() -> None:
    """That they are off is said."""
    faults = Faults()
    check = answer(examined(faults, detector=False), "red flags")
    assert (check.outcome, "turn them off" in check.found) == (Outcome.WORKS, True)
    assert "detector" not in faults.opened


@pytest.mark.parametrize(("model", "times"), [("fomm-mini", 0), ("vox-adv", 1)])
def test_a_slow_model_is_not_to_be_mended_by_itself(
    model: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quickest one is named where another one is slow."""
    monkeypatch.setattr(fakes._Reenactor, "model_name", model)
    monkeypatch.setattr(doctor, "_SLOW", float("inf"))
    remedy = answer(examined(Faults()), "model").remedy
    assert "close other programs" in remedy
    assert remedy.count("fomm-mini") == times


def test_an_avatar_that_cannot_be_had_is_no_fault_of_the_model() -> None:
    """Each is tried by itself."""
    result = examined(Faults(), avatar="nobody")
    failed = [check.name for check in result.checks if check.outcome is Outcome.FAILED]
    assert failed == ["avatar"]


def test_a_virtual_camera_that_nobody_wants_may_be_missing() -> None:
    """How to get one is said all the same."""
    result = examined(
        Faults(no_output=AvatarAppError("no device; load it.")), virtual_camera="none"
    )
    assert result.is_fit
    assert answer(result, "virtual camera").outcome is Outcome.COULD_BE_BETTER
    assert answer(result, "virtual camera").remedy == "load it"


@pytest.mark.parametrize(
    ("device", "outcome"),
    [("/dev/video9", Outcome.WORKS), ("/dev/video10", Outcome.COULD_BE_BETTER)],
)
def test_a_virtual_camera_that_browsers_hide_is_told_from_its_neighbour(
    device: str, outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel module counts its devices by their numbers."""
    for name in ("video9", "video10"):
        (tmp_path / name).mkdir()
    (tmp_path / "exclusive_caps").write_text("Y,N,N\n")
    monkeypatch.setattr(doctor, "_LOOPBACK", tmp_path / "exclusive_caps")
    monkeypatch.setattr(doctor, "_VIRTUAL", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    output = SimpleNamespace(name=device, close=lambda: None)
    opened = dataclasses.replace(parts(Faults()), output=lambda preferences: output)
    result = examine(Preferences(**GOOD), window=False, parts=opened)  # type: ignore[arg-type]
    assert answer(result, "virtual camera").outcome is outcome


def test_a_black_camera_is_no_reason_to_give_up() -> None:
    """It may be covered."""
    result = examined(Faults(black=True))
    assert "black" in answer(result, "camera").found
    assert result.is_fit


def test_what_keeps_keys_from_other_windows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """To whoever has switched them on."""
    monkeypatch.setattr(doctor, "obstacle", lambda: "pynput is not installed; run pip.")
    check = answer(examined(Faults(), global_hotkeys=True), "hotkeys")
    assert (check.outcome, check.found) == (Outcome.COULD_BE_BETTER, "pynput is not installed")
    assert check.remedy == "run pip"
    assert answer(examined(Faults()), "hotkeys").outcome is Outcome.WORKS


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before anybody wants to record into it."""
    (tmp_path / "file").write_text("")
    result = examined(Faults(), recordings=str(tmp_path / "file" / "below"))
    assert not result.is_fit
    assert answer(result, "folders").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("code", "out", "err", "outcome", "said"),
    [
        (0, "xcb,42\n", "", Outcome.WORKS, "Qt on xcb, 42 fonts"),
        (0, "xcb,0\n", "", Outcome.FAILED, "no fonts"),
        (1, "", "ModuleNotFoundError: No module named 'PyQt5'", Outcome.FAILED, "PyQt5 is not"),
        (-6, "", "qt.qpa.xcb: could not connect to display", Outcome.FAILED, "no screen"),
        (-6, "", 'Could not load the Qt platform plugin "xcb"', Outcome.FAILED, "a library"),
        (-6, "", "", Outcome.FAILED, "without a word"),
    ],
)
def test_what_keeps_a_window_away_is_told_apart(
    code: int, out: str, err: str, outcome: Outcome, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt's own complaints become words; OpenCV's Qt is kept out of the trial."""
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/opencv/qt")
    environments = []

    def run(*_: object, env: dict[str, str], **__: object) -> SimpleNamespace:
        environments.append(env)
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    monkeypatch.setattr(subprocess, "run", run)
    result = examine(Preferences(**GOOD), parts=parts(Faults()))  # type: ignore[arg-type]
    check = answer(result, "window")
    assert check.outcome is outcome
    assert said in check.found
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in environments[0]


def test_the_command_fails_where_the_app_would(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its answers are on stdout, also as JSON; what failed is one sentence on stderr."""
    monkeypatch.setattr(doctor, "Parts", lambda: parts(Faults(opening=CameraError("none; buy."))))
    assert cli.main(["doctor", "--headless"]) == 1
    out, err = capsys.readouterr()
    assert "FAIL camera: none\n     to mend it: buy\n" in out
    assert "would not do its job here (camera)" in err
    monkeypatch.setattr(doctor, "Parts", lambda: parts(Faults()))
    assert cli.main(["doctor", "--headless", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["is_fit"] is True
