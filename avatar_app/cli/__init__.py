"""The command line: parses, calls one function of the app, returns an exit code.

Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C, 128 and the signal's number where
the system ended it. What goes wrong is one sentence on stderr; results go to stdout, progress to
stderr. Whatever is slow to import is imported by the command that needs it, so that help and wrong
use answer at once.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sys
import threading
import traceback
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from avatar_app.cli import terminal
from avatar_app.cli.parser import build_parser
from avatar_app.types import AvatarAppError

DONE, FAILED, WRONG_USE = 0, 1, 2
_BY_SIGNAL = 128  # plus its number

_OWN_OPTIONS = ("-h", "--help", "--version")

_ENDINGS = ("SIGTERM", "SIGHUP")  # Windows has only the first

_OS_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room and run the command again",
    errno.EDQUOT: "your disk quota is used up; make room and run the command again",
    errno.EACCES: "permission denied; choose another place or change its permissions",
    errno.EPERM: "permission denied; choose another place or change its permissions",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own) and give its exit code."""
    terminal.make_streams_safe()
    try:
        options = _parsed(arguments)
        if "run" not in options:
            options.parser.print_help()
            return WRONG_USE
        return _guarded(options)
    except SystemExit as stop:  # argparse has shown help, the version, or what is wrong
        return int(stop.code or DONE)


def _parsed(arguments: Sequence[str] | None) -> Namespace:
    given = sys.argv[1:] if arguments is None else list(arguments)
    options, unknown = build_parser().parse_known_args(_with_command(given))
    if unknown:  # reported by the command they were given to, which knows the names it has
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def _with_command(given: list[str]) -> list[str]:
    """Put in `run` where no command is named: `avatar-app` alone opens the window."""
    before = list(itertools.takewhile(lambda word: word == "--debug", given))
    rest = given[len(before) :]
    is_left_out = not rest or (rest[0].startswith("-") and rest[0] not in _OWN_OPTIONS)
    return [*before, "run", *rest] if is_left_out else given


def _guarded(options: Namespace) -> int:
    """Run the command; whatever it raises becomes one sentence and an exit code."""
    failed: int = getattr(options, "failed", FAILED)
    try:
        with _endings_as_interrupts():
            code: int | None = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        terminal.warn("stopped.")
        return _BY_SIGNAL + (stop.number if isinstance(stop, _Ended) else signal.SIGINT)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failed
    except Exception as error:  # noqa: BLE001 - a user never meets a traceback unasked
        if options.debug:
            traceback.print_exc()
        terminal.warn(_ended(_sentence(error, options.debug)))
        return failed
    return DONE if code is None else code


class _Ended(KeyboardInterrupt):
    """The system told the process to end; whoever tidies up after Ctrl-C does so after this."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def _endings_as_interrupts() -> Iterator[None]:
    """Let the system's requests to end be met like Ctrl-C, unless they are ignored already."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are none of another thread's business
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise _Ended(number)

    known = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    taken = [ending for ending in known if signal.getsignal(ending) == signal.SIG_DFL]
    for ending in taken:
        signal.signal(ending, end)
    try:
        yield
    finally:
        for ending in taken:
            signal.signal(ending, signal.SIG_DFL)


def _sentence(error: Exception, debug: bool) -> str:
    if isinstance(error, AvatarAppError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        where = error.filename if error.filename is not None else "writing or reading a file"
        reason = _OS_REMEDIES.get(error.errno, (error.strerror or str(error)).lower())
        return f"{where}: {reason}."
    advice = "" if debug else "; --debug shows where it happened"
    return (
        f"Unexpected {type(error).__name__}: {error} - please report this, "
        f"it is a fault of the app{advice}."
    )


def _ended(sentence: str) -> str:
    """End what went wrong like a sentence, however it was written."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
