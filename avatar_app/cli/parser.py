"""The tree of commands and their options, with the help a person reads."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import Any, NoReturn

from avatar_app import __version__
from avatar_app.cli import commands
from avatar_app.cli.detector_parser import add_detector_commands
from avatar_app.cli.library_parser import add_library_commands
from avatar_app.cli.live_parser import add_live_commands, add_session_commands
from avatar_app.cli.numbers import above_zero, whole
from avatar_app.cli.options import (
    Tree,
    add_command,
    add_debug,
    centre_square_option,
    device_option,
    model_options,
)
from avatar_app.cli.study_parser import add_study_command

_PROGRAM = "avatar-app"
_USAGE = "%(prog)s [-h] [--version] [--debug] [COMMAND] ..."

_DESCRIPTION = """\
One photo becomes an avatar that follows your face.
Everything is computed on this machine; nothing is sent anywhere unless you ask for it."""

_EPILOG = """\
examples:
  avatar-app demo                                try it on the files that come with the app
  avatar-app animate me.jpg talk.mp4 -o out.mp4  animate your photo with your video
  avatar-app COMMAND --help                      more on one command

exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C"""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that names the nearest thing it knows when given one it does not."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **settings,
        )

    def error(self, message: str) -> NoReturn:
        choice = re.search(r"invalid choice: '?(.*?)'? \(choose from (.*)\)", message)
        unknown = re.search(r"unrecognized arguments: (--?\w[\w-]*)", message)
        near: list[str] = []
        if choice:
            near = difflib.get_close_matches(choice[1], re.findall(r"[\w.-]+", choice[2]), 1)
        elif unknown:
            near = difflib.get_close_matches(unknown[1], self._option_string_actions, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        lacking = re.fullmatch(r"argument (?:.*/)?(--?[\w-]+): expected one argument", message)
        if lacking:  # what begins with - may have been meant as one
            hint = f"; write it as {lacking[1]}=VALUE where it begins with -"
        super().error(message + hint)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    What it parses has `run`, the function of the command (missing where a command was left out),
    `parser`, the parser of the command, and `debug`; where a command that fails ends with another
    code than 1, also `failed`, that code.
    """
    parser = _Parser(prog=_PROGRAM, usage=_USAGE, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"avatar-app {__version__}")
    add_debug(parser, default=False)
    parser.set_defaults(parser=parser)
    tree = parser.add_subparsers(
        prog=_PROGRAM,  # by default made of the usage
        metavar="COMMAND",
        title="commands",
        description="Without one it is `run`, with all of its options.",
    )
    add_live_commands(tree)
    _animate(tree)
    add_detector_commands(tree)
    _demo(tree)
    _bench(tree)
    _train(tree)
    _evaluate(tree)
    add_study_command(tree)
    add_library_commands(tree)
    add_session_commands(tree)
    return parser


def _animate(tree: Tree) -> None:
    command = add_command(
        tree,
        "animate",
        "make the person in a photo follow the person in a video",
        commands.animate,
        "Make the person in SOURCE follow the person in DRIVING. The sound of DRIVING is kept.",
        """\
  avatar-app animate me.jpg talk.mp4 -o out.mp4
  avatar-app animate mei talk.mov -o out.mp4 --best-frame --stats speed.json""",
    )
    command.add_argument("source", metavar="SOURCE", help="a photo, or the name of an avatar")
    command.add_argument("driving", metavar="DRIVING", type=Path, help="a video of one person")
    command.add_argument(
        "-o", dest="out", metavar="OUT.mp4", type=Path, required=True, help="the video to write"
    )
    model_options(command)
    command.add_argument(
        "--absolute",
        action="store_true",
        help="take over where the driver's face is, not just how it moves",
    )
    command.add_argument(
        "--best-frame",
        action="store_true",
        help="measure movement from the frame most like the photo, not from the first",
    )
    command.add_argument(
        "--no-crop", dest="crop", action="store_false", help="do not follow the driver's face"
    )
    centre_square_option(command)
    command.add_argument(
        "--frames",
        metavar="FILE.csv",
        type=Path,
        help="write score, flags and measures, one row a frame",
    )
    command.add_argument(
        "--events",
        metavar="FILE.jsonl",
        type=Path,
        help="write flags raised and cleared, and what else happened, one JSON object a line",
    )
    command.add_argument(
        "--overlay",
        metavar="FILE.mp4",
        type=Path,
        help="write a copy of the video with the red flags drawn in",
    )
    command.add_argument(
        "--stats", metavar="FILE.json", type=Path, help="write speed, device and model"
    )


