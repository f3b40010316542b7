"""A thread of the pipeline: steps, commands between them, and a boundary no error passes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from avatar_app.handoff import Backlog
from avatar_app.types import AvatarAppError

_COMMANDS = 10_000  # more than any hand can give before they are run


class Job(Protocol):
    """What a worker does. All is called in the worker's thread, but for `wake`."""

    name: str

    def step(self) -> None:
        """Do one piece of work, or wait for one a fraction of a second."""

    def failed(self, error: Exception) -> None:
        """Report that the last step or command raised `error`, and be fit for the next one."""

    def close(self) -> None:
        """Let go of what was opened."""

    def wake(self) -> None:
        """End a wait in `step`; called from other threads."""


class Worker:
    """Runs a job in a thread of its own until told to stop. Errors are the job's to report."""

    def __init__(self, job: Job) -> None:
        self.name = job.name
        self._job = job
        self._posted: Backlog[Callable[[], None]] = Backlog(_COMMANDS)
        self._is_stopping = threading.Event()
        # A thread that hangs in a device must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"avatar {job.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def post(self, command: Callable[[], None]) -> None:
        """Have `command` run in the worker's thread before its next step."""
        self._posted.put(command)
        self._job.wake()

    def tell_to_stop(self) -> None:
        """Ask for the end, without waiting for it."""
        self._is_stopping.set()
        self._job.wake()

    def is_alive_after(self, seconds: float) -> bool:
        """Wait at most `seconds` for the end; say whether it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, seconds))
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            for command in self._posted.drain():
                self._guarded(command)
            self._guarded(self._job.step)
        for command in self._posted.drain():
            self._guarded(command)
        self._guarded(self._job.close)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the boundary: reported, and the thread lives on
            self._job.failed(error)


def sentence(error: Exception, what: str) -> str:
    """Say to a person what went wrong with `what`."""
    if isinstance(error, AvatarAppError):
        return str(error)
    return (
        f"{what} stopped by an unexpected {type(error).__name__} ({error}); please report this, it "
        "is a fault of the app."
    )
