"""Plays scenes to the detector and writes down what it measures, with the truth beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.avatars import list_avatars, load_avatar
from avatar_app.calibration_run.glitches import Shot, break_face
from avatar_app.calibration_run.plan import CALM, DRIVEN, EVENTFUL, OUTPUT, PAINTED, REAL, Scene
from avatar_app.glitch.detector import load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.measures import MEASURES
from avatar_app.glitch.signals.chip import SIDE, upright
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.perturbations import envelope, find_case, perturb
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame, Image, Reenactor, Rendered
from avatar_app.video import read_clip

NAMES = tuple(MEASURES)
RATE = 25.0
GLITCH, CLEAN, UNCLEAR = 1, 0, -1

_FRAMES = 75
_SIZE = 256
_ITS_OWN_TRUTH = ("pose", "expression", "motion")  # cases in which a good avatar does the same
# An avatar's distance to the truth beyond that of the undisturbed one: by face chips (share of
# their contrast), and by landmarks (eye distances). Between the two limits it is unclear.
_CLEAN_BELOW, _GLITCH_ABOVE = np.array([0.05, 0.04]), np.array([0.12, 0.10])


@dataclass(frozen=True, eq=False)
class Take:
    """What one role saw of a scene: `measures` (N, len(NAMES)), NaN where missing; `truth` (N,)."""

    scene: Scene
    role: str
    kind: str
    measures: Floats
    truth: npt.NDArray[np.int8]


class Studio:
    """Owns what is needed to play scenes. `close` frees it."""

    def __init__(self, engine: Reenactor, cache: Path) -> None:
        self._engine = engine
        self._cache = cache
        self._finder = FaceFinder()
        self._detectors = {
            role: load_detector(role, finder=self._finder) for role in ("driver", "video")
        }
        self._clip: tuple[Path, Image, Floats] | None = None
        self._calm: tuple[Path, list[Rendered]] | None = None
        self._others: list[tuple[Image, Floats]] = []

    def close(self) -> None:
        """Free the detectors."""
        for detector in self._detectors.values():
            detector.close()

    def takes(self, scene: Scene) -> list[Take]:
        """Play a scene, or read what was written down when it was played before."""
        file = self._cache / f"{scene.name}.npz"
        if not file.exists():
            takes = self._play(scene)
            arrays = {
                f"{index}|{take.role}|{take.kind}|{what}": array
                for index, take in enumerate(takes)
                for what, array in (("measures", take.measures), ("truth", take.truth))
            }
            part = file.with_suffix(".part.npz")
            np.savez_compressed(part, allow_pickle=False, **arrays)
            part.replace(file)
        with np.load(file, allow_pickle=False) as stored:
            return [
                Take(scene, role, kind, stored[key], stored[key.replace("measures", "truth")])
                for key in stored.files
                for _, role, kind, what in [key.split("|")]
                if what == "measures"
            ]

    def _play(self, scene: Scene) -> list[Take]:
        if scene.kind in (EVENTFUL, REAL):
            images = read_clip(scene.clip, _SIZE)
            return [self._watched(scene, _jittered(images, scene), scene.kind)]
        images, landmarks = self._read(scene.clip)
        if scene.kind == PAINTED:
            shot = self._shot(images, landmarks, scene.seed)
            return [self._broken(scene, shot)]
        if scene.kind == CALM and not scene.what:
            return [self._watched(scene, images, CALM)]
        calm = self._rendered(scene.clip, images)
        if scene.kind == CALM:
            return self._avatar(scene, calm, _clean(len(calm)), CALM)
        if scene.kind == OUTPUT:
            return self._broken_avatar(scene, calm, landmarks)
        return self._driven(scene, images, landmarks, calm)

    def _read(self, clip: Path) -> tuple[Image, Floats]:
        if self._clip is None or self._clip[0] != clip:
            images = read_clip(clip, _SIZE)[:_FRAMES]
            self._finder.forget()
            faces = [self._finder.track(image) for image in images]
            known = [index for index, face in enumerate(faces) if face is not None]
            if not known:
                raise AvatarAppError(f"{clip} shows no face that can be found; leave it out.")
            # Where dlib misses the face, the last seen landmarks are near enough to draw by.
            places = np.arange(len(faces))
            last = np.maximum.accumulate(np.where(np.isin(places, known), places, known[0]))
            found = np.stack([face.landmarks for i in last if (face := faces[i]) is not None])
            self._clip = (clip, images, found)
        return self._clip[1], self._clip[2]

    def _rendered(self, clip: Path, images: Image) -> list[Rendered]:
        """Return the clip rebuilt from its first frame, undisturbed."""
        if self._calm is None or self._calm[0] != clip:
            self._engine.set_source(Avatar(clip.stem, images[0]))
            self._calm = (clip, self._animated(images))
        else:
            self._engine.set_source(Avatar(clip.stem, images[0]))
        return self._calm[1]

    def _animated(self, images: Image) -> list[Rendered]:
        return [self._engine.animate(Frame(image, i, i / RATE)) for i, image in enumerate(images)]

    def _driven(
        self, scene: Scene, images: Image, landmarks: Floats, calm: Sequence[Rendered]
    ) -> list[Take]:
        driver = perturb(images, landmarks, scene.what, scene.severity, scene.seed)
        rendered = self._animated(driver)
        own = find_case(scene.what).family in _ITS_OWN_TRUTH
        seen, found = self._measured(scene, rendered)
        calm_seen = [self._fitted(image.image) for image in calm]
        truth = np.full(len(images), CLEAN, np.int8)
        strength = envelope(len(images))
        for index in map(int, np.flatnonzero(strength > 0)):
            real, points = images[index], landmarks[index]
            before = _distance(calm[index].image, calm_seen[index], real, points)
            if own:
                real = driver[index]
                fitted = self._fitted(real)
                points = points if fitted is None else fitted
            now = _distance(rendered[index].image, found[index], real, points)
            truth[index] = _judged(now - before)
        takes = [Take(scene, "driver", DRIVEN, seen, truth)]
        pictures = np.stack([image.image for image in rendered])
        takes.append(self._watched(scene, pictures, DRIVEN, truth))
        takes.append(self._watched(scene, driver, EVENTFUL))
        return takes

    def _broken(self, scene: Scene, shot: Shot) -> Take:
        strength = envelope(len(shot.images)) * np.float32(scene.severity / 5)
        images = break_face(shot, scene.what, strength)
        return self._watched(scene, images, PAINTED, _by_strength(strength))

    def _broken_avatar(
        self, scene: Scene, calm: Sequence[Rendered], landmarks: Floats
    ) -> list[Take]:
        pictures = np.stack([image.image for image in calm])
        strength = envelope(len(calm)) * np.float32(scene.severity / 5)
        broken = break_face(self._shot(pictures, landmarks, scene.seed), scene.what, strength)
        rendered = [
            dataclasses.replace(one, image=image) for one, image in zip(calm, broken, strict=True)
        ]
        return self._avatar(scene, rendered, _by_strength(strength), OUTPUT)

    def _avatar(
        self, scene: Scene, rendered: Sequence[Rendered], truth: npt.NDArray[np.int8], kind: str
    ) -> list[Take]:
        measures, _ = self._measured(scene, rendered)
        pictures = np.stack([image.image for image in rendered])
        video = self._watched(scene, pictures, kind, truth)
        return [Take(scene, "driver", kind, measures, truth), video]

    def _measured(
        self, scene: Scene, rendered: Sequence[Rendered]
    ) -> tuple[Floats, list[Floats | None]]:
        detector = self._detectors["driver"]
        _, images, _ = self._clip or (None, rendered[0].image[None], None)
        detector.set_source(Avatar(scene.clip.stem, images[0]))
        verdicts = [detector.inspect(one) for one in rendered]
        return _table([one.measures for one in verdicts]), [one.landmarks for one in verdicts]

    def _watched(
        self,
        scene: Scene,
        images: Image,
        kind: str,
        truth: npt.NDArray[np.int8] | None = None,
    ) -> Take:
        detector = self._detectors["video"]
        detector.forget()
        rows = [
            detector.inspect_frame(Frame(image, index, index / RATE)).measures
            for index, image in enumerate(images)
        ]
        return Take(
            scene, "video", kind, _table(rows), _clean(len(rows)) if truth is None else truth
        )

    def _shot(self, images: Image, landmarks: Floats, seed: int) -> Shot:
        if not self._others:
            for path in list_avatars().values():
                avatar = load_avatar(path, _SIZE, self._finder.in_photo)
                if avatar.landmarks is not None:
                    self._others.append((avatar.image, avatar.landmarks))
        other, points = self._others[seed % len(self._others)]
        return Shot(images, landmarks, other, points, np.random.default_rng(seed))

    def _fitted(self, image: Image) -> Floats | None:
        face = next(iter(self._finder.find(image)), None)
        return None if face is None else face.landmarks


def _table(rows: Sequence[object]) -> Floats:
    return np.array(
        [[row.get(name, np.nan) for name in NAMES] for row in rows],  # type: ignore[attr-defined]
        np.float32,
    )


def _clean(frames: int) -> npt.NDArray[np.int8]:
    return np.full(frames, CLEAN, np.int8)


def _by_strength(strength: Floats) -> npt.NDArray[np.int8]:
    truth = np.where(strength > 0.3, GLITCH, UNCLEAR)
    return np.where(strength > 0, truth, CLEAN).astype(np.int8)


def _distance(
    image: Image, found: Floats | None, real: Image, points: Floats
) -> npt.NDArray[np.float64]:
    """Return how far a picture is from the real one: by face chips, and by landmarks."""
    place = upright(points)
    one, other = (
        cv2.GaussianBlur(
            cv2.cvtColor(cv2.warpAffine(picture, place, (SIDE, SIDE)), cv2.COLOR_RGB2GRAY),
            (0, 0),
            2,
        ).astype(np.float32)
        for picture in (image, real)
    )
    apart = float(np.abs(one - other)[16:90, 10:86].mean()) / (float(other.std()) + 8)
    if found is None:
        return np.array([apart, 0.3])
    off = np.sqrt(np.square(found - points).sum(axis=1).mean()) / eye_distance(points)
    return np.array([apart, min(float(off), 1.0)])


def _judged(excess: npt.NDArray[np.float64]) -> int:
    if (excess > _GLITCH_ABOVE).any():
        return GLITCH
    return CLEAN if (excess < _CLEAN_BELOW).all() else UNCLEAR


def _jittered(images: Image, scene: Scene) -> Image:
    """Return a clip as it is; one of a real person mirrored, framed and lit a little otherwise."""
    if scene.kind == EVENTFUL:
        return images
    chance = np.random.default_rng(len(images))
    zoom, angle = 1 + 0.08 * chance.random(), 3 * chance.normal()
    place = cv2.getRotationMatrix2D((_SIZE / 2, _SIZE / 2), float(angle), float(zoom))
    gain = 1 + 0.15 * chance.normal()
    framed = [
        cv2.warpAffine(image[:, ::-1], place, (_SIZE, _SIZE), borderMode=cv2.BORDER_REPLICATE)
        for image in images
    ]
    return np.asarray(np.clip(np.stack(framed) * gain, 0, 255), np.uint8)
