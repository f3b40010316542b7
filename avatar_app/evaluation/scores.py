"""From measured frames to the numbers of a clip, or of all clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.face_signals import SIGNALS
from avatar_app.metrics import Look, landmark_distance

Values = npt.NDArray[np.float64]

LOST_FACE = 25.6
"""Pixels at 256 x 256 that a lost face counts in the penalised AKD: a tenth of the picture."""

# A signal that varies less than this (standard deviation, in its own unit) is mostly the
# landmarks' noise, and a correlation with it says nothing.
_STIRRING = {"yaw": 1.0, "pitch": 1.0, "roll": 1.0, "mouth": 0.008, "eyes": 0.005}
_ENOUGH_FRAMES = 5


@dataclass(frozen=True)
class Record:
    """One rendered frame beside its driver's: each one's face or None, and the distances.

    `l1` in [0, 1], `lpips` and `identity` (distance of dlib's descriptors) are None where they
    were not measured.
    """

    driver: Look | None
    rendered: Look | None
    size: int
    l1: float | None = None
    lpips: float | None = None
    identity: float | None = None


@dataclass(frozen=True)
class Scores:
    """The quality of one way to render; None stands for what could not be measured.

    `l1`, `lpips`: means over frames. `akd`: mean distance of the 68 landmarks in pixels at
    256 x 256, over frames where both have a face; `akd_penalised`: the same with `LOST_FACE` for
    each face lost. `mfr`: share of the frames with a driver's face whose rendered picture has none.
    `identity`: median descriptor distance to the person meant (one person's lie within about 0.6).
    `correlation` and `gain` by signal: Pearson's r of the rendered with the driver's signal, and
    the slope (1: as far as the driver), within clips: every clip's own mean is taken off.
    """

    frames: int
    faces: int
    l1: float | None
    lpips: float | None
    akd: float | None
    akd_penalised: float | None
    mfr: float | None
    identity: float | None
    correlation: Mapping[str, float | None]
    gain: Mapping[str, float | None]


def score(clips: Sequence[Sequence[Record]], comparable: bool = True) -> Scores:
    """Score all `clips` together, each a list of records; `[clip]` scores one.

    `comparable`: whether the rendered face shall lie where the driver's does. Another person's
    avatar, moved relatively, has no such place, and then no AKD.
    """
    records = [record for clip in clips for record in clip]
    wanted = [record for record in records if record.driver is not None]
    distances = [_landmark_distance(record) for record in wanted if record.rendered is not None]
    lost = len(wanted) - len(distances)
    if not comparable:
        distances, penalised = [], []
    else:
        penalised = distances + [LOST_FACE] * lost
    identities = [record.identity for record in records if record.identity is not None]
    follow = {name: _follow(clips, name) for name in SIGNALS}
    return Scores(
        frames=len(records),
        faces=len(wanted),
        l1=_mean(record.l1 for record in records),
        lpips=_mean(record.lpips for record in records),
        akd=_mean(distances),
        akd_penalised=_mean(penalised),
        mfr=lost / len(wanted) if wanted else None,
        identity=float(np.median(identities)) if identities else None,
        correlation={name: both[0] for name, both in follow.items()},
        gain={name: both[1] for name, both in follow.items()},
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _landmark_distance(record: Record) -> float:
    assert record.driver is not None
    assert record.rendered is not None
    apart = landmark_distance(record.driver.landmarks, record.rendered.landmarks)
    return apart * 256 / record.size


def _follow(clips: Sequence[Sequence[Record]], name: str) -> tuple[float | None, float | None]:
    """Return correlation and gain of signal `name`, both None where the driver keeps it still."""
    pairs = [_centred(clip, name) for clip in clips]
    driver, rendered = np.concatenate([*pairs, np.empty((2, 0))], axis=1)
    if driver.size < _ENOUGH_FRAMES or driver.std() < _STIRRING[name]:
        return None, None
    product, power = float(driver @ rendered), float(driver @ driver)
    rendered_power = float(rendered @ rendered)
    if rendered_power < 1e-6 * power:  # it stands still: no correlation, and it follows not at all
        return None, product / power
    return product / float(np.sqrt(power * rendered_power)), product / power


def _centred(clip: Sequence[Record], name: str) -> Values:
    """Return (2, frames with both faces): driver's and rendered signal, their means taken off."""
    values = [
        (record.driver.signals[name], record.rendered.signals[name])
        for record in clip
        if record.driver is not None and record.rendered is not None
    ]
    if not values:
        return np.empty((2, 0))
    both = np.asarray(values).T
    return np.asarray(both - both.mean(axis=1, keepdims=True), np.float64)
