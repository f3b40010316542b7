"""Slots, backlogs, cells and what is made ahead: what takers and givers can do to each other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_app import handoff
from avatar_app.handoff import Backlog, Cell, Slot, ahead

LONG = 10.0  # seconds; a test that waits so long has failed


@given(st.lists(st.sampled_from(["put", "take"]), max_size=40))
def test_every_picture_is_taken_dropped_or_still_there(steps: list[str]) -> None:
    """The count adds up whatever the order, and what is taken is always the newest."""
    slot: Slot[int] = Slot()
    put, taken = 0, 0
    for step in steps:
        if step == "put":
            put += 1
            slot.put(put)
        elif (got := slot.take(0)) is not None:
            taken += 1
            assert got == put
    waiting = slot.take(0) is not None
    assert put == taken + slot.dropped + waiting


def test_a_taken_picture_can_still_be_looked_at() -> None:
    """The output repeats the last picture while there is no newer one."""
    slot: Slot[str] = Slot()
    assert slot.peek() is None
    slot.put("picture")
    assert slot.take(0) == "picture"
    assert slot.take(0) is None
    assert slot.peek() == "picture"
    slot.clear()
    assert slot.peek() is None


def test_a_waiting_taker_gets_what_is_put() -> None:
    """Nobody has to poll."""
    slot: Slot[int] = Slot()
    got: list[int | None] = []
    taker = threading.Thread(target=lambda: got.append(slot.take(LONG)))
    taker.start()
    slot.put(7)
    taker.join(LONG)
    assert got == [7]


def test_waking_and_closing_free_a_waiting_taker() -> None:
    """A command or the end is not kept waiting by an empty slot; a wake in advance counts."""
    slot: Slot[int] = Slot()
    backlog: Backlog[int] = Backlog(3)
    slot.wake()
    backlog.wake()
    assert slot.take(LONG) is None
    assert backlog.take(LONG) is None
    slot.close()
    backlog.close()
    assert slot.take(LONG) is None
    assert backlog.take(LONG) is None


def test_a_closed_slot_keeps_nothing() -> None:
    """No picture outlives the end."""
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.close()
    slot.put(2)
    assert slot.take(0) is None
    assert slot.peek() is None


def test_a_backlog_keeps_order_and_counts_what_it_could_not_take() -> None:
    """A slow disk loses the newest, knows how many, and blocks nobody."""
    backlog: Backlog[int] = Backlog(3)
    for number in range(5):
        backlog.put(number)
    assert backlog.lost == 2
    assert backlog.take(0) == 0
    assert backlog.drain() == [1, 2]


def test_a_backlog_of_heavy_things_is_full_by_weight() -> None:
    """Large pictures fill it sooner; what was taken makes room; a single giant is not refused."""
    backlog: Backlog[bytes] = Backlog(10, len)
    for size in (6, 4, 1):
        backlog.put(bytes(size))
    assert backlog.lost == 1
    assert backlog.take(0) == bytes(6)
    backlog.put(bytes(6))
    assert [len(thing) for thing in backlog.drain()] == [4, 6]
    backlog.put(bytes(11))
    backlog.put(bytes(1))
    assert backlog.lost == 2
    assert backlog.take(0) == bytes(11)


def test_a_closed_backlog_gives_what_it_has() -> None:
    """What was recorded before the end is still written."""
    backlog: Backlog[int] = Backlog(3)
    backlog.put(1)
    backlog.close()
    backlog.put(2)
    assert backlog.take(LONG) == 1
    assert backlog.take(LONG) is None


def test_no_change_of_a_cell_is_lost() -> None:
    """Two threads may change different parts of one value."""
    cell = Cell(0)

    def count() -> None:
        for _ in range(2000):
            cell.change(lambda value: value + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert cell.value == 8000


def test_what_comes_is_made_ahead_and_in_order() -> None:
    """While the first is used the next two are made, in a thread of their own, and no more."""
    made: list[int] = []
    enough = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(6):
            made.append(number)
            if number == 2:
                enough.set()
            yield number

    with closing(ahead(numbers(), most=2)) as coming:
        assert next(coming) == 0
        assert enough.wait(LONG)
        assert made == [0, 1, 2]
        assert list(coming) == [1, 2, 3, 4, 5]


def test_a_failure_comes_where_its_item_would_have() -> None:
    """What was made before it is not lost, and nothing comes after it."""

    def numbers() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    coming = ahead(numbers())
    assert next(coming) == 1
    with pytest.raises(OSError, match="no more"):
        next(coming)
    assert not list(coming)


def test_nothing_is_made_any_more_after_the_end() -> None:
    """Once it is closed, what things are made from may be closed as well."""
    is_open = True

    def numbers() -> Iterator[int]:
        for number in itertools.count():
            assert is_open
            yield number

    coming = ahead(numbers())
    assert next(coming) == 0
    coming.close()
    is_open = False
    assert not any(thread.name.startswith("ahead") for thread in threading.enumerate())


def test_further_interrupts_do_not_leave_what_is_being_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else what things are made from would be closed while they are made."""
    begun, goes_on = threading.Event(), threading.Event()
    done: list[int] = []

    def numbers() -> Iterator[int]:
        yield 0
        begun.set()
        goes_on.wait(LONG)
        done.append(1)
        yield 1

    waits = itertools.count()

    def interrupted(running: list[Future[list[int]]]) -> None:
        if next(waits) < 2:
            raise KeyboardInterrupt
        goes_on.set()
        wait(running)

    monkeypatch.setattr(handoff, "wait", interrupted)
    coming = ahead(numbers())
    assert next(coming) == 0
    assert begun.wait(LONG)
    with pytest.raises(KeyboardInterrupt):
        coming.close()
    assert (done, next(waits)) == ([1], 3)
