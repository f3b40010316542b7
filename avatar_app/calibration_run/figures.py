"""How good the detector is on the test split: by frames, by events, and by false alarms an hour."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.fit import Truth, Values
from avatar_app.calibration_run.labels import CLEAN, GLITCH, UNCLEAR
from avatar_app.calibration_run.plan import AGAIN, CALM, EVENTFUL, FOREIGN, JAW, REAL
from avatar_app.calibration_run.studio import NAMES, RATE, Take
from avatar_app.glitch.flags import Hysteresis

BASELINE = "dlib-hog"

_FALSE_POSITIVES = 0.01
_CLEAR = 1.0  # of dlib's scores for a face
_ONSET_FRAMES = round(0.5 * RATE)
_APART = (JAW, FOREIGN)
_SHORTEST = 5  # frames that make a glitch an event
_RESAMPLES, _LEVEL = 2000, (2.5, 97.5)

Interval = tuple[float, float]
"""Where a figure lies with 95 % if other people had been filmed: a bootstrap over persons."""


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
class Events:
    """Glitches `found` and `missed`, and flags that are `wrong`.

    Of those missed some are noticed `late`: a flag goes up in them, but not at their beginning.
    `stray` flags touch no glitch either, but not all of their frames are clean: they go up where
    the truth is unclear, and whether they are wrong is anybody's choice. `delays` of those found in
    seconds.
    """

    found: int = 0
    missed: int = 0
    wrong: int = 0
    stray: int = 0
    late: int = 0
    delays: tuple[float, ...] = ()

    def __add__(self, other: Events) -> Events:
        return Events(
            self.found + other.found,
            self.missed + other.missed,
            self.wrong + other.wrong,
            self.stray + other.stray,
            self.late + other.late,
            self.delays + other.delays,
        )

    @property
    def count(self) -> int:
        """How many glitches there were."""
        return self.found + self.missed

    @property
    def precision(self) -> float:
        """The share of flags that are right, of those that are right or wrong."""
        return self.found / max(self.found + self.wrong, 1)

    @property
    def recall(self) -> float:
        """The share of glitches that are found."""
        return self.found / max(self.count, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.found / max(2 * self.found + self.missed + self.wrong, 1)

    @property
    def strict_f1(self) -> float:
        """The same if stray flags are wrong."""
        return Events(self.found, self.missed, self.wrong + self.stray).f1


@dataclass(frozen=True)
class Figures:
    """What is promised of one role, or of the baseline in it.

    `events` is of all people; `event_people` have any. `calm_unclear` are the flags that go up in
    calm footage where an avatar is neither clean nor broken, and touch no glitch; and how long that
    is.
    """

    auc: float
    recall_at_1_percent: float
    events: Events
    event_people: int
    recall_interval: Interval
    f1_interval: Interval
    latency: float
    calm: Alarms
    calm_unclear: Alarms
    people: Alarms
    eventful: Alarms
    eventful_clips: int
    eventful_flagged: int
    frames: int
    unclear: int
    jaws: Events
    foreign: Events

    def to_json(self) -> dict[str, float]:
        """Return those that `inspect` tells."""
        clean = Alarms(self.calm.count + self.people.count, self.calm.minutes + self.people.minutes)
        values = {
            "frame_auc": self.auc,
            "recall_at_1_percent": self.recall_at_1_percent,
            "event_recall": self.events.recall,
            "event_precision": self.events.precision,
            "event_f1": self.events.f1,
            "event_f1_strict": self.events.strict_f1,
            "latency_seconds": self.latency,
            "false_alarms": clean.count,
            "false_alarms_per_hour": clean.per_hour,
            "clean_minutes": clean.minutes,
            "bound_per_hour": clean.bound,
            "unclear_share": self.unclear / max(self.frames + self.unclear, 1),
        }
        if self.eventful_clips:
            values["edge_clips_flagged"] = self.eventful_flagged / self.eventful_clips
        if self.jaws.count:
            values["jaws_found"] = self.jaws.recall
        if self.foreign.count:
            values["foreign_found"] = self.foreign.recall
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
    people: dict[Path, Events] = {}
    for one in judged:
        if one.take.kind not in (*_APART, AGAIN, EVENTFUL, REAL):
            person = one.take.scene.clip
            people[person] = people.get(person, Events()) + _events(one)
    events = _sum(people.values())
    jaws, foreign = (
        _sum(_events(one) for one in judged if one.take.kind == kind) for kind in _APART
    )
    eventful = [one for one in judged if one.take.kind == EVENTFUL]
    footage = [one for one in judged if one.take.kind in (CALM, AGAIN)]
    recall_interval, f1_interval = _intervals([*people.values()])
    return Figures(
        auc=float(roc_auc_score(truth, score)),
        recall_at_1_percent=float(true[false <= _FALSE_POSITIVES].max()),
        events=events,
        event_people=sum(one.count > 0 for one in people.values()),
        recall_interval=recall_interval,
        f1_interval=f1_interval,
        latency=float(np.median(events.delays)) if events.delays else float("nan"),
        calm=alarms(footage),
        calm_unclear=alarms(footage, UNCLEAR),
        people=alarms([one for one in judged if one.take.kind == REAL]),
        eventful=alarms(eventful),
        eventful_clips=len(eventful),
        eventful_flagged=sum(bool(one.flagged.any()) for one in eventful),
        frames=len(truth),
        unclear=unclear,
        jaws=jaws,
        foreign=foreign,
    )


def _sum(events: Iterable[Events]) -> Events:
    return sum(events, Events())


def _intervals(people: Sequence[Events]) -> tuple[Interval, Interval]:
    """Return the intervals of recall and F1."""
    rng = np.random.default_rng(0)
    counts = np.array([(one.found, one.missed, one.wrong) for one in people])
    drawn = rng.integers(len(people), size=(_RESAMPLES, len(people)))
    found, missed, wrong = counts[drawn].sum(axis=1).T
    recall = found / np.maximum(found + missed, 1)
    f1 = 2 * found / np.maximum(2 * found + missed + wrong, 1)
    (low, high), (least, most) = (np.percentile(values, _LEVEL) for values in (recall, f1))
    return (float(low), float(high)), (float(least), float(most))


def roc(judged: Sequence[Judged]) -> tuple[Values, Values]:
    """Return false and true positive rates of frames."""
    from sklearn.metrics import roc_curve

    truth, score, _ = _frames(judged)
    false, true, _ = roc_curve(truth, score)
    return false, true


def baseline(take: Take) -> Judged:
    """Judge a take by dlib's frontal detector alone: a face, or none.

    Its flags hold and bridge gaps as the detector's do, and what is excused by what lies before or
    beside the face is held against neither.
    """
    clearness = take.measures[:, NAMES.index("face_score")].astype(np.float64)
    score = -np.nan_to_num(clearness, nan=_CLEAR)
    flag = Hysteresis(0.0, 0.0)
    flagged = [flag.update(float(value), index / RATE) for index, value in enumerate(score)]
    return Judged(take, score, np.array(flagged))


def alarms(judged: Sequence[Judged], where: int = CLEAN) -> Alarms:
    """Count the flags that go up in a clean frame, and the clean minutes; or such of `where`.

    A flag that goes up in an unclear frame counts as neither, and an alarm that overlaps a glitch
    is none: a model may break by itself in calm footage.
    """
    count = sum(
        bool(one.take.truth[up] == where and (one.take.truth[up:down] != GLITCH).all())
        for one in judged
        for up, down in spans(one.flagged)
    )
    return Alarms(count, sum(int((one.take.truth == where).sum()) for one in judged) / RATE / 60)


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


def _events(one: Judged) -> Events:
    """Return what of a take's glitches was found, and what else was flagged."""
    # What is unclear between two glitches belongs to them; before and after, to nobody.
    real = [span for span in spans(_bridged(one.take.truth)) if span[1] - span[0] >= _SHORTEST]
    raised = spans(one.flagged)
    delays, used, late = [], set(), 0
    for begin, end in real:
        for index, (up, down) in enumerate(raised):
            if up < end and down > begin and abs(up - begin) <= _ONSET_FRAMES:
                delays.append(max(0, up - begin) / RATE)
                used.add(index)
                break
        else:
            late += any(up < end and down > begin for up, down in raised)
    others = [
        one.take.truth[up:down] for index, (up, down) in enumerate(raised) if index not in used
    ]
    wrong = sum(bool((truth == CLEAN).all()) for truth in others)
    stray = sum(bool((truth != GLITCH).all()) for truth in others) - wrong
    return Events(len(delays), len(real) - len(delays), wrong, stray, late, tuple(delays))


def _bridged(truth: Truth) -> npt.NDArray[np.bool_]:
    up: npt.NDArray[np.bool_] = np.array(truth == GLITCH, bool)
    for before, after in itertools.pairwise(np.flatnonzero(up)):
        if not (truth[before:after] == CLEAN).any():
            up[before:after] = True
    return up
