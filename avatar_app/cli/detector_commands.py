"""What the commands around the glitch detector do."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.terminal import show, show_table, shown_progress
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    from avatar_app.calibration_run.network import Trained


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


def calibrate(options: Namespace) -> None:
    """Fit the detector and show the figures of the test split; or learn what is usual of a user."""
    if options.clean is not None:
        _learn_own(options)
        return
    if options.out is None:
        is_fit = options.train_network is None and options.train_glance is None
        kind = "json" if is_fit else "npz"
        raise AvatarAppError(f"Nothing says where to write; add -o FILE.{kind}.")
    if options.train_network is not None:
        _train_network(options)
        return
    if options.train_glance is not None:
        _train_glance(options)
        return
    from avatar_app.calibration_run import calibrate as run
    from avatar_app.calibration_run.costs import costs
    from avatar_app.calibration_run.job import HEADINGS

    with shown_progress() as progress:
        result = run(
            options.clips,
            options.out,
            model=options.model,
            device=options.device,
            cache=options.cache,
            weights=options.weights,
            avatars=options.avatars,
            videos=options.videos,
            again=options.again,
            curves=options.curves,
            progress=progress,
        )
    show_table(HEADINGS, result.rows())
    show_table(("measure", "ms"), [[name, f"{cost:.2f}"] for name, cost in costs()])
    for role, way in result.ways.items():
        show(f"{role}: {way}")
    show(f"{result.minutes:.1f} minutes; detector: {result.path}")
    if result.curves:
        show(f"curves: {result.curves}")


def _train_network(options: Namespace) -> None:
    from avatar_app.calibration_run.network import train_network

    with shown_progress() as progress:
        trained = train_network(
            options.clips,
            options.out,
            minutes=options.train_network,
            model=options.model,
            device=options.device,
            start=options.weights,
            maps=options.curves,
            progress=progress,
        )
    _show_trained(trained)


def _train_glance(options: Namespace) -> None:
    from avatar_app.calibration_run.glance_network import train_glance

    with shown_progress() as progress:
        trained = train_glance(
            options.clips,
            options.out,
            minutes=options.train_glance,
            model=options.model,
            device=options.device,
            maps=options.curves,
            progress=progress,
        )
    _show_trained(trained)


def _show_trained(trained: Trained) -> None:
    rows = [[kind, f"{share:.2f}"] for kind, share in trained.hits.items()]
    show_table(("held-out faces", "hits at 1 % false positives"), rows)
    show(f"{trained.steps} steps, {trained.lessons} lessons; face AUC {trained.auc:.3f}")
    show(f"network: {trained.path}; now fit the detector with it")


def _learn_own(options: Namespace) -> None:
    from avatar_app.calibration_run.own import learn_own

    with shown_progress() as progress:
        path, own = learn_own(
            options.clean,
            options.out,
            avatar=options.avatar,
            model=options.model,
            device=options.device,
            progress=progress,
        )
    show(f"{own.seconds:.0f} s are learned: {path}; delete it to forget them")
