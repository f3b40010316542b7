"""What the commands around the live app do."""

from __future__ import annotations

import importlib
import importlib.util
from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.terminal import show, show_facts, show_table, shown_progress, warn
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    from pathlib import Path

    from avatar_app.pipeline.account import LiveRun
    from avatar_app.preferences import Preferences
    from avatar_app.recording import Session

# Options that override the preference of the same name where they are given.
_OVERRIDING = ("camera", "avatar", "model", "device", "virtual_camera")

NOT_LABELLED, UNREADABLE = 1, 2
"""The exit codes of `verify` besides 0."""

_FAILED = 1


def run(options: Namespace) -> int | None:
    """Run the app, with its window or without; say how fast it was."""
    from avatar_app.files import check_writable

    preferences = _preferences(options)
    if options.no_detector:
        preferences = preferences.changed(detector=False)
    if options.record is not None:
        check_writable(options.record / "session.json")
        folder = str(options.record.absolute())
        preferences = preferences.changed(record="always", recordings=folder)
    if options.headless:
        return _run_headless(options, preferences)
    _open_window(options, preferences)
    return None


def _run_headless(options: Namespace, preferences: Preferences) -> int | None:
    from avatar_app.live import run_headless

    last = ""

    def say(sentence: str) -> None:
        nonlocal last
        last = sentence
        warn(sentence)

    try:
        with shown_progress() as progress:
            result = run_headless(
                preferences,
                seconds=options.seconds,
                stats_json=options.stats,
                progress=progress,
                say=say,
            )
    except AvatarAppError as error:
        if str(error) != last:
            raise
        return _FAILED  # for the reason that was just told
    for line in _lines(result):
        show(line)
    if options.stats:
        show(f"stats: {options.stats}")
    return None


def _preferences(options: Namespace) -> Preferences:
    from avatar_app.preferences import load_preferences

    given = {
        name: getattr(options, name) for name in _OVERRIDING if getattr(options, name) is not None
    }
    return load_preferences().changed(**given)


def _open_window(options: Namespace, preferences: Preferences) -> None:
    if importlib.util.find_spec("avatar_app.gui") is None:
        raise AvatarAppError("This installation has no window; add --headless.")
    app = importlib.import_module("avatar_app.gui.app")
    app.run_window(preferences, seconds=options.seconds, stats_json=options.stats)
    if options.stats:
        show(f"stats: {options.stats}")


def _lines(result: LiveRun) -> list[str]:
    fps = result.summary.fps
    latency = result.summary.latency_ms
    lines = [
        f"{result.summary.seconds:.1f} s: camera {fps.get('camera', 0):.1f}, avatar "
        f"{fps.get('model', 0):.1f}, output {fps.get('output', 0):.1f} pictures a second; "
        f"{result.dropped} skipped",
        f"{result.model} with {result.device}, because {result.device_reason}",
    ]
    if latency is not None:
        lines.insert(
            1, f"from camera to output: {latency.p50:.0f} ms (median), {latency.p95:.0f} ms (p95)"
        )
    return lines


def sessions_list(options: Namespace) -> None:
    """Show the sessions of a folder; where there are none, say where others may be."""
    from avatar_app.recording import list_sessions

    folder = options.folder if options.folder is not None else _recordings_dir()
    if options.folder is not None and not folder.is_dir():
        raise AvatarAppError(f"{folder} is no folder; give one with sessions in it")
    sessions = list_sessions(folder)
    if not sessions:
        remedy = (
            "`avatar-app sessions list DIR` lists those that `run --record DIR` has recorded"
            if options.folder is None
            else "give the folder that they were recorded into"
        )
        warn(f"there are no sessions in {folder}; {remedy}.")
    rows = [
        [
            session.name,
            session.info.started[:19].replace("T", " "),
            f"{session.seconds:.1f} s",
            session.info.avatar,
            session.info.reason,
            _flags(session),
        ]
        for session in sessions
    ]
    show_table(("name", "began", "length", "avatar", "why", "flags"), rows)


def sessions_show(options: Namespace) -> None:
    """Show one session, and the flags in it."""
    from avatar_app.reports import spans

    session = _session(options.session)
    info = session.info
    unfinished = "" if session.is_whole else " (it was cut off, or is still being recorded)"
    show_facts(
        session=session.path,
        began=info.started,
        length=f"{session.seconds:.1f} s{unfinished}",
        why=info.reason,
        avatar=info.avatar,
        model=f"{info.model} with {info.device}",
    )
    if info.lost:
        show(f"left out: {info.lost} pictures, as the disk was too slow")
    for video in (session.avatar_video, session.driver_video):
        if video is not None:
            show(f"video: {video}")
    rows = [
        [f"{span.begin:.1f}", f"{span.end:.1f}", span.flag.name, span.reason]
        for span in spans(session.events(), session.seconds)
    ]
    if rows:
        show_table(("from, s", "to, s", "flag", "reason"), rows)


def sessions_export(options: Namespace) -> None:
    """Write a session as one video and say where it is."""
    from avatar_app.session_export import export_session

    with shown_progress() as progress:
        path = export_session(_session(options.session), options.out, progress)
    show(f"video: {path}")


def _session(name: str) -> Session:
    from avatar_app.recording import open_session

    return open_session(name, _recordings_dir())


def _recordings_dir() -> Path:
    from avatar_app.preferences import load_preferences

    return load_preferences().recordings_dir


def _flags(session: Session) -> str:
    return ", ".join(f"{name} x {count}" for name, count in session.flags.items())


def verify(options: Namespace) -> int | None:
    """Show the label of a video and what it is worth, or say that it has none."""
    from avatar_app.provenance import WHAT_IT_PROVES, read_label

    label = read_label(options.file)
    if label is None:
        warn(
            f"{options.file} has no label of this app: it was not made by it, or was encoded or "
            "stripped since; that there is none does not make it genuine."
        )
        return NOT_LABELLED
    show(f"{options.file}: synthetic, labelled by {label.app} (model {label.model})")
    show(label.comment)
    show(WHAT_IT_PROVES)
    return None


def doctor(options: Namespace) -> None:
    """Show every answer with its remedy; fail where the app would not do its job."""
    from avatar_app.doctor import Outcome, examine

    with shown_progress() as progress:
        result = examine(_preferences(options), window=not options.headless, progress=progress)
    if options.json:
        show(result.to_json())
    else:
        for check in result.checks:
            show(f"{_SIGNS[check.outcome.value]} {check.name}: {check.found}")
            if check.remedy:
                show(f"     to mend it: {check.remedy}")
    if not result.is_fit:
        failed = [check.name for check in result.checks if check.outcome is Outcome.FAILED]
        raise AvatarAppError(
            f"The app would not do its job here ({', '.join(failed)}); what to do is said above."
        )


_SIGNS = {"works": " ok ", "could be better": " !! ", "failed": "FAIL"}
