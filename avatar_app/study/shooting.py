"""The trials themselves: what is rendered, watched and measured for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from avatar_app.fomm.reenactor import FommReenactor
from avatar_app.glitch.landmarks import Face
from avatar_app.perturbations import CASES, perturb
from avatar_app.perturbations.cases import SOURCE
from avatar_app.study.footage import NO_FACE, NOBODY, Footage, Shot, take_frames
from avatar_app.study.measures import (
    ANOTHER_PERSON,
    FAILS,
    Beside,
    at_full,
    expected_landmarks,
    is_movement,
)
from avatar_app.study.takes import Take
from avatar_app.study.trials import (
    ABSOLUTE,
    CALIBRATION,
    NOTHING_SOURCE,
    RELATIVE,
    ZEROTH,
    Job,
    Trial,
)
from avatar_app.study.watchers import Watched
from avatar_app.study.workplace import Workplace, identity_frames, mid_frame
from avatar_app.types import Avatar, Floats, Image

_WITHIN = ("heatmap_entropy", "fold_share", "out_of_range_share", "occlusion_area")
"""The model's own measures that rows keep, at rest and at full strength."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a trial.

    `metrics` by name; `within`: of some measures the mean before the onset and that at full
    strength; `frames`: series over the frames; `watched`: what the detectors said, by role;
    `pictures`: driver, clean and perturbed rendering in the middle frame, for the eye.
    """

    metrics: Mapping[str, float | None]
    within: Mapping[str, tuple[float | None, float | None]]
    frames: Mapping[str, Sequence[float | None]]
    watched: Mapping[str, Watched]
    pictures: tuple[Image, Image, Image] | None = None


@dataclass(frozen=True, eq=False)
class Perturbed:
    """A take with a case happening in it: its pictures, and the faces that dlib finds in them.

    `landmarks` (N, 68, 2) and `scores` (N,) are known where `strength` (N,) is above 0; elsewhere
    they are the clean take's, and 1.
    """

    take: Take
    case: str
    images: Image
    strength: Floats
    landmarks: Floats
    scores: Floats

    @property
    def expected_shift(self) -> tuple[Floats, Floats] | tuple[None, None]:
        """The driver's landmarks and the clean ones, where the driver really moves."""
        case = CASES.get(self.case)
        if case is None or not is_movement(case):
            return None, None
        return self.landmarks, self.take.landmarks


def perturb_take(place: Workplace, take: Take, job: Job) -> Perturbed:
    """Let the job's case happen in a take, and look for the driver's face."""
    strength = take.strength
    if job.severity == 0:
        images = perturb(take.images, take.landmarks, "noise", 0)
        clean = np.where(np.isfinite(take.landmarks[:, 0, 0]), 1.0, NO_FACE).astype(np.float32)
        return Perturbed(take, job.case, images, strength, take.landmarks, clean)
    images = perturb(take.images, take.landmarks, job.case, job.severity, job.seed, strength)
    landmarks, scores = take.landmarks.copy(), np.ones(len(images), np.float32)
    for index in np.flatnonzero(strength):
        face = place.studio.look(images[index], may_be_small(job.case))
        landmarks[index], scores[index] = _found(face)
    return Perturbed(take, job.case, images, strength, landmarks, scores)


def drive(place: Workplace, trial: Trial, seen: Perturbed) -> Outcome:
    """Drive the avatar by the perturbed take, as the app does."""
    avatar, stage = place.avatar(trial.avatar), place.stage(trial.avatar, trial.clip)
    engine = place.studio.relative
    engine.set_source(avatar)
    engine.calibrate(seen.take.frame(stage.calibrated))
    shots = []
    for index, frame in enumerate(take_frames(seen.take, seen.images)):
        if trial.severity == 0 or seen.strength[index] == 0:  # rendered before
            shots.append(stage.floor.shot(index, frame))
        else:
            shots.append(place.studio.shoot(engine, frame, may_be_small(trial.case)))
    beside = _beside(place, trial, Footage.of(shots), stage.clean, seen)
    return _outcome(place, trial, beside, shots, avatar, seen.images, stage.person)


