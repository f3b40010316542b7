"""The options of the commands around the live app."""

from __future__ import annotations

import argparse
from pathlib import Path

from avatar_app.cli import live_commands
from avatar_app.cli.numbers import above_zero
from avatar_app.cli.options import Tree, add_command


def add_live_commands(tree: Tree) -> None:
    """Add `run`."""
    run = add_command(
        tree,
        "run",
        "open the window, or with --headless run without one",
        live_commands.run,
        "Open the window: your camera drives the avatar. With --headless it does so without a "
        "window.\nWhat is not given here is as in the settings. `avatar-app` without a command "
        "means this, too.",
        """\
  avatar-app                                      the window
  avatar-app --camera demo                        without a camera
  avatar-app --virtual-camera auto                others can choose the avatar as their camera
  avatar-app run --headless --camera talk.mp4 --seconds 60 --stats speed.json""",
    )
    _preference_options(run)
    run.add_argument("--no-detector", action="store_true", help="raise no red flags")
    run.add_argument(
        "--seconds",
        metavar="N",
        type=above_zero("a number of seconds"),
        help="stop after N seconds with an avatar; getting it ready does not count",
    )
    run.add_argument(
        "--record",
        metavar="DIR",
        type=Path,
        help="record all of it into DIR, for `sessions list DIR`; else as in the settings",
    )
    run.add_argument("--stats", metavar="FILE.json", type=Path, help="write speed, device, model")


def add_session_commands(tree: Tree) -> None:
    """Add what is asked of recordings and videos afterwards, and of the machine."""
    _sessions(tree)
    _verify(tree)
    _doctor(tree)


def _sessions(tree: Tree) -> None:
    group = add_command(tree, "sessions", "list, show and export what was recorded")
    sessions = group.add_subparsers(metavar="COMMAND", title="commands")
    list_ = add_command(
        sessions,
        "list",
        "list the recorded sessions, the newest first",
        live_commands.sessions_list,
        examples="  avatar-app sessions list\n"
        "  avatar-app sessions list DIR  what `avatar-app run --record DIR` has recorded",
    )
    list_.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        help="where to look (default: the folder of the settings)",
    )
    show = add_command(
        sessions,
        "show",
        "say what is in a session, and when which flag was up",
        live_commands.sessions_show,
        examples="  avatar-app sessions show last\n"
        "  avatar-app sessions show DIR/last  the newest that `run --record DIR` has recorded",
    )
    export = add_command(
        sessions,
        "export",
        "make one video of a session: driver and avatar side by side, its flags drawn in",
        live_commands.sessions_export,
        examples="  avatar-app sessions export last -o for-others.mp4\n"
        "  avatar-app sessions export DIR/last -o for-others.mp4",
    )
    for one in (show, export):
        one.add_argument(
            "session",
            metavar="NAME|DIR",
            help="a session by its name or its folder; last, or DIR/last, is the newest (of DIR)",
        )
    export.add_argument(
        "-o", dest="out", metavar="OUT.mp4", type=Path, required=True, help="the video to write"
    )


def _verify(tree: Tree) -> None:
    verify = add_command(
        tree,
        "verify",
        "say whether a video is labelled as an avatar of this app",
        live_commands.verify,
        "Say whether FILE is labelled as a synthetic video of this app, as all videos are that it "
        "writes.\nA label is plain text in the file: that there is none does not make a video "
        "genuine, and that\nthere is one does not prove who made it.\n\n"
        "Exit codes: 0 labelled, 1 not labelled, 2 FILE could not be read (or wrong use).",
        "  avatar-app verify out.mp4",
    )
    verify.set_defaults(failed=live_commands.UNREADABLE)
    verify.add_argument("file", metavar="FILE", type=Path, help="a video")


def _preference_options(command: argparse.ArgumentParser) -> None:
    """Add what overrides a preference for one run."""
    command.add_argument(
        "--camera",
        metavar="N|NAME|FILE|URL",
        help="a webcam, a clip or a session, an address, demo, or test",
    )
    command.add_argument("--avatar", metavar="NAME|FILE", help="the avatar to begin with")
    command.add_argument(
        "--model", metavar="NAME|FILE", help="a known model or a .safetensors file"
    )
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), help="what computes")
    command.add_argument(
        "--virtual-camera",
        metavar="auto|none|DEVICE",
        help="where others see the avatar; auto takes the first there is, none shows it to nobody",
    )
    command.add_argument("--headless", action="store_true", help="do without the window")


def _doctor(tree: Tree) -> None:
    doctor = add_command(
        tree,
        "doctor",
        "say what works on this machine, and what to do about the rest",
        live_commands.doctor,
        "Try what the app needs on this machine: camera, model, red flags, virtual camera and\n"
        "window. Exit code 1: `avatar-app` with these options would not do its job.",
        "  avatar-app doctor\n  avatar-app doctor --headless --camera demo --json",
    )
    _preference_options(doctor)
    doctor.add_argument("--json", action="store_true", help="as a JSON object")
