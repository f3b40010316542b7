"""How threads hand things on: the only module with locks.

Pictures travel in slots, where the newest wins; facts and recordings travel in backlogs, in order;
what many may look at stands in a cell.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], most: int = 2) -> Generator[T, None, None]:
    """Yield items in order, while a thread makes the next ones already, at most so many.

    What they raise comes where the item would have. To be closed before what they are made from.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = deque(thread.submit(list, islice(items, 1)) for _ in range(most))
        try:
            while one := coming[0].result():
                coming.popleft()
                coming.append(thread.submit(list, islice(items, 1)))
                yield from one
        finally:
            _await([waiting for waiting in coming if not waiting.cancel()])


def _await(running: list[Future[list[T]]]) -> None:
    """Wait until all are done, however often Ctrl-C comes; only then raise that."""
    stop: KeyboardInterrupt | None = None
    while any(not one.done() for one in running):
        try:
            wait(running)
        except KeyboardInterrupt as again:
            stop = again
    if stop is not None:
        raise stop


class Slot(Generic[T]):
    """Holds one thing; a newer one replaces it, and `dropped` counts what nobody took.

    One giver, one taker. None is what `take` gives where there is nothing, so it cannot be put.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._changed = threading.Condition()
        self._held: T | None = None
        self._is_fresh = False
        self._is_woken = False
        self._is_closed = False

    def put(self, thing: T) -> None:
        """Leave `thing` for the taker; after `close` it is ignored."""
        with self._changed:
            if self._is_closed:
                return
            self.dropped += self._is_fresh
            self._held, self._is_fresh = thing, True
            self._changed.notify_all()

    def take(self, timeout: float) -> T | None:
        """Wait for something new for at most `timeout` seconds and take it.

        Gives None after that time, when woken, and once closed.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            self._is_woken = False
            if not self._is_fresh or self._is_closed:
                return None
            self._is_fresh = False
            return self._held

    def peek(self) -> T | None:
        """Look at the last thing that was put, taken or not; None where there is none."""
        with self._changed:
            return self._held

    def clear(self) -> None:
        """Forget what is held."""
        with self._changed:
            self._held, self._is_fresh = None, False

    def wake(self) -> None:
        """Let the taker return now, or its next `take`."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Let takers go for good, and forget what is held."""
        with self._changed:
            self._held, self._is_fresh, self._is_closed = None, False, True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        return self._is_fresh or self._is_woken or self._is_closed


class Backlog(Generic[T]):
    """Holds up to `limit` things in order; what finds no room is left out and counted in `lost`.

    Where `weigh` is given, `limit` is what all together may weigh; one thing always has room.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int] = lambda thing: 1) -> None:
        self.lost = 0
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._changed = threading.Condition()
        self._things: deque[T] = deque()
        self._is_woken = False
        self._is_closed = False

    def put(self, thing: T) -> None:
        """Append `thing` without waiting; after `close` it is ignored."""
        with self._changed:
            if self._is_closed:
                return
            weight = self._weigh(thing)
            if self._things and self._weight + weight > self._limit:
                self.lost += 1
                return
            self._things.append(thing)
            self._weight += weight
            self._changed.notify_all()

    def take(self, timeout: float) -> T | None:
        """Take the oldest, waiting for at most `timeout` seconds; None where there is none.

        What was put before `close` can still be taken after it.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout)
            self._is_woken = False
            if not self._things:
                return None
            thing = self._things.popleft()
            self._weight -= self._weigh(thing)
            return thing

    def drain(self) -> list[T]:
        """Take all there is, without waiting."""
        with self._changed:
            things = list(self._things)
            self._things.clear()
            self._weight = 0
            return things

    def wake(self) -> None:
        """Let the taker return now, or its next `take`."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Take nothing more in."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._things) or self._is_woken or self._is_closed


class Cell(Generic[T]):
    """Holds one frozen value for everybody to look at; changes follow one another, none is lost."""

    def __init__(self, value: T) -> None:
        self._changing = threading.Lock()
        self._value = value

    @property
    def value(self) -> T:
        """What stands there now."""
        return self._value

    def change(self, change: Callable[[T], T]) -> T:
        """Replace the value by what `change` makes of it, and return that."""
        with self._changing:
            self._value = change(self._value)
            return self._value
