"""Draws lessons: every kind as often as the others, whole and broken."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.lessons import NO, YES, Lessons
from avatar_app.types import Floats, Image

BROKEN_CELLS = 5  # of 168: so many make a broken face
_OFTEN, _OFTENER = ("calm", "edge"), 4.0  # these are shown so many times as often as other kinds


class Batches:
    """Draws from `lessons` by `chance`; subclasses say what is made of each. Not thread-safe."""

    def __init__(self, lessons: Lessons, seed: int = 0) -> None:
        self.lessons = lessons
        self.chance = np.random.default_rng(seed)
        broken = is_broken(lessons.broken)
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

    def drawn(self, count: int) -> list[int]:
        """Draw the indices of so many."""
        found = np.searchsorted(self._odds, self.chance.random(count) * self._odds[-1])
        return [int(index) for index in found]

    def moments(self, index: int) -> npt.NDArray[np.intp] | None:
        """Draw one or four moments of its scene with a whole face, two times in five."""
        there = self._whole[self._scene[index]]
        if not len(there) or self.chance.random() >= 0.4:
            return None
        count = 1 if self.chance.random() < 0.4 else 4
        return np.asarray(self.chance.choice(there, count))

    def another(self) -> Floats:
        """Draw any view."""
        view = self.lessons.view
        return np.asarray(view[self.chance.integers(len(view))], np.float32)


def is_broken(broken: Image) -> npt.NDArray[np.bool_]:
    """Return which maps (N, 14, 12) are of broken faces, (N,)."""
    return np.asarray((broken == YES).sum(axis=(1, 2)) >= BROKEN_CELLS)
