"""What the detector's network learns from: faces with a map of where they are broken.

Every lesson is one picture of a face that is followed through a scene, as the detector follows it:
the upright face and what lies around it, now and as usual, and which cells of it are broken.
Glitches are drawn onto people and avatars, avatars break by themselves; and what covers, lights or
blurs a whole face before a camera is shown as what it is, no glitch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.glitches import LEARNT, break_face
from avatar_app.calibration_run.labels import CLEAN, UNCLEAR, by_distance, by_strength, distance
from avatar_app.calibration_run.plan import learnt_edges, pupils
from avatar_app.calibration_run.studio import RATE, Studio
from avatar_app.calibration_run.webcam import as_filmed
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.glitch.follower import Follower
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.artifacts import CELLS, ROWS
from avatar_app.glitch.signals.sight import AROUND, FACE, VIEW, Sight
from avatar_app.glitch.watch import USUAL_SECONDS
from avatar_app.perturbations import envelope, perturb
from avatar_app.progress import Progress
from avatar_app.types import Floats, Image
from avatar_app.video import read_clip

YES, NO, UNKNOWN = 1, 0, 255

COVERING = ("hand_mouth", "hand_half", "card_mouth", "cup_mouth", "surgical_mask", "hair_over_face")
"""What may be before a whole face: cases of the fit split."""
DIMMING = ("low_light", "noise", "side_light", "compression")
"""What may be wrong with light, camera and line: cases that the test split has not."""

_FRAMES, _SIZE = 60, 256
_GLITCHES, _COVERS, _DIMMED = 3, 3, 2  # scenes of each clip
_TIMES = 2  # so often each clip is played, another part and otherwise
_HELD_OUT = 12  # the last people say how good a network has become
_EVERY = 3  # pictures: those next to each other hardly differ
DRAWN = (0.05, 0.12)
_RENDERED = (0.18, 0.35)
_LAID = (0.06, 0.25)
"""Of a cell's contrast: so much is no change, so much is one; drawn, rendered, or laid over it."""
_LITTLE_CONTRAST = 8.0


@dataclass(frozen=True, eq=False)
class Lessons:
    """Faces in a `view` (N, 192, 192) uint8, where they are `broken` and where `covered`.

    Both maps are (N, 14, 12) uint8: YES, NO, UNKNOWN. `person` (N,) says who it is, `kind` (N,)
    what happens. `points` (N, 68, 2) float16 are the landmarks, in pixels of the chip. What is
    usual: of the face `usual` (N, 112, 96) uint8, of the face without its shape `texture`
    (N, 112, 96) uint8, and of what lies around it `surroundings` (N, 2, 48, 48) float16.
    """

    view: Image
    points: npt.NDArray[np.float16]
    usual: Image
    texture: Image
    surroundings: npt.NDArray[np.float16]
    broken: Image
    covered: Image
    person: npt.NDArray[np.int32]
    kind: npt.NDArray[np.str_]

    def those(self, which: npt.NDArray[np.bool_]) -> Lessons:
        """Return some of them."""
        columns = (getattr(self, one.name)[which] for one in dataclasses.fields(self))
        return Lessons(*columns)

    def faces(self, index: int) -> tuple[Sight, Sight]:
        """Return what the network takes of one: the face now, and what is usual of it."""
        now = sight.look(self.view[index].astype(np.float32), self.points[index])
        usual = (self.usual, self.texture, self.surroundings)
        return now, Sight(*(column[index].astype(np.float32) for column in usual))


@dataclass(frozen=True, eq=False)
class _Played:
    kind: str
    shown: Image  # (N, H, W, 3)
    real: Image | None  # the same without the glitch or the cover; None where all is real
    drawn: Floats | None = None  # how strongly (N,)
    landmarks: Floats | None = None  # of the real ones, where the avatar broke by itself
    is_covered: bool = False


def play(clips: Path, model: str, device: str, progress: Progress) -> tuple[Lessons, Lessons]:
    """Play the lessons of a folder; return those to learn from, and those of people held out.

    Needs about 12 GB of memory. Raises AvatarAppError for what is wrong with folder or model.
    """
    people = pupils(clips)
    with (
        closing(load_reenactor(model, device, absolute=True)) as engine,
        closing(Studio(engine)) as studio,
    ):
        lessons = gather(studio, people, clips / "edge", progress)
    is_held = lessons.person > lessons.person.max() - _HELD_OUT
    return lessons.those(~is_held), lessons.those(is_held)


