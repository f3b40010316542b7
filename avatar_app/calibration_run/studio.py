"""Plays scenes to the detector and writes down what it measures, with the truth beside it."""

from __future__ import annotations

import dataclasses
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar_app.avatars import list_avatars, load_avatar
from avatar_app.calibration_run.glitches import Shot, break_face
from avatar_app.calibration_run.labels import (
    Truth,
    by_distance,
    by_strength,
    distance,
    joined,
)
from avatar_app.calibration_run.plan import (
    AGAIN,
    AVATAR,
    CALM,
    DRIVEN,
    EVENTFUL,
    FILMED,
    FOREIGN,
    GLITCHES,
    JAW,
    OUTPUT,
    PAINTED,
    REAL,
    Scene,
)
from avatar_app.calibration_run.webcam import as_filmed
from avatar_app.glitch.detector import GlitchDetector, load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.measures import CONTEXT, MEASURES, TURN
from avatar_app.perturbations import envelope, find_case, perturb
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame, Image, Reenactor, Rendered
from avatar_app.video import read_clip

NAMES = (*MEASURES, *CONTEXT, TURN)
RATE = 25.0

_FRAMES, _CALM_FRAMES = 75, 150
_SIZE = 256
_KEPT = ("measures", "apart", "drawn")
_ITS_OWN_TRUTH = ("pose", "expression", "motion")  # cases in which a good avatar does the same


@dataclass(frozen=True, eq=False)
class Take:
    """What one role saw of a scene: `measures` (N, len(NAMES)), NaN where missing; `truth` (N,)."""

    scene: Scene
    role: str
    kind: str
    measures: Floats
    truth: Truth


@dataclass(frozen=True, eq=False)
class _Record:
    """A take as it is kept: the frames' distances (N, 2) to the truth, and the strength (N,).

    Both are NaN where that does not say what is a glitch; so what counts as far may change later.
    """

    role: str
    kind: str
    measures: Floats
    apart: Floats
    drawn: Floats

    def truth(self) -> Truth:
        """Label the frames by both."""
        drawn = by_strength(np.nan_to_num(self.drawn))
        return drawn if np.isnan(self.apart).all() else joined(drawn, by_distance(self.apart))


