"""The options of the commands around the live app."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avatar_app.cli import live_commands


def add_live_commands(
    tree: Any,
    command: Callable[..., argparse.ArgumentParser],
) -> None:
    """Add them to the tree; `command` adds one with what all commands share."""
    run = command(
        tree,
        "run",
        "open the window; what `avatar-app` alone does too",
        live_commands.run,
        "Open the window: your camera drives the avatar. What is not given here is as in the "
        "settings.",
        """\
  avatar-app                                      the window
  avatar-app --camera demo                        without a camera
  avatar-app --virtual-camera auto                others can choose the avatar as their camera
  avatar-app run --headless --camera talk.mp4 --seconds 60 --stats speed.json""",
    )
    run.add_argument(
        "--camera", metavar="N|NAME|FILE|URL", help="a webcam, a clip, an address, demo, or test"
    )
    run.add_argument("--avatar", metavar="NAME|FILE", help="the avatar to begin with")
    run.add_argument("--model", metavar="NAME|FILE", help="a known model or a .safetensors file")
    run.add_argument("--device", choices=("auto", "cpu", "cuda"), help="what computes")
    run.add_argument(
        "--virtual-camera",
        metavar="auto|none|DEVICE",
        help="where others see the avatar; auto takes the first there is",
    )
    run.add_argument("--no-detector", action="store_true", help="raise no red flags")
    run.add_argument("--headless", action="store_true", help="without the window")
    run.add_argument(
        "--seconds", metavar="N", type=_seconds, help="stop so long after the model is loaded"
    )
    run.add_argument("--stats", metavar="FILE.json", type=Path, help="write speed, device, model")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("give seconds above 0")
    return seconds
