"""The job: play the scenes, fit both roles, set thresholds, measure, and write the data file."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar_app.calibration_run import fit
from avatar_app.calibration_run.curves import draw_curves
from avatar_app.calibration_run.figures import (
    BASELINE,
    Alarms,
    Events,
    Figures,
    Interval,
    Judged,
    baseline,
    figures,
)
from avatar_app.calibration_run.plan import AVATAR, CALM, FIT, PAINTED, TEST, plan
from avatar_app.calibration_run.studio import Studio, Take
from avatar_app.events import DEFAULT_FALSE_ALARMS
from avatar_app.files import check_distinct, check_writable, write_whole
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.glitch.calibration import (
    FORMAT,
    ROLES,
    Calibration,
    RoleCalibration,
    load_calibration,
)
from avatar_app.progress import Progress, silent
from avatar_app.settings import install
from avatar_app.types import AvatarAppError

HEADINGS = (
    *("role", "frame AUC", "TPR at 1 % FPR", "event F1 (95 %; strict)", "event recall (95 %)"),
    *("latency, s", "alarms/h calm", "flags where unclear", "alarms/h people"),
    *("alarms/h eventful", "melting jaws", "foreign"),
    "unclear",
)

_FITS_WITH = ("scipy", "sklearn")


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """What was written, by which way of fusing, and the figures by role and for the baseline."""

    path: Path
    curves: Path | None
    ways: Mapping[str, str]
    figures: Mapping[str, Figures]
    minutes: float

    def rows(self) -> list[list[str]]:
        """Return the table under HEADINGS."""
        return [
            [
                name,
                f"{found.auc:.3f}",
                f"{found.recall_at_1_percent:.2f}",
                f"{found.events.f1:.2f} ({_interval(found.f1_interval)}; "
                f"{found.events.strict_f1:.2f})",
                f"{found.events.recall:.2f} ({_interval(found.recall_interval)}) of "
                f"{found.events.count}, {found.event_people} people",
                f"{found.latency:.2f}",
                _rate(found.calm),
                f"{found.calm_unclear.count} in {found.calm_unclear.minutes:.1f} min",
                *map(_rate, (found.people, found.eventful)),
                *map(_apart, (found.jaws, found.foreign)),
                f"{found.unclear} of {found.frames + found.unclear}",
            ]
            for name, found in self.figures.items()
        ]


def calibrate(
    clips: Path,
    output: Path,
    *,
    model: str = "fomm-mini",
    device: str = "auto",
    cache: Path | None = None,
    weights: Path | None = None,
    avatars: int = 15,
    videos: int = 15,
    again: int = 0,
    curves: Path | None = None,
    progress: Progress = silent,
) -> CalibrationResult:
    """Fit the detector to the footage of a folder and write it to `output`, a .json file.

    `clips`, `avatars`, `videos` and `again` as with `plan`. What was measured is kept in `cache`,
    by default a folder beside `output`, and used later: for another model name another one.
    `curves` is a picture to write. With `weights`, a data file, nothing is fitted: those are
    measured.
    Raises AvatarAppError for what is wrong with any of these.
    """
    began = time.perf_counter()
    cache = cache or output.with_suffix(".cache")
    check_distinct((), (output, curves))
    check_writable(output, curves, cache / "probe")
    _check_packages()
    known = None if weights is None else load_calibration(weights)
    scenes = plan(clips, avatars, videos, again)
    cache.mkdir(parents=True, exist_ok=True)
    takes: list[Take] = []
    with (
        closing(load_reenactor(model, device, absolute=True)) as engine,
        closing(Studio(engine, cache)) as studio,
    ):
        for number, scene in enumerate(scenes):
            progress(number, len(scenes), "scenes")
            takes += studio.takes(scene)
    progress(len(scenes), len(scenes), "scenes")
    return _fitted(takes, output, curves, began, known)


def _check_packages() -> None:
    missing = [name for name in _FITS_WITH if importlib.util.find_spec(name) is None]
    if missing:
        raise AvatarAppError(
            f"To fit and measure the detector {' and '.join(missing)} must be there; run "
            f"{install('train')}."
        )


def _fitted(
    takes: Sequence[Take],
    output: Path,
    curves: Path | None,
    began: float,
    known: Calibration | None = None,
) -> CalibrationResult:
    roles: dict[str, object] = {}
    ways: dict[str, str] = {}
    found: dict[str, Figures] = {}
    judged: dict[str, list[Judged]] = {}
    base: dict[str, list[Judged]] = {}
    for role in ROLES:
        learnt = [t for t in takes if _teaches(t, role) and t.scene.split == FIT]
        tried = [t for t in takes if t.role == role and t.scene.split == TEST]
        _check(role, learnt, tried)
        if known is None:
            ways[role], calibration = "fitted", _role(learnt, role)
        else:
            ways[role], calibration = f"as in {known.path.name}", known.roles[role]
        threshold = calibration.threshold(DEFAULT_FALSE_ALARMS[role])
        judged[role] = [_judged(take, calibration, threshold) for take in tried]
        base[role] = [baseline(take) for take in tried]
        found[role] = figures(judged[role])
        found[f"{role}, {BASELINE}"] = figures(base[role])
        roles[role] = fit.as_json(calibration)
    content = {
        "format": FORMAT,
        "fusions": ways,
        "figures": {role: found[role].to_json() for role in ROLES},
        "roles": roles,
    }
    write_whole(output, (json.dumps(content, separators=(",", ":")) + "\n").encode())
    if curves is not None:
        draw_curves(judged, base, curves)
    minutes = (time.perf_counter() - began) / 60
    return CalibrationResult(output, curves, ways, found, minutes)


def _teaches(take: Take, role: str) -> bool:
    """Return whether a role learns from a take: from its own, and from clips calm or drawn into.

    What only beside a driver can be measured is missing in those and counts as usual.
    """
    is_shared = take.kind == PAINTED or (take.kind == CALM and take.scene.what != AVATAR)
    return take.role == role or is_shared


def _role(learnt: Sequence[Take], role: str) -> RoleCalibration:
    """Fit the weights to all; the highest clean scores come from folds that left them out."""
    usual = fit.usual(learnt, role)
    tops, seconds = fit.maxima(learnt, role, usual)
    return dataclasses.replace(
        fit.fit(learnt, role, usual),
        maxima=tops,
        block_seconds=seconds,
        alone=fit.alone(learnt, role, usual),
    )


def _judged(take: Take, calibration: RoleCalibration, threshold: float) -> Judged:
    score, flagged = fit.scores(take, calibration, threshold)
    return Judged(take, score, np.array(flagged))


def _check(role: str, learnt: Sequence[Take], tried: Sequence[Take]) -> None:
    for split, takes in ((FIT, learnt), (TEST, tried)):
        truths = {int(value) for take in takes for value in np.unique(take.truth)}
        if not {0, 1} <= truths:
            raise AvatarAppError(
                f"The {split} split shows no glitch or nothing clean for the role {role}; "
                "give more clips."
            )


def _interval(ends: Interval) -> str:
    return "{:.2f} to {:.2f}".format(*ends)


def _apart(events: Events) -> str:
    return f"{events.found} of {events.count}, {events.late} late" if events.count else "-"


def _rate(alarms: Alarms) -> str:
    if not alarms.minutes:
        return "-"
    return f"{alarms.per_hour:.1f} (< {alarms.bound:.0f}, {alarms.minutes:.1f} min)"
