"""How good the detector is on the test split: by frames, by events, and by false alarms an hour."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.fit import Truth, Values
from avatar_app.calibration_run.labels import CLEAN, GLITCH, UNCLEAR
from avatar_app.calibration_run.plan import AGAIN, CALM, EVENTFUL, FOREIGN, JAW, REAL
from avatar_app.calibration_run.studio import NAMES, RATE, Take

BASELINE = "dlib-hog"

_FALSE_POSITIVES = 0.01
_CLEAR = 1.0  # of dlib's scores for a face
_ONSET_FRAMES = round(0.5 * RATE)
_APART = (JAW, FOREIGN)
_SHORTEST = 5  # frames that make a glitch an event


@dataclass(frozen=True, eq=False)
class Judged:
    """One take with the score of each frame, and whether it is flagged."""

    take: Take
    score: Values
    flagged: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Alarms:
    """False alarms on clean footage: how many in how many minutes; `bound` an hour with 95 %."""

    count: int
    minutes: float

    @property
    def per_hour(self) -> float:
        """The rate that was seen."""
        return 60 * self.count / max(self.minutes, 1e-9)

    @property
    def bound(self) -> float:
        """At most so many an hour, with 95 % confidence (Poisson): 3 / T where there was none."""
        from scipy.stats import chi2

        return float(chi2.ppf(0.95, 2 * self.count + 2) / 2 * 60 / max(self.minutes, 1e-9))


@dataclass(frozen=True)
class Figures:
    """What is promised of one role, or of the baseline in it."""

    auc: float
    recall_at_1_percent: float
    event_precision: float
    event_recall: float
    event_f1: float
    latency: float
    calm: Alarms
    people: Alarms
    eventful: Alarms
    eventful_clips: int
    eventful_flagged: int
    frames: int
    unclear: int
    events: int
    jaws_found: int
    jaws: int
    foreign_found: int
    foreign: int

    def to_json(self) -> dict[str, float]:
        """Return those that `inspect` tells."""
        clean = Alarms(self.calm.count + self.people.count, self.calm.minutes + self.people.minutes)
        values = {
            "frame_auc": self.auc,
            "recall_at_1_percent": self.recall_at_1_percent,
            "event_recall": self.event_recall,
            "event_precision": self.event_precision,
            "event_f1": self.event_f1,
            "latency_seconds": self.latency,
            "false_alarms_per_hour": clean.per_hour,
            "clean_minutes": clean.minutes,
            "bound_per_hour": clean.bound,
            "unclear_share": self.unclear / max(self.frames + self.unclear, 1),
        }
        if self.eventful_clips:
            values["edge_clips_flagged"] = self.eventful_flagged / self.eventful_clips
        if self.jaws:
            values["jaws_found"] = self.jaws_found / self.jaws
        if self.foreign:
            values["foreign_found"] = self.foreign_found / self.foreign
        return {name: round(float(value), 4) for name, value in values.items()}


def figures(judged: Sequence[Judged]) -> Figures:
    """Compute all of them from the takes of one role.

    Frames: glitches against calm and clean ones, the hard eventful footage of people, jaws that
    melt and glitches of other avatars apart, and calm avatars once more left out but for their
    false alarms.
    Events: at least five glitch frames in a row; found if an alarm overlaps and begins within
    half a second of its beginning.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    truth, score, unclear = _frames(judged)
    false, true, _ = roc_curve(truth, score)
    found, missed, wrong, late = 0, 0, 0, []
    for one in judged:
        if one.take.kind not in (*_APART, AGAIN, EVENTFUL, REAL):
            hits, misses, false_ones, delays = _events(one)
            found, missed, wrong = found + hits, missed + misses, wrong + false_ones
            late += delays
    jaws, foreign = ([_events(one) for one in judged if one.take.kind == kind] for kind in _APART)
    eventful = [one for one in judged if one.take.kind == EVENTFUL]
    precision = found / max(found + wrong, 1)
    recall = found / max(found + missed, 1)
    return Figures(
        auc=float(roc_auc_score(truth, score)),
        recall_at_1_percent=float(true[false <= _FALSE_POSITIVES].max()),
        event_precision=precision,
        event_recall=recall,
        event_f1=2 * precision * recall / max(precision + recall, 1e-9),
        latency=float(np.median(late)) if late else float("nan"),
        calm=alarms([one for one in judged if one.take.kind in (CALM, AGAIN)]),
        people=alarms([one for one in judged if one.take.kind == REAL]),
        eventful=alarms(eventful),
        eventful_clips=len(eventful),
        eventful_flagged=sum(bool(one.flagged.any()) for one in eventful),
        frames=len(truth),
        unclear=unclear,
        events=found + missed,
        jaws_found=sum(hits for hits, *_ in jaws),
        jaws=sum(hits + misses for hits, misses, *_ in jaws),
        foreign_found=sum(hits for hits, *_ in foreign),
        foreign=sum(hits + misses for hits, misses, *_ in foreign),
    )


