"""Takes pictures and a film of the window: python -m tests.gui.screenshots DIR.

It needs a screen (`make screenshots` brings one of its own). What is in the pictures is rendered by
the embedded model from the demo clip; the states are set from here, one after the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from avatar_app import settings
from avatar_app.avatars import load_avatar, resolve_avatar
from avatar_app.gui.app import make_application
from avatar_app.pipeline.parts import DlibLooker
from tests.gui.film import OTHER, film
from tests.gui.scene import Scene, number, rendered
from tests.gui.scenes import SCENES

_FEW = 2.4  # seconds of the clip


def main(folder: Path) -> None:
    """Take all pictures, those of a screen with small pixels in a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    app = make_application()
    avatar = load_avatar(resolve_avatar("sofia"), 256, DlibLooker().in_photo)
    if os.environ.get("QT_SCALE_FACTOR"):
        scene = Scene(avatar, list(rendered(avatar, _FEW)), folder)
        window = scene.window(800, 560)
        scene.play(window, number(_FEW) - 1)
        scene.shoot("high-dpi", window)
        window.close()
        return
    scene = Scene(avatar, list(rendered(avatar)), folder)
    if shutil.which("ffmpeg"):
        other = load_avatar(resolve_avatar("kenji"), 256, DlibLooker().in_photo)
        views = dict(enumerate(rendered(other, OTHER[1])))
        film(scene, other, views, folder.with_suffix(".mp4")).close()
    for name, show in SCENES.items():
        window = show(scene)
        scene.shoot(name)
        for top in app.topLevelWidgets():
            top.close()
        window.close()
    environment = {**os.environ, "QT_SCALE_FACTOR": "2"}
    command = [sys.executable, "-m", "tests.gui.screenshots", str(folder)]
    subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault(settings.HOME_VARIABLE, home)
        main(Path(sys.argv[1]))
