"""How fast everything goes, from what the workers noted in the last second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from avatar_app.events import Stats
from avatar_app.pipeline.view import State

LATENCY = "latency_ms"
_MS = "_ms"


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
