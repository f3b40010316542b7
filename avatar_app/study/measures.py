"""What is measured of a trial: the one table of metrics, and how each is computed.

A trial is a rendering under a perturbation beside the same rendering without it, frame by frame.
Unless a sentence says otherwise, a metric is a mean over the frames at full strength.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.face_signals import SIGNALS, read_signals
from avatar_app.metrics import picture_distance
from avatar_app.perturbations import Case
from avatar_app.types import Floats, Image

FAILS = 0.15
"""Damage from which on a frame has failed: the landmarks are off by that share of the eyes' width,
about 10 pixels of a picture of 256, which is plain to see and many times the noise floor."""

ANOTHER_PERSON = 0.6
"""dlib's own limit of the descriptor distance within which two pictures show one person."""

_FULL = 0.99
_STILLEST = 0.004  # shake, in eye widths, below which dlib's own trembling is all there is
_EYES = (36, 45)
_POSE, _MOUTH, _EYELIDS = slice(0, 3), SIGNALS.index("mouth"), SIGNALS.index("eyes")

# What the driver really does, and the avatar shall do too; in all other cases it shall go on as if
# nothing were there.
_MOVING_FAMILIES = frozenset({"expression", "pose", "motion"})
_STANDING_CASES = frozenset({"second_face"})


@dataclass(frozen=True)
class Metric:
    """One metric: `name`, `title` for people, `unit`, whether `more_is_worse`, and a definition.

    `more_is_worse` is None where a change either way is an effect, but no fault by itself.
    """

    name: str
    title: str
    unit: str
    more_is_worse: bool | None
    definition: str


_TABLE = (
    Metric("failed", "frames that fail", "share", True,
           f"Share of the frames in which the face is lost, or the damage is {FAILS} or more, or "
           f"the identity is further than {ANOTHER_PERSON} from that of the unperturbed rendering "
           "(where it was measured)."),
    Metric("damage", "damage", "eye widths", True,
           "Mean distance of the 68 landmarks from where they should be, over the distance of the "
           "eyes' outer corners; 1 where the face is lost. They should be where the unperturbed "
           "rendering has them; where the driver really moves, plus the driver's own shift; where "
           "the avatar is changed, there or moved as its picture was, whichever is nearer."),
    Metric("mfr", "missing-face rate", "share", True,
           "Share of the frames whose rendering has no face (dlib's HOG detector) although the "
           "unperturbed rendering has one."),
    Metric("akd", "AKD given a face", "px at 256", True,
           "Mean distance of the 68 landmarks from where they should be (see damage), over frames "
           "in which the face is found. It leaves out the worst failures."),
    Metric("akd_penalised", "penalised AKD", "px at 256", True,
           "The same, with the distance of the eyes' outer corners for a lost face."),
    Metric("identity", "identity distance", "descriptor distance", True,
           "Distance of dlib's face descriptor to that of the avatar's picture, in the middle "
           "frame; one person's pictures lie within about 0.6."),
    Metric("identity_change", "identity change", "descriptor distance", True,
           "The same distance to the unperturbed rendering of the same frame."),
    Metric("lpips", "LPIPS", "1", None,
           "LPIPS (VGG16) to the unperturbed rendering in the middle frame, both at half size; "
           "movement that is meant counts too."),
    Metric("l1", "L1", "share of 255", None,
           "Mean absolute difference to the unperturbed rendering; movement that is meant counts "
           "too."),
    Metric("fold_share", "fold share", "share", True,
           "Share of the deformation's cells that are turned over."),
    Metric("jitter_ratio", "jitter ratio", "1", None,
           "Root mean square of the landmarks' second differences in time over that of the "
           "unperturbed rendering; 1 is as steady as that. Quick movement that is meant counts "
           "too."),
    Metric("pose_error", "pose error", "degrees", None,
           "Mean absolute difference of yaw, pitch and roll, each since the calibration, to the "
           "clean driver's. Where the driver really turns that is meant."),
    Metric("mouth_error", "mouth error", "eye widths", None,
           "Absolute difference of the gap between the lips, since the calibration, to the clean "
           "driver's."),
    Metric("eyes_error", "eyelid error", "eye widths", None,
           "The same of the gap between the eyelids."),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}


def is_movement(case: Case) -> bool:
    """Return whether the driver really moves this way and the avatar should follow."""
    return case.family in _MOVING_FAMILIES and case.name not in _STANDING_CASES


def at_full(strength: Floats) -> npt.NDArray[np.intp]:
    """Return the frames at full strength; the strongest one where none is."""
    full = np.flatnonzero(strength >= _FULL)
    return full if len(full) else np.flatnonzero(strength == strength.max())[:1]


def eye_width(landmarks: Floats) -> float:
    """Return the distance of the eyes' outer corners in (N, 68, 2), the median of known frames."""
    across = np.linalg.norm(landmarks[:, _EYES[0]] - landmarks[:, _EYES[1]], axis=1)
    known = across[np.isfinite(across)]
    return float(np.median(known)) if len(known) else float("nan")


