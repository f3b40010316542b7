"""Lessons made up here: people of smooth noise."""

from __future__ import annotations

import itertools
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from avatar_app.calibration_run import learning, lessons
from avatar_app.calibration_run.lessons import Lessons
from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.shapefree import SHAPE

PEOPLE = 30


def made_up() -> Lessons:
    """Return people, smooth noise each, of whom every second picture has stripes in a corner."""
    chance = np.random.default_rng(0)
    views, usual, around, broken, person, kind = [], [], [], [], [], []
    for who in range(PEOPLE):
        view = np.kron(chance.uniform(60, 190, (24, 24)), np.ones((8, 8))).astype(np.float32)
        for index in range(8):
            picture = view + chance.normal(0, 3, view.shape)
            cells = np.zeros((14, 12), np.uint8)
            if index % 2:
                picture[48:80, 48:80] = 128 + 90 * np.sin(np.arange(32) * 1.5)
                cells[:4, :4] = 1
            views.append(np.clip(picture, 0, 255).astype(np.uint8))
            usual.append(view[sight.FACE].astype(np.uint8))
            around.append(sight.around(view).astype(np.float16))
            broken.append(cells)
            person.append(who)
            kind.append("painted-stripes" if index % 2 else "calm")
    return Lessons(
        np.stack(views),
        np.repeat(SHAPE[None], len(views), axis=0).astype(np.float16),
        np.stack(usual),
        np.stack(usual),
        np.stack(around),
        np.stack(broken),
        np.zeros((len(views), 14, 12), np.uint8),
        np.array(person, np.int32),
        np.array(kind),
    )


def play_made_up(monkeypatch: pytest.MonkeyPatch) -> Lessons:
    """Return lessons made up here; training plays no others, and needs no engine for them."""
    played, engine = made_up(), SimpleNamespace(close=lambda: None)
    monkeypatch.setattr(lessons, "pupils", lambda _clips: [])
    monkeypatch.setattr(lessons, "gather", lambda *_: played)
    monkeypatch.setattr(lessons, "load_reenactor", lambda *_, **__: engine)
    return played


def normalise_somehow(network: torch.nn.Module) -> None:
    """Let a network normalise by means and spreads drawn at random, as one that has learned."""
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            torch.nn.init.normal_(part.running_mean)
            torch.nn.init.uniform_(part.running_var, 0.5, 2)
    network.eval()


def let_steps_take(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each step of learning count for so long: a busy machine learns as much as a free one."""
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) * seconds, perf_counter=time.perf_counter)
    monkeypatch.setattr(learning, "time", clock)
