"""The options of the commands around the glitch detector."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avatar_app.cli import detector_commands


def add_detector_commands(tree: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `inspect` to what `add_subparsers` gave, by `add`."""
    _inspect(tree, add)


def _inspect(tree: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add(
        tree,
        "inspect",
        "look for an avatar's glitches in anybody's video",
        detector_commands.inspect,
        "Judge every frame of VIDEO; write a report, a table of frames and the events into DIR.\n"
        "With --avatar and --driving it is judged as one's own avatar, beside its driver.",
        """\
  avatar-app inspect call.mp4 -o call-report
  avatar-app inspect out.mp4 -o report --avatar me.jpg --driving talk.mp4""",
    )
    command.add_argument("video", metavar="VIDEO", type=Path, help="a video or an animated GIF")
    command.add_argument(
        "-o", dest="out", metavar="DIR", type=Path, required=True, help="the folder to write into"
    )
    command.add_argument("--avatar", metavar="NAME|FILE", help="the avatar that VIDEO shows")
    command.add_argument(
        "--driving", metavar="FILE", type=Path, help="the video that drove the avatar"
    )
    command.add_argument(
        "--false-alarms",
        metavar="N",
        type=float,
        help="how many an hour to accept (default: 2, or 1 beside a driver)",
    )
    command.add_argument(
        "--calibration", metavar="FILE", type=Path, help="a file that `calibrate` wrote"
    )
