"""How fast everything goes, from what the workers noted in the last second."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from avatar_app.events import Stats
from avatar_app.pipeline.view import State
from avatar_app.reports import Percentiles

LATENCY = "latency_ms"
_MS = "_ms"
_KEPT = 50_000  # times of each stage: those of the last half hour


@dataclass(frozen=True)
class Summary:
    """A whole run in numbers: `fps` in pictures a second, each from its first on; times in ms.

    `latency_ms` is from the capture of a picture to the output, `stages_ms` by stage, where "beat"
    is from one sent picture to the next; both tell of the last half hour at most. `pictures` counts
    what camera, model, detector and output did.
    """

    seconds: float
    pictures: Mapping[str, int]
    fps: Mapping[str, float]
    latency_ms: Percentiles | None
    stages_ms: Mapping[str, Percentiles]


class Tally:
    """Adds up what was noted, second by second."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began: dict[str, float] = {}
        self._pictures: dict[str, int] = defaultdict(int)
        self._times: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def add(self, seconds: float, samples: Iterable[tuple[str, float]]) -> None:
        """Take what was noted in these seconds."""
        for name, value in samples:
            if name.endswith(_MS):
                self._times[name].append(value)
            else:
                # Loading the model is no slow rendering: its rate counts from its first picture.
                self._began.setdefault(name, self._seconds)
                self._pictures[name] += 1
        self._seconds += seconds

    def summary(self) -> Summary:
        """Return all of it."""
        times = {name: Percentiles.of(list(values)) for name, values in self._times.items()}
        latency = times.pop(LATENCY, None)
        return Summary(
            round(self._seconds, 3),
            dict(self._pictures),
            {
                name: round(count / (self._seconds - self._began[name]), 2)
                for name, count in self._pictures.items()
            },
            latency,
            {name.removesuffix(_MS): value for name, value in times.items()},
        )


def stats(
    time: float,
    seconds: float,
    samples: Iterable[tuple[str, float]],
    state: State,
    dropped: int,
    lost: int,
) -> Stats:
    """Sum up `samples`, by name, of the last `seconds`; names that end in `_ms` are times."""
    values: dict[str, list[float]] = defaultdict(list)
    for name, value in samples:
        values[name].append(value)
    latency = np.percentile(values.pop(LATENCY, [0.0]), (50, 95))
    rates = {
        name: round(len(values[name]) / seconds, 2)
        for name in ("camera", "model", "output", "detector")
    }
    return Stats(
        time=time,
        camera_fps=rates["camera"],
        model_fps=rates["model"],
        output_fps=rates["output"],
        detector_fps=rates["detector"],
        latency_p50_ms=round(float(latency[0]), 1),
        latency_p95_ms=round(float(latency[1]), 1),
        dropped=dropped,
        lost=lost,
        device=state.device,
        device_reason=state.device_reason,
        stages_ms={
            name.removesuffix(_MS): round(float(np.median(times)), 2)
            for name, times in values.items()
            if name.endswith(_MS)
        },
    )
