"""The fit: from labelled measures to weights, what is usual, and the highest clean scores."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.labels import CLEAN, GLITCH
from avatar_app.calibration_run.plan import CALM, DRIVEN, EVENTFUL, OUTPUT, PAINTED
from avatar_app.calibration_run.studio import NAMES, RATE, Take
from avatar_app.glitch.alone import frames_of
from avatar_app.glitch.calibration import RoleCalibration, Usual, passed
from avatar_app.glitch.fusion import FRONTAL, TURNED, away, bent
from avatar_app.glitch.judge import Judge, log_odds
from avatar_app.glitch.measures import (
    ALONE,
    AVATAR,
    CAMERA,
    CONTEXT,
    FALLING,
    FROM_VIDEO,
    SEEN_SECONDS,
    TURN,
    is_seen_well,
)

FOLDS = 4
_DRAWS = 11  # who is left out with whom moves the highest scores more than anything else

_PENALTY = 1e-2
_EXPECTED_FAR = 0.5
"""The weight of a measure beyond its limit until the footage says otherwise.

What no glitch of the fit raised is evidence all the same: other avatars break in other ways.
"""
_EXPECTED_EXCUSE = 1.0
"""What light and camera did to all of the picture is no glitch of a face: few clips show it."""
_EVENTFUL_TIMES = 4.0
_TOO_LITTLE = 0.1  # log-odds: such a weight is not worth the time that its measure takes
_BROKEN = (DRIVEN, OUTPUT, PAINTED)
_STEPS_KEPT = 5  # digits
_LEAST_SPREAD = 0.02
_HALF_TURNED = (FRONTAL + TURNED) / 2
_LEAST_TURNED = 200  # frames: of fewer, the percentile would be a single moment
_LIMIT = 99  # percentile
_BESIDE_SECONDS = 0.5

_NOT_ALONE = (("driver", "identity"),)
"""Beside a driver the person is the photo's: how far other models and drawn faces are from that
nobody measured.
"""

Values = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int8]
Seen = npt.NDArray[np.bool_]


def names_of(role: str) -> tuple[str, ...]:
    """Return the measures a role has."""
    others = (TURN, *CONTEXT, *FROM_VIDEO) if role == "driver" else (TURN, *AVATAR)
    return tuple(name for name in NAMES if name not in others)


def stacked(takes: Sequence[Take], role: str, names: Sequence[str]) -> tuple[Values, Truth]:
    """Return (frames, measures) with NaN where one is missing, and the truth by frame."""
    columns = [NAMES.index(name) for name in names]
    values = np.concatenate([take.measures[:, columns] for take in takes]).astype(np.float64)
    return values, np.concatenate([take.truth for take in takes])


def fit(
    takes: Sequence[Take], role: str, known: Mapping[str, Usual], penalty: float = _PENALTY
) -> RoleCalibration:
    """Fit the weights to labelled takes: logistic regression whose weights have one sign each.

    Every kind of glitch counts as much as the others; of clean footage people in edge cases count
    four times as much as calm ones. A weight stays near what is expected where the footage says
    little. `known` says what is usual. What is before the face may only excuse.
    """
    names = tuple(name for name in names_of(role) if name in known)
    values, truth = stacked(takes, role, names)
    groups = np.concatenate([np.full(len(take.truth), _group(take)) for take in takes])
    labelled = truth >= 0
    values, truth, groups = values[labelled], truth[labelled], groups[labelled]
    weights = _balanced(truth, groups)
    median = np.array([known[name].median for name in names])
    limit = np.array([known[name].limit for name in names])
    turn = np.concatenate([turns(take) for take in takes])[labelled]
    share = np.array([away(degrees) for degrees in turn])[:, None]
    turned = np.array([known[name].limit_at(TURNED) for name in names])
    features = np.hstack(bent(values, median, limit + share * (turned - limit)))
    signs = np.array([-1.0 if name in CONTEXT else 1.0 for name in names] * 2)
    expected = np.array([0.0] * len(names) + [_expected(name) for name in names])
    found, bias = _minimised(features * signs, truth, weights, expected, penalty)
    near, far = np.split(found * signs, 2)
    used = (np.abs(near) > _TOO_LITTLE) | (np.abs(far) > _TOO_LITTLE)
    kept = tuple(name for name, is_used in zip(names, used, strict=True) if is_used)
    return RoleCalibration(kept, near[used], far[used], bias, known, (), 0.5)


def _expected(name: str) -> float:
    """Return the size of a measure's weight beyond its limit where the footage says nothing."""
    if name in CONTEXT:
        return _EXPECTED_EXCUSE if name in CAMERA else 0.0
    return _EXPECTED_FAR


