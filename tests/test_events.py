"""Flags and events keep their names and come back from a file as they were."""

from __future__ import annotations

import pytest

from avatar_app.events import (
    AvatarChanged,
    Event,
    Flag,
    FlagRaised,
    Stats,
    event_from_json,
    event_to_json,
    events_to_jsonl,
    urgency,
)

_STATS = Stats(1.0, 30.0, 25.0, 30.0, 8.0, 60.0, 90.0, 3, 0, "CPU", "no GPU", {"detect": 5.0})


@pytest.mark.parametrize(
    "event",
    [AvatarChanged(0.5, "mei"), FlagRaised(2.0, 50, Flag.WARP_FOLDED, 0.9, "jaw"), _STATS],
)
def test_an_event_comes_back_from_json(event: Event) -> None:
    """What a session's file holds is what happened."""
    assert event_from_json(event_to_json(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "[" * 100_000,
        '{"event": "Nothing"}',
        '{"event": "Marked"}',
        '{"event": "Marked", "time": "2"}',
        '{"event": "Marked", "time": NaN}',
        '{"event": "AvatarChanged", "time": 1e999, "avatar": "mei"}',
        '{"event": "AvatarChanged", "time": 1, "avatar": 5}',
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    """A damaged line is told apart from an event."""
    with pytest.raises(ValueError, match="not an event"):
        event_from_json(line)


def test_a_file_of_events_is_in_order_of_time() -> None:
    """Whatever order they were noticed in."""
    lines = events_to_jsonl([AvatarChanged(2.0, "b"), AvatarChanged(1.0, "a")]).splitlines()
    assert [event_from_json(line.decode()).time for line in lines] == [1.0, 2.0]


def test_every_flag_tells_a_person_what_to_do() -> None:
    """The table has a sentence and a remedy for each flag, and no two flags share one."""
    assert all(flag.sentence.endswith(".") and flag.remedy.endswith(".") for flag in Flag)
    assert len({flag.sentence for flag in Flag}) == len(Flag)


def test_what_is_severe_comes_first() -> None:
    """Then what is mild; a warning about the driver comes last."""
    flags = [Flag.LOW_LIGHT, Flag.BLURRED, Flag.WARP_FOLDED, Flag.FACE_MISSING]
    assert sorted(flags, key=urgency) == [
        Flag.FACE_MISSING,
        Flag.WARP_FOLDED,
        Flag.BLURRED,
        Flag.LOW_LIGHT,
    ]
