"""The log of a run as a picture; can be drawn again from the files at any time."""

from __future__ import annotations

import csv
from pathlib import Path

from avatar_app.types import AvatarAppError


def draw_curves(out: Path) -> Path:
    """Draw log.csv and validation.csv of the run in `out` as curves.png, and give its path.

    Raises AvatarAppError when there is no log, or no matplotlib (extra [train]) to draw it with.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise AvatarAppError(
            "Curves need matplotlib; install it with: pip install 'avatar_app[train]'."
        ) from error
    log = _columns(out / "log.csv")
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for seconds, name, value in zip(log["seconds"], log["loss"], log["value"], strict=True):
        x, y = curves.setdefault(name, ([], []))
        x.append(float(seconds) / 60)
        y.append(float(value))
    speed = curves.pop("samples_per_second", ([], []))

    figure = Figure(figsize=(12, 7), layout="constrained")
    losses, l1, landmarks, samples = figure.subplots(2, 2).ravel()
    for name, (x, y) in curves.items():
        losses.plot(x, y, label=name, linewidth=1)
    losses.set(title="Training losses, weighted", yscale="log")
    losses.legend(fontsize="small")
    samples.plot(*speed, linewidth=1)
    samples.set(title="Samples a second")
    if (out / "validation.csv").exists():
        seen = _columns(out / "validation.csv")
        minutes = [float(value) / 60 for value in seen["seconds"]]
        for axes, title, ours, still in (
            (l1, "Validation: L1", "l1", "still_l1"),
            (landmarks, "Validation: landmarks, px", "landmark_flow_px", "still_landmark_px"),
        ):
            axes.plot(minutes, [float(value) for value in seen[ours]], "o-", label="model")
            axes.plot(
                minutes, [float(value) for value in seen[still]], "--", label="still source image"
            )
            axes.set(title=title, ylim=(0, None))
            axes.legend()
    for axes in (losses, l1, landmarks, samples):
        axes.set_xlabel("minutes")
        axes.grid(alpha=0.3)
    path = out / "curves.png"
    part = out / "curves.part.png"
    figure.savefig(part, dpi=110)
    part.replace(path)
    return path


def _columns(path: Path) -> dict[str, list[str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise AvatarAppError(f"There is no training log {path} to draw.") from error
    return {key: [row[key] for row in rows] for key in (rows[0] if rows else {})}