def _group(take: Take) -> str:
    return f"{take.kind}-{take.scene.what}" if take.kind in _BROKEN else take.kind


def _balanced(truth: Truth, groups: npt.NDArray[np.str_]) -> Values:
    """Return weights of frames by which each group weighs alike within glitches, and in clean.

    But for eventful footage, which stands for all that may come before a camera.
    """
    weights = np.zeros(len(truth))
    for label in (CLEAN, GLITCH):
        there = truth == label
        found, inverse, counts = np.unique(groups[there], return_inverse=True, return_counts=True)
        share = np.where(found == EVENTFUL, _EVENTFUL_TIMES, 1.0)
        weights[there] = 0.5 * (share / share.sum() / counts)[inverse]
    return weights


def _minimised(
    features: Values, truth: Truth, weights: Values, expected: Values, penalty: float
) -> tuple[Values, float]:
    """Return weights of at least 0, and the bias, of the least logistic loss.

    Weights that are not the `expected` ones are penalised by the square of how far off they are.
    """
    from scipy.optimize import minimize

    sides = np.where(truth == GLITCH, 1.0, -1.0)

    def loss(found: Values) -> tuple[float, Values]:
        margin = sides * (features @ found[:-1] + found[-1])
        slope = -weights * sides / (1 + np.exp(np.clip(margin, -500, 500)))
        inside = float(weights @ np.logaddexp(0, -margin))
        off = found[:-1] - expected
        gradient = np.append(features.T @ slope + penalty * off, slope.sum())
        return inside + penalty / 2 * float(off @ off), gradient

    count = features.shape[1]
    bounds = [(0.0, None)] * count + [(None, None)]
    begin = np.append(expected, 0.0)
    done = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(done.x[:-1]), float(done.x[-1])


def usual(takes: Sequence[Take], role: str) -> dict[str, Usual]:
    """Return of each measure what it is on clean frames, and its limit towards glitches.

    Eventful footage is left out: it would make a covered face usual.
    """
    names = names_of(role)
    shown = [take for take in takes if take.kind != EVENTFUL]
    values, truth = stacked(shown, role, names)
    turn = np.concatenate([turns(take) for take in shown])
    found = {}
    for name, column in zip(names, values.T, strict=True):
        is_clean = (truth == CLEAN) & np.isfinite(column)
        frontal, turned = (
            column[is_clean & (turn < _HALF_TURNED)],
            column[is_clean & (turn >= _HALF_TURNED)],
        )
        if not len(frontal):
            continue
        side, rank = (-1, 100 - _LIMIT) if name in FALLING else (1, _LIMIT)
        middle = float(np.median(frontal))
        spread = max(_LEAST_SPREAD, side * (float(np.percentile(frontal, rank)) - middle))
        far = spread
        if len(turned) >= _LEAST_TURNED:
            far = max(spread, side * (float(np.percentile(turned, rank)) - middle))
        found[name] = Usual(middle, middle + side * spread, middle + side * far)
    return found


def alone(takes: Sequence[Take], role: str, known: Mapping[str, Usual]) -> dict[str, Usual]:
    """Return limits beyond which measures of a role are a glitch each by itself.

    Calm footage passes them once in many hours, as is foretold from the highest evidence of each
    calm take.
    """
    calm = [take for take in takes if take.kind == CALM]
    seen = [_seen_well(take) for take in calm]
    names = [name for name in ALONE if name in known and (role, name) not in _NOT_ALONE]
    return {name: _alone(calm, seen, name, known[name]) for name in names}


def _alone(takes: Sequence[Take], seen: Sequence[Seen], name: str, known: Usual) -> Usual:
    column, tops, frames = NAMES.index(name), [], 0
    for take, is_seen in zip(takes, seen, strict=True):
        values = take.measures[:, column].astype(np.float64)
        counts = _apart_from_glitches(take.truth) & np.isfinite(values) & is_seen
        if counts.any():
            limit = np.array([known.limit_at(turn) for turn in turns(take)])
            evidence = (values - known.median) / (limit - known.median)
            lasted = _lasting(np.where(counts, evidence, 0.0), ALONE[name].seconds)
            tops.append(float(lasted.max()))
            frames += int(counts.sum())
    if not tops:
        return known
    times = max(1.0, passed(tops, 1 / ALONE[name].hours, frames / RATE / len(tops)))
    limits = (
        known.median + times * (limit - known.median)
        for limit in (known.limit, known.limit_at(TURNED))
    )
    return Usual(known.median, *limits)