def gather(studio: Studio, people: Sequence[Path], edge: Path, progress: Progress) -> Lessons:
    """Play the scenes of all people, and look at whole faces in the clips of the folder `edge`.

    Everybody is played twice, once with an avatar made of them.
    """
    follower = Follower(FaceFinder())
    found = []
    for number, clip in enumerate([*people] * _TIMES):
        progress(number, _TIMES * len(people), "lessons")
        turn, person = divmod(number, len(people))
        found += [
            _followed(follower, played, person)
            for played in _scenes(studio, clip, number, animated=(person + turn) % 2 == 0)
        ]
    for clip in learnt_edges(edge):
        # What is covered in them nobody wrote down; that nothing is broken is known.
        lessons = _followed(follower, _Played("edge", read_clip(clip, _SIZE), None), -1)
        lessons.covered[:] = UNKNOWN
        found.append(lessons)
    progress(1, 1, "lessons")
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
        broken = break_face(
            studio.shot(images, landmarks, seed + turn), LEARNT[name], strength * severity
        )
        real = images
        if chance.random() < 0.6:
            broken, real = as_filmed(broken, seed), as_filmed(images, seed)
        yield _Played(f"painted-{name}", broken, real, strength * severity)
    for turn in range(_COVERS):
        case = COVERING[(_COVERS * number + turn) % len(COVERING)]
        severity_ = int(chance.integers(2, 6))
        covered = perturb(images, landmarks, case, severity_, seed + turn)
        yield _Played(f"covered-{case}", covered, images, is_covered=True)
    for turn in range(_DIMMED):
        case = DIMMING[(_DIMMED * number + turn) % len(DIMMING)]
        dimmed = perturb(images, landmarks, case, int(chance.integers(2, 6)), seed + turn)
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
    broken = break_face(shot, LEARNT[name], strength * severity)
    yield _Played(f"output-{name}", broken, rendered, strength * severity)


def _followed(follower: Follower, played: _Played, person: int) -> Lessons:
    """Follow the face as the detector does; return the lessons of the pictures with one."""
    follower.forget()
    usual: Sight | None = None
    rows = []
    for index, image in enumerate(played.shown):
        face = follower.follow(image)
        if face is not None:
            place = chips.upright(face.landmarks)
            view, points = sight.view(image, place), chips.placed(face.landmarks, place)
            now = sight.look(view, points)
            usual = now if usual is None else sight.nearer(usual, now, 1 / RATE / USUAL_SECONDS)
            if index % _EVERY == 0:
                known = (_short(usual.face), _short(usual.free), usual.around)
                maps = _maps(played, index, face.landmarks, now.face)
                rows.append((_short(view), points, *known, *maps))

    def column(number: int, kind: type[Any], *shape: int) -> npt.NDArray[Any]:
        return np.array([row[number] for row in rows], kind).reshape(-1, *shape)

    return Lessons(
        column(0, np.uint8, VIEW, VIEW),
        column(1, np.float16, 68, 2),
        column(2, np.uint8, chips.HEIGHT, chips.SIDE),
        column(3, np.uint8, chips.HEIGHT, chips.SIDE),
        column(4, np.float16, 2, AROUND, AROUND),
        column(5, np.uint8, ROWS, CELLS),
        column(6, np.uint8, ROWS, CELLS),
        np.full(len(rows), person, np.int32),
        np.full(len(rows), played.kind, "U40"),
    )


def _maps(played: _Played, index: int, landmarks: Floats, now: Floats) -> tuple[Image, Image]:
    """Return where the face is broken, and where covered."""
    nowhere = np.full((ROWS, CELLS), NO, np.uint8)
    if played.real is None:
        return nowhere, nowhere
    real = sight.view(played.real[index], chips.upright(landmarks))[FACE]
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
    """Return (14, 12): which cells of two faces differ by `much`, which by `little` at most."""
    size = chips.SIDE // CELLS
    cells = np.abs(now - real).reshape(ROWS, size, CELLS, size).mean(axis=(1, 3))
    cells /= float(real[: chips.SIDE].std()) + _LITTLE_CONTRAST
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
