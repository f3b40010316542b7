"""The numbers and lists that options take, and the complaint about anything else."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

_SEVERITIES = range(1, 6)


def above_zero(what: str) -> Callable[[str], float]:
    """Return the type of an option that takes `what` ("a number of seconds"), finite, above 0."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"give {what} above 0, not {text!r}")
        return value

    return number


def whole(least: int) -> Callable[[str], int]:
    """Return the type of an option that takes a whole number, `least` or more."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(
                f"give a whole number that is at least {least}, not {text!r}"
            )
        return value

    return number


def place(text: str) -> tuple[float, float]:
    """Return the x and y of "212,180", finite numbers."""
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise argparse.ArgumentTypeError(f"give a place in pixels like 212,180, not {text!r}")
    return x, y


def severities(text: str) -> list[int]:
    """Return the severities in "1,3,5", each once, rising."""
    try:
        found = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        found = []
    if not found or not set(found) <= set(_SEVERITIES):
        raise argparse.ArgumentTypeError(f"give severities from 1 to 5 like 1,3,5, not {text!r}")
    return found


def names(example: str) -> Callable[[str], list[str]]:
    """Return the type of an option that takes names with commas between them, one or more."""

    def listed(text: str) -> list[str]:
        found = [name.strip() for name in text.split(",") if name.strip()]
        if not found:
            raise argparse.ArgumentTypeError(f"give names like {example}, not {text!r}")
        return found

    return listed
