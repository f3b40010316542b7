"""What a worker works with: engines, detectors, and the avatars, takes and stages by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.metrics import alike
from avatar_app.perturbations import perturb
from avatar_app.study.finder import RememberingFinder
from avatar_app.study.footage import Footage, Stage, Studio, take_frames
from avatar_app.study.measures import at_full
from avatar_app.study.takes import Take, unpack_avatar
from avatar_app.study.watchers import Watchers
from avatar_app.types import Avatar, AvatarAppError, Floats, Image

if TYPE_CHECKING:
    from avatar_app.fomm.perceptual import Lpips

Fetch = Callable[[str], bytes]
"""Gives what was published under a name: "avatar/NAME", "take/NAME", "stage/AVATAR/CLIP"."""

_KEPT = 12


@dataclass(frozen=True)
class Setup:
    """What every worker of a study needs to know.

    `model` a name or a file that `model_sha256` belongs to; `pictured` the avatar and the clip
    whose trials are shown in the report, at the severities `shown`.
    """

    model: str
    model_sha256: str
    device: str
    pictured: tuple[str, str]
    shown: tuple[int, ...]
    has_lpips: bool


class Workplace:
    """Not thread-safe: a worker's own."""

    def __init__(self, setup: Setup, fetch: Fetch) -> None:
        engine = load_reenactor(setup.model, setup.device)
        if engine.model_sha256 != setup.model_sha256:
            engine.close()
            raise AvatarAppError(
                f"A worker has another model called {setup.model}; install the same one there."
            )
        self.setup = setup
        self.studio = Studio(engine, RememberingFinder())
        self.watchers = Watchers(self.studio.finder)
        kept = lru_cache(_KEPT)
        self._avatars = kept(lambda name: unpack_avatar(name, fetch(f"avatar/{name}")))
        self._takes = kept(lambda name: Take.unpacked(name, fetch(f"take/{name}")))
        self._stages = kept(lambda name: Stage.unpacked(fetch(name)))
        self._lpips = kept(self._against)

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return self.studio.relative.size

    def avatar(self, name: str) -> Avatar:
        """Return an avatar."""
        return self._avatars(name)

    def take(self, name: str) -> Take:
        """Return a take."""
        return self._takes(name)

    def stage(self, avatar: str, clip: str) -> Stage:
        """Return the renderings that trials of this avatar and clip are held against."""
        return self._stages(f"stage/{avatar}/{clip}")

    def lpips(self, avatar: str, clip: str, frame: int, image: Image) -> float | None:
        """Return LPIPS of `image` to a frame of the clean rendering; None without the weights."""
        if not self.setup.has_lpips:
            return None
        return self._lpips(avatar, clip, frame)(_half(image))

    def build_stage(self, avatar: Avatar, take: Take) -> Stage:
        """Render what trials of this avatar and take will be held against."""
        studio, frames = self.studio, take_frames(take)
        known = np.flatnonzero(np.isfinite(take.landmarks).all(axis=(1, 2)))
        assert avatar.landmarks is not None
        calibrated = int(known[alike(avatar.landmarks, list(take.landmarks[known]))])
        neutral = frames[calibrated]
        again = take_frames(take, perturb(take.images, take.landmarks, "noise", 0))
        clean = studio.film(studio.relative, avatar, neutral, frames)
        return Stage(
            calibrated=calibrated,
            clean=clean,
            floor=studio.film(studio.relative, avatar, neutral, again),
            zeroth=studio.film(studio.zeroth, avatar, neutral, frames),
            absolute=studio.film(studio.absolute, avatar, neutral, frames),
            person=studio.descriptor(avatar.image, studio.look(avatar.image)),
            people=self._people(clean, take),
        )

    def close(self) -> None:
        """Free the engines."""
        self.studio.close()
        self.watchers.close()

    def _people(self, clean: Footage, take: Take) -> Floats:
        """Return the clean rendering's descriptors in the frames where identity is measured."""
        people = np.full((len(clean.images), 128), np.nan, np.float32)
        for index in identity_frames(take.strength):
            shot = clean.shot(int(index), take.frame(int(index)))
            people[index] = self.studio.descriptor(shot.rendered.image, shot.face)
        return people

    def _against(self, avatar: str, clip: str, frame: int) -> Callable[[Image], float]:
        reference = self.stage(avatar, clip).clean.images[frame]
        return _network().against(_half(reference))


def identity_frames(strength: Floats) -> npt.NDArray[np.intp]:
    """Return the frames in which identity is measured, which takes long: the middle one."""
    return np.array([mid_frame(strength)])


def mid_frame(strength: Floats) -> int:
    """Return the middle one of the frames at full strength."""
    full = at_full(strength)
    return int(full[len(full) // 2])


@lru_cache(maxsize=1)
def _network() -> Lpips:
    from avatar_app.fomm.perceptual import Lpips

    return Lpips()


def _half(image: Image) -> Image:
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