@dataclass(frozen=True, eq=False)
class Beside:
    """A perturbed rendering beside the clean one, over the same N frames.

    `images`, `clean_images` (N, S, S, 3); `landmarks`, `clean_landmarks` (N, 68, 2), NaN without a
    face; `expected` (N, 68, 2) where the landmarks should be, NaN where nobody knows; `driver`
    (N, 68, 2) the clean driver's landmarks; `fold_share` (N,), NaN in frames that were not
    rendered; `calibrated` the frame that is the neutral pose; `strength` (N,).
    """

    images: Image
    landmarks: Floats
    clean_images: Image
    clean_landmarks: Floats
    expected: Floats
    driver: Floats
    fold_share: Floats
    calibrated: int
    strength: Floats

    def damage(self) -> Floats:
        """Return the damage (N,) in eye widths: 1 for a lost face, NaN where it is not known.

        Nothing is lost where the clean rendering has no face either.
        """
        unit = eye_width(self.clean_landmarks)
        missing = ~_known(self.landmarks) & _known(self.clean_landmarks)
        apart = np.linalg.norm(self.landmarks - self.expected, axis=2).mean(axis=1) / unit
        return np.asarray(np.where(missing, 1.0, np.minimum(apart, 1.0)), np.float32)

    def metrics(self) -> dict[str, float | None]:
        """Return the metrics that need pictures and landmarks alone, by name."""
        full = at_full(self.strength)
        damage = self.damage()[full]
        judged = damage[np.isfinite(damage)]
        wanted = _known(self.clean_landmarks[full])
        found = _known(self.landmarks[full])
        unit = eye_width(self.clean_landmarks) * 256 / self.images.shape[1]
        given = damage[np.isfinite(damage) & found] * unit
        errors = self._errors(full)
        return {
            "failed": _mean(judged >= FAILS),
            "damage": _mean(judged),
            "mfr": _mean(~found[wanted]),
            "akd": _mean(given),
            "akd_penalised": _mean(judged * unit),
            "l1": _mean([picture_distance(self.images[i], self.clean_images[i]) for i in full]),
            "fold_share": _mean(self.fold_share[full]),
            "jitter_ratio": self._jitter(full),
            "pose_error": _mean(errors[:, _POSE]),
            "mouth_error": _mean(errors[:, _MOUTH]),
            "eyes_error": _mean(errors[:, _EYELIDS]),
        }

    def _jitter(self, full: npt.NDArray[np.intp]) -> float | None:
        unit = eye_width(self.clean_landmarks)
        shaken = _shake(self.landmarks[full], unit)
        steady = _shake(self.clean_landmarks[full], unit)
        if shaken is None or steady is None:
            return None
        return max(shaken, _STILLEST) / max(steady, _STILLEST)

    def _errors(self, full: npt.NDArray[np.intp]) -> Floats:
        """Return (full, 5): what the avatar does beyond what the clean driver does, by signal."""
        rendered = signals(self.landmarks[full]) - signals(self.clean_landmarks[[self.calibrated]])
        driver = signals(self.driver[full]) - signals(self.driver[[self.calibrated]])
        return np.asarray(np.abs(rendered - driver), np.float32)


def expected_landmarks(clean: Floats, driver: Floats | None, clean_driver: Floats | None) -> Floats:
    """Return where a rendering's landmarks (N, 68, 2) should be.

    Where the `clean` rendering has them; with `driver`, moved by as much as the driver's landmarks
    differ from the `clean_driver`'s, in proportion to the faces' sizes.
    """
    if driver is None or clean_driver is None:
        return clean
    scale = eye_width(clean) / eye_width(clean_driver)
    return np.asarray(clean + scale * (driver - clean_driver), np.float32)


def signals(landmarks: Floats) -> Floats:
    """Read the `SIGNALS` (N, 5) of landmarks (N, 68, 2), NaN without a face."""
    values = np.full((len(landmarks), len(SIGNALS)), np.nan, np.float32)
    for index in np.flatnonzero(_known(landmarks)):
        read = read_signals(landmarks[index])
        values[index] = [read[name] for name in SIGNALS]
    return values


def _known(landmarks: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(landmarks).all(axis=(1, 2)), np.bool_)


def _shake(landmarks: Floats, unit: float) -> float | None:
    """Root mean square second difference, in eye widths; None with fewer than three faces."""
    if len(landmarks) < 3:
        return None
    bend = landmarks[:-2] - 2 * landmarks[1:-1] + landmarks[2:]
    bend = bend[_known(bend)]
    return float(np.sqrt(np.square(bend).sum(axis=-1).mean())) / unit if len(bend) else None


def _mean(values: object) -> float | None:
    """Return the mean of what is known, None where nothing is."""
    numbers = np.asarray(values, np.float64)
    known = numbers[np.isfinite(numbers)]
    return float(known.mean()) if known.size else None
