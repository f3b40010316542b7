"""Trains the network that maps where a face is broken or covered. Only this part needs torch."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from avatar_app.calibration_run import spoiling
from avatar_app.calibration_run.lessons import NO, UNKNOWN, YES, Lessons, gather
from avatar_app.calibration_run.maps import draw_maps
from avatar_app.calibration_run.plan import pupils
from avatar_app.calibration_run.studio import Studio
from avatar_app.files import check_writable, whole, write_errors
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.glitch.signals.artifacts import (
    HIGHEST,
    LAYERS,
    ArtifactNetwork,
    contrasted,
    save_network,
)
from avatar_app.glitch.signals.shapefree import shapefree
from avatar_app.progress import Progress, silent
from avatar_app.types import AvatarAppError, Floats, Image

_BATCH = 96
_RATE, _WARM_UP, _DECAY = 2e-3, 0.05, 1e-3
_BROKEN_CELLS = 5  # of 144: so many make a broken face
_OFTEN, _OFTENER = ("calm", "edge"), 4.0  # these are shown so many times as often as other kinds
_HELD_OUT = 12  # the last people say how good it has become
_FALSE_POSITIVES = 0.01
_SLIPS = 0.5  # pixels: landmarks lie a little beside their place, each by itself


@dataclass(frozen=True)
class Trained:
    """What came of it: on people who were held out, by the faces' highest cells.

    `hits` are the shares of broken faces by kind that pass what one in a hundred whole ones passes.
    """

    path: Path
    lessons: int
    steps: int
    auc: float
    hits: Mapping[str, float]


def train_network(
    clips: Path,
    output: Path,
    *,
    minutes: float = 30.0,
    model: str = "fomm-mini",
    device: str = "auto",
    maps: Path | None = None,
    progress: Progress = silent,
    seed: int = 0,
) -> Trained:
    """Play the lessons of the folder `clips`, learn for `minutes`, and write `output`, a .npz file.

    `maps` is a picture to write of what it sees of people who were held out. Needs about 5 GB of
    memory. Raises AvatarAppError for what is wrong with any of these.
    """
    if not minutes > 0:
        raise AvatarAppError(f"{minutes:g} minutes are no time to learn in; give more than 0.")
    for path in (output, maps):
        if path is not None:
            check_writable(path)
    people = pupils(clips)
    with (
        closing(load_reenactor(model, device, absolute=True)) as engine,
        closing(Studio(engine)) as studio,
    ):
        lessons = gather(studio, people, clips / "edge", progress)
    is_held = lessons.person > lessons.person.max() - _HELD_OUT
    learnt, held = lessons.those(~is_held), lessons.those(is_held)
    network, steps = _learned(learnt, minutes, seed, progress)
    with whole(output) as part, write_errors(output), part.open("wb") as file:
        save_network(weights_of(network), file)
    if maps is not None:
        draw_maps(held, ArtifactNetwork.load(output).maps, maps)
    return Trained(output, len(learnt.now), steps, *_tried(network, held))


def build() -> nn.Sequential:
    """Return the network: (N, 4, 96, 96) to log-odds (N, 2, 12, 12) of broken and covered."""
    parts: list[nn.Module] = []
    for number, (inside, out, size, stride) in enumerate(LAYERS, start=1):
        is_last = number == len(LAYERS)
        parts.append(nn.Conv2d(inside, out, size, stride, size // 2, bias=is_last))
        if not is_last:
            parts += [nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*parts)


def weights_of(network: nn.Sequential) -> list[tuple[Floats, Floats]]:
    """Return kernels (k * k * in, out) and biases (out,), with the normalisation folded in."""
    found = []
    parts = list(network)
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if not isinstance(part, nn.Conv2d):
            continue
        kernel = part.weight.detach()
        bias = torch.zeros(len(kernel)) if part.bias is None else part.bias.detach()
        if isinstance(after, nn.BatchNorm2d):
            assert after.running_var is not None
            assert after.running_mean is not None
            scale = after.weight.detach() / torch.sqrt(after.running_var + after.eps)
            kernel = kernel * scale[:, None, None, None]
            bias = after.bias.detach() + (bias - after.running_mean) * scale
        flat = kernel.permute(2, 3, 1, 0).reshape(-1, len(kernel))
        found.append((flat.contiguous().numpy(), bias.numpy()))
    return found


class Batches:
    """Draws lessons, every kind as often as the others, and spoils each otherwise every time."""

    def __init__(self, lessons: Lessons, seed: int = 0) -> None:
        self._all = lessons
        self._chance = np.random.default_rng(seed)
        broken = _is_broken(lessons.broken)
        kinds = [f"{kind}-{bad}" for kind, bad in zip(lessons.kind, broken, strict=True)]
        _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
        groups = np.array([len(set(lessons.kind[broken == bad])) for bad in (False, True)])
        odds = 1 / groups[broken.astype(int)] / counts[inverse]
        odds[np.isin(lessons.kind, _OFTEN) & ~broken] *= _OFTENER
        self._odds = np.cumsum(odds)
        scenes = [f"{who}-{kind}" for who, kind in zip(lessons.person, lessons.kind, strict=True)]
        _, self._scene = np.unique(scenes, return_inverse=True)
        is_whole = ((lessons.broken == NO) & (lessons.covered == NO)).all(axis=(1, 2))
        order = np.argsort(self._scene, kind="stable")
        ends = np.cumsum(np.bincount(self._scene))[:-1]
        self._whole = [there[is_whole[there]] for there in np.split(order, ends)]

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what the network sees (N, 4, 96, 96) float32, and the truth (N, 2, 12, 12)."""
        drawn = np.searchsorted(self._odds, self._chance.random(count) * self._odds[-1])
        seen, truth = zip(*(self._one(int(index)) for index in drawn), strict=True)
        return torch.from_numpy(np.stack(seen)), torch.from_numpy(np.stack(truth))

    def _one(self, index: int) -> tuple[Floats, Image]:
        chance, every = self._chance, self._all
        now = every.now[index].astype(np.float32)
        points = every.points[index].astype(np.float32)
        usual = every.usual[index].astype(np.float32)
        texture = every.texture[index].astype(np.float32)
        maps = np.stack((every.broken[index], every.covered[index]))
        there = self._whole[self._scene[index]]
        if len(there) and chance.random() < 0.4:
            # What is usual may be of another moment, or of many.
            some = chance.choice(there, 1 if chance.random() < 0.4 else 4)
            faces = every.now[some].astype(np.float32)
            usual = faces.mean(axis=0)
            free = [shapefree(face, every.points[i]) for face, i in zip(faces, some, strict=True)]
            texture = np.mean(free, axis=0)
        if chance.random() < 0.7:
            usual = spoiling.slipped(usual, chance)
        if chance.random() < 0.35:
            now = spoiling.broken(now, points, maps, self._another(), chance)
        if chance.random() < 0.25:
            now = spoiling.covered(now, maps, self._another(), chance)
        now = spoiling.filmed(now, chance)
        points += _SLIPS * chance.standard_normal(points.shape, np.float32)
        seen = contrasted(now, usual, shapefree(now, points), texture)
        if chance.random() < 0.5:
            seen, maps = seen[:, ::-1], maps[..., ::-1]
        return np.ascontiguousarray(seen.transpose(2, 0, 1)), np.ascontiguousarray(maps)

    def _another(self) -> Floats:
        return np.asarray(self._all.now[self._chance.integers(len(self._all.now))], np.float32)


