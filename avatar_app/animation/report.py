"""What a job leaves beside its video: measures of every frame, events, speed."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar_app.types import AvatarChanged, Calibrated

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
class Stats:
    """How fast a job was, on what, with what.

    `seconds` and `fps` are end to end, from the first decoded picture to the finished file;
    `start_seconds` is what came before. `latency_ms` is the time one frame took through all stages,
    `stages_ms` that of each: "decode", "crop" (finding the face included), "model", "encode", and
    the model's own stages as "model/...". `dropped` frames are 0: a job renders all.
    """

    frames: int
    seconds: float
    fps: float
    start_seconds: float
    latency_ms: Percentiles
    stages_ms: Mapping[str, Percentiles]
    device: str
    device_reason: str
    model: str
    model_sha256: str
    avatar: str
    driver: str
    driver_width: int
    driver_height: int
    driver_fps: float
    driver_is_truncated: bool
    motion: str
    calibrated_frame: int | None
    dropped: int = 0

    def to_json(self) -> bytes:
        """Return all this as a JSON object, in UTF-8."""
        return (json.dumps(dataclasses.asdict(self), indent=2) + "\n").encode()


@dataclass
class Laps:
    """Milliseconds by stage, taken frame by frame."""

    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    latencies: list[float] = field(default_factory=list)
    _began: float = 0.0
    _last: float = 0.0

    def begin(self) -> None:
        """Start a frame."""
        self._began = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage of the frame."""
        now = time.perf_counter()
        self.stages[stage].append((now - self._last) * 1000)
        self._last = now

    def end(self) -> None:
        """End the frame."""
        self.latencies.append((self._last - self._began) * 1000)

    def percentiles(self) -> dict[str, Percentiles]:
        """Return the percentiles of each stage."""
        return {stage: Percentiles.of(times) for stage, times in self.stages.items() if times}


@dataclass(frozen=True)
class Row:
    """The measures of one frame; none where no driver was seen yet."""

    index: int
    time: float
    measures: Mapping[str, float]


def frames_to_csv(rows: Sequence[Row]) -> bytes:
    """Return one CSV line a frame, in UTF-8.

    `score` and `flags` are left empty: they belong to a detector, and this job has none. A measure
    that a frame lacks is left empty too.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.measures))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow((*FIRST_COLUMNS, *names))
    for row in rows:
        values = (f"{row.measures[name]:.6g}" if name in row.measures else "" for name in names)
        table.writerow((row.index, f"{row.time:.6f}", "", "", *values))
    return text.getvalue().encode()


def events_to_jsonl(events: Sequence[AvatarChanged | Calibrated]) -> bytes:
    """Return one JSON object a line, in UTF-8: the event's name as `event`, then its fields."""
    lines = (
        json.dumps({"event": type(event).__name__, **dataclasses.asdict(event)})
        for event in sorted(events, key=lambda event: event.time)
    )
    return "".join(f"{line}\n" for line in lines).encode()
