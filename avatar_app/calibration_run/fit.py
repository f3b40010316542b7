"""The fit: from labelled measures to weights, what is usual, and the highest clean scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.labels import CLEAN, GLITCH
from avatar_app.calibration_run.plan import CALM, EVENTFUL
from avatar_app.calibration_run.studio import NAMES, RATE, Take
from avatar_app.glitch.calibration import RoleCalibration, Usual
from avatar_app.glitch.fusion import Boosted, Fusion
from avatar_app.glitch.judge import Judge
from avatar_app.glitch.measures import AVATAR

FOLDS = 4
LOGISTIC, BOOSTED = "logistic regression", "boosted trees"

_TREES, _DEPTH, _RATE, _LEAST = 120, 3, 0.08, 60
_LOGISTIC_C = 0.02
_STEPS_KEPT = 5  # digits
_BLOCK_SECONDS, _BLOCKS = 60.0, 600
_LIMIT = 99  # percentile

Values = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int8]


def names_of(role: str) -> tuple[str, ...]:
    """Return the measures a role has."""
    return NAMES if role == "driver" else tuple(name for name in NAMES if name not in AVATAR)


def stacked(takes: Sequence[Take], role: str) -> tuple[Values, Truth]:
    """Return (frames, measures) with NaN where one is missing, and the truth by frame."""
    columns = [NAMES.index(name) for name in names_of(role)]
    values = np.concatenate([take.measures[:, columns] for take in takes]).astype(np.float64)
    return values, np.concatenate([take.truth for take in takes])


def fit(takes: Sequence[Take], role: str, way: str) -> Fusion | Boosted:
    """Fit one kind of fusion to labelled takes; each person counts as much as the others."""
    values, truth = stacked(takes, role)
    known = truth >= 0
    values, truth = values[known], truth[known]
    centre = np.nanmedian(values[truth == CLEAN], axis=0)
    centre = np.where(np.isfinite(centre), centre, 0.0)
    filled = np.where(np.isfinite(values), values, centre)
    shares = np.array([(truth == CLEAN).mean(), (truth == GLITCH).mean()])
    weights = 0.5 / shares[truth]
    if way == LOGISTIC:
        return _logistic(role, filled, truth, weights, centre)
    return _boosted(role, filled, truth, weights, centre)


def _logistic(role: str, filled: Values, truth: Truth, weights: Values, centre: Values) -> Fusion:
    from sklearn.linear_model import LogisticRegression

    spread = np.percentile(filled, 90, axis=0) - np.percentile(filled, 10, axis=0)
    scale = np.where(spread > 1e-6, spread, np.maximum(filled.std(axis=0), 1e-3))
    off = np.clip((filled - centre) / scale, -6, 6)
    model = LogisticRegression(C=_LOGISTIC_C, max_iter=2000)
    model.fit(off, truth, sample_weight=weights)
    return Fusion(names_of(role), centre, scale, model.coef_[0], float(model.intercept_[0]))


def _boosted(role: str, filled: Values, truth: Truth, weights: Values, centre: Values) -> Boosted:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=_TREES,
        max_depth=_DEPTH,
        learning_rate=_RATE,
        min_samples_leaf=_LEAST,
        subsample=0.5,
        max_features=0.4,
        init="zero",
        random_state=0,
    )
    model.fit(filled, truth, sample_weight=weights)
    trees = [_unfolded(one[0].tree_) for one in model.estimators_]
    feature, limit, leaves = (np.array(part) for part in zip(*trees, strict=True))
    return Boosted(names_of(role), centre, feature, limit, _RATE * leaves, 0.0)


def _unfolded(tree: Any) -> tuple[list[int], list[float], list[float]]:
    """Return a tree of at most _DEPTH levels as a full one: questions by level, then leaves."""
    level, feature, limit = [0], [], []
    for _ in range(_DEPTH):
        below = []
        for node in level:
            is_leaf = tree.children_left[node] < 0
            feature.append(0 if is_leaf else int(tree.feature[node]))
            limit.append(0.0 if is_leaf else float(tree.threshold[node]))
            left, right = int(tree.children_left[node]), int(tree.children_right[node])
            below += [node, node] if is_leaf else [left, right]
        level = below
    return feature, limit, [float(tree.value[node].ravel()[0]) for node in level]


def usual(takes: Sequence[Take], role: str) -> dict[str, Usual]:
    """Return of each measure what it is on clean frames, and its limit towards glitches.

    Eventful footage is left out: it would make a covered face usual.
    """
    values, truth = stacked([take for take in takes if take.kind != EVENTFUL], role)
    found = {}
    for name, column in zip(names_of(role), values.T, strict=True):
        clean = column[(truth == CLEAN) & np.isfinite(column)]
        broken = column[(truth == GLITCH) & np.isfinite(column)]
        if not len(clean) or not len(broken):
            continue
        middle = float(np.median(clean))
        rises = broken.mean() >= clean.mean()
        limit = float(np.percentile(clean, _LIMIT if rises else 100 - _LIMIT))
        if abs(limit - middle) < 1e-6:
            limit = middle + (0.05 if rises else -0.05)
        found[name] = Usual(middle, limit)
    return found


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


def folds(takes: Sequence[Take]) -> Iterator[tuple[list[Take], list[Take]]]:
    """Yield (to fit, left out) so that neither a person nor a kind of glitch is in both."""
    people = sorted({take.scene.clip for take in takes})
    events = sorted({t.scene.what for t in takes if (t.truth == GLITCH).any()})
    for fold in range(FOLDS):
        held_people = set(people[fold::FOLDS])
        held_events = set(events[fold::FOLDS])
        left_out = [t for t in takes if t.scene.clip in held_people]
        learnt = [
            t for t in takes if t.scene.clip not in held_people and t.scene.what not in held_events
        ]
        yield learnt, left_out


def maxima(pairs: Sequence[tuple[Take, Values]]) -> list[float]:
    """Return the highest scores of made-up clean minutes, rising.

    A minute is put together from calm takes by chance, as clips are shorter.
    """
    chance = np.random.default_rng(0)
    calm = [(float(score.max()), len(score) / RATE) for take, score in pairs if take.kind == CALM]
    tops = []
    for _ in range(_BLOCKS):
        seconds, top = 0.0, 0.0
        while seconds < _BLOCK_SECONDS:
            highest, length = calm[int(chance.integers(len(calm)))]
            seconds, top = seconds + length, max(top, highest)
        tops.append(top)
    return sorted(tops)


def as_json(calibration: RoleCalibration) -> dict[str, Any]:
    """Return what the data file holds of one role."""
    fusion = calibration.fusion
    rows: dict[str, dict[str, float]] = {
        name: {"centre": _short(fusion.centre[i])} for i, name in enumerate(fusion.names)
    }
    content: dict[str, Any] = {
        "bias": _short(fusion.bias),
        "threshold": calibration.provisional_threshold,
        "maxima": [_short(value) for value in calibration.maxima],
        "fusion": rows,
        "usual": {
            name: [_short(one.median), _short(one.limit)] for name, one in calibration.usual.items()
        },
    }
    if isinstance(fusion, Boosted):
        content["trees"] = {
            "feature": fusion.feature.tolist(),
            "limit": [[_short(value) for value in row] for row in fusion.limit],
            "leaves": [[_short(value) for value in row] for row in fusion.leaves],
        }
    else:
        for i, name in enumerate(fusion.names):
            rows[name] |= {"scale": _short(fusion.scale[i]), "weight": _short(fusion.weights[i])}
    return content


def _short(value: float) -> float:
    return float(f"{float(value):.{_STEPS_KEPT}g}")
