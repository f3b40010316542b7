"""The options of the commands around the glitch detector."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avatar_app.cli import detector_commands
from avatar_app.events import DEFAULT_FALSE_ALARMS


def add_detector_commands(tree: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `inspect` and `calibrate` to what `add_subparsers` gave, by `add`."""
    _inspect(tree, add)
    _calibrate(tree, add)


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
        help="how many an hour to accept (default: {video:g}, beside its driver {driver:g})".format(
            **DEFAULT_FALSE_ALARMS
        ),
    )
    command.add_argument(
        "--calibration", metavar="FILE", type=Path, help="a file that `calibrate` wrote"
    )


def _calibrate(tree: Any, add: Callable[..., argparse.ArgumentParser]) -> None:
    command = add(
        tree,
        "calibrate",
        "teach the glitch detector, and measure how good it is",
        detector_commands.calibrate,
        "Play labelled scenes to the detector, fit it, set its thresholds, and show how it does on "
        "people\nand kinds of glitches it was not shown. With --clean it learns what is usual of "
        "you instead:\nthirty seconds in which you talk, look about, and nothing covers your face.",
        """\
  avatar-app calibrate --clean me-talking.mp4 --avatar mei
  avatar-app calibrate --clips clips -o glitch.json --curves curves.png""",
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--clips",
        metavar="DIR",
        type=Path,
        help="a folder with synthetic/ and its index.csv, and maybe edge/ and real/",
    )
    what.add_argument(
        "--clean",
        metavar="VIDEO",
        type=Path,
        help="a video of yourself without a glitch: `run`, and `inspect` beside a driver, use it",
    )
    command.add_argument(
        "--avatar", metavar="NAME|FILE", default="mei", help="with --clean: whom it drives"
    )
    command.add_argument(
        "-o",
        dest="out",
        metavar="FILE.json",
        type=Path,
        help="the file to write (with --clean by default where `run` finds it)",
    )
    command.add_argument(
        "--curves",
        metavar="FILE.png",
        type=Path,
        help="draw ROC and alarms against misses; or what a trained network sees",
    )
    command.add_argument(
        "--cache", metavar="DIR", type=Path, help="where measures are kept (default: beside FILE)"
    )
    command.add_argument(
        "--weights",
        metavar="FILE",
        type=Path,
        help="fit nothing; measure what is in FILE (with --train-network: go on from the network "
        "in FILE, and hold on to what it sees)",
    )
    trained = command.add_mutually_exclusive_group()
    trained.add_argument(
        "--train-network",
        metavar="MINUTES",
        type=float,
        help="train what sees broken faces instead, for so long, and write it to -o FILE.npz",
    )
    trained.add_argument(
        "--train-glance",
        metavar="MINUTES",
        type=float,
        help="the same with what sees at a glance that a face is broken, always from nothing",
    )
    command.add_argument(
        "--avatars", metavar="N", type=int, default=15, help="clips animated (default: %(default)s)"
    )
    command.add_argument(
        "--videos", metavar="N", type=int, default=15, help="clips broken (default: %(default)s)"
    )
    command.add_argument(
        "--again",
        metavar="N",
        type=int,
        default=0,
        help="times calm test clips are animated once more, to count false alarms beside the "
        "driver (default: %(default)s)",
    )
    command.add_argument(
        "--model", metavar="NAME|FILE", default="fomm-mini", help="what renders the avatars"
    )
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
