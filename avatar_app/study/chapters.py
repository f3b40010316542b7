"""The chapters of the report: words, tables and figures from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avatar_app.perturbations import CASES
from avatar_app.perturbations.cases import SOURCE
from avatar_app.study import figures
from avatar_app.study.analysis import mean_of
from avatar_app.study.document import Block, Heading, Picture, Points, Table, Text, number, percent
from avatar_app.study.measures import METRICS
from avatar_app.study.results import Row
from avatar_app.study.trials import (
    ABSOLUTE,
    CALIBRATION,
    EDGE,
    KINDS,
    NOTHING,
    NOTHING_SOURCE,
    RELATIVE,
    ZEROTH,
)

if TYPE_CHECKING:
    from avatar_app.study.report import Finding

_SIGNIFICANT = 0.05
_NAMED = 6  # cases at most in a sentence


def in_words(one: Finding) -> str:
    """Say in a sentence or two what a case does."""
    if one.strongest.get("failed") is None:
        return "Where the landmarks should be cannot be told at the strongest severity."
    share, low, high = _with_band(one)
    said = f"At the strongest severity {percent(share)} of the frames fail"
    said += f" (95 %: {percent(low)} to {percent(high)})" if low is not None else ""
    onset = one.failed.onset()
    said += f"; half of them from severity {onset:.1f} on." if onset is not None else "."
    if one.chance >= _SIGNIFICANT and _can_test(one):
        said += " No effect can be told from chance."
    return said


def summary(
    folder: Path, header: Mapping[str, Any], rows: Sequence[Row], findings: Sequence[Finding]
) -> list[Block]:
    """What was found, in a few sentences, the main table and the main figure."""
    broken = [one for one in findings if one.failed.onset() is not None]
    calm = [one for one in findings if one.strongest.get("failed") == 0]
    missing = [name for name in header["cases"] if name not in {one.case.name for one in findings}]
    real = sum(one.chance < _SIGNIFICANT for one in findings)
    steps = [str(severity) for severity in header["severities"]]
    severities = f"severit{'y' if len(steps) == 1 else 'ies'} {', '.join(steps)}"
    bars = [(_names([one]), *_bar(one)) for one in findings if any(_bar(one))]
    if bars:
        figures.draw_overview(folder / "figures" / "overview.png", bars)
    cells = len({(row["avatar"], row["clip"]) for row in rows if row["kind"] == RELATIVE})
    return [
        Text(
            f"First Order Motion avatars ({header['model']}) were driven into "
            f"{_many(len(findings), 'edge case')} at {severities}, with "
            f"{_many(len(header['avatars']), 'avatar')} and {_many(len(header['clips']), 'clip')}: "
            f"{len(rows)} trials. Every rendering is held against the rendering of the same frames "
            "without the perturbation, so the avatar's ordinary quality cancels out."
        ),
        Points(
            [
                f"In {len(broken)} of {len(findings)} cases at least half of the frames fail at "
                f"some severity; worst: {_names(broken[:_NAMED])}.",
                f"{real} cases have an effect that cannot be chance (trend over severities, "
                f"p < {_SIGNIFICANT} after Holm's correction for {len(findings)} cases)."
                if any(map(_can_test, findings))
                else "With one avatar and one clip no effect can be tested against chance.",
                _intact(calm),
                *(
                    [f"Not measured yet, of {len(header['cases'])} cases planned: "
                     f"{', '.join(missing)}. The same command goes on."] if missing else []
                ),
                f"The confidence bands rest on {_many(cells, 'pair')} of avatar and clip and say "
                "nothing about faces unlike these.",
            ]
        ),
        *([Picture("figures/overview.png",
                   "Share of frames that fail at the strongest severity, with 95 % bands; cases "
                   "without any are left out.")] if bars else []),
        Table(
            "Every case at its strongest severity, the worst first. onset: severity from which "
            "half of the frames fail (in brackets the 95 % interval; > stands for never). A, B: "
            "trials that the detector flags in role A and B; person: real persons doing the same "
            "who are flagged in role B. * no effect beyond chance.",
            ("case", "onset", "fail", "MFR", "AKD", "AKD pen.", "identity", "LPIPS", "L1", "fold",
             "jitter", "p", "A", "B", "person"),
            [_row(one) for one in findings],
        ),
    ]  # fmt: skip


def methods(header: Mapping[str, Any], rows: Sequence[Row]) -> list[Block]:
    """How it was measured."""
    tools = ", ".join(f"{name} {version}" for name, version in header["packages"].items())
    speed = header.get("trials_per_minute")
    pace = f" The last run did {speed} trials a minute." if speed else ""
    return [
        Heading(2, "How it was measured"),
        Text(
            f"Each clip gives {header['seconds']:g} seconds, one in {header['stride']} frames of "
            "which is used. A perturbation begins after a fifth of the clip, comes within 0.4 "
            "seconds at most, and is gone in the last fifth; metrics are taken at full strength. "
            "Avatars are calibrated on the clean frame in which the driver looks most like them. "
            "A frame fails when the face is lost, the landmarks are off by more than a seventh of "
            "the distance between the eyes' outer corners, or another person is seen."
        ),
        Table("Metrics", ("metric", "unit", "worse", "definition"),
              [[one.title, one.unit, _direction(one.more_is_worse), one.definition]
               for one in METRICS.values()], is_prose=True),
        Table("Kinds of trials", ("kind", "trials", "what it is"),
              [[kind, str(sum(row["kind"] == kind for row in rows)), sentence]
               for kind, sentence in KINDS.items()], is_prose=True),
        Text(
            f"Model {header['model']} (sha256 {header['model_sha256'][:12]}), detector "
            f"{header['detector'][:12] or 'none'}, app {header['app']}, {header['machine']}, "
            f"Python {header['python']}, {tools}. Avatars: {', '.join(header['avatars'])}. Clips: "
            f"{', '.join(header['clips'])}.{pace}"
        ),
    ]  # fmt: skip


def noise_floor(rows: Sequence[Row]) -> list[Block]:
    """What re-encoding alone does."""
    floors = {
        "driver encoded again": [row for row in rows if row["case"] == NOTHING],
        "avatar encoded again": [row for row in rows if row["case"] == NOTHING_SOURCE],
    }
    names = ("damage", "mfr", "akd", "identity_change", "lpips", "l1", "fold_share", "jitter_ratio")
    return [
        Heading(2, "Noise floor: severity 0"),
        Table(
            "The same metrics where nothing happens but that a picture is encoded again.",
            ("", *(METRICS[name].title for name in names)),
            [
                [what, *(number(mean_of(_avatars(found), name), 4) for name in names)]
                for what, found in floors.items() if _avatars(found)
            ],
        ),
    ]  # fmt: skip


def rules(folder: Path, rows: Sequence[Row]) -> list[Block]:
    """First order against zeroth order, and relative against absolute motion."""
    there = {_cell(row) for row in rows if row["kind"] == ZEROTH}
    severities = {row["severity"] for row in rows if row["kind"] == ZEROTH}
    ways = {"first order, relative": RELATIVE, "zeroth order": ZEROTH, "absolute": ABSOLUTE}
    # Each way is measured in some cells only: what others did elsewhere is no comparison.
    alike = [row for row in rows if _cell(row) in there]
    families = _by_family(alike)
    if not families:
        return []
    groups = {
        family: {
            way: mean_of([row for row in found if row["kind"] == kind], "damage")
            for way, kind in ways.items()
        }
        for family, found in families.items()
    }
    figures.draw_rules(folder / "figures" / "rules.png", groups, "damage, eye widths")
    table = []
    for way, kind in ways.items():
        found = [row for row in alike if row["kind"] == kind and _is_of_driver(row)]
        table.append([way, *(number(mean_of(found, name), 3) for name in _RULE_METRICS)])
    worse, compared = _worse(alike, ZEROTH)
    absolute, _ = _worse(alike, ABSOLUTE)
    return [
        Heading(2, "Ways to transfer motion"),
        Text(
            "The paper compares its first order motion with Monkey-Net's zeroth order, in which "
            "keypoints only shift (jacobians set to identity); and the app's relative motion can "
            "be swapped for absolute motion. Each is held against its own clean rendering, at "
            f"severity {', '.join(map(str, sorted(severities)))}. Zeroth order is damaged more "
            f"than first order in {worse} of {compared} cases, absolute motion more than relative "
            f"in {absolute}. A way that follows the driver less is also disturbed less."
        ),
        Table("All driver cases together", ("", *(METRICS[name].title for name in _RULE_METRICS)),
              table),
        Picture("figures/rules.png", "Damage by family of cases and way to transfer motion."),
    ]  # fmt: skip


_RULE_METRICS = ("failed", "damage", "mfr", "akd", "l1", "fold_share", "pose_error")


def calibration(rows: Sequence[Row]) -> list[Block]:
    """What a bad calibration frame does."""
    found = [row for row in rows if row["kind"] == CALIBRATION]
    if not found:
        return []
    cases = sorted({row["case"] for row in found})
    means = {
        case: [mean_of([row for row in found if row["case"] == case], name) for name in _CALIBRATED]
        for case in cases
    }
    ranked = sorted(cases, key=lambda case: -(means[case][1] or 0))
    return [
        Heading(2, "Calibration on a bad frame"),
        Text(
            "Here the case happens only in the one frame that is calibrated on; the driver is "
            "clean afterwards, and yet every later frame inherits the fault. The fifteen worst:"
        ),
        Table("After a calibration on a perturbed frame",
              ("case", *(METRICS[name].title for name in _CALIBRATED)),
              [[case, *(number(value, 3) for value in means[case])] for case in ranked[:15]]),
    ]  # fmt: skip


_CALIBRATED = ("failed", "damage", "mfr", "pose_error", "mouth_error", "eyes_error", "fold_share")


def limits(header: Mapping[str, Any], rows: Sequence[Row]) -> list[Block]:
    """What the study cannot tell."""
    cells = len({(row["avatar"], row["clip"]) for row in rows if row["kind"] == RELATIVE})
    items = [
        f"{_many(cells, 'pair')} of avatar and clip, all of rendered people; "
        f"{header['seconds']:g} seconds each. The bands show the spread among these, no more.",
        "The cases are drawn onto clean clips. A drawn turn of the head is cast from one picture "
        "over a general head: what comes into view behind the ears is made up.",
        "Where the driver really moves, the place where the avatar's landmarks should be is "
        "extrapolated from the driver's, which fails when his own face is not found; such frames "
        "are left out of the damage, unless the avatar's face is lost.",
        "Landmarks, lost faces and identity all come from dlib. Its landmarks always look like a "
        "face, so a melted texture with the right outline counts as intact unless LPIPS or "
        "identity tell.",
        "False alarms are counted in minutes of footage, not hours: the bounds are wide.",
        *header["notes"],
    ]
    return [Heading(2, "Limits"), Points(items)]


def _cell(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in ("avatar", "clip", "case", "severity", "seed"))


def _worse(rows: Sequence[Row], kind: str) -> tuple[int, int]:
    """Return in how many cases a way is damaged more than the app's, and of how many."""
    worse = compared = 0
    for case in {row["case"] for row in rows if row["kind"] == kind}:
        of_case = [row for row in rows if row["case"] == case]
        other = mean_of([row for row in of_case if row["kind"] == kind], "damage")
        own = mean_of([row for row in of_case if row["kind"] == RELATIVE], "damage")
        if own is not None and other is not None:
            compared += 1
            worse += other > own
    return worse, compared