def _seen_well(take: Take) -> Seen:
    """Return in which frames the face was seen well for long enough to be judged by one measure."""
    rows = (dict(zip(NAMES, map(float, row), strict=True)) for row in take.measures)
    is_seen = [is_seen_well({k: v for k, v in row.items() if v == v}) for row in rows]
    return _lasting(np.array(is_seen, np.float64), SEEN_SECONDS) > 0


def _lasting(values: Values, seconds: float) -> Values:
    """Return for each frame what none of the frames of so many seconds up to it is below, or 0."""
    frames = frames_of(seconds, RATE)
    padded = np.concatenate((np.zeros(frames - 1), values))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, frames).min(axis=1))


def turns(take: Take) -> Values:
    """Return by how many degrees the face is turned away in each frame, 0 where unknown."""
    return np.nan_to_num(take.measures[:, NAMES.index(TURN)].astype(np.float64))


def scores(take: Take, calibration: RoleCalibration, threshold: float) -> tuple[Values, list[bool]]:
    """Judge a take as the detector does: the score of each frame, and whether it is flagged."""
    judge = Judge(calibration, threshold)
    found, flagged = [], []
    for index, row in enumerate(take.measures):
        measures = {
            name: float(value) for name, value in zip(NAMES, row, strict=True) if value == value
        }
        score, reasons = judge.judge(measures, index / RATE, 1 / RATE if index else 0.0)
        found.append(score)
        flagged.append(any(not flag.is_gate for flag in reasons))
    return np.array(found), flagged


def folds(takes: Sequence[Take], draw: int) -> Iterator[tuple[list[Take], list[Take]]]:
    """Yield (to fit, left out) so that neither a person nor a kind of glitch is in both.

    Who and what are left out together is drawn by lot.
    """
    lot = random.Random(draw)
    people = sorted({take.scene.clip for take in takes})
    events = sorted({take.scene.what for take in takes if take.kind in _BROKEN})
    lot.shuffle(people)
    lot.shuffle(events)
    for fold in range(FOLDS):
        held_people = set(people[fold::FOLDS])
        held_events = set(events[fold::FOLDS])
        left_out = [t for t in takes if t.scene.clip in held_people]
        learnt = [
            t for t in takes if t.scene.clip not in held_people and t.scene.what not in held_events
        ]
        yield learnt, left_out


def maxima(
    takes: Sequence[Take], role: str, known: Mapping[str, Usual]
) -> tuple[list[float], float]:
    """Return the highest log-odds of each calm take, rising, and their mean length in seconds.

    Each is judged by fits that left it out, and counts by the median over many draws of what was
    left out with it.
    """
    tops: dict[int, list[float]] = {}
    for draw in range(_DRAWS):
        for shown, left_out in folds(takes, draw):
            fold = fit(shown, role, known)
            for take in left_out:
                top = highest(take, scores(take, fold, 0.5)[0]) if take.kind == CALM else None
                if top is not None:
                    tops.setdefault(id(take), []).append(top)
    frames = sum(int(_apart_from_glitches(take.truth).sum()) for take in takes if id(take) in tops)
    return sorted(map(float, map(np.median, tops.values()))), frames / RATE / max(len(tops), 1)


def highest(take: Take, score: Values) -> float | None:
    """Return the highest log-odds of a take's clean frames, None where it has none.

    None within half a second of a glitch counts: such alarms are none.
    """
    apart = _apart_from_glitches(take.truth)
    if not apart.any():
        return None
    return log_odds(float(np.clip(score[apart].max(), 1e-12, 1 - 1e-12)))


def _apart_from_glitches(truth: Truth) -> npt.NDArray[np.bool_]:
    """Return which frames are clean, and not within half a second of a glitch."""
    reach = np.ones(2 * round(_BESIDE_SECONDS * RATE) + 1)
    beside = np.convolve(truth == GLITCH, reach)[len(reach) // 2 :][: len(truth)] > 0
    return np.asarray((truth == CLEAN) & ~beside)


def as_json(calibration: RoleCalibration) -> dict[str, Any]:
    """Return what the data file holds of one role."""
    weights = zip(calibration.names, calibration.near, calibration.far, strict=True)
    return {
        "bias": _short(calibration.bias),
        "threshold": calibration.provisional_threshold,
        "block_seconds": _short(calibration.block_seconds),
        "maxima": [_short(value) for value in calibration.maxima],
        "fusion": {name: [_short(near), _short(far)] for name, near, far in weights},
        "usual": _rows(calibration.usual),
        "alone": _rows(calibration.alone),
    }


def _rows(limits: Mapping[str, Usual]) -> dict[str, list[float]]:
    return {
        name: [_short(one.median), _short(one.limit), _short(one.limit_at(TURNED))]
        for name, one in limits.items()
    }


def _short(value: float) -> float:
    return float(f"{float(value):.{_STEPS_KEPT}g}")
