"""Running commands as processes of their own, and what is expected of those that fail."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from avatar_app.settings import bundled

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEMO_CLIP = bundled("assets", "demo", "webcam.mp4")
FRAMES = 12
"""So many the clip of `conftest` has."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def started(
    environment: dict[str, str], *arguments: object
) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Yield a command that runs, and its stderr to read; Ctrl-C ends it as in a terminal."""
    with subprocess.Popen(
        [sys.executable, "-m", "avatar_app", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Whatever runs the tests in the background may have it ignored, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr is not None
        yield process, process.stderr


def assert_one_sentence(result: subprocess.CompletedProcess[str], word: str) -> None:
    """Exit 1, and one line on stderr that says `word`."""
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("avatar-app: ")
    assert result.stderr.count("\n") == 1
    assert word in result.stderr
