"""Trains the network that says whether a face looks broken at a glance."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from avatar_app.calibration_run import spoiling
from avatar_app.calibration_run.batches import BROKEN_CELLS, Batches
from avatar_app.calibration_run.learning import check_training, learn, spare_core
from avatar_app.calibration_run.lessons import NO, UNKNOWN, YES, play
from avatar_app.calibration_run.map_network import folded, stacked
from avatar_app.calibration_run.maps import draw_glances
from avatar_app.calibration_run.network import Trained
from avatar_app.glitch.signals import networks
from avatar_app.glitch.signals.glance import BODY, HEAD, LAYERS, contrasted
from avatar_app.glitch.signals.networks import Weights
from avatar_app.glitch.signals.sight import FACE
from avatar_app.progress import Progress, silent
from avatar_app.types import Floats

_BATCH, _TRIED = 96, 2400
_RATE = 2e-3
_MELTED, _BROKEN, _ASIDE = 0.18, 0.28, 0.12
"""Shares of the lessons that melt, that break otherwise, and that are cut out beside the face."""
_COVERED = 0.3
_FALSE_POSITIVES = 0.01


def train_glance(
    clips: Path,
    output: Path,
    *,
    minutes: float = 45.0,
    model: str = "fomm-mini",
    device: str = "auto",
    maps: Path | None = None,
    progress: Progress = silent,
    seed: int = 0,
) -> Trained:
    """Play the lessons of the folder `clips`, learn for `minutes`, and write `output`, a .npz file.

    `maps` is a picture to write of what it says of people who were held out. Needs about 12 GB of
    memory. Raises AvatarAppError for what is wrong with any of these.
    """
    check_training(minutes, output, maps)
    learnt, held = play(clips, model, device, progress)
    torch.manual_seed(seed)
    network, draw = WholeFace(), functools.partial(GlanceBatches(learnt, seed).draw, _BATCH)
    with spare_core():
        steps = learn(network, draw, _loss, minutes, _RATE, "a glance", progress)
    networks.save(weights_of(network.eval()), output)
    tried = _tried(network, GlanceBatches(held, seed))
    if maps is not None:
        draw_glances(*tried, maps)
    return Trained(output, len(learnt.kind), steps, *_figures(*tried[1:]))


class WholeFace(nn.Module):
    """The network: faces (N, 2, 112, 96), now and as usual, to log-odds (N,) that they break."""

    def __init__(self) -> None:
        super().__init__()
        self.body = stacked(LAYERS[BODY])
        (inside, between, *_), (_, out, *_) = LAYERS[HEAD]
        self.head = nn.Sequential(nn.Linear(inside, between), nn.ReLU(), nn.Linear(between, out))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Return the log-odds."""
        cells = self.body(seen)
        pooled = torch.cat((cells.mean(dim=(2, 3)), cells.amax(dim=(2, 3))), dim=1)
        odds: torch.Tensor = self.head(pooled)[:, 0]
        return odds


class Glances(NamedTuple):
    """Faces (N, 2, 112, 96) float32, and whether each is broken (N,): YES, NO, UNKNOWN."""

    seen: torch.Tensor
    truth: torch.Tensor


class GlanceBatches(Batches):
    """Lessons of which is asked whether the face is broken."""

    def draw(self, count: int) -> Glances:
        """Draw so many."""
        seen, truth = zip(*(self._one(index) for index in self.drawn(count)), strict=True)
        return Glances(torch.from_numpy(np.stack(seen)), torch.tensor(truth, dtype=torch.uint8))

    def _one(self, index: int) -> tuple[Floats, int]:
        chance, every = self.chance, self.lessons
        view = every.view[index].astype(np.float32)
        points = every.points[index].astype(np.float32)
        maps = np.stack((every.broken[index], every.covered[index]))
        usual = self._usual(index)
        if chance.random() < 0.7:
            usual = spoiling.aside(usual, chance)
        how = chance.random()
        if how < _MELTED:
            spoiling.melted(view, points, maps, chance)
        elif how < _MELTED + _BROKEN:
            spoiling.broken(view, points, maps, self.another(), chance)
        elif how < _MELTED + _BROKEN + _ASIDE:
            view = spoiling.aside(view, chance, times=2)
        if chance.random() < _COVERED:
            spoiling.covered(view, maps, self.another(), chance)
        face = spoiling.filmed(view, chance)[FACE]
        seen = contrasted(face, usual)
        if chance.random() < 0.5:
            seen = seen[..., ::-1]
        return np.ascontiguousarray(seen), _truth(maps[0])

    def _usual(self, index: int) -> Floats:
        """Return the usual face: of its scene, or of other moments in it."""
        some, every = self.moments(index), self.lessons
        if some is None:
            return np.asarray(every.usual[index], np.float32)
        return np.asarray(every.view[some][:, FACE[0], FACE[1]].mean(axis=0), np.float32)


def weights_of(network: WholeFace) -> Weights:
    """Return kernels and biases, the normalisation folded in."""
    linear = [layer for layer in network.head if isinstance(layer, nn.Linear)]
    head = [
        (one.weight.detach().T.contiguous().numpy(), one.bias.detach().numpy()) for one in linear
    ]
    return [*(folded(layer) for layer in network.body), *head]


def _truth(broken: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    """Judge by the map (14, 12) whether the face is broken."""
    if (broken == YES).sum() >= BROKEN_CELLS:
        return YES
    return NO if (broken == NO).all() else UNKNOWN


def _loss(network: WholeFace, lessons: Glances, is_halved: bool) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=is_halved):
        odds = network(lessons.seen.contiguous(memory_format=torch.channels_last))
    known, truth = (lessons.truth != UNKNOWN).float(), (lessons.truth == YES).float()
    each = functional.binary_cross_entropy_with_logits(odds.float(), truth, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def _tried(
    network: WholeFace, batches: GlanceBatches
) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Return faces (N, 2, 112, 96), whether they are broken (N,), and the log-odds of it (N,)."""
    drawn = [batches.draw(_BATCH) for _ in range(_TRIED // _BATCH)]
    truth = torch.cat([one.truth for one in drawn]).numpy()
    with torch.no_grad():
        odds = torch.cat([network(one.seen) for one in drawn]).numpy()
    known, seen = truth != UNKNOWN, torch.cat([one.seen for one in drawn]).numpy()
    return seen[known], truth[known] == YES, odds[known]


def _figures(is_broken: npt.NDArray[np.bool_], odds: Floats) -> tuple[float, dict[str, float]]:
    from sklearn.metrics import roc_auc_score

    limit = np.quantile(odds[~is_broken], 1 - _FALSE_POSITIVES)
    hits = {"broken": float((odds[is_broken] > limit).mean())}
    return float(roc_auc_score(is_broken, odds)), hits
