"""The account of a run: its speed, what computed, and what happened, with a window or without."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from avatar_app.events import Event
from avatar_app.pipeline.pipeline import Pipeline
from avatar_app.pipeline.speed import Summary


@dataclass(frozen=True)
class LiveRun:
    """How a run went: its speed, what computed and why, and what happened, counted by name."""

    summary: Summary
    dropped: int
    lost: int
    device: str
    device_reason: str
    model: str
    avatar: str
    camera: str
    events: dict[str, int]
    hung: tuple[str, ...] = ()


class Account:
    """Keeps what a pipeline no longer knows once it has ended."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._names = {"camera": "", "model": "", "device": "", "device_reason": "", "avatar": ""}
        self._counts: Counter[str] = Counter()

    def count(self, event: Event) -> None:
        """Count an event that came out of the pipeline."""
        self._counts[type(event).__name__] += 1

    def glance(self) -> None:
        """Keep the names that stand in the pipeline's state now; call it a few times a second."""
        state = self._pipeline.state
        for key, name in (
            ("camera", state.camera_name),
            ("model", state.model_name),
            ("device", state.device),
            ("device_reason", state.device_reason),
            ("avatar", state.avatar.name if state.avatar else ""),
        ):
            self._names[key] = name or self._names[key]

    def run(self, hung: list[str]) -> LiveRun:
        """Close the account, after `Pipeline.stop` has returned who `hung`."""
        return LiveRun(
            summary=self._pipeline.summary(),
            dropped=self._pipeline.dropped,
            lost=self._pipeline.lost,
            events=dict(self._counts),
            hung=tuple(hung),
            **self._names,
        )
