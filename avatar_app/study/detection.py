"""What a detector sees of the failures: by frame, by event, and on those who are no avatar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.events import Flag
from avatar_app.perturbations import CASES
from avatar_app.study.analysis import mean_ranks
from avatar_app.study.measures import FAILS
from avatar_app.study.results import Row
from avatar_app.study.trials import PASTED, PERSON, RELATIVE

HOG = "dlib-hog"
DETECTORS = {
    HOG: "baseline: dlib's HOG detector finds no face in the picture",
    "driver": "role A: the avatar's own user, driver and model are known",
    "video": "role B: somebody who sees only the video",
}
ASKABLE = frozenset({"hand", "object", "worn", "expression", "pose", "motion"})
"""The families of cases that a caller can be asked for."""

_INTACT = FAILS / 2
_EVENT = 0.5  # a trial is an event where that share of its strongest frames fail
_RATE_LEVEL = 0.01
_MISSING = {flag.name for flag in Flag if not flag.is_gate}

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """How well one detector sees failures.

    `auc`, `tpr` (at 1 % false positives): over frames that fail against frames that are intact.
    `f1`, `latency_median`, `latency_p95` (seconds): over trials. `alarms` in `clean_seconds` of
    undisturbed avatars; `person_alarms` and `pasted_alarms` in trials of the controls.
    """

    name: str
    failing: int
    intact: int
    auc: float | None
    tpr: float | None
    f1: float | None
    recall: float | None
    precision: float | None
    latency_median: float | None
    latency_p95: float | None
    alarms: int
    clean_seconds: float
    person_alarms: int
    persons: int
    person_seconds: float
    pasted_alarms: int
    pasted: int


def detect(rows: Sequence[Row], name: str) -> Detection:
    """Judge a detector of `DETECTORS`."""
    trials = [row for row in rows if row["kind"] == RELATIVE and has_watched(row, name)]
    failing, intact = frame_scores(trials, name)
    events = [row for row in trials if row["severity"] > 0]
    happened = [_is_event(row) for row in events]
    told = [raised(row, name) for row in events]
    true = sum(a and b for a, b in zip(happened, told, strict=True))
    delays = [
        delay for row, was in zip(events, happened, strict=True)
        if was and (delay := _latency(row, name)) is not None
    ]  # fmt: skip
    clean = [row for row in trials if row["severity"] == 0]
    in_a_case = [row for row in rows if row["severity"] > 0 and has_watched(row, name)]
    persons = [row for row in in_a_case if row["kind"] == PERSON]
    pasted = [row for row in in_a_case if row["kind"] == PASTED]
    recall = true / sum(happened) if any(happened) else None
    precision = true / sum(told) if any(told) else None
    return Detection(
        name=name,
        failing=len(failing),
        intact=len(intact),
        auc=auc(failing, intact),
        tpr=tpr(failing, intact),
        f1=2 * true / (sum(told) + sum(happened)) if any(told) or any(happened) else None,
        recall=recall,
        precision=precision,
        latency_median=float(np.median(delays)) if delays else None,
        latency_p95=float(np.percentile(delays, 95)) if delays else None,
        alarms=sum(raised(row, name) for row in clean),
        clean_seconds=_seconds(clean),
        person_alarms=sum(raised(row, name) for row in persons),
        persons=len(persons),
        person_seconds=_seconds(persons),
        pasted_alarms=sum(raised(row, name) for row in pasted),
        pasted=len(pasted),
    )


def frame_scores(trials: Iterable[Row], name: str) -> tuple[Scores, Scores]:
    """Return a detector's scores of the frames that fail, and of those that are intact.

    Frames fail from a damage of `FAILS` on and are intact up to half of it, at full strength or
    without any perturbation; the others, and those after the perturbation, are not judged.
    """
    failing: list[float] = []
    intact: list[float] = []
    for row in trials:
        for score, damage, strength in zip(
            _scores(row, name), row["frames"]["damage"], row["frames"]["strength"], strict=True
        ):
            if damage is None or (strength < 0.99 and row["severity"] > 0):
                continue
            if damage >= FAILS:
                failing.append(score)
            elif damage <= _INTACT:
                intact.append(score)
    return np.array(failing), np.array(intact)


def auc(positive: Scores, negative: Scores) -> float | None:
    """Return the probability that a positive scores above a negative; ties count half."""
    if not len(positive) or not len(negative):
        return None
    ranks = mean_ranks(np.concatenate((positive, negative)))
    above = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(above / (len(positive) * len(negative)))


def tpr(positive: Scores, negative: Scores) -> float | None:
    """Return the share of positives above what at most 1 % of the negatives exceed."""
    if not len(positive) or not len(negative):
        return None
    ordered = np.sort(negative)[::-1]
    threshold = ordered[int(_RATE_LEVEL * len(ordered))]
    return float((positive > threshold).mean())


def roc(positive: Scores, negative: Scores) -> tuple[Scores, Scores]:
    """Return false and true positive rates over all thresholds."""
    thresholds = np.unique(np.concatenate((positive, negative)))[::-1]
    false = np.array([0.0, *((negative >= one).mean() for one in thresholds)])
    true = np.array([0.0, *((positive >= one).mean() for one in thresholds)])
    return false, true


def alarms_bound(alarms: int, seconds: float) -> float | None:
    """Return the rate an hour that the alarms in `seconds` exclude with 95 %: 3 / T for none."""
    if seconds <= 0:
        return None
    # The 95 % bound of a Poisson mean, by Wilson and Hilferty's cube; exact for none.
    more = alarms + 1
    mean = 2.996 if alarms == 0 else more * (1 - 1 / (9 * more) + 1.645 / (3 * more**0.5)) ** 3
    return mean / (seconds / 3600)


@dataclass(frozen=True)
class Challenge:
    """A case as something to ask of a caller, at one severity.

    `breaks`: share of the avatar's frames that fail; `caught`: share of avatars flagged in role B;
    `person`: share of real persons flagged in role B; `worth` = breaks x (1 - person).
    """

    case: str
    severity: int
    breaks: float
    caught: float | None
    person: float | None
    worth: float


def challenges(rows: Sequence[Row]) -> list[Challenge]:
    """Rank what a caller can be asked for, best first, at the severity that is best for it."""
    found: dict[str, Challenge] = {}
    cells: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        case = CASES.get(row["case"])
        if case is not None and case.family in ASKABLE and row["severity"] > 0:
            cells.setdefault((row["case"], row["severity"]), []).append(row)
    for (name, severity), members in cells.items():
        avatars = [row for row in members if row["kind"] == RELATIVE]
        persons = [row for row in members if row["kind"] == PERSON]
        failed = [row["metrics"]["failed"] for row in avatars]
        known = [value for value in failed if value is not None]
        breaks = float(np.mean(known)) if known else 0.0
        person = flagged_share(persons, "video")
        worth = breaks * (1 - (person or 0.0))
        one = Challenge(name, severity, breaks, flagged_share(avatars, "video"), person, worth)
        best = found.get(name)
        if best is None or (worth, breaks) > (best.worth, best.breaks):
            found[name] = one
    return sorted(found.values(), key=lambda one: -one.worth)


def flagged_share(rows: Sequence[Row], name: str) -> float | None:
    """Return the share of trials in which the detector flags something; None without any."""
    told = [raised(row, name) for row in rows if has_watched(row, name)]
    return float(np.mean(told)) if told else None


def raised(row: Row, name: str) -> bool:
    """Return whether the detector flags something in a trial, warnings about the driver aside."""
    return any(_flagged(row, name))


def has_watched(row: Row, name: str) -> bool:
    """Whether a detector of `DETECTORS` judged the frames of a trial."""
    if name == HOG:
        return bool(row["frames"].get("face_score"))
    return bool(row["watched"].get(name, {}).get("scores"))


def flags_at(row: Row, name: str, frame: int) -> list[str]:
    """Return the names of the flags that a detector holds in a frame."""
    watched = row["watched"].get(name)
    if not watched or not watched["flags"]:
        return []
    return [flag for flag in watched["flags"][frame].split("|") if flag]


def _flagged(row: Row, name: str) -> list[bool]:
    if name == HOG:
        return [score <= 0 for score in row["frames"]["face_score"]]
    flags = row["watched"][name]["flags"]
    return [bool(_MISSING & set(held.split("|"))) for held in flags]


def _scores(row: Row, name: str) -> list[float]:
    if name == HOG:
        return [-float(score) for score in row["frames"]["face_score"]]
    return list(map(float, row["watched"][name]["scores"]))


def _is_event(row: Row) -> bool:
    failed = row["metrics"]["failed"]
    return bool(failed is not None and failed >= _EVENT)


def _latency(row: Row, name: str) -> float | None:
    """Return the seconds from the first frame that fails to the first flag from there on."""
    damage = row["frames"]["damage"]
    failing = [index for index, value in enumerate(damage) if value is not None and value >= FAILS]
    if not failing:
        return None
    told = [index for index, flag in enumerate(_flagged(row, name)) if flag]
    later = [index for index in told if index >= failing[0]]
    if any(index < failing[0] for index in told):
        return 0.0
    return float((later[0] - failing[0]) / row["rate"]) if later else None


def _seconds(rows: Sequence[Row]) -> float:
    return float(sum(len(row["frames"]["strength"]) / row["rate"] for row in rows))
