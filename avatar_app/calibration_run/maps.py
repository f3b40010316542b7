"""What the detector's networks see as a picture: people held out, what was done, what is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from avatar_app.calibration_run.lessons import YES, Lessons
from avatar_app.files import whole, write_errors
from avatar_app.glitch.signals.artifacts import CELLS, ROWS
from avatar_app.glitch.signals.chip import SIDE
from avatar_app.glitch.signals.sight import FACE
from avatar_app.types import Floats, Image

_MOST, _WHOLE = 12, 4
_ROWS = ("face", "what was done", "what it sees")
_RED, _BLUE = np.array([210, 40, 40]), np.array([40, 90, 220])


def draw_maps(lessons: Lessons, seen: Callable[..., Floats], path: Path) -> None:
    """Draw one face of each kind, broken cells in red and covered ones in blue, into a PNG.

    `seen` gives the log-odds (2, 14, 12) for a lesson's `faces`. Raises AvatarAppError.
    """
    from matplotlib.figure import Figure

    kinds = [str(kind) for kind in np.unique(lessons.kind)]
    kinds = sorted(kinds, key=lambda kind: (kind.split("-")[0] != "calm", kind))
    step = max(1, len(kinds) // _MOST)
    shown = kinds[::step][:_MOST]
    figure = Figure(figsize=(1.15 * len(shown), 3.9), layout="constrained")
    grid = figure.subplots(len(_ROWS), len(shown), squeeze=False)
    for axes, kind in zip(grid.T, shown, strict=True):
        index = _plainest(lessons, kind)
        face = lessons.view[index][FACE]
        done = np.stack((lessons.broken[index] == YES, lessons.covered[index] == YES))
        odds = seen(*lessons.faces(index))
        found = (odds > 0) & (odds == odds.max(axis=0))
        nothing = np.zeros((2, ROWS, CELLS), bool)
        for one, cells in zip(axes, (nothing, done, found), strict=True):
            one.imshow(_tinted(face, cells))
            one.set(xticks=[], yticks=[])
        axes[0].set_title(kind.replace("-", "\n").replace("_", " "), fontsize=7)
    for axes, words in zip(grid[:, 0], _ROWS, strict=True):
        axes.set_ylabel(words, fontsize=8)
    with whole(path) as part, write_errors(path):
        figure.savefig(part, dpi=110, format="png", metadata={"Software": None})


def draw_glances(
    seen: Floats, is_broken: np.ndarray[tuple[int], np.dtype[np.bool_]], odds: Floats, path: Path
) -> None:
    """Draw faces (N, 2, 112, 96) as usual and now, with log-odds (N,), into a PNG.

    Broken ones stand on the left; framed in red is what looks more so than 99 in a hundred whole
    ones. Raises AvatarAppError.
    """
    from matplotlib.figure import Figure

    broken, whole_ones = np.flatnonzero(is_broken), np.flatnonzero(~is_broken)
    limit = np.quantile(odds[whole_ones], 0.99)
    shown = [*broken[: _MOST - _WHOLE], *whole_ones[:_WHOLE]]
    figure = Figure(figsize=(1.3 * len(shown), 3.4), layout="constrained")
    grid = figure.subplots(2, len(shown), squeeze=False)
    for column, index in zip(grid.T, shown, strict=True):
        now, usual = seen[index]
        for axes, face in zip(column, (usual, now), strict=True):
            axes.imshow(face, cmap="gray", vmin=-2.5, vmax=2.5)
            axes.set(xticks=[], yticks=[])
        for edge in column[1].spines.values():
            edge.set(color="crimson" if odds[index] > limit else "grey", linewidth=2.5)
        column[0].set_title("broken" if is_broken[index] else "whole", fontsize=8)
        column[1].set_xlabel(f"{odds[index]:.1f}", fontsize=8)
    for axes, words in zip(grid[:, 0], ("as usual", "now"), strict=True):
        axes.set_ylabel(words, fontsize=8)
    with whole(path) as part, write_errors(path):
        figure.savefig(part, dpi=110, format="png", metadata={"Software": None})


def _plainest(lessons: Lessons, kind: str) -> int:
    """Return the lesson of a kind in which most was done."""
    there = np.flatnonzero(lessons.kind == kind)
    cells = ((lessons.broken[there] == YES) | (lessons.covered[there] == YES)).sum(axis=(1, 2))
    return int(there[np.argmax(cells)])


def _tinted(face: Image, cells: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Image:
    """Return a face (112, 96) in grey, its cells (2, 14, 12) in red and blue: (112, 96, 3)."""
    colours = np.repeat(face[..., None], 3, axis=2).astype(np.float32)
    size = SIDE // CELLS
    for colour, there in zip((_RED, _BLUE), cells, strict=True):
        mask = np.kron(there, np.ones((size, size)))[..., None]
        colours = colours * (1 - 0.4 * mask) + 0.4 * mask * colour
    return np.asarray(np.clip(colours, 0, 255), np.uint8)