def drive_otherwise(place: Workplace, trial: Trial, seen: Perturbed) -> Outcome:
    """Drive the avatar by another rule, or after a calibration on a perturbed frame.

    Only the frames at full strength are rendered.
    """
    stage = place.stage(trial.avatar, trial.clip)
    engine = _engine(place, trial.kind)
    clean: Footage = getattr(stage, trial.kind) if trial.kind != CALIBRATION else stage.clean
    engine.set_source(place.avatar(trial.avatar))
    middle = mid_frame(seen.strength)
    if trial.kind == CALIBRATION:
        engine.calibrate(seen.take.frame(middle, seen.images[middle]))
        seen = replace(seen, images=seen.take.images, landmarks=seen.take.landmarks)
    else:
        engine.calibrate(seen.take.frame(stage.calibrated))
    frames = take_frames(seen.take, seen.images)
    shots = [clean.shot(index, frame) for index, frame in enumerate(frames)]
    for index in at_full(seen.strength):
        shots[index] = place.studio.shoot(engine, frames[index], may_be_small(trial.case))
    beside = _beside(place, trial, Footage.of(shots), clean, seen)
    return Outcome(beside.metrics(), {}, {}, {})


def paste(place: Workplace, trial: Trial, job: Job) -> Outcome:
    """Draw the case onto the clean rendering: the avatar is intact behind it."""
    take, stage = place.take(trial.clip), place.stage(trial.avatar, trial.clip)
    filmed = Take(trial.clip, stage.clean.images, stage.clean.landmarks, take.rate)
    strength = filmed.strength
    images = perturb(filmed.images, filmed.landmarks, job.case, job.severity, job.seed, strength)
    scores = stage.clean.scores.copy()
    for index in np.flatnonzero(strength):
        scores[index] = _found(place.studio.look(images[index]))[1]
    end = _end(strength)
    watched = {"video": place.watchers.video(take_frames(filmed, images[:end]))}
    return Outcome({}, {}, _series(strength[:end], scores[:end]), watched)


def watch_person(place: Workplace, seen: Perturbed) -> Outcome:
    """Show the driver as a real person to the spectator's detector."""
    end = _end(seen.strength)
    watched = {"video": place.watchers.video(take_frames(seen.take, seen.images[:end]))}
    lost = seen.scores[at_full(seen.strength)] <= NO_FACE
    series = _series(seen.strength[:end], seen.scores[:end])
    return Outcome({"mfr": float(lost.mean())}, {}, series, watched)


def drive_source(place: Workplace, trial: Trial) -> Outcome:
    """Drive an avatar that is itself an edge case by the clean take."""
    avatar, take = place.avatar(trial.avatar), place.take(trial.clip)
    stage = place.stage(trial.avatar, trial.clip)
    assert avatar.landmarks is not None
    case = "source_beard" if trial.case == NOTHING_SOURCE else trial.case
    image = perturb(avatar.image[None], avatar.landmarks[None], case, trial.severity, trial.seed)[0]
    face = _nearest(place.studio.finder.find(image, upsample=1), avatar.landmarks)
    changed = Avatar(trial.avatar, image, landmarks=None if face is None else face.landmarks)
    place.studio.relative.set_source(changed)
    place.studio.relative.calibrate(take.frame(stage.calibrated))
    small = may_be_small(trial.case)
    engine = place.studio.relative
    shots = [place.studio.shoot(engine, frame, small) for frame in take_frames(take)]
    strength = np.ones(len(shots), np.float32)
    footage = Footage.of(shots)
    expected = stage.clean.landmarks
    if face is not None:
        changed_shape = expected + (face.landmarks - avatar.landmarks)
        expected = _nearer(footage.landmarks, expected, changed_shape)
    beside = Beside(
        footage.images, footage.landmarks, stage.clean.images, stage.clean.landmarks, expected,
        take.landmarks, _fold_share(footage), stage.calibrated, strength,
    )  # fmt: skip
    person = place.studio.descriptor(image, face)
    shown = np.repeat(image[None], len(shots), axis=0)
    return _outcome(place, trial, beside, shots, changed, shown, person)


def _beside(
    place: Workplace, trial: Trial, footage: Footage, clean: Footage, seen: Perturbed
) -> Beside:
    stage = place.stage(trial.avatar, trial.clip)
    moved, still = seen.expected_shift if trial.kind != CALIBRATION else (None, None)
    expected = expected_landmarks(clean.landmarks, moved, still)
    return Beside(
        footage.images, footage.landmarks, clean.images, clean.landmarks, expected,
        seen.take.landmarks, _fold_share(footage), stage.calibrated, seen.strength,
    )  # fmt: skip


