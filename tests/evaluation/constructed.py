"""Constructed faces: landmarks of known poses, and pictures by whose number they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar_app.evaluation.clips import Take
from avatar_app.face_signals import SKULL, SKULL_POINTS, read_signals
from avatar_app.glitch.landmarks import Face
from avatar_app.metrics import Look
from avatar_app.types import Floats, Image

SIZE = 32


def landmarks(
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    mouth: float = 0.02,
    eyes: float = 0.1,
    unit: float = 60,
    centre: tuple[float, float] = (128, 128),
) -> Floats:
    """Landmarks (68, 2) of a head in this pose (degrees), its outer eye corners `unit` apart."""
    y, p, r = np.radians((yaw, pitch, roll))
    turn = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points = np.zeros((68, 2))
    points[list(SKULL_POINTS)] = (SKULL @ (tilt @ turn @ nod).T)[:, :2]
    for upper, lower, gap in (
        (range(61, 64), (67, 66, 65), mouth),
        ((37, 38, 43, 44), (41, 40, 47, 46), eyes),
    ):
        points[list(upper), 1] = -gap / 2
        points[list(lower), 1] = gap / 2
    return np.asarray(points * unit + centre, np.float32)


def face(points: Floats) -> Face:
    """A face with these landmarks."""
    return Face((0.0, 0.0, 10.0, 10.0), 1.0, points)


def see(points: Floats) -> Look:
    """What a finder and the ruler make of these landmarks."""
    return Look(face(points), read_signals(points))


def picture(number: int) -> Image:
    """A grey picture that carries `number`."""
    return np.full((SIZE, SIZE, 3), number, np.uint8)


@dataclass
class FakeFinder:
    """Finds in `picture(n)` the n-th of `known`, or no face where that is None."""

    known: Sequence[Floats | None]
    searched: list[int] = field(default_factory=list)

    def find(self, image: Image) -> list[Face]:
        """The face the picture's number stands for."""
        number = round(float(image.mean()))
        self.searched.append(number)
        points = self.known[number] if number < len(self.known) else None
        return [] if points is None else [face(points)]

    def descriptor(self, image: Image, face: Face) -> Floats:
        """A descriptor as far from that of picture(0) as the picture's number."""
        return np.full(128, image.mean() / np.sqrt(128), np.float32)


def take_of(known: Sequence[Floats | None]) -> Take:
    """A take of numbered pictures whose faces have these landmarks."""
    images = np.stack([picture(number) for number in range(len(known))])
    looks = [None if points is None else see(points) for points in known]
    return Take("clip.mp4", images, range(len(known)), looks)
