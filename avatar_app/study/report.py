"""The report of a study, made from its results folder alone, so that it can be drawn again."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.events import Flag
from avatar_app.files import write_whole
from avatar_app.perturbations import CASES, Case
from avatar_app.perturbations.cases import SOURCE
from avatar_app.progress import Progress, silent
from avatar_app.study import chapters, figures, watching
from avatar_app.study.analysis import Responses, holm, responses
from avatar_app.study.detection import flagged_share, flags_at
from avatar_app.study.document import (
    Block,
    Heading,
    Picture,
    Points,
    numbered,
    to_html,
    to_markdown,
)
from avatar_app.study.results import Row, read_results
from avatar_app.study.trials import PERSON, RELATIVE, Trial

TITLE = "What breaks a real-time avatar"


@dataclass(frozen=True)
class Report:
    """Where the report is: a page, the same as Markdown, its main table as CSV.

    `sentences` are what it begins with: the study's result in a few of them.
    """

    html: Path
    markdown: Path
    table: Path
    figures: int
    sentences: Sequence[str]


@dataclass(frozen=True, eq=False)
class Finding:
    """All that is said of one case: its responses by metric, and what was flagged."""

    case: Case
    failed: Responses
    damage: Responses
    strongest: Mapping[str, float | None]
    chance: float
    caught: Mapping[str, float | None]


def write_report(folder: Path, progress: Progress = silent) -> Report:
    """Analyse the rows in `folder` and write figures and report there.

    Raises AvatarAppError where there is no study, or the files cannot be written.
    """
    header, rows = read_results(folder)
    header = {**header, "severities": measured_severities(header["severities"], rows)}
    findings = find(header, rows)
    effects = _draw_effects(folder, header, rows, findings, progress)
    summary = chapters.summary(folder, header, rows, findings)
    blocks: list[Block] = [
        Heading(1, TITLE),
        *summary,
        *chapters.methods(header, rows),
        *chapters.noise_floor(rows),
        *chapters.rules(folder, rows),
        *chapters.calibration(rows),
        *watching.detectors(folder, rows),
        *watching.challenge(folder, rows),
        *watching.validation(folder, rows),
        Heading(2, "The cases one by one"),
        *effects,
        *chapters.limits(header, rows),
    ]
    blocks = numbered(blocks)
    page, markdown, table = (folder / name for name in ("report.html", "report.md", "cases.csv"))
    write_whole(page, to_html(blocks, TITLE).encode())
    write_whole(markdown, to_markdown(blocks).encode())
    write_whole(table, _csv(findings))
    drawn = sum(isinstance(block, Picture) for block in blocks)
    sentences = [item for block in summary if isinstance(block, Points) for item in block.items]
    return Report(page, markdown, table, drawn, sentences)


def measured_severities(planned: Sequence[int], rows: Sequence[Row]) -> list[int]:
    """Return the planned severities that most of the begun cases have.

    A study that was stopped may have gone on with fewer.
    """
    done = _done(rows)
    common = Counter(frozenset(planned) & severities for severities in done.values())
    return sorted(max(common, key=lambda one: (common[one], len(one)), default=planned))


def _done(rows: Sequence[Row]) -> dict[str, set[int]]:
    """Return the severities at which each case drove the avatar."""
    done: dict[str, set[int]] = {}
    for row in rows:
        if row["kind"] == RELATIVE and row["severity"]:
            done.setdefault(row["case"], set()).add(row["severity"])
    return done


def find(header: Mapping[str, Any], rows: Sequence[Row]) -> list[Finding]:
    """Return what was found of each case that was measured at all severities, the worst first."""
    there = {
        case for case, severities in _done(rows).items() if severities >= set(header["severities"])
    }
    cases = [case for name, case in CASES.items() if name in there]
    damages = {case.name: responses(rows, case.name, "damage") for case in cases}
    chances = holm({name: one.trend() for name, one in damages.items()})
    findings = []
    for case in cases:
        of_case = [row for row in rows if row["case"] == case.name]
        strongest = max(row["severity"] for row in of_case if row["kind"] == RELATIVE)
        top = [row for row in of_case if row["severity"] == strongest]
        avatars = [row for row in top if row["kind"] == RELATIVE]
        persons = [row for row in top if row["kind"] == PERSON]
        names = list(avatars[0]["metrics"])
        findings.append(
            Finding(
                case=case,
                failed=responses(rows, case.name, "failed"),
                damage=damages[case.name],
                strongest={name: _last(responses(rows, case.name, name)) for name in names},
                chance=chances[case.name],
                caught={
                    "driver": flagged_share(avatars, "driver"),
                    "video": flagged_share(avatars, "video"),
                    "person": flagged_share(persons, "video"),
                },
            )
        )
    return sorted(findings, key=_badness, reverse=True)


def _badness(finding: Finding) -> tuple[float, float]:
    return (finding.strongest.get("failed") or 0.0, finding.strongest.get("damage") or 0.0)


def _last(one: Responses) -> float | None:
    value = float(one.mean()[-1])
    return value if np.isfinite(value) else None


def _draw_effects(
    folder: Path,
    header: Mapping[str, Any],
    rows: Sequence[Row],
    findings: Sequence[Finding],
    progress: Progress,
) -> list[Block]:
    blocks: list[Block] = []
    for done, one in enumerate(findings):
        progress(done, len(findings), "figures")
        strips = _strips(folder, header, rows, one.case.name)
        name = f"effect-{one.case.name}.jpg"
        title = f"The effect of {_spoken(one.case.name)}"
        first = "avatar" if one.case.side == SOURCE else "driver"
        figures.draw_effect(folder / "figures" / name, title, one.failed, one.damage, strips, first)
        blocks += [
            Heading(3, title),
            Picture(f"figures/{name}", f"{one.case.sentence} {chapters.in_words(one)}"),
        ]
    progress(len(findings), len(findings), "figures")
    return blocks


def _strips(
    folder: Path, header: Mapping[str, Any], rows: Sequence[Row], case: str
) -> list[tuple[int, Path, str]]:
    """Return severity, picture and flags of those trials of a case that were kept as pictures.

    Of one avatar and clip: who asks for others later gets pictures of what is new alone.
    """
    for avatar, clip in itertools.product(header["avatars"], header["clips"]):
        trials = [Trial(RELATIVE, avatar, clip, case, severity, 0) for severity in header["shown"]]
        strips = [
            (trial.severity, picture, _flags(rows, trial))
            for trial in trials
            if (picture := folder / "pictures" / trial.picture).is_file()
        ]
        if strips:
            return strips
    return []


def _flags(rows: Sequence[Row], trial: Trial) -> str:
    """Say which flags the user's own detector held in the frame that is shown."""
    about = asdict(trial)
    for row in rows:
        if all(row[name] == value for name, value in about.items()):
            strength = np.array(row["frames"]["strength"])
            full = np.flatnonzero(strength >= 0.99)
            held = flags_at(row, "driver", int(full[len(full) // 2]))
            told = [flag.lower().replace("_", " ") for flag in held if _is_fault(flag)]
            return ", ".join(told[:2]) + (" ..." if told[2:] else "")
    return ""


def _is_fault(flag: str) -> bool:
    return not Flag[flag].is_gate and flag != "DRIVER_MISMATCH"


def _spoken(name: str) -> str:
    return name.replace("source_", "an avatar: ").replace("_", " ")


def _csv(findings: Sequence[Finding]) -> bytes:
    """Return one row a case: everything at its strongest severity, and the onset."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    metrics = list(dict.fromkeys(name for one in findings for name in one.strongest))
    table.writerow(("case", "side", "family", "onset", "p_holm", *metrics,
                    "flagged_driver", "flagged_video", "person_flagged"))  # fmt: skip
    for one in findings:
        table.writerow(
            (one.case.name, one.case.side, one.case.family, _cell(one.failed.onset()),
             _cell(one.chance), *(_cell(one.strongest.get(name)) for name in metrics),
             *(_cell(one.caught[name]) for name in ("driver", "video", "person")))
        )  # fmt: skip
    return text.getvalue().encode()


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
