"""Commands, and the options that several of them share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

_DEFAULT_MODEL = "fomm-mini"

Tree = Any
"""What `add_subparsers` of argparse gives."""


def add_debug(parser: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    """Add what shows the traceback of an error."""
    parser.add_argument(
        "--debug", action="store_true", default=default, help="show the traceback of an error"
    )


def add_command(
    tree: Tree,
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int | None] | None = None,
    description: str = "",
    examples: str = "",
) -> argparse.ArgumentParser:
    """Add a command; without `run` it is a group that only shows its help.

    `run` gives the exit code where it is neither 0 nor that of a failure.
    """
    command: argparse.ArgumentParser = tree.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{examples}" if examples else None,
    )
    command.set_defaults(parser=command)
    if run is not None:
        command.set_defaults(run=run)
        add_debug(command)
    return command


def refuse_idle(options: argparse.Namespace, doing: str, idle: Iterable[str]) -> None:
    """Complain about an option of `idle` that would be passed over in silence with `doing`.

    Both are names in `options`, whose `parser` knows the defaults. Ends the process as wrong use.
    """
    for name in idle:
        if getattr(options, name) != options.parser.get_default(name):
            option, other = (f"--{word.replace('_', '-')}" for word in (name, doing))
            options.parser.error(f"{option} has no effect with {other}; leave out {option}")


def model_options(command: argparse.ArgumentParser) -> None:
    """Add which model renders, and what computes it."""
    command.add_argument(
        "--model",
        metavar="NAME|FILE",
        default=_DEFAULT_MODEL,
        help="a known model or a .safetensors file (default: %(default)s)",
    )
    device_option(command)


def device_option(command: argparse.ArgumentParser) -> None:
    """Add what computes."""
    command.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what computes (default: CUDA where there is one, else the CPU)",
    )


def centre_square_option(command: argparse.ArgumentParser) -> None:
    """Add what is done with a photo whose face cannot be used."""
    command.add_argument(
        "--centre-square",
        action="store_true",
        help="take the middle of the photo where no face can be used",
    )