def roc(judged: Sequence[Judged]) -> tuple[Values, Values]:
    """Return false and true positive rates of frames."""
    from sklearn.metrics import roc_curve

    truth, score, _ = _frames(judged)
    false, true, _ = roc_curve(truth, score)
    return false, true


def baseline(take: Take) -> Judged:
    """Judge a take by dlib's frontal detector alone: a face, or none.

    What is excused by what lies before or beside the face is held against neither.
    """
    clearness = take.measures[:, NAMES.index("face_score")].astype(np.float64)
    score = -np.nan_to_num(clearness, nan=_CLEAR)
    return Judged(take, score, score >= 0)


def alarms(judged: Sequence[Judged]) -> Alarms:
    """Count the flags that go up in a clean frame, and the clean minutes.

    A flag that goes up in an unclear frame counts as neither, and an alarm that overlaps a glitch
    is none: a model may break by itself in calm footage.
    """
    count = sum(
        bool(one.take.truth[up] == CLEAN and (one.take.truth[up:down] != GLITCH).all())
        for one in judged
        for up, down in spans(one.flagged)
    )
    return Alarms(count, sum(int((one.take.truth == CLEAN).sum()) for one in judged) / RATE / 60)


def spans(up: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of True, from and up to which index."""
    steps = np.flatnonzero(np.diff(np.r_[False, up, False].astype(int)))
    return [(int(begin), int(end)) for begin, end in steps.reshape(-1, 2)]


def _frames(judged: Sequence[Judged]) -> tuple[Truth, Values, int]:
    """Return truth and score of the frames that have a truth, and how many have none."""
    used = [one for one in judged if one.take.kind not in (*_APART, AGAIN, EVENTFUL)]
    truth = np.concatenate([one.take.truth for one in used])
    score = np.concatenate([one.score for one in used])
    known = truth != UNCLEAR
    return truth[known], score[known], int((~known).sum())


def _events(one: Judged) -> tuple[int, int, int, list[float]]:
    """Return found and missed glitches, false alarms, and the delays of those found in seconds."""
    # What is unclear between two glitches belongs to them; before and after, to nobody.
    real = [span for span in spans(_bridged(one.take.truth)) if span[1] - span[0] >= _SHORTEST]
    raised = spans(one.flagged)
    delays, used = [], set()
    for begin, end in real:
        for index, (up, down) in enumerate(raised):
            if up < end and down > begin and abs(up - begin) <= _ONSET_FRAMES:
                delays.append(max(0, up - begin) / RATE)
                used.add(index)
                break
    wrong = sum(
        index not in used and bool((one.take.truth[up:down] == CLEAN).all())
        for index, (up, down) in enumerate(raised)
    )
    return len(delays), len(real) - len(delays), wrong, delays


def _bridged(truth: Truth) -> npt.NDArray[np.bool_]:
    up: npt.NDArray[np.bool_] = np.array(truth == GLITCH, bool)
    for before, after in itertools.pairwise(np.flatnonzero(up)):
        if not (truth[before:after] == CLEAN).any():
            up[before:after] = True
    return up
