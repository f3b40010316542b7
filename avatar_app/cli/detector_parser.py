"""The options of the commands around the glitch detector."""

from __future__ import annotations

from pathlib import Path

from avatar_app.cli import detector_commands
from avatar_app.cli.numbers import above_zero, place, whole
from avatar_app.cli.options import Tree, add_command
from avatar_app.events import DEFAULT_FALSE_ALARMS


def add_detector_commands(tree: Tree) -> None:
    """Add `inspect` and `calibrate`."""
    _inspect(tree)
    _calibrate(tree)


def _inspect(tree: Tree) -> None:
    command = add_command(
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
        "--face",
        metavar="X,Y",
        type=place,
        help="judge the face whose middle is there, in pixels from the left and the top of VIDEO "
        "(default: the largest face; the report says where others are)",
    )
    command.add_argument(
        "--false-alarms",
        metavar="N",
        type=above_zero("a number of false alarms an hour"),
        help="false alarms accepted an hour; fewer miss more glitches (default: {video:g}, beside "
        "its driver {driver:g})".format(**DEFAULT_FALSE_ALARMS),
    )
    command.add_argument(
        "--calibration", metavar="FILE", type=Path, help="a file that `calibrate` wrote"
    )


def _calibrate(tree: Tree) -> None:
    command = add_command(
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
        metavar="FILE",
        type=Path,
        help="the file to write: FILE.json, or FILE.npz for a trained network (with --clean by "
        "default where `run` finds it)",
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
    minutes = above_zero("a number of minutes")
    trained = command.add_mutually_exclusive_group()
    trained.add_argument(
        "--train-network",
        metavar="MINUTES",
        type=minutes,
        help="fit nothing; train the network that maps where a face is broken for so many minutes, "
        "and write it to -o FILE.npz",
    )
    trained.add_argument(
        "--train-glance",
        metavar="MINUTES",
        type=minutes,
        help="fit nothing; train the network that judges the whole face at a glance for so many "
        "minutes, always from nothing, and write it to -o FILE.npz",
    )
    command.add_argument(
        "--avatars",
        metavar="N",
        type=whole(1),
        default=15,
        help="how many clips of each split drive an avatar into edge cases and glitches; fewer "
        "are done sooner and say less (default: %(default)s)",
    )
    command.add_argument(
        "--videos",
        metavar="N",
        type=whole(1),
        default=15,
        help="how many clips of each split get edge cases and glitches drawn onto the person; "
        "fewer are done sooner and say less (default: %(default)s)",
    )
    command.add_argument(
        "--again",
        metavar="N",
        type=whole(0),
        default=0,
        help="animate the calm test clips N more times, to count false alarms beside the driver "
        "over more minutes (default: %(default)s)",
    )
    command.add_argument(
        "--model", metavar="NAME|FILE", default="fomm-mini", help="what renders the avatars"
    )
    command.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what computes the avatars (default: CUDA where there is one, else the CPU)",
    )
