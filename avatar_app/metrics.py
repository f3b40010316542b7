"""Faces and pictures compared: what every measurement of renderings rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from avatar_app.face_signals import read_signals
from avatar_app.glitch.landmarks import Face
from avatar_app.types import Floats, Image


class Finder(Protocol):
    """What is needed of `glitch.landmarks.FaceFinder`."""

    def find(self, image: Image) -> Sequence[Face]:
        """Return the faces, best first."""

    def descriptor(self, image: Image, face: Face) -> Floats:
        """Return (128,) that tells persons apart."""


@dataclass(frozen=True, eq=False)
class Look:
    """One face as it was found: `face` with its landmarks, and its `signals` by name.

    The signals are those of `face_signals.read_signals`.
    """

    face: Face
    signals: Mapping[str, float]

    @property
    def landmarks(self) -> Floats:
        """(68, 2) in pixels."""
        return self.face.landmarks


def look(finder: Finder, image: Image) -> Look | None:
    """Find the best face of `image` and read it; None without a face."""
    face = next(iter(finder.find(image)), None)
    return None if face is None else Look(face, read_signals(face.landmarks))


def alike(landmarks: Floats, others: Sequence[Floats]) -> int:
    """Return the index of the one of `others` (68, 2) whose pose and expression are most alike.

    Place and size in the picture do not count.
    """
    shape = _in_place(landmarks)
    return int(np.argmin([np.square(_in_place(other) - shape).sum() for other in others]))


def landmark_distance(landmarks: Floats, others: Floats) -> float:
    """Return the mean distance of the landmarks (68, 2) from `others` (68, 2), in their pixels."""
    return float(np.linalg.norm(landmarks - others, axis=1).mean())


def picture_distance(one: Image, other: Image) -> float:
    """Return L1 in [0, 1] between two pictures (H, W, 3) uint8 of one size."""
    return float(np.abs(one.astype(np.int16) - other).mean()) / 255


def _in_place(landmarks: Floats) -> Floats:
    centred = landmarks - landmarks.mean(axis=0)
    return np.asarray(centred / max(float(np.sqrt(np.square(centred).mean())), 1e-6), np.float32)
