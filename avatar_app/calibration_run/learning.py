"""How the detector's networks learn: by lessons that are drawn on a core of their own meanwhile."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from avatar_app.files import check_distinct, check_writable
from avatar_app.progress import Progress
from avatar_app.types import AvatarAppError

_WARM_UP, _DECAY = 0.05, 1e-3
_Lessons = TypeVar("_Lessons")
_Network = TypeVar("_Network", bound=nn.Module)


def check_training(minutes: float, *files: Path | None) -> None:
    """Raise AvatarAppError where there is no time to learn in, or files cannot all be written."""
    if not minutes > 0:
        raise AvatarAppError(f"{minutes:g} minutes are no time to learn in; give more than 0.")
    check_distinct((), files)
    check_writable(*files)


def learn(
    network: _Network,
    draw: Callable[[], _Lessons],
    loss: Callable[[_Network, _Lessons, bool], torch.Tensor],
    minutes: float,
    rate: float,
    what: str,
    progress: Progress,
) -> int:
    """Teach what may still change for `minutes`, with steps of `rate`; return how many it took.

    `loss` is told whether to compute in bfloat16: where the processor is faster so, it is.
    """
    free = [one for one in network.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(free, lr=rate, weight_decay=_DECAY)
    is_halved = _is_faster_halved(network, draw(), loss)
    began, steps = time.monotonic(), 0
    with ThreadPoolExecutor(1) as drawing:
        coming = drawing.submit(draw)
        while (share := (time.monotonic() - began) / 60 / minutes) < 1:
            now = rate * min(1.0, 0.05 + share / _WARM_UP) * 0.5 * (1 + np.cos(np.pi * share))
            for group in optimizer.param_groups:
                group["lr"] = now
            lessons = coming.result()
            coming = drawing.submit(draw)
            optimizer.zero_grad()
            loss(network, lessons, is_halved).backward()
            optimizer.step()
            steps += 1
            progress(round(60 * share * minutes), round(60 * minutes), f"seconds: {what}")
    return steps


@contextmanager
def spare_core() -> Iterator[None]:
    """Leave one core to what draws the lessons."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before - 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_faster_halved(
    network: _Network, lessons: _Lessons, loss: Callable[[_Network, _Lessons, bool], torch.Tensor]
) -> bool:
    """Return whether this processor learns faster in bfloat16: new ones do, twice as fast."""
    probe, took = copy.deepcopy(network), {}
    for is_halved in (False, True) * 2:  # the first time counts for nothing
        began = time.perf_counter()
        loss(probe, lessons, is_halved).backward()
        took[is_halved] = time.perf_counter() - began
    return took[True] < took[False]
