"""The command `study`: the robustness study, its report, and its table of edge cases."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.options import refuse_idle
from avatar_app.cli.terminal import show, show_table, shown_progress, warn

if TYPE_CHECKING:
    from avatar_app.study import Report


_OF_THE_RUN = (
    *("quick", "clips", "avatars", "severities", "seeds", "seconds", "stride", "edge"),
    *("workers", "ray", "model", "device"),
)
_IDLE = {
    "list": ("cases_sheet", "report", "out", *_OF_THE_RUN),
    "cases_sheet": ("report", "out", *_OF_THE_RUN),
    "report": ("cases", *_OF_THE_RUN),
}
"""What is of no use where only one of the smaller things is done."""


def study(options: Namespace) -> None:
    """Do the study, or only one of the smaller things around it."""
    doing = next((name for name in _IDLE if getattr(options, name)), None)
    if doing is not None:
        refuse_idle(options, doing, _IDLE[doing])
    if options.list:
        _list(options.cases)
    elif options.cases_sheet:
        from avatar_app.study import draw_cases

        with shown_progress() as progress:
            draw_cases(options.cases_sheet, options.cases, progress=progress)
        show(str(options.cases_sheet))
    elif options.out is None:
        options.parser.error("name a folder for the results: -o DIR")
    elif options.report:
        from avatar_app.study import write_report

        with shown_progress() as progress:
            report = write_report(options.out, progress)
        _show_report(report)
    else:
        _run(options)


def _run(options: Namespace) -> None:
    from avatar_app.study import StudyOptions
    from avatar_app.study import study as run

    with shown_progress() as progress:
        result = run(
            StudyOptions(
                out=options.out,
                clips=options.clips,
                avatars=options.avatars,
                cases=options.cases,
                severities=options.severities,
                seeds=options.seeds,
                seconds=options.seconds,
                stride=options.stride,
                model=options.model,
                device=options.device,
                workers=options.workers,
                ray=options.ray,
                edge=options.edge,
                quick=options.quick,
            ),
            progress,
            warn,
        )
    if result.trials_per_minute is None:
        show("nothing was left to do")
    else:
        show(
            f"{result.trials} trials in {result.seconds / 60:.1f} minutes, "
            f"{result.trials_per_minute:.0f} a minute"
        )
    _show_report(result.report)


def _show_report(report: Report) -> None:
    for sentence in report.sentences:
        show(sentence)
    show(f"report: {report.html}")
    show(f"as Markdown: {report.markdown}")
    show(f"table: {report.table}")


def _list(names: list[str]) -> None:
    from avatar_app.perturbations import CASES, find_case

    cases = [find_case(name) for name in names] or list(CASES.values())
    show_table(
        ("case", "side", "family", "what happens"),
        [[case.name, case.side, case.family, case.sentence] for case in cases],
    )
