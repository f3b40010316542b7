"""What the commands around the glitch detector do."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

from avatar_app.cli.options import refuse_idle
from avatar_app.cli.terminal import show, show_table, shown_progress

_OF_THE_FIT = ("cache", "avatars", "videos", "again")
_IDLE = {
    "clean": ("train_network", "train_glance", "weights", "curves", *_OF_THE_FIT),
    "train_network": ("avatar", *_OF_THE_FIT),
    "train_glance": ("avatar", "weights", *_OF_THE_FIT),
    "clips": ("avatar",),
}
"""What `calibrate` has no use for where it does the one or the other."""


def inspect(options: Namespace) -> None:
    """Judge a video; say what was found, what could not be judged, and where the report is."""
    if (options.avatar is None) != (options.driving is None):
        options.parser.error(
            "an avatar and its driving video belong together; give both --avatar and --driving, "
            "or neither of them"
        )
    from avatar_app.inspection import inspect as run

    with shown_progress() as progress:
        found = run(
            options.video,
            options.out,
            avatar=options.avatar,
            driving=options.driving,
            face=options.face,
            false_alarms_per_hour=options.false_alarms,
            calibration=options.calibration,
            progress=progress,
        )
    for sentence in (*found.findings(), *found.notes, *found.error_rates()):
        show(sentence)
    show(f"report: {found.report}")


def calibrate(options: Namespace) -> None:
    """Fit the detector and show the figures of the test split; or learn what is usual of a user."""
    doing = next(name for name in _IDLE if getattr(options, name) is not None)
    refuse_idle(options, doing, _IDLE[doing])
    if options.clean is not None:
        _learn_own(options)
        return
    is_fit = options.train_network is None and options.train_glance is None
    if options.out is None:
        kind = "json" if is_fit else "npz"
        options.parser.error(f"nothing says where to write; add -o FILE.{kind}")
    if not is_fit:
        _train(options)
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


def _train(options: Namespace) -> None:
    from avatar_app.calibration_run.glance_network import train_glance
    from avatar_app.calibration_run.network import train_network

    minutes, train = options.train_glance, train_glance
    if minutes is None:
        minutes, train = options.train_network, partial(train_network, start=options.weights)
    with shown_progress() as progress:
        trained = train(
            options.clips,
            options.out,
            minutes=minutes,
            model=options.model,
            device=options.device,
            maps=options.curves,
            progress=progress,
        )
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
