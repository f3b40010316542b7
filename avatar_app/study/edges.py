"""Edge cases that were really rendered as motion, to hold the drawn ones against."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar_app.metrics import alike
from avatar_app.study.footage import take_frames
from avatar_app.study.shooting import Outcome, may_be_small, within
from avatar_app.study.takes import Cut, Take, read_take
from avatar_app.study.trials import EDGE, Trial
from avatar_app.study.watchers import Watched
from avatar_app.study.workplace import Workplace, mid_frame
from avatar_app.types import AvatarAppError, Floats
from avatar_app.video import VIDEO_SUFFIXES

EDGE_CASES: Mapping[str, str] = {
    "approach": "cropped_forehead",
    "card_mouth": "card_mouth",
    "coloured_light": "coloured_light",
    "cup_mouth": "cup_mouth",
    "eyes_closed": "eyes_closed",
    "hand_eyes": "hand_eyes",
    "hand_half": "hand_half",
    "hand_wave": "hand_wave",
    "jpeg": "compression",
    "leave_left": "leave_frame",
    "low_light": "low_light",
    "motion_blur": "motion_blur",
    "noise": "noise",
    "over_exposure": "over_exposure",
    "phone_half": "phone_half",
    "pitch_sweep": "pitch",
    "recede": "distance",
    "roll_sweep": "roll",
    "second_face": "second_face",
    "side_light": "side_light",
    "smile_teeth": "teeth",
    "sunglasses": "sunglasses",
    "surgical_mask": "surgical_mask",
    "tongue_out": "tongue",
    "wide_mouth": "wide_mouth",
    "wink": "wink",
    "yaw_sweep": "yaw",
}
"""By the name of a rendered clip the case that is drawn onto clean clips."""

_BEFORE, _AFTER = 0.8, 1.4  # seconds before the onset, and from the first strong frame on
_STRONG = 0.9
_MANY = 10**6


@dataclass(frozen=True)
class EdgeClip:
    """A rendered clip: `name`, the drawn `case` like it, its file, each frame's `severity`."""

    name: str
    case: str
    path: Path
    severity: tuple[float, ...]
    rate: float

    def window(self, stride: int) -> Cut:
        """Return the part from shortly before the onset until some time at full severity.

        With every `stride`-th frame.
        """
        severity = np.asarray(self.severity)
        onset = int(np.argmax(severity > 0))
        strong = int(np.argmax(severity >= _STRONG * severity.max()))
        start = max(0.0, onset / self.rate - _BEFORE)
        return Cut(self.path, start, strong / self.rate + _AFTER - start, stride)

    def strength(self, cut: Cut, frames: int) -> Floats:
        """Return the strength (frames,) in [0, 1] of the frames of `cut`; 1 is strong enough."""
        first = round(cut.start * self.rate)
        severity = np.asarray(self.severity, np.float32)[first :: cut.stride][:frames]
        return np.asarray(np.minimum(severity / (_STRONG * severity.max()), 1), np.float32)


@dataclass(frozen=True)
class EdgeTask:
    """Drive the avatars of `trials` by a rendered clip; `content` is its file."""

    clip: EdgeClip
    content: bytes
    stride: int
    trials: tuple[Trial, ...]


def find_edges(folder: Path, cases: Sequence[str]) -> list[EdgeClip]:
    """Return the clips of `folder` that show one of `cases`, by file name.

    Each has a JSON file beside it with "name", "fps" and "severity" of every frame. Raises
    AvatarAppError where there is none, and for one that does not say this or never leaves 0.
    """
    clips = []
    for about in sorted(folder.glob("*.json")):
        videos = filter(Path.is_file, map(about.with_suffix, sorted(VIDEO_SUFFIXES)))
        clips += [clip for video in videos if (clip := _read_edge(about, video)).case in cases]
    if not clips:
        raise AvatarAppError(
            f"{folder} holds no edge clips of these cases; leave out --edge or name another folder."
        )
    return clips


def _read_edge(about: Path, video: Path) -> EdgeClip:
    try:
        fields = json.loads(about.read_text(encoding="utf-8"))
        severity = tuple(map(float, fields["severity"]))
        rate, case = float(fields["fps"]), EDGE_CASES.get(fields["name"], "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AvatarAppError(
            f"{about} does not say name, fps and severity of an edge clip; mend or remove it."
        ) from error
    if case and not (rate > 0 and max(severity, default=0) > 0 and severity[0] == 0):
        raise AvatarAppError(
            f"{about} names no frame before its edge case, or none in it; mend or remove it."
        )
    return EdgeClip(about.stem, case, video, severity, rate)


def edge_trials(clip: EdgeClip, avatars: Sequence[str]) -> list[Trial]:
    """Return the trials of a rendered clip."""
    return [Trial(EDGE, avatar, clip.name, clip.case, 5, 0) for avatar in avatars]


def drive_edge(place: Workplace, task: EdgeTask) -> list[Outcome]:
    """Drive avatars by a rendered clip. Raises AvatarAppError where no face is in it."""
    take, strength = _read(place, task)
    calm = np.flatnonzero(np.isfinite(take.landmarks[:, 0, 0]) & (strength == 0))
    person = place.watchers.video(take_frames(take))
    return [_drive(place, trial, take, strength, calm, person) for trial in task.trials]


def _read(place: Workplace, task: EdgeTask) -> tuple[Take, Floats]:
    """Read the clip, framed as its driver is before anything happens, and its strength."""
    cut = task.clip.window(task.stride)
    before = int((task.clip.strength(cut, _MANY) == 0).argmin())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, task.clip.path.name)
        path.write_bytes(task.content)
        try:
            take = read_take(replace(cut, path=path), place.size, place.studio.finder, before)
        except AvatarAppError as error:  # said of the copy
            raise AvatarAppError(str(error).replace(str(path), str(task.clip.path))) from error
    strength = task.clip.strength(cut, len(take.images))
    if len(strength) < len(take.images):
        about = task.clip.path.with_suffix(".json")
        raise AvatarAppError(
            f"{about} gives the severity of fewer frames than {task.clip.path.name} has; "
            "mend or remove it."
        )
    return take, strength


def _drive(
    place: Workplace,
    trial: Trial,
    take: Take,
    strength: Floats,
    calm: npt.NDArray[np.intp],
    person: Watched,
) -> Outcome:
    avatar, engine = place.avatar(trial.avatar), place.studio.relative
    assert avatar.landmarks is not None
    like = int(calm[alike(avatar.landmarks, list(take.landmarks[calm]))])
    engine.set_source(avatar)
    engine.calibrate(take.frame(like))
    small = may_be_small(trial.case)
    shots = [place.studio.shoot(engine, frame, small) for frame in take_frames(take)]
    spans = within(shots, strength)
    middle = mid_frame(strength)
    own = place.studio.descriptor(avatar.image, place.studio.look(avatar.image))
    found = place.studio.descriptor(shots[middle].rendered.image, shots[middle].face)
    apart = float(np.linalg.norm(found - own))
    return Outcome(
        metrics={
            "mfr": spans["missing"][1],
            "fold_share": spans["fold_share"][1],
            "identity": apart if np.isfinite(apart) else None,
        },
        within=spans,
        frames={
            "strength": [round(float(value), 3) for value in strength],
            "face_score": [round(shot.score, 3) for shot in shots],
        },
        watched={
            **place.watchers.avatar(avatar, [shot.rendered for shot in shots]),
            "person": person,
        },
        pictures=(take.images[middle], shots[like].rendered.image, shots[middle].rendered.image)
        if trial.avatar == place.setup.pictured[0]
        else None,
    )
