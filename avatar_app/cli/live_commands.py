"""What the commands around the live app do."""

from __future__ import annotations

import importlib
import importlib.util
from argparse import Namespace
from typing import TYPE_CHECKING

from avatar_app.cli.terminal import show, shown_progress, warn
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    from avatar_app.live import LiveRun
    from avatar_app.preferences import Preferences

# Options that override the preference of the same name where they are given.
_OVERRIDING = ("camera", "avatar", "model", "device", "virtual_camera")


def run(options: Namespace) -> None:
    """Run the app, with its window or without; say how fast it was."""
    preferences = _preferences(options)
    if not options.headless:
        _open_window(options, preferences)
        return
    from avatar_app.live import run_headless

    with shown_progress() as progress:
        result = run_headless(
            preferences,
            seconds=options.seconds,
            stats_json=options.stats,
            progress=progress,
            say=warn,
        )
    for line in _lines(result):
        show(line)
    if options.stats:
        show(f"stats: {options.stats}")


def _preferences(options: Namespace) -> Preferences:
    from avatar_app.preferences import load_preferences

    given = {
        name: getattr(options, name) for name in _OVERRIDING if getattr(options, name) is not None
    }
    if options.no_detector:
        given["detector"] = False
    return load_preferences().changed(**given)


def _open_window(options: Namespace, preferences: Preferences) -> None:
    if importlib.util.find_spec("avatar_app.gui") is None:
        raise AvatarAppError("This installation has no window; add --headless.")
    app = importlib.import_module("avatar_app.gui.app")
    app.run_window(preferences, seconds=options.seconds, stats_json=options.stats)


def _lines(result: LiveRun) -> list[str]:
    fps = result.summary.fps
    latency = result.summary.latency_ms
    lines = [
        f"{result.summary.seconds:.1f} s: camera {fps.get('camera', 0):.1f}, avatar "
        f"{fps.get('model', 0):.1f}, output {fps.get('output', 0):.1f} pictures a second; "
        f"{result.dropped} skipped",
        f"{result.model} with {result.device}: {result.device_reason}",
    ]
    if latency is not None:
        lines.insert(
            1, f"from camera to output: {latency.p50:.0f} ms (median), {latency.p95:.0f} ms (p95)"
        )
    return lines
