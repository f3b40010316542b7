"""The detector's curves as one picture: ROC, and alarms an hour against misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from avatar_app.calibration_run.figures import BASELINE, Judged, roc
from avatar_app.calibration_run.labels import GLITCH
from avatar_app.calibration_run.plan import AGAIN, CALM, FOREIGN, JAW, REAL
from avatar_app.calibration_run.studio import RATE
from avatar_app.files import whole, write_errors

_COLOURS = {"driver": "#2c5ea8", "video": "#2f8f5b"}
_STEPS = 120


def draw_curves(
    judged: Mapping[str, Sequence[Judged]], base: Mapping[str, Sequence[Judged]], path: Path
) -> None:
    """Draw both by role, beside the baseline, into a PNG. Raises AvatarAppError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for role, takes in judged.items():
        colour = _COLOURS[role]
        for shown, style, name in ((takes, "-", role), (base[role], ":", f"{role}, {BASELINE}")):
            left.plot(*roc(shown), style, color=colour, label=name)
            right.plot(*_alarms_and_misses(shown), style, color=colour, label=name)
    left.set(xlabel="share of clean frames above", ylabel="share of glitch frames above")
    left.set_xscale("symlog", linthresh=0.01)
    left.set_xlim(0, 1)
    left.set_title("ROC by frame")
    right.set(xlabel="false alarms an hour on clean output and people", ylabel="glitches missed")
    right.set_xscale("symlog", linthresh=10)
    right.set_ylim(0, 1)
    right.set_title("Alarms against misses")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    with whole(path) as part, write_errors(path):
        figure.savefig(part, dpi=110, metadata={"Software": None})


def _alarms_and_misses(judged: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """Return both by threshold: takes are alarmed and glitches found by their highest score."""
    clean = [one for one in judged if one.take.kind in (CALM, AGAIN, REAL)]
    clean = [one for one in clean if not (one.take.truth == GLITCH).any()]
    hours = sum(len(one.score) for one in clean) / RATE / 3600
    tops = np.array([one.score.max() for one in clean])
    broken = np.array(
        [
            one.score[one.take.truth == GLITCH].max()
            for one in judged
            if one.take.kind not in (AGAIN, FOREIGN, JAW) and (one.take.truth == GLITCH).any()
        ]
    )
    limits = np.quantile(np.concatenate([tops, broken]), np.linspace(0, 1, _STEPS))
    return (
        [float((tops >= limit).sum()) / max(hours, 1e-9) for limit in limits],
        [float((broken < limit).mean()) for limit in limits],
    )