def _by_family(rows: Sequence[Row]) -> dict[str, list[Row]]:
    families: dict[str, list[Row]] = {}
    for row in rows:
        if _is_of_driver(row) and row["kind"] != EDGE:
            families.setdefault(CASES[row["case"]].family, []).append(row)
    return families


def _is_of_driver(row: Row) -> bool:
    case = CASES.get(row["case"])
    return case is not None and case.side != SOURCE


def _avatars(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["kind"] == RELATIVE]


def _with_band(one: Finding) -> tuple[float, float | None, float | None]:
    band = one.failed.band()
    share = one.strongest.get("failed") or 0.0
    if band is None or not np.isfinite(band[0][-1]):
        return share, None, None
    return share, float(band[0][-1]), float(band[1][-1])


def _can_test(one: Finding) -> bool:
    """Return whether there is more than one pair of avatar and clip."""
    avatars, clips = one.failed.values.shape[:2]
    return int(avatars) * int(clips) > 1


def _bar(one: Finding) -> tuple[float, float, float]:
    share, low, high = _with_band(one)
    return share, share if low is None else low, share if high is None else high


def _row(one: Finding) -> list[str]:
    top, caught = one.strongest, one.caught
    name = one.case.name + ("*" if one.chance >= _SIGNIFICANT and _can_test(one) else "")
    return [
        name, _onset(one), percent(top.get("failed")), percent(top.get("mfr")),
        number(top.get("akd"), 1), number(top.get("akd_penalised"), 1),
        number(top.get("identity_change"), 2), number(top.get("lpips"), 3),
        number(top.get("l1"), 3), percent(top.get("fold_share")),
        number(top.get("jitter_ratio"), 1), number(one.chance, 3) if _can_test(one) else "-",
        *(percent(caught[role]) for role in ("driver", "video", "person")),
    ]  # fmt: skip


def _onset(one: Finding) -> str:
    onset, interval = one.failed.onset(), one.failed.onset_interval()
    most = f"> {one.failed.severities[-1]}"
    said = most if onset is None else f"{onset:.1f}"
    if interval is None or interval == (None, None):
        return said
    low, high = (most if end is None else f"{end:.1f}" for end in interval)
    return said if low == high else f"{said} ({low} to {high})"


def _direction(more_is_worse: bool | None) -> str:
    return {True: "more", False: "less", None: "-"}[more_is_worse]


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _intact(calm: Sequence[Finding]) -> str:
    if not calm:
        return "No case leaves every frame intact."
    cases = f"{_many(len(calm), 'case')} leave{'s' * (len(calm) == 1)}"
    which = ", among them" if len(calm) > _NAMED else ":"
    return f"{cases} every frame intact{which} {_names(calm[-_NAMED:])}."


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(one.case.name.replace("_", " ") for one in findings) or "none"
