"""Trains the network that maps where a face is broken or covered."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from avatar_app.calibration_run import spoiling
from avatar_app.calibration_run.batches import BROKEN_CELLS, Batches, is_broken
from avatar_app.calibration_run.learning import check_training, learn, spare_core
from avatar_app.calibration_run.lessons import NO, UNKNOWN, YES, Lessons, play
from avatar_app.calibration_run.map_network import (
    MapNetwork,
    halfway,
    network_of,
    normalise,
    weights_of,
)
from avatar_app.calibration_run.maps import draw_maps
from avatar_app.glitch.signals import networks, sight
from avatar_app.glitch.signals.artifacts import (
    HIGHEST,
    ArtifactNetwork,
    contrasted,
)
from avatar_app.glitch.signals.chip import SIDE
from avatar_app.glitch.signals.sight import Sight
from avatar_app.progress import Progress, silent
from avatar_app.types import Floats, Image

_BATCH = 96
_FACE_SHARE = 0.75  # of the time is learned by faces alone
_RATE = 2e-3
_FALSE_POSITIVES = 0.01
_BROKEN, _MELTED = 0.28, 0.2  # shares of the lessons that are spoiled so, each time anew
_HELD = 0.5  # half of what is learned is what the network said that it goes on from
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
    start: Path | None = None,
    maps: Path | None = None,
    progress: Progress = silent,
    seed: int = 0,
) -> Trained:
    """Play the lessons of the folder `clips`, learn for `minutes`, and write `output`, a .npz file.

    With `start`, another such file, it goes on from that network, holds on to what that says but
    where a face melts, and writes what lies halfway between the two. `maps` is a picture to write
    of what it sees of people who were held out. Needs about 12 GB of memory.
    Raises AvatarAppError for what is wrong with any of these.
    """
    check_training(minutes, output, maps)
    known = None if start is None else ArtifactNetwork.load(start)
    learnt, held = play(clips, model, device, progress)
    network, steps = _learned(learnt, minutes, seed, progress, known)
    if known is not None:
        network = network_of(halfway(known, ArtifactNetwork(weights_of(network))))
    networks.save(weights_of(network), output)
    if maps is not None:
        draw_maps(held, ArtifactNetwork.load(output).maps, maps)
    return Trained(output, len(learnt.kind), steps, *_tried(network, held))


class Batch(NamedTuple):
    """What the network sees of faces and around them, float32, and the `truth` (N, 2, 14, 12).

    `is_melted` (N,) says where a face was melted: what a network says of those that was not shown
    any counts for nothing.
    """

    face: torch.Tensor
    beside: torch.Tensor
    truth: torch.Tensor
    is_melted: torch.Tensor


class MapBatches(Batches):
    """Lessons of which a map is asked."""

    def draw(self, count: int) -> Batch:
        """Draw so many."""
        columns = zip(*(self._one(index) for index in self.drawn(count)), strict=True)
        return Batch(*(torch.from_numpy(np.stack(column)) for column in columns))

    def _one(self, index: int) -> tuple[Floats, Floats, Image, npt.NDArray[np.bool_]]:
        chance, every = self.chance, self.lessons
        view = every.view[index].astype(np.float32)
        points = every.points[index].astype(np.float32)
        maps = np.stack((every.broken[index], every.covered[index]))
        usual = self._usual(index)
        if chance.random() < 0.7:
            usual = spoiling.slipped(usual, chance)
        how = chance.random()
        is_melted = _BROKEN <= how < _BROKEN + _MELTED
        if how < _BROKEN:
            spoiling.broken(view, points, maps, self.another(), chance)
        elif is_melted:
            spoiling.melted(view, points, maps, chance)
        if chance.random() < 0.25:
            spoiling.covered(view, maps, self.another(), chance)
        view = spoiling.filmed(view, chance)
        points += _SLIPS * chance.standard_normal(points.shape, np.float32)
        seen = [np.asarray(one) for one in contrasted(sight.look(view, points), usual)]
        if chance.random() < 0.5:
            seen, maps = [one[..., ::-1] for one in seen], maps[..., ::-1]
        face, beside = map(np.ascontiguousarray, seen)
        return face, beside, np.ascontiguousarray(maps), np.array(is_melted)

    def _usual(self, index: int) -> Sight:
        """Return what is usual of a face: of its scene, of another moment, or of many."""
        some = self.moments(index)
        if some is None:
            return self.lessons.faces(index)[1]
        looks = [self.lessons.faces(int(one))[0] for one in some]
        return Sight(*(np.mean(column, axis=0) for column in zip(*looks, strict=True)))


def loss_of(
    odds: torch.Tensor,
    truth: torch.Tensor,
    held: torch.Tensor | None = None,
    share: torch.Tensor | float = 0.0,
) -> torch.Tensor:
    """Return the logistic loss of both maps, and of whole faces; what is UNKNOWN does not count.

    A `share`, (N,), of what is right is what another network says of the chips alone, `held`
    (N, 2, 12, 12): so what that learned is not forgotten (Li and Hoiem, ECCV 2016).
    """
    target, known = (truth == YES).float(), (truth != UNKNOWN).float()
    broken = target[:, 0].sum(dim=(1, 2)) >= BROKEN_CELLS
    judged = (broken | (truth[:, 0] == NO).flatten(1).all(dim=1)).float()
    is_broken = broken.float()
    if held is not None:
        rows = held.shape[2]
        is_broken, judged = _blended(is_broken, judged, _of_faces(held), share)
        share = torch.as_tensor(share)[:, None, None, None]
        chips = _blended(target[:, :, :rows], known[:, :, :rows], held, share)
        target[:, :, :rows], known[:, :, :rows] = chips
    loss = functional.binary_cross_entropy_with_logits
    cells = loss(odds, target, reduction="none")
    # Each map by its own mean: what covers is rarer than what breaks.
    maps = (cells * known).sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1)
    faces = loss(_of_faces(odds), is_broken, reduction="none")
    return maps.sum() + (faces * judged).sum() / judged.sum().clamp(min=1)


def _blended(
    truth: torch.Tensor, known: torch.Tensor, held: torch.Tensor, share: torch.Tensor | float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the truth with a share of what another network says, and how much each counts."""
    counts = (1 - share) * known + share
    both = (1 - share) * known * truth + share * torch.sigmoid(held)
    return both / counts.clamp(min=1e-6), counts


