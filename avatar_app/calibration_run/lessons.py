"""What the detector's network learns from: faces with a map of where they are broken.

Every lesson is one picture of a face that is followed through a scene, as the detector follows it:
the upright face now, the one that is usual, and which cells of it are broken. Glitches are drawn
onto people and avatars, avatars break by themselves; and what covers, lights or blurs a whole face
before a camera is shown as what it is, no glitch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.glitches import LEARNT, break_face
from avatar_app.calibration_run.labels import CLEAN, UNCLEAR, by_distance, by_strength, distance
from avatar_app.calibration_run.plan import learnt_edges
from avatar_app.calibration_run.studio import RATE, Studio
from avatar_app.calibration_run.webcam import as_filmed
from avatar_app.glitch.follower import Follower
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.signals.artifacts import CELLS
from avatar_app.glitch.signals.shapefree import shapefree
from avatar_app.glitch.watch import USUAL_SECONDS
from avatar_app.perturbations import envelope, perturb
from avatar_app.progress import Progress
from avatar_app.types import Floats, Image
from avatar_app.video import read_clip

YES, NO, UNKNOWN = 1, 0, 255

COVERING = ("hand_mouth", "hand_half", "card_mouth", "cup_mouth", "surgical_mask", "hair_over_face")
"""What may be before a whole face: cases of the fit split."""
DIMMING = ("low_light", "noise", "side_light")
"""What may be wrong with light and camera: cases of the fit split."""

_FRAMES, _SIZE = 60, 256
_GLITCHES, _COVERS = 3, 3  # scenes of each clip
DRAWN = (0.05, 0.12)
_RENDERED = (0.18, 0.35)
_LAID = (0.06, 0.25)
"""Of a cell's contrast: so much is no change, so much is one; drawn, rendered, or laid over it."""
_LITTLE_CONTRAST = 8.0


