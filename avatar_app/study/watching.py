"""The chapters of the report on who notices: detectors, challenges, and validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avatar_app.perturbations import CASES
from avatar_app.study import figures
from avatar_app.study.detection import (
    DETECTORS,
    Detection,
    alarms_bound,
    challenges,
    detect,
    frame_scores,
    has_watched,
)
from avatar_app.study.document import Block, Heading, Picture, Table, Text, number, percent
from avatar_app.study.results import Row
from avatar_app.study.trials import EDGE, RELATIVE
from avatar_app.study.validation import COMPARED, ROLES, rank_correlation, validate

_SHOWN_CHALLENGES = 20


def detectors(folder: Path, rows: Sequence[Row]) -> list[Block]:
    """What the glitch detector and the baseline see of the failures."""
    found = [detect(rows, name) for name in DETECTORS]
    seen = [one for one in found if one.auc is not None]
    if not seen:
        return []
    trials = [row for row in rows if row["kind"] == RELATIVE]
    curves = {
        one.name: frame_scores([row for row in trials if has_watched(row, one.name)], one.name)
        for one in seen
    }
    figures.draw_roc(folder / "figures" / "roc.png", curves)
    by_family = [
        _family_row(family, rows, [one.name for one in seen])
        for family in sorted({case.family for case in CASES.values()})
    ]
    return [
        Heading(2, "Who notices: the glitch detector"),
        Text(
            "Frames fail as defined above; they are held against frames that are intact (at most "
            "half the damage, at full strength or without a perturbation). An event is a trial in "
            "which at least half of the strongest frames fail; a detector sees it by any flag that "
            "is no mere warning about the driver. Two controls ask whether a detector only "
            "dislikes what is in the picture: the driver as a real person, and the case pasted "
            "onto the clean rendering, where nothing is wrong with the avatar itself."
        ),
        Table("Detectors: " + "; ".join(f"{name} is {what}" for name, what in DETECTORS.items()),
              ("", "failing / intact frames", "frame AUC", "TPR at 1 % FPR", "event F1", "recall",
               "precision", "latency median, s", "p95, s"),
              [_row(one) for one in seen]),
        Table(
            "Alarms where nothing is wrong; in brackets the most an hour, with 95 %.",
            ("", "undisturbed avatar", "real person in the edge case", "case pasted on the output"),
            [_alarms(one) for one in seen],
        ),
        Table("By family: frame AUC / event F1",
              ("family", "failing frames", *(one.name for one in seen)), by_family),
        Picture("figures/roc.png", "True against false positive rate over frames; 1 % is dotted."),
    ]  # fmt: skip


def challenge(folder: Path, rows: Sequence[Row]) -> list[Block]:
    """Which cases would serve to tell an avatar from a person."""
    found = challenges(rows)[:_SHOWN_CHALLENGES]
    if not found:
        return []
    figures.draw_challenges(folder / "figures" / "challenges.png", found)
    return [
        Heading(2, "What to ask of a caller"),
        Text(
            "A good challenge breaks an avatar surely and leaves a real person unflagged. Worth is "
            "the share of the avatar's frames that fail times the share of real persons who are "
            "not flagged in role B, at the severity that is best for it; only cases that a person "
            "can do on request are ranked."
        ),
        Table("Challenges, best first",
              ("case", "severity", "avatar breaks", "avatar flagged (B)", "person flagged (B)",
               "worth"),
              [[one.case, str(one.severity), percent(one.breaks), percent(one.caught),
                percent(one.person), number(one.worth)] for one in found]),
        Picture("figures/challenges.png", "What each challenge breaks, and whom it wrongs."),
    ]  # fmt: skip


def validation(folder: Path, rows: Sequence[Row]) -> list[Block]:
    """The drawn cases beside the same ones in clips rendered so."""
    pairs = validate(rows)
    if not pairs:
        return []
    correlations = {
        name: rank_correlation(
            [one.drawn[name] for one in pairs], [one.real[name] for one in pairs]
        )
        for name in COMPARED
    }
    panels = {
        _TITLES[name]: [(one.case, one.drawn[name], one.real[name]) for one in pairs]
        for name in ("face_score", "heatmap_entropy")
    }
    figures.draw_validation(folder / "figures" / "validation.png", panels)
    clips = len({row["clip"] for row in rows if row["kind"] == EDGE})
    said = "; ".join(f"{_TITLES[name]} {number(rho)}" for name, rho in correlations.items())
    return [
        Heading(2, "Are the drawn cases like real ones?"),
        Text(
            f"{clips} clips in which the same cases were rendered as real motion drive the same "
            "avatars. There is no clean counterpart to those, so measures are compared that need "
            "none: their change from before the onset to full strength. Rank correlation between "
            f"drawn and real over {len(pairs)} cases: {said}."
        ),
        Table("Change from before the onset to full strength: drawn / real",
              ("case", *(_TITLES[name] for name in COMPARED)),
              [[one.case, *(f"{one.drawn[name]:+.2f} / {one.real[name]:+.2f}" for name in COMPARED)]
               for one in pairs]),
        Table("Trials that are flagged: drawn / real. A: as the user's own avatar; B: as somebody "
              "else's video; person: the driver himself, who is no avatar",
              ("case", "A", "B", "person"),
              [[one.case, *(f"{percent(one.drawn_flagged[role])} / "
                            f"{percent(one.real_flagged[role])}" for role in ROLES)]
               for one in pairs]),
        Picture("figures/validation.png", "Each case: drawn onto clean clips, and rendered."),
    ]  # fmt: skip


_TITLES = {
    "missing": "faces lost",
    "face_score": "dlib's face score",
    "heatmap_entropy": "heatmap entropy",
    "fold_share": "fold share",
}


def _family_row(family: str, rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    own = [row for row in rows if row["severity"] == 0 or _family(row) == family]
    found = [detect(own, name) for name in names]
    cells = [f"{number(one.auc)} / {number(one.f1)}" for one in found]
    return [family, str(found[0].failing), *cells]


def _family(row: Row) -> str:
    case = CASES.get(row["case"])
    return "" if case is None else case.family


def _row(one: Detection) -> list[str]:
    return [
        one.name, f"{one.failing} / {one.intact}", number(one.auc), percent(one.tpr),
        number(one.f1), percent(one.recall), percent(one.precision),
        number(one.latency_median), number(one.latency_p95),
    ]  # fmt: skip


def _alarms(one: Detection) -> list[str]:
    bound = alarms_bound(one.alarms, one.clean_seconds)
    person = alarms_bound(one.person_alarms, one.person_seconds)
    return [
        one.name,
        f"{one.alarms} in {one.clean_seconds:.0f} s (at most {number(bound, 0)})",
        f"{one.person_alarms} of {one.persons} trials, {one.person_seconds / 60:.1f} min "
        f"(at most {number(person, 0)})" if one.persons else "-",
        f"{one.pasted_alarms} of {one.pasted} trials" if one.pasted else "-",
    ]  # fmt: skip
