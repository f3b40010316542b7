"""Edge cases that were really rendered as motion, to hold the drawn ones against."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar_app.metrics import alike
from avatar_app.study.footage import take_frames
from avatar_app.study.measures import at_full
from avatar_app.study.shooting import Outcome, within
from avatar_app.study.takes import Cut, read_take
from avatar_app.study.trials import EDGE, Trial
from avatar_app.study.workplace import Workplace, identity_frames, mid_frame
from avatar_app.types import AvatarAppError, Floats

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

_BEFORE, _AFTER = 0.6, 1.4  # seconds around the first frame at full severity... and the onset
_STRONG = 0.9


@dataclass(frozen=True)
class EdgeClip:
    """A rendered clip: `name`, the drawn `case` like it, its file, each frame's `severity`."""

    name: str
    case: str
    path: Path
    severity: tuple[float, ...]
    rate: float

    def window(self, stride: int) -> Cut:
        """Give the part from shortly before the onset until some time at full severity."""
        severity = np.asarray(self.severity)
        onset = int(np.argmax(severity > 0))
        strong = int(np.argmax(severity >= _STRONG * severity.max()))
        start = max(0.0, onset / self.rate - _BEFORE)
        return Cut(self.path, start, strong / self.rate + _AFTER - start, stride)

    def strength(self, cut: Cut, frames: int) -> Floats:
        """Give the strength (frames,) in [0, 1] of the frames of `cut`; 1 is strong enough."""
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
    """Give the clips of `folder` that show one of `cases`, by name.

    Each has a JSON file beside it with "name", "identity", "fps" and "severity" of every frame.
    Raises AvatarAppError where there is none.
    """
    clips = []
    for about in sorted(folder.glob("*.json")):
        fields = json.loads(about.read_text(encoding="utf-8"))
        case = EDGE_CASES.get(fields.get("name", ""))
        if case in cases and (video := about.with_suffix(".mp4")).is_file():
            assert case is not None
            severity = tuple(map(float, fields["severity"]))
            clips.append(EdgeClip(about.stem, case, video, severity, float(fields["fps"])))
    if not clips:
        raise AvatarAppError(
            f"{folder} holds no edge clips of these cases; leave out --edge or name another folder."
        )
    return clips


def edge_trials(clip: EdgeClip, avatars: Sequence[str]) -> list[Trial]:
    """Give the trials of a rendered clip."""
    return [Trial(EDGE, avatar, clip.name, clip.case, 5, 0) for avatar in avatars]


def drive_edge(place: Workplace, task: EdgeTask) -> list[Outcome]:
    """Drive avatars by a rendered clip. Raises AvatarAppError where no face is in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, task.clip.path.name)
        path.write_bytes(task.content)
        cut = task.clip.window(task.stride)
        take = read_take(Cut(path, cut.start, cut.seconds, cut.stride), place.size,
                         place.studio.finder)  # fmt: skip
    strength = task.clip.strength(cut, len(take.images))
    calm = np.flatnonzero(np.isfinite(take.landmarks[:, 0, 0]) & (strength == 0))
    if not len(calm):
        raise AvatarAppError(f"{task.clip.path} shows no face before the edge case begins.")
    person = place.watchers.video(take_frames(take))
    outcomes = []
    for trial in task.trials:
        avatar = place.avatar(trial.avatar)
        assert avatar.landmarks is not None
        engine = place.studio.relative
        engine.set_source(avatar)
        like = int(calm[alike(avatar.landmarks, list(take.landmarks[calm]))])
        engine.calibrate(take.frame(like))
        shots = [place.studio.shoot(engine, frame) for frame in take_frames(take)]
        spans = within(shots, strength)
        own = place.studio.descriptor(avatar.image, place.studio.look(avatar.image))
        some = identity_frames(strength)
        found = [place.studio.descriptor(shots[i].rendered.image, shots[i].face) for i in some]
        apart = np.linalg.norm(np.array(found) - own, axis=1)
        known = apart[np.isfinite(apart)]
        watched = place.watchers.avatar(avatar, [shot.rendered for shot in shots])
        middle = mid_frame(strength)
        pictures = (take.images[middle], shots[like].rendered.image, shots[middle].rendered.image)
        is_shown = trial.avatar == place.setup.pictured[0]
        outcomes.append(
            Outcome(
                metrics={
                    "mfr": float(np.mean([shots[i].face is None for i in at_full(strength)])),
                    "fold_share": spans["fold_share"][1],
                    "identity": float(known.mean()) if len(known) else None,
                },
                within=spans,
                frames={
                    "strength": [round(float(value), 3) for value in strength],
                    "face_score": [round(shot.score, 3) for shot in shots],
                },
                watched={**watched, "person": person},
                pictures=pictures if is_shown else None,
            )
        )
    return outcomes
