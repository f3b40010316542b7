"""Holds rendered pictures against the driver's: faces, pixels, LPIPS, identity, jitter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from avatar_app.evaluation.clips import Take
from avatar_app.evaluation.report import Jitter
from avatar_app.evaluation.scores import Record
from avatar_app.metrics import Finder, Look, look, picture_distance
from avatar_app.types import Avatar, Floats, Image

SPARSE = 5
"""LPIPS and identity are measured in every n-th measured frame: they take the most time."""

_NOISE = 4.0  # standard deviation of the camera noise in the jitter test, of 255
_NOISY_FRAMES = 8
_FULL_SIZE = 256

Compare = Callable[..., list[list[float]]]
"""`fomm.perceptual.Lpips.compare`."""


@dataclass(frozen=True)
class Ruler:
    """Measures with a face finder and LPIPS; without LPIPS where `compare` is None."""

    finder: Finder
    compare: Compare | None

    def reconstruction(
        self, take: Take, rendered: Mapping[str, Sequence[Image]]
    ) -> dict[str, list[Record]]:
        """Measure self-reconstruction: `rendered` by way, one picture for each frame of `take`."""
        sparse = range(0, len(take.images), SPARSE)
        lpips = self._lpips(take, rendered, sparse)
        drivers = [self._descriptor(take.images[i], take.looks[i]) for i in sparse]
        targets = dict(zip(sparse, drivers, strict=True))
        return {
            way: [
                Record(
                    driver=driver,
                    rendered=found,
                    size=take.images.shape[1],
                    l1=picture_distance(picture, image),
                    lpips=lpips[way].get(index),
                    identity=self._identity(picture, found, targets.get(index)),
                )
                for index, (driver, found, picture, image) in enumerate(
                    zip(take.looks, self._looks(pictures), pictures, take.images, strict=True)
                )
            ]
            for way, pictures in rendered.items()
        }

    def portrait(self, take: Take, avatar: Avatar, rendered: Sequence[Image]) -> list[Record]:
        """Measure `avatar` as driven by another person in `take`."""
        target = self._descriptor(avatar.image, look(self.finder, avatar.image))
        records = []
        for index, picture in enumerate(rendered):
            found = look(self.finder, picture)
            wanted = target if index % SPARSE == 0 else None
            identity = self._identity(picture, found, wanted)
            records.append(Record(take.looks[index], found, len(picture), identity=identity))
        return records

    def jitter(self, take: Take, render: Callable[[Image], Image]) -> Jitter | None:
        """Show `render` the take's first frame again and again through a noisy camera.

        None where the noise hides the face.
        """
        noise = np.random.default_rng(0)
        still = take.images[0].astype(np.float32)
        shots = [
            np.clip(still + noise.normal(0, _NOISE, still.shape), 0, 255).astype(np.uint8)
            for _ in range(_NOISY_FRAMES)
        ]
        driver = _shake([look(self.finder, shot) for shot in shots])
        rendered = _shake([look(self.finder, render(shot)) for shot in shots])
        if driver is None or rendered is None:
            return None
        scale = _FULL_SIZE / len(still)
        return Jitter(driver * scale, rendered * scale)

    def _lpips(
        self, take: Take, rendered: Mapping[str, Sequence[Image]], sparse: Sequence[int]
    ) -> dict[str, dict[int, float]]:
        if self.compare is None:
            return {way: {} for way in rendered}
        rows = [_chosen(pictures, sparse) for pictures in rendered.values()]
        found = self.compare([take.images[i] for i in sparse], *rows)
        return {
            way: dict(zip(sparse, row, strict=True))
            for way, row in zip(rendered, found, strict=True)
        }

    def _looks(self, pictures: Sequence[Image]) -> list[Look | None]:
        """Look at each picture, at one that repeats only once."""
        known = {id(picture): picture for picture in pictures}
        looks = {key: look(self.finder, picture) for key, picture in known.items()}
        return [looks[id(picture)] for picture in pictures]

    def _descriptor(self, image: Image, found: Look | None) -> Floats | None:
        return None if found is None else self.finder.descriptor(image, found.face)

    def _identity(self, image: Image, found: Look | None, target: Floats | None) -> float | None:
        if found is None or target is None:
            return None
        return float(np.linalg.norm(self.finder.descriptor(image, found.face) - target))


def _chosen(pictures: Sequence[Image], indices: Sequence[int]) -> list[Image]:
    """Return those pictures; one alone where all are the same, so that it is encoded once."""
    chosen = [pictures[i] for i in indices]
    return chosen[:1] if all(picture is chosen[0] for picture in chosen) else chosen


def _shake(looks: Sequence[Look | None]) -> float | None:
    """Root mean square distance of landmarks from their mean place; None with too few faces."""
    points = np.array([found.landmarks for found in looks if found is not None])
    if len(points) < _NOISY_FRAMES // 2:
        return None
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=-1).mean()))
