"""Commands that can do a smaller job instead: an option that it has no use for is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app import cli

REPORT = ["study", "-o", "study", "--report"]
PLOT = ["train", "mini.toml", "-o", "run", "--plot"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([*REPORT, "--quick"], "--quick has no effect with --report; leave out --quick"),
        ([*REPORT, "--cases", "tongue"], "--cases has no effect with --report"),
        ([*REPORT, "--list"], "--report has no effect with --list"),
        (["study", "--list", "--report"], "--report has no effect with --list"),
        (["study", "--cases-sheet", "x.png", "--report"], "no effect with --cases-sheet"),
        ([*PLOT, "--minutes", "5"], "--minutes has no effect with --plot; leave out --minutes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_without_use_is_named(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what it is of no use for, and what to do."""
    assert cli.main(arguments) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "used"),
    [
        (REPORT, {"out"}),
        (["study", "--list"], {"cases"}),
        (["study", "--cases-sheet", "cases.png"], {"cases"}),
        (PLOT, {"out"}),
    ],
    ids=" ".join,
)
def test_a_smaller_job_passes_no_option_over(
    arguments: list[str],
    used: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each that the command has is used, or refused by its name: also one that is new."""
    monkeypatch.chdir(tmp_path)
    plain = cli._parsed(arguments)
    refused = []
    for action in plain.parser._actions:
        name, words = action.dest, action.option_strings
        if name in {*used, "help", "debug"} or not words or words[-1] in arguments:
            continue
        value = [] if action.nargs == 0 else [action.choices[-1] if action.choices else "3"]
        assert cli.main([*arguments, words[-1], *value]) == 2
        complaint = capsys.readouterr().err.splitlines()[-1]
        assert " has no effect with " in complaint
        assert words[-1] in complaint
        refused.append(name)
    assert len(refused) >= 5


@pytest.mark.parametrize("arguments", [REPORT, PLOT], ids=" ".join)
def test_a_smaller_job_alone_is_done(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What nobody asked for is refused to nobody: there is just nothing to draw here."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    assert "no effect" not in capsys.readouterr().err
