"""The options of the robustness study."""

from __future__ import annotations

from pathlib import Path

from avatar_app.cli import study_command
from avatar_app.cli.numbers import above_zero, names, severities, whole
from avatar_app.cli.options import Tree, add_command, model_options


def add_study_command(tree: Tree) -> None:
    """Add `study`."""
    command = add_command(
        tree,
        "study",
        "find out what breaks an avatar",
        study_command.study,
        "Put drivers and source pictures into edge cases, see what that does to the avatar, and\n"
        "write a report. The same command goes on where it was stopped.",
        """\
  avatar-app study --quick -o study
  avatar-app study -o study --avatars mei,kwame --clips talk.mp4 listen.mp4@3.5
  avatar-app study -o study --ray 10.0.0.5:6379
  avatar-app study --list
  avatar-app study --cases-sheet cases.png --cases hand_mouth,tongue""",
    )
    command.add_argument(
        "-o", "--out", metavar="DIR", type=Path, help="the folder for results and report"
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="one avatar, one clip, three severities: about 5 minutes on two cores, where two "
        "avatars, two clips and all severities take 25",
    )
    command.add_argument(
        "--clips",
        metavar="FILE[@SECONDS]",
        nargs="+",
        default=[],
        help="clean clips of drivers, or folders of them (default: the clip that comes along)",
    )
    command.add_argument(
        "--avatars",
        metavar="NAME,...",
        type=names("mei,arthur"),
        default=[],
        help="avatars (default: mei,arthur)",
    )
    command.add_argument(
        "--cases",
        metavar="NAME,...",
        type=names("hand_mouth,tongue"),
        default=[],
        help="only these edge cases (default: all)",
    )
    command.add_argument(
        "--severities",
        metavar="N,...",
        type=severities,
        default=[1, 2, 3, 4, 5],
        help="only these severities (default: 1 to 5)",
    )
    command.add_argument(
        "--seeds", metavar="N", type=whole(1), default=1, help="variants of each case (default: 1)"
    )
    command.add_argument(
        "--seconds",
        metavar="S",
        type=above_zero("a number of seconds"),
        default=2.4,
        help="used of each clip (default: 2.4)",
    )
    command.add_argument(
        "--stride", metavar="N", type=whole(1), default=2, help="use every n-th frame (default: 2)"
    )
    command.add_argument(
        "--edge", metavar="DIR", type=Path, help="rendered edge clips to validate the cases with"
    )
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        metavar="N",
        type=whole(1),
        help="processes on this machine (default: one a core)",
    )
    where.add_argument(
        "--ray", metavar="ADDRESS", help="spread over a Ray cluster: HOST:PORT, or auto"
    )
    model_options(command)
    command.add_argument(
        "--report", action="store_true", help="only write the report of -o DIR again"
    )
    command.add_argument("--list", action="store_true", help="only list the edge cases")
    command.add_argument(
        "--cases-sheet",
        metavar="FILE.png",
        type=Path,
        help="only draw a picture of the cases at all severities",
    )
