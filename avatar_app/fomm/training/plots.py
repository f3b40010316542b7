"""The log of a run as a picture; can be drawn again from the files at any time."""

from __future__ import annotations

import csv
from pathlib import Path

from avatar_app.files import whole, write_errors


def draw_curves(out: Path) -> Path:
    """Draw log.csv and validation.csv of the run in `out` as curves.png, and return its path.

    A run too short for a line of log has empty axes.
    """
    from matplotlib.figure import Figure

    curves: dict[str, tuple[list[float], list[float]]] = {}
    for row in _rows(out / "log.csv"):
        x, y = curves.setdefault(row["loss"], ([], []))
        x.append(float(row["seconds"]) / 60)
        y.append(float(row["value"]))
    speed = curves.pop("samples_per_second", ([], []))

    figure = Figure(figsize=(16, 7), layout="constrained")
    losses, l1, landmarks, samples, followed, at_work = figure.subplots(2, 3).ravel()
    for name, (x, y) in curves.items():
        losses.plot(x, y, label=name, linewidth=1)
    losses.set(title="Training losses, weighted", yscale="log")
    if curves:
        losses.legend(fontsize="small")
    samples.plot(*speed, linewidth=1)
    samples.set(title="Samples a second")
    seen = _rows(out / "validation.csv")
    minutes = [float(row["seconds"]) / 60 for row in seen]
    for axes, title, ours, still in (
        (l1, "Validation: L1", "l1", "still_l1"),
        (landmarks, "Validation: landmarks, px", "landmark_flow_px", "still_landmark_px"),
    ):
        axes.plot(minutes, [float(row[ours]) for row in seen], "o-", label="model")
        axes.plot(minutes, [float(row[still]) for row in seen], "--", label="still source image")
        axes.set(title=title, ylim=(0, None))
        axes.legend()
    # Runs begun with an earlier release do not tell these.
    seen = [row for row in seen if row.get("keypoints_at_work")]
    minutes = [float(row["seconds"]) / 60 for row in seen]
    for name in ("eyes", "mouth"):
        shares = [float(row[f"{name}_followed"]) for row in seen]
        followed.plot(minutes, shares, "o-", label=name)
    followed.set(title="Validation: share of a change that the motion follows", ylim=(-0.2, 1))
    followed.legend()
    at_work.plot(minutes, [int(row["keypoints_at_work"]) for row in seen], "o-")
    at_work.set(title="Validation: keypoints at work", ylim=(0, None))
    for axes in (losses, l1, landmarks, samples, followed, at_work):
        axes.set_xlabel("minutes")
        axes.grid(alpha=0.3)
    path = out / "curves.png"
    with whole(path) as part, write_errors(path):
        figure.savefig(part, dpi=110)
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    # A run that was killed, or whose disk was full, leaves half a line or half a letter.
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.DictReader(line for line in file if line.endswith("\n")))
    return [row for row in rows if None not in row.values()]
