"""How results and progress look: rich on a terminal, plain lines for scripts and logs."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from avatar_app.progress import Progress

_STARTING = "starting; the first time takes up to half a minute longer"
_PLAIN_EVERY = 10.0  # seconds between progress lines where nobody watches


def make_streams_safe() -> None:
    """Let no path stop a job because stdout or stderr cannot spell it, or is not there at all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started the app
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to stay
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def show(line: str) -> None:
    """Print one line of a result."""
    sys.stdout.write(f"{_plain(line)}\n")


def show_facts(**facts: object) -> None:
    """Print a line for each fact: its name, a colon, and what it is."""
    for name, fact in facts.items():
        show(f"{name}: {fact}")


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells: a table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            show("\t".join(map(_cell, row)))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_cell(text)) for text in row))
    Console().print(table)


def warn(sentence: str) -> None:
    """Print what a user should know."""
    sys.stderr.write(f"avatar-app: {_plain(sentence)}\n")


def _cell(text: str) -> str:
    """Spell what would end a cell or its line: a file's name may hold either."""
    return _plain(text).replace("\t", "\\t").replace("\n", "\\n")


def _plain(text: str) -> str:
    """Spell what is not seen: names and tags of strangers' files could steer the terminal."""
    return "".join(
        one if one.isprintable() or one in "\t\n" else one.encode("unicode_escape").decode()
        for one in text
    )


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a `Progress` that draws a bar on a terminal's stderr, or prints a line now and then."""
    if not sys.stderr.isatty():
        yield _PlainProgress()
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (bars.BarColumn(), bars.TextColumn("{task.description}"), bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(_STARTING, total=None)

        def report(done: float, total: float | None, what: str) -> None:
            if total != drawn.tasks[0].total:  # another job: its speed is not the last one's
                drawn.reset(task, total=total)
            drawn.update(task, completed=done, description=_amount(done, total, what))

        yield report


class _PlainProgress:
    """Writes a line when a job begins, ends, and every few seconds between."""

    def __init__(self) -> None:
        self._total: float | None = -1
        self._next = 0.0

    def __call__(self, done: float, total: float | None, what: str) -> None:
        now = time.monotonic()
        if total == self._total and done != total and now < self._next:
            return
        self._total, self._next = total, now + _PLAIN_EVERY
        sys.stderr.write(f"{_amount(done, total, what)}\n")
        sys.stderr.flush()


def _amount(done: float, total: float | None, what: str) -> str:
    """Say "12 of 60 frames"; bytes as megabytes."""
    if what == "bytes":
        done, total, what = done / 1e6, total and total / 1e6, "MB"
    return f"{done:.0f} {what}" if total is None else f"{done:.0f} of {total:.0f} {what}"
