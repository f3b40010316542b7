"""The app with its window as a process of its own, on a screen of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from avatar_app.gui.app import make_application, run_window
from avatar_app.live import run_headless
from avatar_app.preferences import Preferences
from avatar_app.types import AvatarAppError
from tests.pipeline.fakes import Faults, parts

CHECKOUT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def screen() -> Iterator[str]:
    """Give the name of a screen that nobody sees; skipped where there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


# What a test of the window with all of cv2 loaded needs not wait for: a model.
_CODE = """
import cv2  # before Qt: it points Qt's plugins to its own
from avatar_app.gui.app import make_application, run_window
from avatar_app.preferences import Preferences
from tests.pipeline.fakes import Faults, parts
app = make_application()
run_window(Preferences(camera="fake"), seconds=1.0, parts=parts(Faults()))
print(app.platformName())
"""


def _run(display: str | None, code: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "QT_QPA_PLATFORM")}
    environment = kept if display is None else {**kept, "DISPLAY": display}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_window_opens_on_x11_although_cv2_came_first(screen: str) -> None:
    """cv2 brings a Qt of its own, with which PyQt5 would end the process."""
    done = _run(screen, _CODE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "xcb"


# The keyboard belongs to no window here: whoever hears the key hears it everywhere.
_GLOBAL = """
import subprocess
from PyQt5.QtCore import QTimer
from avatar_app.gui.app import make_application, run_window
from avatar_app.gui.window import Window
from avatar_app.preferences import Preferences
from tests.pipeline.fakes import Faults, parts
app = make_application()
pressing = None
def look():
    global pressing
    window = next(w for w in app.topLevelWidgets() if isinstance(w, Window))
    window.clearFocus()
    if window.source.state.is_panicked:
        print("panicked")
        timer.stop()
        window.end()
    elif pressing is None or pressing.poll() is not None:
        pressing = subprocess.Popen(["xdotool", "key", "ctrl+alt+p"])
timer = QTimer()
timer.timeout.connect(look)
timer.start(300)
chosen = Preferences(camera="fake", global_hotkeys=True)
run_window(chosen, seconds=40, parts=parts(Faults()))
"""


def test_a_global_key_is_heard_on_a_real_screen(screen: str) -> None:
    """Panic works while another window has the keyboard."""
    if shutil.which("xdotool") is None:
        pytest.skip("needs xdotool")
    pytest.importorskip("Xlib", reason="needs pynput")
    done = _run(screen, _GLOBAL)
    assert done.stdout.strip() == "panicked", done.stderr


def test_a_run_is_accounted_for_as_without_a_window(qapp: object, tmp_path: Path) -> None:
    """Scripts read one form of figures; the seconds count from when there is a model."""
    figures = []
    for run in (run_window, run_headless):
        stats = tmp_path / f"{run.__name__}.json"
        chosen = Preferences(camera="fake", virtual_camera="fake", record="off")
        run(chosen, seconds=0.6, stats_json=stats, parts=parts(Faults()))
        figures.append(json.loads(stats.read_text()))
    window, headless = figures
    assert window.keys() == headless.keys()
    assert window["summary"].keys() == headless["summary"].keys()
    for name in ("camera", "model", "avatar", "device", "device_reason", "hung"):
        assert window[name] == headless[name]
    assert window["events"]["Calibrated"] == headless["events"]["Calibrated"] == 1
    assert window["summary"]["pictures"]["model"] > 10


def test_no_screen_is_one_sentence(qapp: object) -> None:
    """Without a screen the user is told what to do; Qt itself would abort."""
    done = _run(None, "from avatar_app.gui.app import make_application as m\nm()")
    assert "there is no screen" in done.stderr
    assert AvatarAppError.__name__ in done.stderr
    assert make_application() is make_application()
