"""What the commands around the glitch detector do."""

from __future__ import annotations

from argparse import Namespace

from avatar_app.cli.terminal import show, shown_progress


def inspect(options: Namespace) -> None:
    """Judge a video; say what was found, what could not be judged, and where the report is."""
    from avatar_app.inspection import inspect as run

    with shown_progress() as progress:
        found = run(
            options.video,
            options.out,
            avatar=options.avatar,
            driving=options.driving,
            false_alarms_per_hour=options.false_alarms,
            calibration=options.calibration,
            progress=progress,
        )
    for sentence in (*found.summary(), *found.notes):
        show(sentence)
    show(f"report: {found.report}")
