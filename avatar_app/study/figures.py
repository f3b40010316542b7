"""The figures of the report, drawn from rows and pictures on the disk."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image as Pictures

from avatar_app.files import whole, write_errors
from avatar_app.study.analysis import Responses
from avatar_app.study.detection import Challenge, Scores, roc

BAD, CALM, GREY, THIRD = "#d1353a", "#2f6db3", "#8e8e93", "#c98a00"
PALE = "#6e6e73"
_LEFT, _WIDE = 0.375, 0.155  # of the pictures, in shares of the figure
_DPI = 100


def draw_effect(
    path: Path,
    title: str,
    failed: Responses,
    damage: Responses,
    strips: Sequence[tuple[int, Path, str]],
    first_panel: str,
) -> None:
    """Draw "The effect of ...": the curves with their bands beside strips of frames.

    `strips`: severity, picture and what was flagged.
    """
    figure = _figure(10.2, 3.3)
    figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold")
    axes = figure.add_axes((0.055, 0.15, 0.30, 0.70))
    _curve(axes, failed, BAD, "frames that fail")
    _curve(axes, damage, CALM, "damage, eye widths")
    floor = damage.mean()[0]
    if np.isfinite(floor):
        axes.axhline(floor, color=GREY, linewidth=1, linestyle=":", label="noise floor (damage)")
    axes.set(xlabel="severity", xticks=failed.severities, ylim=(-0.03, 1.05))
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    for column, (severity, picture, flags) in enumerate(strips[-3:], 1):
        driver, clean, rendered = _panels(picture)
        _panel(figure, column, 0, driver, first_panel)
        _panel(figure, column, 1, rendered, flags or "perturbed", BAD if flags else PALE)
        if column == 1:
            _panel(figure, 0, 1, clean, "unperturbed")
        middle = _LEFT + (column + 0.5) * _WIDE
        figure.text(middle, 0.925, f"severity {severity}", fontsize=9, ha="center")
    _save(figure, path)


def draw_overview(path: Path, bars: Sequence[tuple[str, float, float, float]]) -> None:
    """Draw the share of failing frames of each case as bars, worst first: name, mean, low, high."""
    figure = _figure(8.2, 1.0 + 0.185 * len(bars))
    foot = 0.55 / (1.0 + 0.185 * len(bars))
    axes = figure.add_axes((0.24, foot, 0.73, 0.98 - foot))
    places = np.arange(len(bars))[::-1]
    means = np.array([bar[1] for bar in bars])
    spread = np.array([(mean - low, high - mean) for _, mean, low, high in bars]).T
    # Lists: of a single bar the matplotlib of Python 3.10 takes an array's row for a number.
    axes.barh(places, means, color=BAD, height=0.7, xerr=np.maximum(spread, 0).tolist(),
              error_kw={"elinewidth": 1, "ecolor": "#444"})  # fmt: skip
    axes.set_yticks(places, [bar[0] for bar in bars], fontsize=8)
    axes.set(xlim=(0, 1), ylim=(-0.7, len(bars) - 0.3))
    axes.set_xlabel("frames that fail at the strongest severity", fontsize=9)
    _save(figure, path)


def draw_rules(path: Path, groups: Mapping[str, Mapping[str, float | None]], label: str) -> None:
    """Draw a number by family and way, as groups of bars."""
    figure = _figure(8.2, 3.4)
    axes = figure.add_axes((0.08, 0.14, 0.9, 0.74))
    ways = list(next(iter(groups.values())))
    width = 0.8 / len(ways)
    colours = (BAD, THIRD, CALM, GREY)
    for number, way in enumerate(ways):
        values = [group[way] or 0.0 for group in groups.values()]
        at = np.arange(len(groups)) + (number - (len(ways) - 1) / 2) * width
        axes.bar(at, values, width * 0.92, label=way, color=colours[number % len(colours)])
    axes.set_xticks(np.arange(len(groups)), list(groups))
    axes.set_ylabel(label)
    _legend_above(axes)
    _save(figure, path)


def draw_roc(path: Path, curves: Mapping[str, tuple[Scores, Scores]]) -> None:
    """Draw false against true positive rates, a curve for each detector's failing and intact."""
    figure = _figure(5.0, 4.2)
    axes = figure.add_axes((0.12, 0.12, 0.84, 0.84))
    colours = (GREY, BAD, CALM)
    for number, (name, (failing, intact)) in enumerate(curves.items()):
        false, true = roc(failing, intact)
        axes.plot(np.maximum(false, 1e-3), true, color=colours[number % 3], label=name)
    axes.axvline(0.01, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlim=(1e-3, 1), ylim=(0, 1.02),
             xlabel="intact frames above",
             ylabel="failing frames above the threshold")  # fmt: skip
    axes.legend(frameon=False, loc="lower right")
    _save(figure, path)


