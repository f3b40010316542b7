"""One worker: takes tasks one after the other and gives what came of them."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from PIL import Image as Pictures

from avatar_app.perturbations import CASES
from avatar_app.perturbations.cases import SOURCE
from avatar_app.study.edges import EdgeTask, drive_edge
from avatar_app.study.shooting import (
    Outcome,
    drive,
    drive_otherwise,
    drive_source,
    paste,
    perturb_take,
    watch_person,
)
from avatar_app.study.trials import NOTHING_SOURCE, PASTED, PERSON, RELATIVE, Job, Trial
from avatar_app.study.workplace import Fetch, Setup, Workplace
from avatar_app.types import Image

_PANEL, _QUALITY = 160, 88


@dataclass(frozen=True)
class StageTask:
    """Render what trials of an avatar and a clip are held against."""

    avatar: str
    clip: str


Task = StageTask | Job | EdgeTask


@dataclass(frozen=True)
class Answer:
    """What came of a task: `rows` as they are written, `published` stages, `pictures` (JPEG)."""

    rows: list[tuple[Trial, dict[str, Any]]] = field(default_factory=list)
    published: Mapping[str, bytes] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class Doer(Protocol):
    """What a crew lets do its tasks."""

    def do(self, task: Task) -> Answer:
        """Do one task. Raises AvatarAppError for what a user can mend."""


class Worker:
    """Not thread-safe. `fetch` gives avatars, takes and stages by name."""

    def __init__(self, setup: Setup, fetch: Fetch) -> None:
        self._place = Workplace(setup, fetch)

    def do(self, task: Task) -> Answer:
        """Do one task."""
        if isinstance(task, StageTask):
            stage = self._place.build_stage(
                self._place.avatar(task.avatar), self._place.take(task.clip)
            )
            return Answer(published={f"stage/{task.avatar}/{task.clip}": stage.packed()})
        rows, pictures = [], {}
        began = time.perf_counter()
        for trial, outcome in self._outcomes(task):
            now = time.perf_counter()
            rows.append((trial, _row(trial, outcome, self._rate(task), now - began)))
            began = now
            if outcome.pictures is not None:
                pictures[trial.picture] = _strip(outcome.pictures)
        return Answer(rows, {}, pictures)

    def close(self) -> None:
        """Free the engines."""
        self._place.close()

    def _rate(self, task: Job | EdgeTask) -> float:
        """Return how many frames a second are used of a task's clip."""
        if isinstance(task, EdgeTask):
            return task.clip.rate / task.stride
        return self._place.take(task.clip).rate

    def _outcomes(self, task: Job | EdgeTask) -> Iterator[tuple[Trial, Outcome]]:
        if isinstance(task, EdgeTask):
            yield from zip(task.trials, drive_edge(self._place, task), strict=True)
            return
        place = self._place
        if is_of_source(task.case):
            for trial in task.trials:
                yield trial, drive_source(place, trial)
            return
        seen = perturb_take(place, place.take(task.clip), task)
        for trial in task.trials:
            if trial.kind == RELATIVE:
                yield trial, drive(place, trial, seen)
            elif trial.kind == PERSON:
                yield trial, watch_person(place, seen)
            elif trial.kind == PASTED:
                yield trial, paste(place, trial, task)
            else:
                yield trial, drive_otherwise(place, trial, seen)


def is_of_source(case: str) -> bool:
    """Return whether a case, or a case of severity 0, befalls the avatar's picture."""
    return case == NOTHING_SOURCE or (case in CASES and CASES[case].side == SOURCE)


def _row(trial: Trial, outcome: Outcome, rate: float, seconds: float) -> dict[str, Any]:
    return {
        **asdict(trial),
        "rate": round(rate, 3),
        "metrics": {name: _short(value) for name, value in outcome.metrics.items()},
        "within": {
            name: [_short(value) for value in both] for name, both in outcome.within.items()
        },
        "frames": dict(outcome.frames),
        "watched": {role: asdict(watched) for role, watched in outcome.watched.items()},
        "seconds": round(seconds, 3),
    }


def _short(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, 5)


def _strip(pictures: tuple[Image, ...]) -> bytes:
    """Return pictures side by side as JPEG."""
    strip = Pictures.new("RGB", (len(pictures) * _PANEL, _PANEL))
    for number, picture in enumerate(pictures):
        cell = Pictures.fromarray(np.ascontiguousarray(picture))
        cell = cell.resize((_PANEL, _PANEL), Pictures.Resampling.LANCZOS)
        strip.paste(cell, (number * _PANEL, 0))
    buffer = io.BytesIO()
    strip.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