def loss_of(odds: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the logistic loss of both maps, and of whole faces; what is UNKNOWN does not count."""
    known, target = truth != UNKNOWN, (truth == YES).float()
    cells = functional.binary_cross_entropy_with_logits(odds, target, reduction="none")
    # Each map by its own mean: what covers is rarer than what breaks.
    maps = (cells * known).sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1)
    broken = target[:, 0].sum(dim=(1, 2)) >= _BROKEN_CELLS
    judged = (broken | (truth[:, 0] == NO).flatten(1).all(dim=1)).float()
    faces = functional.binary_cross_entropy_with_logits(
        _of_faces(odds), broken.float(), reduction="none"
    )
    return maps.sum() + (faces * judged).sum() / judged.sum().clamp(min=1)


def _learned(
    lessons: Lessons, minutes: float, seed: int, progress: Progress
) -> tuple[nn.Sequential, int]:
    torch.manual_seed(seed)
    network = build()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = Batches(lessons, seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    network.train()
    is_halved = _is_faster_halved(network, batches)
    began, steps = time.monotonic(), 0
    while (share := (time.monotonic() - began) / 60 / minutes) < 1:
        rate = _RATE * min(1.0, 0.05 + share / _WARM_UP) * 0.5 * (1 + np.cos(np.pi * share))
        for group in optimizer.param_groups:
            group["lr"] = rate
        seen, truth = batches.draw(_BATCH)
        optimizer.zero_grad()
        loss_of(_odds(network, seen, is_halved), truth).backward()
        optimizer.step()
        steps += 1
        progress(round(60 * share * minutes), round(60 * minutes), "seconds of learning")
    network.eval()
    return network, steps


def _is_faster_halved(network: nn.Sequential, batches: Batches) -> bool:
    """Say whether this processor learns faster in bfloat16: new ones do, twice as fast."""
    probe, (seen, truth) = copy.deepcopy(network), batches.draw(_BATCH)
    took = {}
    for is_halved in (False, True) * 2:  # the first time counts for nothing
        began = time.perf_counter()
        loss_of(_odds(probe, seen, is_halved), truth).backward()
        took[is_halved] = time.perf_counter() - began
    return took[True] < took[False]


def _odds(network: nn.Sequential, seen: torch.Tensor, is_halved: bool) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=is_halved):
        odds: torch.Tensor = network(seen.contiguous(memory_format=torch.channels_last))
    return odds.float()


def _tried(network: nn.Sequential, held: Lessons) -> tuple[float, dict[str, float]]:
    from sklearn.metrics import roc_auc_score

    faces = []
    with torch.no_grad():
        for begin in range(0, len(held.now), _BATCH):
            part = slice(begin, begin + _BATCH)
            seen = [
                contrasted(*held.faces(index)).transpose(2, 0, 1)
                for index in range(*part.indices(len(held.now)))
            ]
            faces.append(_of_faces(network(torch.from_numpy(np.stack(seen)))).numpy())
    score = np.concatenate(faces)
    broken, is_whole = _is_broken(held.broken), (held.broken == NO).all(axis=(1, 2))
    limit = np.quantile(score[is_whole], 1 - _FALSE_POSITIVES)
    judged = broken | is_whole
    hits = {
        str(kind): float((score[there] > limit).mean())
        for kind in np.unique(held.kind[broken])
        for there in [broken & (held.kind == kind)]
    }
    return float(roc_auc_score(broken[judged], score[judged])), hits


def _of_faces(odds: torch.Tensor) -> torch.Tensor:
    """Return (N,): mean log-odds of the cells that look most broken, as when it is used."""
    return odds[:, 0].flatten(1).topk(HIGHEST, dim=1).values.mean(dim=1)


def _is_broken(broken: Image) -> npt.NDArray[np.bool_]:
    return np.asarray((broken == YES).sum(axis=(1, 2)) >= _BROKEN_CELLS)