def _learned(
    lessons: Lessons,
    minutes: float,
    seed: int,
    progress: Progress,
    known: ArtifactNetwork | None,
) -> tuple[MapNetwork, int]:
    torch.manual_seed(seed)
    network, batches, held = MapNetwork(), MapBatches(lessons, seed), None
    if known is not None:
        network, held = network_of(known), network_of(known)
        held.is_excusing = False
        normalise(network, *batches.draw(4 * _BATCH)[:2])

    def taught(share: float, what: str, held: MapNetwork | None = None) -> int:
        loss = functools.partial(_loss, held=held)
        draw = functools.partial(batches.draw, _BATCH)
        return learn(network, draw, loss, minutes * share, _RATE, what, progress)

    with spare_core():
        # By faces alone first: else what happens to lie around them would tell broken ones, too.
        network.train().is_excusing = False
        steps = taught(_FACE_SHARE, "the face", held)
        network.excuse_only()
        steps += taught(1 - _FACE_SHARE, "around it")
    return network.eval(), steps


def _loss(
    network: MapNetwork, batch: Batch, is_halved: bool, held: MapNetwork | None
) -> torch.Tensor:
    face, beside, truth, is_melted = batch
    odds = _odds(network, face, beside, is_halved)
    if held is None:
        return loss_of(odds, truth)
    with torch.no_grad():
        known = _odds(held, face[:, :, :SIDE], beside, is_halved)
    return loss_of(odds, truth, known, _HELD * (~is_melted).float())


def _odds(
    network: MapNetwork, face: torch.Tensor, beside: torch.Tensor, is_halved: bool
) -> torch.Tensor:
    last = torch.channels_last
    with torch.autocast("cpu", torch.bfloat16, enabled=is_halved):
        odds: torch.Tensor = network(
            face.contiguous(memory_format=last), beside.contiguous(memory_format=last)
        )
    return odds.float()


def _tried(network: MapNetwork, held: Lessons) -> tuple[float, dict[str, float]]:
    from sklearn.metrics import roc_auc_score

    faces = []
    with torch.no_grad():
        for begin in range(0, len(held.kind), _BATCH):
            part = range(*slice(begin, begin + _BATCH).indices(len(held.kind)))
            seen = zip(*(contrasted(*held.faces(index)) for index in part), strict=True)
            columns = (torch.from_numpy(np.stack(column)) for column in seen)
            faces.append(_of_faces(network(*columns)).numpy())
    score = np.concatenate(faces)
    broken, is_whole = is_broken(held.broken), (held.broken == NO).all(axis=(1, 2))
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