@dataclass(frozen=True, eq=False)
class Lessons:
    """Faces `now` and as `usual` (N, 96, 96) uint8, where they are `broken` and where `covered`.

    Both maps are (N, 12, 12) uint8: YES, NO, UNKNOWN. `person` (N,) says who it is, `kind` (N,)
    what happens. `points` (N, 68, 2) float16 are the landmarks, in pixels of the face now;
    `texture` (N, 96, 96) uint8 is what is usual of the face without its shape.
    """

    now: Image
    usual: Image
    texture: Image
    points: npt.NDArray[np.float16]
    broken: Image
    covered: Image
    person: npt.NDArray[np.int32]
    kind: npt.NDArray[np.str_]

    def those(self, which: npt.NDArray[np.bool_]) -> Lessons:
        """Return some of them."""
        columns = (getattr(self, one.name)[which] for one in dataclasses.fields(self))
        return Lessons(*columns)

    def faces(self, index: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what the network takes of one: face and usual, and both without their shape."""
        columns = (self.now, self.usual, self.texture)
        now, usual, texture = (column[index].astype(np.float32) for column in columns)
        return now, usual, shapefree(now, self.points[index]), texture


@dataclass(frozen=True, eq=False)
class _Played:
    kind: str
    shown: Image  # (N, H, W, 3)
    real: Image | None  # the same without the glitch or the cover; None where all is real
    drawn: Floats | None = None  # how strongly (N,)
    landmarks: Floats | None = None  # of the real ones, where the avatar broke by itself
    is_covered: bool = False


def gather(studio: Studio, people: Sequence[Path], edge: Path, progress: Progress) -> Lessons:
    """Play the scenes of all people, and look at whole faces in the clips of the folder `edge`.

    Of every second person an avatar is made, too.
    """
    follower = Follower(FaceFinder())
    found = []
    for number, clip in enumerate(people):
        progress(number, len(people), "lessons")
        found += [
            _followed(follower, played, number)
            for played in _scenes(studio, clip, number, animated=number % 2 == 0)
        ]
    for clip in learnt_edges(edge):
        # What is covered in them nobody wrote down; that nothing is broken is known.
        lessons = _followed(follower, _Played("edge", read_clip(clip, _SIZE), None), -1)
        lessons.covered[:] = UNKNOWN
        found.append(lessons)
    progress(len(people), len(people), "lessons")
    return Lessons(
        *(
            np.concatenate([getattr(one, column.name) for one in found])
            for column in dataclasses.fields(Lessons)
        )
    )


def _scenes(studio: Studio, clip: Path, number: int, animated: bool) -> Iterator[_Played]:
    chance = np.random.default_rng(number)
    images, landmarks = studio.read(clip)
    begin = int(chance.integers(0, max(1, len(images) - _FRAMES)))
    images, landmarks = images[begin : begin + _FRAMES], landmarks[begin : begin + _FRAMES]
    strength = envelope(len(images))
    names = list(LEARNT)
    seed = 1000 + 7 * number
    yield _Played("calm", as_filmed(images, seed), None)
    for turn in range(_GLITCHES):
        name = names[(_GLITCHES * number + turn) % len(names)]
        severity = np.float32(chance.uniform(0.4, 1.0))
        broken = break_face(studio.shot(images, landmarks, seed + turn), name, strength * severity)
        real = images
        if chance.random() < 0.6:
            broken, real = as_filmed(broken, seed), as_filmed(images, seed)
        yield _Played(f"painted-{name}", broken, real, strength * severity)
    for turn in range(_COVERS):
        case = COVERING[(_COVERS * number + turn) % len(COVERING)]
        severity_ = int(chance.integers(2, 6))
        covered = perturb(images, landmarks, case, severity_, seed + turn)
        yield _Played(f"covered-{case}", covered, images, is_covered=True)
    case = DIMMING[number % len(DIMMING)]
    dimmed = perturb(images, landmarks, case, int(chance.integers(2, 6)), seed)
    yield _Played(f"dimmed-{case}", dimmed, None)
    if not animated:
        return
    rendered = np.stack([one.image for one in studio.animated(clip, images, images[0])])
    yield _Played("avatar", rendered, images, landmarks=landmarks)
    cases = (*COVERING, *DIMMING)
    case = cases[(number + 4) % len(cases)]
    driver = perturb(images, landmarks, case, int(chance.integers(3, 6)), seed)
    driven = np.stack([one.image for one in studio.animated(clip, driver, images[0])])
    yield _Played(f"driven-{case}", driven, images, landmarks=landmarks)
    name = names[(2 * number + 5) % len(names)]
    severity = np.float32(chance.uniform(0.4, 1.0))
    shot = studio.shot(rendered, landmarks, seed + 2)
    broken = break_face(shot, name, strength * severity)
    yield _Played(f"output-{name}", broken, rendered, strength * severity)


def _followed(follower: Follower, played: _Played, person: int) -> Lessons:
    """Follow the face as the detector does; return the lessons of the pictures with one."""
    follower.forget()
    usual = texture = None
    rows = []
    share = np.float32(1 / RATE / USUAL_SECONDS)
    for index, image in enumerate(played.shown):
        face = follower.follow(image)
        if face is not None:
            place = chips.upright(face.landmarks)
            now, points = chips.chip(image, place), chips.placed(face.landmarks, place)
            free = shapefree(now, points)
            usual = now if usual is None else usual + share * (now - usual)
            texture = free if texture is None else texture + share * (free - texture)
            faces = [_short(one) for one in (now, usual, texture)]
            rows.append((*faces, points, *_maps(played, index, face.landmarks, now)))
    sides = (*[(chips.SIDE, chips.SIDE)] * 3, (68, 2), *[(CELLS, CELLS)] * 2)
    types = (*[np.uint8] * 3, np.float16, *[np.uint8] * 2)
    now_, usual_, texture_, points_, broken, covered = (
        np.array([row[i] for row in rows], kind).reshape(-1, *side)
        for i, (side, kind) in enumerate(zip(sides, types, strict=True))
    )
    people = np.full(len(rows), person, np.int32)
    kinds = np.full(len(rows), played.kind, "U40")
    return Lessons(now_, usual_, texture_, points_, broken, covered, people, kinds)


def _maps(played: _Played, index: int, landmarks: Floats, now: Floats) -> tuple[Image, Image]:
    """Return where the face is broken, and where covered."""
    nowhere = np.full((CELLS, CELLS), NO, np.uint8)
    if played.real is None:
        return nowhere, nowhere
    real = chips.chip(played.real[index], chips.upright(landmarks))
    if played.is_covered:
        return nowhere, changed(now, real, *_LAID)
    label = _label(played, index, landmarks)
    if label == CLEAN:
        return nowhere, nowhere
    # A drawing is known to the pixel; a rendering is never so exact.
    if played.drawn is not None:
        found = changed(now, real, *DRAWN)
    else:
        found = changed(_soft(now), _soft(real), *_RENDERED)
    if label == UNCLEAR:
        found[found == YES] = UNKNOWN
    return found, nowhere


def changed(now: Floats, real: Floats, little: float, much: float) -> Image:
    """Return (12, 12): which cells of two chips differ by `much`, and which by `little` at most."""
    size = chips.SIDE // CELLS
    cells = np.abs(now - real).reshape(CELLS, size, CELLS, size).mean(axis=(1, 3))
    cells /= float(real.std()) + _LITTLE_CONTRAST
    return np.where(cells > much, YES, np.where(cells < little, NO, UNKNOWN)).astype(np.uint8)


def _label(played: _Played, index: int, landmarks: Floats) -> int:
    """Label a picture as a whole, as the scenes are labelled that the fit is made from."""
    if played.drawn is not None:
        return int(by_strength(played.drawn[index : index + 1])[0])
    assert played.real is not None
    assert played.landmarks is not None
    apart = distance(played.shown[index], landmarks, played.real[index], played.landmarks[index])
    return int(by_distance(apart[None])[0])


def _soft(face: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 2), np.float32)


def _short(face: Floats) -> Image:
    return np.asarray(np.clip(face + 0.5, 0, 255), np.uint8)
