"""How fast a job was, stage by stage."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from avatar_app.reports import Percentiles


@dataclass(frozen=True)
class Stats:
    """How fast a job was, on what, with what.

    `seconds` and `fps` are end to end, from the first decoded picture to the finished file;
    `start_seconds` is what came before. `latency_ms` is the time one frame took through all
    stages, `stages_ms` that of each: "decode", "crop" (finding the face included), "model",
    "encode", "judge" and "overlay" (next to nothing where not asked for), and the model's own
    stages as "model/...". `dropped` frames are 0: a job renders all.
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