def _outcome(
    place: Workplace,
    trial: Trial,
    beside: Beside,
    shots: Sequence[Shot],
    avatar: Avatar,
    drivers: Image,
    person: Floats,
) -> Outcome:
    metrics = dict(beside.metrics())
    damage = beside.damage()
    middle = mid_frame(beside.strength)
    metrics |= _identities(place, trial, beside, shots, person)
    metrics["lpips"] = place.lpips(trial.avatar, trial.clip, middle, beside.images[middle])
    scores = np.array([shot.score for shot in shots], np.float32)
    end = len(shots) if trial.severity == 0 else _end(beside.strength)
    pictures = (drivers[middle], beside.clean_images[middle], beside.images[middle])
    return Outcome(
        metrics=metrics,
        within=within(shots, beside.strength),
        frames={**_series(beside.strength[:end], scores[:end]), "damage": _rounded(damage[:end])},
        watched=place.watchers.avatar(avatar, [shot.rendered for shot in shots[:end]]),
        pictures=pictures if _is_pictured(place, trial) else None,
    )


def _identities(
    place: Workplace, trial: Trial, beside: Beside, shots: Sequence[Shot], person: Floats
) -> dict[str, float | None]:
    """Measure identity in a few frames, and count those as failed that show another person."""
    stage = place.stage(trial.avatar, trial.clip)
    indices = identity_frames(place.take(trial.clip).strength)
    found = np.array(
        [place.studio.descriptor(shots[i].rendered.image, shots[i].face) for i in indices]
    )
    own = np.linalg.norm(found - person, axis=1)
    change = np.linalg.norm(found - stage.people[indices], axis=1)
    case = CASES.get(trial.case)
    decisive = own if case is not None and case.side == SOURCE else change
    damage = beside.damage()
    failed = damage >= FAILS
    failed[indices] |= decisive > ANOTHER_PERSON
    full = at_full(beside.strength)
    judged = full[np.isfinite(damage[full]) | failed[full]]
    return {
        "identity": _mean(own),
        "identity_change": _mean(change),
        "failed": float(failed[judged].mean()) if len(judged) else None,
    }


def within(shots: Sequence[Shot], strength: Floats) -> dict[str, tuple[float, float]]:
    """Return the means of some measures before the onset, and at full strength."""
    full = at_full(strength)
    rest = np.flatnonzero(strength[: full[0] + 1] == 0)
    values = {name: [shot.rendered.measures[name] for shot in shots] for name in _WITHIN}
    values["face_score"] = [shot.score for shot in shots]
    values["missing"] = [float(shot.face is None) for shot in shots]
    if not len(rest):
        rest = full
    return {
        name: (float(np.mean(np.take(series, rest))), float(np.mean(np.take(series, full))))
        for name, series in values.items()
    }


def may_be_small(case: str) -> bool:
    """Return whether a case makes faces smaller than dlib finds in a picture as it is."""
    return case in ("distance", "source_small")


def _end(strength: Floats) -> int:
    """Return the number of frames until the perturbation is over: later ones are not watched."""
    return int(np.flatnonzero(strength)[-1]) + 1


def _engine(place: Workplace, kind: str) -> FommReenactor:
    studio = place.studio
    return {ZEROTH: studio.zeroth, ABSOLUTE: studio.absolute, CALIBRATION: studio.relative}[kind]


def _is_pictured(place: Workplace, trial: Trial) -> bool:
    setup = place.setup
    there = (trial.avatar, trial.clip) == setup.pictured and trial.severity in setup.shown
    return there and trial.seed == 0 and trial.kind == RELATIVE


def _fold_share(footage: Footage) -> Floats:
    column = list(map(str, footage.names)).index("fold_share")
    return np.asarray(footage.measures[:, column], np.float32)


def _found(face: Face | None) -> tuple[Floats, float]:
    return (NOBODY, NO_FACE) if face is None else (face.landmarks, face.score)


def _nearest(faces: Sequence[Face], landmarks: Floats) -> Face | None:
    """Return the face that is nearest to the landmarks of old."""
    return min(faces, key=lambda f: float(np.abs(f.landmarks - landmarks).mean()), default=None)


def _nearer(landmarks: Floats, one: Floats, other: Floats) -> Floats:
    """Return for each frame that of two expectations (N, 68, 2) which is met better.

    Dlib reads many a picture with glasses or a hand wrongly: the avatar's old shape counts too.
    """
    apart = [np.linalg.norm(landmarks - points, axis=2).mean(axis=1) for points in (one, other)]
    return np.where((apart[1] < apart[0])[:, None, None], other, one)


def _series(strength: Floats, scores: Floats) -> dict[str, list[float | None]]:
    return {"strength": _rounded(strength), "face_score": _rounded(scores)}


def _rounded(values: Floats) -> list[float | None]:
    return [round(float(value), 3) if np.isfinite(value) else None for value in values]


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
