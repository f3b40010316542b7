"""Numbers for files: percentiles, and the table of frames that scripts read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar_app.events import Event, Flag, FlagCleared, FlagRaised

FIRST_COLUMNS = ("frame", "time_s", "score", "flags")


@dataclass(frozen=True)
class Percentiles:
    """The 50th, 95th and 99th percentile of a time in milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Percentiles:
        """Return those of at least one time."""
        return cls(*(round(float(p), 3) for p in np.percentile(milliseconds, (50, 95, 99))))


@dataclass(frozen=True)
class Row:
    """One frame: its measures by name, and the verdict on it where there is one."""

    index: int
    time: float
    measures: Mapping[str, float]
    score: float | None = None
    flags: frozenset[Flag] = field(default_factory=frozenset)


def frames_to_csv(rows: Sequence[Row]) -> bytes:
    """Return one CSV line a frame, in UTF-8.

    `score` is empty where the frame was not judged; `flags` are names joined by `|` in the order of
    the enum. A measure that a frame lacks is left empty.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.measures))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow((*FIRST_COLUMNS, *names))
    for row in rows:
        score = "" if row.score is None else f"{row.score:.6g}"
        flags = "|".join(flag.name for flag in Flag if flag in row.flags)
        values = (f"{row.measures[name]:.6g}" if name in row.measures else "" for name in names)
        table.writerow((row.index, f"{row.time:.6f}", score, flags, *values))
    return text.getvalue().encode()


@dataclass(frozen=True)
class Span:
    """A flag that was up from `begin` to `end` in seconds of the video."""

    flag: Flag
    begin: float
    end: float
    reason: str = ""


def spans(events: Iterable[Event], seconds: float) -> list[Span]:
    """Return when which flag was up; one that was never cleared was up to the end."""
    up: dict[Flag, FlagRaised] = {}
    found = []
    for event in events:
        if isinstance(event, FlagRaised):
            up.setdefault(event.flag, event)
        elif isinstance(event, FlagCleared) and event.flag in up:
            raised = up.pop(event.flag)
            found.append(Span(event.flag, raised.time, event.time, raised.reason))
    found += [Span(flag, raised.time, seconds, raised.reason) for flag, raised in up.items()]
    return sorted(found, key=lambda span: span.begin)
