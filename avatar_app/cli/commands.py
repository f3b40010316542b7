"""What each command does: import what it needs, call one function of the app, show the result."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.options import refuse_idle
from avatar_app.cli.terminal import show, show_facts, show_table, shown_progress, warn

if TYPE_CHECKING:
    from avatar_app.animation import Stats


def animate(options: Namespace) -> None:
    """Render a video; say how fast that was, and where everything is."""
    from avatar_app.animation import animate as run

    with shown_progress() as progress:
        animation = run(
            options.source,
            options.driving,
            options.out,
            model=options.model,
            device=options.device,
            absolute=options.absolute,
            best_frame=options.best_frame,
            crop=options.crop,
            centre_square=options.centre_square,
            frames_csv=options.frames,
            events_jsonl=options.events,
            stats_json=options.stats,
            overlay=options.overlay,
            progress=progress,
            warn=warn,
        )
    show(_speed(animation.stats))
    show(f"video: {animation.video}")
    for what in ("overlay", "frames", "events", "stats"):
        if path := getattr(options, what):
            show(f"{what}: {path}")


def demo(options: Namespace) -> None:
    """Do the main job on the files that come along; name what it left behind."""
    from avatar_app.animation import demo as run

    with shown_progress() as progress:
        result = run(
            options.out, model=options.model, device=options.device, progress=progress, warn=warn
        )
    show(_speed(result.stats))
    show_facts(video=result.video, pictures=result.strip, speed=result.stats_json)


def _speed(stats: Stats) -> str:
    """Say in one line how fast a job was, on what, and why on that."""
    model = stats.stages_ms.get("model")
    share = f", the model took {model.p50:.1f} ms a frame (median)" if model else ""
    return (
        f"{stats.frames} frame{'s' * (stats.frames != 1)} at {stats.fps:.1f} a second{share}; "
        f"{stats.model} with {stats.device}, because {stats.device_reason}"
    )


def bench(options: Namespace) -> None:
    """Time every stage and show the machine, the table, and what it amounts to."""
    from avatar_app.benchmark import bench as run

    with shown_progress() as progress:
        result = run(
            options.model,
            options.device,
            quick=options.quick,
            json_file=options.json,
            progress=progress,
        )
    show_facts(**result.machine)
    show_table(*result.table())
    show("milliseconds as p50 / p95 / p99")
    show(f"the published size renders {result.speedup:.1f} times as fast as upstream's way")
    if options.json:
        show(f"figures: {options.json}")


def train(options: Namespace) -> None:
    """Train a model and name what the run left behind."""
    if options.plot:
        refuse_idle(options, "plot", ("clips", "resume", "start", "minutes", "device"))
    from avatar_app.training_run import CHECKPOINT, redraw
    from avatar_app.training_run import train as run

    if options.plot:
        show(f"curves: {redraw(options.out)}")
        return
    try:
        with shown_progress() as progress:
            result = run(
                options.config,
                options.out,
                clips=options.clips,
                resume=options.resume,
                start=options.start,
                minutes=options.minutes,
                device=options.device,
                progress=progress,
            )
    except KeyboardInterrupt:
        if (options.out / CHECKPOINT).exists():
            warn(f"what was learned is in {options.out}; add --resume to go on.")
        raise
    show(f"trained {result.minutes:.1f} minutes, {result.steps} steps")
    show_facts(model=result.model, sheet=result.sheet, curves=result.curves, log=result.log)


def evaluate(options: Namespace) -> None:
    """Measure a model and show the tables, what to know about them, and the pictures."""
    if options.video is not None and options.avatars is None:
        options.parser.error("a comparison video needs portraits; give them with --avatars")
    from avatar_app.evaluation import EvaluationOptions
    from avatar_app.evaluation import evaluate as run

    with shown_progress() as progress:
        evaluation = run(
            EvaluationOptions(
                clips=options.clips,
                model=options.model,
                previous=options.previous,
                avatars=options.avatars,
                split=options.split,
                stride=options.stride,
                device=options.device,
                sheet=options.sheet,
                json=options.json,
                video=options.video,
            ),
            progress,
        )
    for table in evaluation.tables():
        show(table.title)
        show_table(table.headings, table.rows)
    for remark in evaluation.remarks():
        show(remark)
    for path in (evaluation.sheet, evaluation.avatar_sheet, options.json, options.video):
        if path is not None:
            show(str(path))
