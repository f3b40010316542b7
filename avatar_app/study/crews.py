"""Several workers at once, and what happens when one of them is lost."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from avatar_app.files import write_whole
from avatar_app.study.worker import Answer, Doer, Task, Worker
from avatar_app.study.workplace import Fetch, Setup
from avatar_app.types import AvatarAppError

_MOST_LOSSES = 3


class Crew(Protocol):
    """Workers that take tasks. One thread owns it, and closes it."""

    def publish(self, name: str, content: bytes) -> None:
        """Let all workers fetch `content` under `name`."""

    def idle(self) -> int:
        """Return how many tasks can be given now."""

    def give(self, task: Task) -> None:
        """Let an idle worker do a task."""

    def take(self) -> tuple[Task, Answer | None]:
        """Wait for the next task that ends; None in place of an answer where its worker is lost.

        A lost worker is replaced. Raises AvatarAppError where a worker says so.
        """

    def close(self) -> None:
        """End all workers at once."""


def answers(crew: Crew, tasks: Iterable[Task]) -> Iterator[tuple[Task, Answer]]:
    """Have `tasks` done, and give each with its answer, as they end.

    A task whose worker is lost is given to another; AvatarAppError where that does not help.
    """
    waiting = deque(tasks)
    losses: dict[int, int] = {}
    running = 0
    while waiting or running:
        while waiting and crew.idle():
            crew.give(waiting.popleft())
            running += 1
        task, answer = crew.take()
        running -= 1
        if answer is not None:
            yield task, answer
            continue
        losses[id(task)] = losses.get(id(task), 0) + 1
        if losses[id(task)] == _MOST_LOSSES:
            raise AvatarAppError(
                "Workers were lost again and again, perhaps for want of memory; "
                "use fewer with --workers, then run the same command again to go on."
            )
        waiting.append(task)


class Alone:
    """The crew that is this very process: for small studies, and to look for faults."""

    def __init__(self, setup: Setup, cache: Path) -> None:
        self._cache = cache
        self._worker = Worker(setup, lambda name: _path(cache, name).read_bytes())
        self._task: Task | None = None

    def publish(self, name: str, content: bytes) -> None:
        """See `Crew`."""
        write_whole(_path(self._cache, name), content)

    def idle(self) -> int:
        """See `Crew`."""
        return int(self._task is None)

    def give(self, task: Task) -> None:
        """See `Crew`."""
        self._task = task

    def take(self) -> tuple[Task, Answer | None]:
        """See `Crew`."""
        task, self._task = self._task, None
        assert task is not None
        return task, self._worker.do(task)

    def close(self) -> None:
        """See `Crew`."""
        self._worker.close()


@dataclass
class _Hand:
    process: BaseProcess
    pipe: Connection
    number: int
    task: Task | None = None


class Processes:
    """A crew of `count` processes on this machine, each with its share of the cores.

    `hire` makes the worker in each of them.
    """

    def __init__(
        self, setup: Setup, cache: Path, count: int, hire: Callable[[Setup, Fetch], Doer] = Worker
    ) -> None:
        self._setup, self._cache, self._count = setup, cache, count
        self._hire = hire
        self._context = multiprocessing.get_context("spawn")
        self._hands = [self._hired(number) for number in range(count)]

    def publish(self, name: str, content: bytes) -> None:
        """See `Crew`."""
        write_whole(_path(self._cache, name), content)

    def idle(self) -> int:
        """See `Crew`."""
        return sum(hand.task is None for hand in self._hands)

    def give(self, task: Task) -> None:
        """See `Crew`."""
        hand = next(hand for hand in self._hands if hand.task is None)
        hand.task = task
        with contextlib.suppress(OSError):  # it is gone: take() will say so
            hand.pipe.send(task)

    def take(self) -> tuple[Task, Answer | None]:
        """See `Crew`."""
        busy = {hand.pipe: hand for hand in self._hands if hand.task is not None}
        hand = busy[_first(wait(list(busy)))]
        task, hand.task = hand.task, None
        assert task is not None
        try:
            answer = hand.pipe.recv()
        except (EOFError, OSError):
            hand.pipe.close()
            hand.process.join()
            self._hands[self._hands.index(hand)] = self._hired(hand.number)
            return task, None
        if isinstance(answer, AvatarAppError):
            raise answer
        if isinstance(answer, str):
            raise RuntimeError(f"a worker failed:\n{answer}")
        return task, answer

    def close(self) -> None:
        """See `Crew`."""
        for hand in self._hands:
            hand.process.terminate()
            hand.process.join()
            hand.pipe.close()

    def _hired(self, number: int) -> _Hand:
        ours, theirs = self._context.Pipe()
        cores = _cores(number, self._count)
        process = self._context.Process(
            target=_serve,
            args=(theirs, self._setup, self._cache, cores, self._hire),
            daemon=True,
        )
        process.start()
        theirs.close()
        return _Hand(process, ours, number)


def _first(ready: Sequence[object]) -> Connection:
    connection = ready[0]
    assert isinstance(connection, Connection)
    return connection


def _serve(
    pipe: Connection,
    setup: Setup,
    cache: Path,
    cores: set[int],
    hire: Callable[[Setup, Fetch], Doer],
) -> None:
    """Be a worker process, until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    if cores:
        # Before any engine starts its threads: each counts the cores it may use.
        os.sched_setaffinity(0, cores)
    worker: Doer | None = None
    try:
        while True:
            task = pipe.recv()
            try:
                if worker is None:
                    worker = hire(setup, lambda name: _path(cache, name).read_bytes())
                pipe.send(worker.do(task))
            except AvatarAppError as error:
                pipe.send(error)
            except Exception:  # noqa: BLE001 - whatever it is, the parent must hear of it
                import traceback

                pipe.send(traceback.format_exc())
    except (EOFError, OSError):
        return


def _cores(number: int, count: int) -> set[int]:
    """Return the cores of worker `number` of `count`; none where the system cannot tell.

    Left to themselves, all engines of all processes would hold on to the first core.
    """
    if not hasattr(os, "sched_getaffinity"):
        return set()
    cores = sorted(os.sched_getaffinity(0))
    if count >= len(cores):
        return {cores[number % len(cores)]}
    return {core for place, core in enumerate(cores) if place * count // len(cores) == number}


def _path(cache: Path, name: str) -> Path:
    """Return the file of what is published as `name`, whatever characters are in it."""
    return cache / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.npz"