def _demo(tree: Tree) -> None:
    command = add_command(
        tree,
        "demo",
        "animate the bundled avatar with the bundled clip",
        commands.demo,
        "Animate an avatar with the clip that comes with the app: a video, a strip of pictures "
        "and the\nmeasured speed.",
        "  avatar-app demo -o somewhere",
    )
    command.add_argument(
        "-o",
        dest="out",
        metavar="DIR",
        type=Path,
        default=Path("demo-output"),
        help="the folder to write into (default: %(default)s)",
    )
    model_options(command)


def _bench(tree: Tree) -> None:
    command = add_command(
        tree,
        "bench",
        "measure how fast the model renders on this machine",
        commands.bench,
        "Measure how fast the model renders, stage by stage on every runtime, and a model of the "
        "published\nsize beside the way upstream computes it.",
        "  avatar-app bench --json speed.json",
    )
    command.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON too")
    command.add_argument(
        "--quick", action="store_true", help="a tenth of the frames: less exact, but soon done"
    )
    model_options(command)


def _train(tree: Tree) -> None:
    command = add_command(
        tree,
        "train",
        "train a model on video clips",
        commands.train,
        "Train a model as CONFIG says. Ctrl-C stops it; --resume goes on where it was.",
        """\
  avatar-app train models/fomm-mini.toml --clips clips -o run
  avatar-app train models/fomm-mini.toml --clips clips -o run --resume --minutes 120""",
    )
    command.add_argument("config", metavar="CONFIG", type=Path, help="a TOML file")
    command.add_argument(
        "-o", dest="out", metavar="DIR", type=Path, required=True, help="the folder of the run"
    )
    command.add_argument(
        "--clips", metavar="DIR", type=Path, help="video clips (default: the folder CONFIG names)"
    )
    begin = command.add_mutually_exclusive_group()
    begin.add_argument("--resume", action="store_true", help="go on with the run in DIR")
    begin.add_argument(
        "--start", metavar="NAME|FILE", help="a model to begin with instead of random weights"
    )
    command.add_argument(
        "--plot", action="store_true", help="only draw the curves of the run in DIR again"
    )
    command.add_argument(
        "--minutes",
        metavar="N",
        type=above_zero("a number of minutes"),
        help="how long to train in all (default: CONFIG's)",
    )
    device_option(command)


def _evaluate(tree: Tree) -> None:
    command = add_command(
        tree,
        "evaluate",
        "measure the quality of a model beside its baselines",
        commands.evaluate,
        "Measure how well a model rebuilds held-out clips from their first frame, beside doing "
        "nothing\nand beside warping by landmarks.",
        "  avatar-app evaluate --clips clips --json quality.json",
    )
    command.add_argument(
        "--clips", metavar="DIR", type=Path, required=True, help="videos of one person each"
    )
    command.add_argument(
        "--avatars", metavar="DIR", type=Path, help="portraits to drive with the clips"
    )
    command.add_argument(
        "--split", metavar="NAME", help="clips of this split of DIR/index.csv only, or: all"
    )
    command.add_argument(
        "--stride",
        metavar="N",
        type=whole(1),
        default=5,
        help="measure every N-th frame (default: %(default)s); LPIPS in every fifth of those",
    )
    command.add_argument("--previous", metavar="NAME|FILE", help="a model to compare with")
    command.add_argument("--json", metavar="FILE", type=Path, help="write the figures as JSON too")
    command.add_argument(
        "--sheet",
        metavar="FILE.png",
        type=Path,
        help="draw moments of the clips beside what was rendered; with --avatars the portraits "
        "too, into FILE_avatars.png",
    )
    command.add_argument(
        "--video",
        metavar="FILE.mp4",
        type=Path,
        help="write ten seconds of portraits driven by the clips (needs --avatars)",
    )
    model_options(command)