class Studio:
    """Owns what is needed to play scenes, with a folder for what was measured. `close` frees it."""

    def __init__(self, engine: Reenactor, cache: Path | None = None) -> None:
        self._engine = engine
        self._cache = cache
        self._finder = FaceFinder()
        self._detectors: dict[str, GlitchDetector] = {}
        self._clip: tuple[Path, Image, Floats] | None = None
        self._calm: tuple[Path, list[Rendered]] | None = None
        self._others: list[tuple[Image, Floats]] = []

    def close(self) -> None:
        """Free the detectors."""
        for detector in self._detectors.values():
            detector.close()

    def takes(self, scene: Scene) -> list[Take]:
        """Play a scene, or read what was written down when it was played before.

        What was written with other measures than there are now, or is damaged, is played again.
        """
        if self._cache is None:
            raise ValueError("Studio.takes: expected a cache")
        file = self._cache / f"{scene.name}.npz"
        records = _read(file)
        if not records or any(row.measures.shape[1] != len(NAMES) for row in records):
            records = self._play(scene)
            arrays = {
                f"{index}|{record.role}|{record.kind}|{what}": getattr(record, what)
                for index, record in enumerate(records)
                for what in _KEPT
            }
            part = file.with_suffix(".part.npz")
            np.savez_compressed(part, allow_pickle=False, **arrays)
            part.replace(file)
        return [Take(scene, one.role, one.kind, one.measures, one.truth()) for one in records]

    def _play(self, scene: Scene) -> list[_Record]:
        if scene.kind == REAL or (scene.kind == EVENTFUL and not scene.what):
            images = read_clip(scene.clip, _SIZE)
            if scene.kind == REAL:
                images = as_filmed(images, scene.seed, is_rough=scene.seed > 0)
            return [self._watched(scene.kind, images)]
        if scene.kind == CALM and scene.what != AVATAR:
            images = read_clip(scene.clip, _SIZE)[:_CALM_FRAMES]
            images = as_filmed(images, scene.seed) if scene.what == FILMED else images
            return [self._watched(CALM, images)]
        images, landmarks = self.read(scene.clip)
        if scene.kind in (CALM, AGAIN):
            return self._calm_avatar(scene, images, landmarks)
        images, landmarks = images[:_FRAMES], landmarks[:_FRAMES]
        if scene.kind == EVENTFUL:
            driver = perturb(images, landmarks, scene.what, scene.severity, scene.seed)
            return [self._watched(EVENTFUL, driver)]
        if scene.kind in (PAINTED, JAW, FOREIGN):
            return [self._broken(scene, self.shot(images, landmarks, scene.seed))]
        if scene.kind == DRIVEN:
            return self._driven(scene, images, landmarks)
        calm = self._rendered(scene.clip)[:_FRAMES]
        return self._broken_avatar(scene, calm, images, landmarks)

    def read(self, clip: Path) -> tuple[Image, Floats]:
        """Return the first seconds of a clip, (N, 256, 256, 3), and its landmarks (N, 68, 2)."""
        if self._clip is None or self._clip[0] != clip:
            images = read_clip(clip, _SIZE)[:_CALM_FRAMES]
            self._clip = (clip, images, self._followed(clip, images))
        return self._clip[1], self._clip[2]

    def _followed(self, clip: Path, images: Image) -> Floats:
        self._finder.forget()
        faces = [self._finder.track(image) for image in images]
        known = [index for index, face in enumerate(faces) if face is not None]
        if not known:
            raise AvatarAppError(f"{clip} shows no face that can be found; leave it out.")
        # Where dlib misses the face, the last seen landmarks are near enough to draw by.
        places = np.arange(len(faces))
        last = np.maximum.accumulate(np.where(np.isin(places, known), places, known[0]))
        return np.stack([face.landmarks for i in last if (face := faces[i]) is not None])

    def _rendered(self, clip: Path) -> list[Rendered]:
        """Return the clip rebuilt from its first frame, undisturbed."""
        if self._calm is None or self._calm[0] != clip:
            images, _ = self.read(clip)
            self._calm = (clip, self.animated(clip, images, images[0]))
        return self._calm[1]

    def animated(self, clip: Path, images: Image, source: Image) -> list[Rendered]:
        """Let the pictures (N, H, W, 3) drive an avatar made of `source` (H, W, 3)."""
        self._engine.set_source(Avatar(clip.stem, source))
        return [self._engine.animate(Frame(image, i, i / RATE)) for i, image in enumerate(images)]

    def _calm_avatar(self, scene: Scene, images: Image, landmarks: Floats) -> list[_Record]:
        if not scene.seed:
            return self._avatar(CALM, self._rendered(scene.clip), images, landmarks)
        real = as_filmed(images, scene.seed, is_rough=False)
        rendered = self.animated(scene.clip, as_filmed(images, scene.seed), real[0])
        points = self._followed(scene.clip, real)
        if scene.kind == AGAIN:
            pictures = [one.image for one in rendered]
            return [self._driver(AGAIN, rendered, self._apart(pictures, real, points), real[0])]
        return self._avatar(CALM, rendered, real, points, source=real[0])

    def _driven(self, scene: Scene, images: Image, landmarks: Floats) -> list[_Record]:
        driver = perturb(images, landmarks, scene.what, scene.severity, scene.seed)
        rendered = self.animated(scene.clip, driver, images[0])
        if find_case(scene.what).family not in _ITS_OWN_TRUTH:
            return self._avatar(DRIVEN, rendered, images, landmarks)
        fitted = [self._fitted(image) for image in driver]
        real = np.stack(
            [old if new is None else new for old, new in zip(landmarks, fitted, strict=True)]
        )
        return self._avatar(DRIVEN, rendered, driver, real)

    def _broken(self, scene: Scene, shot: Shot) -> _Record:
        strength = envelope(len(shot.images)) * np.float32(scene.severity / 5)
        images = break_face(shot, GLITCHES[scene.what], strength)
        if scene.kind == PAINTED and scene.seed % 2:
            images = as_filmed(images, scene.seed)
        return self._watched(scene.kind, images, drawn=strength)

    def _broken_avatar(
        self, scene: Scene, calm: Sequence[Rendered], images: Image, landmarks: Floats
    ) -> list[_Record]:
        pictures = np.stack([image.image for image in calm])
        strength = envelope(len(calm)) * np.float32(scene.severity / 5)
        shot = self.shot(pictures, landmarks, scene.seed)
        broken = break_face(shot, GLITCHES[scene.what], strength)
        rendered = [
            dataclasses.replace(one, image=image) for one, image in zip(calm, broken, strict=True)
        ]
        apart = self._apart([one.image for one in calm], images, landmarks)
        return self._avatar(OUTPUT, rendered, images, landmarks, apart, strength)

    def _avatar(
        self,
        kind: str,
        rendered: Sequence[Rendered],
        real: Image,
        landmarks: Floats,
        apart: Floats | None = None,
        drawn: Floats | None = None,
        source: Image | None = None,
    ) -> list[_Record]:
        """Judge an avatar in both roles; the `real` pictures and landmarks are the truth.

        Its `source` is the clip's first picture by default.
        """
        pictures = [one.image for one in rendered]
        if apart is None:
            apart = self._apart(pictures, real, landmarks)
        return [
            self._driver(kind, rendered, apart, self._first() if source is None else source, drawn),
            self._watched(kind, np.stack(pictures), apart, drawn),
        ]

    def _driver(
        self,
        kind: str,
        rendered: Sequence[Rendered],
        apart: Floats,
        source: Image,
        drawn: Floats | None = None,
    ) -> _Record:
        detector = self._detector("driver")
        detector.set_source(Avatar("source", source))
        measures = _table([detector.inspect(one).measures for one in rendered])
        return _Record("driver", kind, measures, apart, _or_none(drawn, len(measures)))

    def _detector(self, role: str) -> GlitchDetector:
        if role not in self._detectors:
            self._detectors[role] = load_detector(role, finder=self._finder)
        return self._detectors[role]

    def _first(self) -> Image:
        assert self._clip is not None
        return np.asarray(self._clip[1][0], np.uint8)

    def _apart(self, pictures: Sequence[Image], real: Image, landmarks: Floats) -> Floats:
        return np.stack(
            [
                distance(picture, self._fitted(picture), true, points)
                for picture, true, points in zip(pictures, real, landmarks, strict=True)
            ]
        )

    def _watched(
        self,
        kind: str,
        images: Image,
        apart: Floats | None = None,
        drawn: Floats | None = None,
    ) -> _Record:
        detector = self._detector("video")
        detector.forget()
        rows = [
            detector.inspect_frame(Frame(image, index, index / RATE)).measures
            for index, image in enumerate(images)
        ]
        unknown = np.full((len(rows), 2), np.nan, np.float32)
        far = unknown if apart is None else apart
        return _Record("video", kind, _table(rows), far, _or_none(drawn, len(rows)))

    def shot(self, images: Image, landmarks: Floats, seed: int) -> Shot:
        """Return what a glitch is drawn into; by the seed, which other face it may use."""
        if not self._others:
            for path in list_avatars().values():
                avatar = load_avatar(path, _SIZE, self._finder.in_photo)
                if avatar.landmarks is not None:
                    self._others.append((avatar.image, avatar.landmarks))
        other, points = self._others[seed % len(self._others)]
        chance = np.random.default_rng(seed)
        return Shot(images, landmarks, other, points, chance, 2 * np.pi * chance.random())

    def _fitted(self, image: Image) -> Floats | None:
        face = next(iter(self._finder.find(image)), None)
        return None if face is None else face.landmarks


def _read(file: Path) -> list[_Record]:
    """Return what was kept, nothing where that cannot be read."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            beginnings = dict.fromkeys(key.rpartition("|")[0] for key in stored.files)
            return [
                _Record(*begin.split("|")[1:], *(stored[f"{begin}|{what}"] for what in _KEPT))
                for begin in beginnings
            ]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile):
        return []


def _table(rows: Sequence[object]) -> Floats:
    return np.array(
        [[row.get(name, np.nan) for name in NAMES] for row in rows],  # type: ignore[attr-defined]
        np.float32,
    )


def _or_none(drawn: Floats | None, frames: int) -> Floats:
    return np.full(frames, np.nan, np.float32) if drawn is None else drawn
