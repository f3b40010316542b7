"""The command line as people and scripts meet it."""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from avatar_app import __version__, cli
from avatar_app.cli import commands, library_commands, live_commands, study_command
from avatar_app.cli.parser import build_parser
from avatar_app.types import AvatarAppError

COMMANDS = (
    *("run", "animate", "inspect", "calibrate", "demo", "bench", "train", "evaluate", "study"),
    *("models", "avatars", "sessions", "verify", "doctor"),
)
INSPECT = ["inspect", "call.mp4", "-o", "report"]
CALIBRATE = ["calibrate", "--clips", "clips"]
TRAIN = ["--train-glance", "1", "-o", "glance.npz"]
NESTED = {
    "models": ("list", "info", "fetch", "import"),
    "avatars": ("list", "add", "remove"),
    "sessions": ("list", "show", "export"),
}


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the app as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "avatar_app", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        timeout=300,
    )


def end_by_signal(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that sets `code`, its exit code, in a process that signals concern alone."""
    # A shell may have started the tests with signals ignored, which children inherit.
    head = (
        "import os, signal, sys, time\n"
        "from argparse import Namespace\n"
        "from avatar_app import cli\n"
        "for each in (signal.SIGTERM, signal.SIGHUP):\n"
        "    signal.signal(each, signal.SIG_DFL)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", f"{head}{script}sys.exit(code)"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        timeout=60,
    )


def raising(error: BaseException) -> Namespace:
    """Give the options of a command that fails with `error`."""

    def command(options: Namespace) -> None:
        raise error

    return Namespace(run=command, debug=False)


def test_help_lists_what_is_built_and_nothing_else() -> None:
    """`--help` works in a process of its own and names every command once."""
    result = run("--help")
    assert result.returncode == 0
    listed = [line.split()[0] for line in result.stdout.splitlines() if re.match(r" {4}\w", line)]
    assert listed == list(COMMANDS)
    assert result.stdout.startswith("usage: avatar-app [-h] [--version] [--debug] [COMMAND] ...")
    assert "Without one it is `run`" in result.stdout


@pytest.mark.parametrize(
    "given", [[], ["--camera", "demo"], ["--debug"], ["--debug", "--headless"], ["run"]]
)
def test_alone_it_means_run(given: list[str]) -> None:
    """Whoever names no command wants the app itself, with or without options."""
    options = cli._parsed(given)
    assert options.run is live_commands.run
    assert options.camera == ("demo" if "demo" in given else None)
    assert options.debug is ("--debug" in given)


def test_a_group_alone_prints_help_and_counts_as_wrong_use(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`avatar-app models` without a command shows what there is."""
    for arguments in (["models"], ["avatars"], ["sessions"]):
        assert cli.main(arguments) == 2
        assert "COMMAND" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"avatar-app {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [*((name,) for name in COMMANDS), *((a, b) for a in NESTED for b in NESTED[a])],
    ids=" ".join,
)
def test_every_command_has_help(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command explains itself."""
    assert cli.main([*command, "--help"]) == 0
    assert f"usage: avatar-app {' '.join(command)}" in capsys.readouterr().out


def test_every_option_has_help() -> None:
    """Nobody has to guess what an option does; no text leans on its neighbour's."""
    waiting, options = [build_parser()], 0
    while waiting:
        parser = waiting.pop()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()
            else:
                assert action.help, (parser.prog, action.dest)
                options += 1
    assert options > 100


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["animat"], "did you mean animate?"),
        (["models", "lst"], "did you mean list?"),
        (["demo", "--modle", "x"], "did you mean --model?"),
        (["demo", "--device", "cuba"], "did you mean cuda?"),
        (["demo", "--mod", "x"], "did you mean --model?"),
        (["animate", "a.png"], "DRIVING, -o"),
        ([*INSPECT, "--face", "-5,3"], "write it as --face=VALUE where it begins with -"),
        (["demo", "--zzz"], "unrecognized arguments: --zzz\n"),
        (["--seconds", "abc"], "give a number of seconds above 0, not 'abc'"),
        (["run", "--seconds", "inf"], "give a number of seconds above 0, not 'inf'"),
        ([*INSPECT, "--false-alarms", "0"], "give a number of false alarms an hour above 0"),
        ([*CALIBRATE, "--train-glance", "0"], "give a number of minutes above 0"),
        ([*CALIBRATE, "--again", "1.5"], "give a whole number that is at least 0, not '1.5'"),
        (["evaluate", "--clips", "x", "--stride", "0"], "that is at least 1, not '0'"),
        (["study", "--severities", "1,9"], "give severities from 1 to 5 like 1,3,5, not '1,9'"),
        (["study", "--severities", "high"], "give severities from 1 to 5"),
        (["study", "--cases", ""], "give names like hand_mouth,tongue, not ''"),
        (["study", "--avatars", " ,"], "give names like mei,arthur, not ' ,'"),
        # What does not go together:
        ([*INSPECT, "--avatar", "mei"], "an avatar and its driving video belong together"),
        ([*INSPECT, "--driving", "talk.mp4"], "an avatar and its driving video belong together"),
        (CALIBRATE, "add -o FILE.json"),
        ([*CALIBRATE, "--train-glance", "1"], "add -o FILE.npz"),
        ([*CALIBRATE, *TRAIN, "--weights", "x.npz"], "leave out --weights"),
        ([*CALIBRATE, *TRAIN, "--again", "3"], "--again has no effect with --train-glance"),
        ([*CALIBRATE, "--avatar", "arthur"], "--avatar has no effect with --clips"),
        (["calibrate", "--clean", "x", "--curves", "y"], "--curves has no effect with --clean"),
        (["evaluate", "--clips", "x", "--video", "v.mp4"], "give them with --avatars"),
        (["study"], "-o DIR"),
        (["study", "--report"], "-o DIR"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_explained(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is misspelt or cannot be exits with 2 and says what can, before any work is done."""
    assert cli.main(arguments) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(("news", "times"), [("It is off.", 1), ("It was slow.", 2)])
def test_why_a_run_without_a_window_failed_is_said_once(
    news: str, times: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though it was news before it was the reason; other news stays beside it."""

    def fail(*_: object, say: Callable[[str], None], **__: object) -> None:
        say(news)
        raise AvatarAppError("It is off.")

    monkeypatch.setattr("avatar_app.live.run_headless", fail)
    assert cli.main(["run", "--headless"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("avatar-app")]
    assert len(told) == times
    assert told[-1] == "avatar-app: It is off."


def test_debug_is_understood_before_and_after_the_command() -> None:
    """--debug may stand where a person happens to type it."""
    parse = build_parser().parse_args
    assert parse(["--debug", "demo"]).debug
    assert parse(["demo", "--debug"]).debug
    assert not parse(["demo"]).debug


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (AvatarAppError("The lamp is off; switch it on."), 1, "The lamp is off; switch it on."),
        (
            AvatarAppError("me.mp4 is a folder; give a video"),
            1,
            "me.mp4 is a folder; give a video.",
        ),
        (
            AvatarAppError("There is no meu; did you mean mei?"),
            1,
            "There is no meu; did you mean mei?",
        ),
        (KeyboardInterrupt(), 130, "stopped."),
        (
            OSError(errno.ENOSPC, "No space left on device", "/out.mp4"),
            1,
            "/out.mp4: the disk is full; make room and run the command again.",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/out.mp4"),
            1,
            "/out.mp4: permission denied; choose another place or change its permissions.",
        ),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "/in.mp4"),
            1,
            "/in.mp4: no such file or directory.",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "aaaa.mp4"),
            1,
            "aaaa.mp4: the name is too long; give a shorter one.",
        ),
        (
            ZeroDivisionError("division by zero"),
            1,
            "Unexpected ZeroDivisionError: division by zero - please report this, it is a fault "
            "of the app; --debug shows where it happened.",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_failures_are_one_sentence(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong, a user reads one sentence and never a traceback."""
    assert cli._guarded(raising(error)) == code
    assert capsys.readouterr().err == f"avatar-app: {sentence}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_system_can_end_it_like_ctrl_c(name: str) -> None:
    """A command tidies up, what follows is spared, and the shell learns the signal."""
    result = end_by_signal(
        f"number = signal.{name}\n"
        "def command(options):\n"
        "    try:\n"
        "        os.kill(os.getpid(), number)\n"
        "        time.sleep(5)\n"
        "    finally:\n"
        "        print('tidied')\n"
        "code = cli._guarded(Namespace(run=command, debug=False))\n"
        "assert signal.getsignal(number) == signal.SIG_DFL\n"
    )
    assert result.stdout == "tidied\n"
    assert result.stderr == "avatar-app: stopped.\n"
    assert result.returncode == 128 + getattr(signal, name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_nohup_is_respected() -> None:
    """Who lets the app ignore the end of its terminal is obeyed."""
    result = end_by_signal(
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "command = lambda options: os.kill(os.getpid(), signal.SIGHUP)\n"
        "code = cli._guarded(Namespace(run=command, debug=False))\n"
    )
    assert result.returncode == 0


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """--debug adds where it happened."""
    options = raising(ZeroDivisionError("oops"))
    options.debug = True
    assert cli._guarded(options) == 1
    assert "Traceback" in capsys.readouterr().err


def test_closed_pipe_is_silent() -> None:
    """`avatar-app ... | head -1` ends without a word."""
    reader = subprocess.Popen(["head", "-c", "1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert reader.stdin is not None
    code = (
        "import sys, time; from argparse import Namespace; from avatar_app import cli\n"
        "def talk(options):\n"
        "    for i in range(20000): print('x' * 100)\n"
        "sys.exit(cli._guarded(Namespace(run=talk, debug=False)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], stdout=reader.stdin, stderr=subprocess.PIPE, text=True
    )
    reader.stdin.close()
    reader.wait()
    assert (result.returncode, result.stderr) == (1, "")


def test_without_stdout_and_stderr_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console may start the app, too."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert cli.main(["avatars", "list"]) == 0
    assert cli.main(["models", "info", "nothing"]) == 1
    for stream in (sys.stdout, sys.stderr):
        stream.close()


@pytest.mark.parametrize("name", library_commands.PERCEPTUAL_WEIGHTS)
def test_weights_tell_their_licence_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What training and measuring look through has one of its own."""
    assert cli.main(["models", "info", name]) == 0
    shown = capsys.readouterr().out
    assert "licence: " in shown
    assert f"where: models fetch {name}" in shown


def test_parser_and_commands_agree() -> None:
    """Every command of the tree runs a function of its own."""
    runs = [
        build_parser().parse_args(arguments).run
        for arguments in (
            ["run"],
            ["animate", "a", "b", "-o", "c"],
            ["demo"],
            ["bench"],
            ["train", "c", "--clips", "d", "-o", "e"],
            ["evaluate", "--clips", "d"],
            ["study"],
            *(["models", name, "x"][: 3 - (name == "list")] for name in NESTED["models"]),
            *(["avatars", name, "x"][: 3 - (name == "list")] for name in NESTED["avatars"]),
        )
    ]
    assert len(set(runs)) == len(runs)
    homes = [home.__name__ for home in (commands, library_commands, live_commands, study_command)]
    assert all(function.__module__ in homes for function in runs)