def draw_challenges(path: Path, found: Sequence[Challenge]) -> None:
    """Draw what each challenge breaks above whom it wrongs, the best first."""
    tall = 1.2 + 0.26 * len(found)
    figure = _figure(7.4, tall)
    axes = figure.add_axes((0.22, 0.55 / tall, 0.74, 1 - 1.0 / tall))
    places = np.arange(len(found))[::-1]
    for shares, up, colour, label in (
        ([one.breaks for one in found], 0.19, BAD, "the avatar's frames that fail"),
        ([one.person or 0.0 for one in found], -0.19, CALM, "persons who are flagged (role B)"),
    ):
        axes.barh(places + up, shares, color=colour, height=0.36, label=label)
    axes.set_yticks(places, [one.case.replace("_", " ") for one in found], fontsize=8)
    axes.set(xlim=(0, 1), ylim=(-0.7, len(found) - 0.3), xlabel="share")
    _legend_above(axes)
    _save(figure, path)


def draw_validation(path: Path, panels: Mapping[str, Sequence[tuple[str, float, float]]]) -> None:
    """Draw drawn beside real changes: a panel for each measure, in it a row for each case.

    `panels` gives case, drawn, real of the same cases; those that change most come first.
    """
    first = next(iter(panels.values()))
    order = sorted(range(len(first)), key=lambda row: abs(first[row][2]))
    tall = 1.2 + 0.2 * len(first)
    figure = _figure(9.6, tall)
    width = 0.82 / len(panels)
    for number, (name, points) in enumerate(panels.items()):
        left = 0.14 + number * (width + 0.03)
        axes = figure.add_axes((left, 0.45 / tall, width - 0.01, 1 - 1.1 / tall))
        cases, drawn, real = zip(*(points[row] for row in order), strict=True)
        places = np.arange(len(cases))
        axes.hlines(places, drawn, real, color=GREY, linewidth=0.8)
        axes.plot(drawn, places, "o", color=CALM, markersize=7, markerfacecolor="white",
                  label="drawn onto a clean clip")  # fmt: skip
        axes.plot(real, places, "o", color=BAD, markersize=4, label="rendered as real motion")
        axes.set_yticks(places, [case.replace("_", " ") for case in cases], fontsize=8)
        axes.tick_params(axis="y", length=0, labelleft=number == 0)
        axes.set_xlabel(name)
        axes.set_ylim(-0.7, len(cases) - 0.3)
        axes.grid(axis="y", linewidth=0.3)
        if number == 0:
            _legend_above(axes)
    _save(figure, path)


def _legend_above(axes: Axes) -> None:
    """Say what the colours mean where no bar is."""
    axes.legend(frameon=False, fontsize=9, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=_DPI, facecolor="white")


def _curve(axes: Axes, responses: Responses, colour: str, label: str) -> None:
    band = responses.band()
    if band is not None:
        axes.fill_between(responses.severities, *band, color=colour, alpha=0.18, linewidth=0)
    axes.plot(responses.severities, responses.mean(), "o-", color=colour, label=label, markersize=4)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)


def _panels(picture: Path) -> list[np.ndarray]:
    """Return the square pictures that stand side by side in a file."""
    with Pictures.open(picture) as opened:
        strip = np.asarray(opened.convert("RGB"))
    return np.split(strip, strip.shape[1] // strip.shape[0], axis=1)


def _panel(
    figure: Figure, column: int, row: int, image: np.ndarray, name: str, colour: str = PALE
) -> None:
    left, bottom = _LEFT + column * _WIDE, 0.515 - row * 0.475
    axes = figure.add_axes((left, bottom, _WIDE - 0.008, 0.39))
    axes.imshow(image)
    axes.set_axis_off()
    middle = left + (_WIDE - 0.008) / 2
    figure.text(middle, bottom - 0.012, name, fontsize=7.5, ha="center", va="top", color=colour)


def _save(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    with Pictures.open(buffer) as drawn, whole(path) as part, write_errors(path):
        if path.suffix == ".jpg":
            drawn.convert("RGB").save(part, quality=82, optimize=True)
        else:
            few = drawn.convert("P", palette=Pictures.Palette.ADAPTIVE, colors=64)
            few.save(part, optimize=True)
