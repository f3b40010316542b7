"""The states that the window is shown in, by the name of their picture."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from avatar_app.events import CameraLost, WorkerFailed
from avatar_app.gui.sessions import SessionBrowser
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.window import Window
from avatar_app.pipeline import Shown, Status
from avatar_app.preferences import Preferences
from tests.gui.scene import Scene, number, pipeline_of

TURN, HAND, NEUTRAL, AFTER_TURN = (number(seconds) for seconds in (5.5, 10.4, 0.9, 7.84))
"""Moments of the demo clip."""


def _first_start(scene: Scene) -> Window:
    window = scene.window(
        camera=Status.STARTING,
        camera_name="",
        model=Status.STARTING,
        model_name="",
        device="",
        detector=Status.OFF,
        avatar=None,
    )
    window.refresh()
    return window


def _running(scene: Scene) -> Window:
    window = scene.window(output=Status.ON, output_name="/dev/video10", shown=Shown.AVATAR)
    scene.play(window, AFTER_TURN)
    return window


def _red_flag(scene: Scene) -> Window:
    window = scene.window(output=Status.ON, output_name="/dev/video10", shown=Shown.HELD)
    scene.play(window, scene.worst(HAND))
    return window


def _gate(scene: Scene) -> Window:
    window = scene.window()
    scene.play(window, scene.warned())
    return window


def _guide(scene: Scene) -> Window:
    window = scene.window()
    scene.play(window, TURN - 1)
    window.control.do("guide")
    scene.play(window, TURN)
    return window


def _guide_counting(scene: Scene) -> Window:
    window = scene.window()
    scene.play(window, NEUTRAL - 1)
    window.control.do("guide")
    scene.play_good(window)
    return window


def _settings(scene: Scene) -> Window:
    window = _running(scene)
    window.control.do("settings")
    return window


def _settings_keys(scene: Scene) -> Window:
    window = _running(scene)
    window.control.do("settings")
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.show_page("Hotkeys")
    return window


def _keys(scene: Scene) -> Window:
    window = _running(scene)
    window.control.do("hotkeys")
    return window


def _sessions(scene: Scene) -> Window:
    window = _running(scene)
    scene.record(window.control.preferences.recordings_dir, datetime(2026, 11, 3, 14, 5, 21))
    scene.record(window.control.preferences.recordings_dir, datetime(2026, 11, 3, 14, 31, 2))
    window.control.do("sessions")
    browser = window.findChild(SessionBrowser)
    assert browser is not None
    browser.player.go_to(4.2)
    return window


def _no_sessions(scene: Scene) -> Window:
    window = scene.window(640, 480)
    scene.play(window, number(2.4))
    window.control.do("sessions")
    return window


def _error(scene: Scene) -> Window:
    wished = Preferences(camera="demo", virtual_camera="auto")
    window = scene.window(output=Status.FAILED, preferences=wished)
    scene.play(window, number(3.2))
    reason = (
        "A virtual camera cannot be opened; run 'sudo apt install v4l2loopback-dkms' and 'sudo "
        'modprobe v4l2loopback devices=1 exclusive_caps=1 card_label="avatar_app camera"\'.'
    )
    pipeline_of(window).events.put(WorkerFailed(3.0, "output", reason))
    window.refresh()
    return window


def _camera_lost(scene: Scene) -> Window:
    window = scene.window(output=Status.ON, shown=Shown.CARD)
    scene.play(window, number(3.2))
    pipeline_of(window).change(camera=Status.LOST)
    reason = "The camera Integrated Webcam was taken out; put it in again, or choose another one."
    pipeline_of(window).events.put(CameraLost(3.0, reason))
    window.refresh()
    return window


def _panic(scene: Scene) -> Window:
    window = scene.window(output=Status.ON, shown=Shown.CARD, is_panicked=True)
    scene.play(window, number(3.2))
    return window


def _question(scene: Scene) -> Window:
    window = _running(scene)
    window.control.do("pass_through")
    return window


def _passing_through(scene: Scene) -> Window:
    window = scene.window(
        output=Status.ON, output_name="/dev/video10", shown=Shown.CAMERA, is_passing_through=True
    )
    scene.play(window, AFTER_TURN)
    return window


def _small(scene: Scene) -> Window:
    window = scene.window(640, 480, output=Status.ON, shown=Shown.AVATAR)
    scene.play(window, scene.worst(HAND))
    return window


def _small_guide(scene: Scene) -> Window:
    window = scene.window(640, 480)
    scene.play(window, TURN - 1)
    window.control.do("guide")
    scene.play(window, TURN)
    return window


def _small_settings(scene: Scene) -> Window:
    window = scene.window(640, 480)
    scene.play(window, number(2.4))
    window.control.do("settings")
    return window


def _small_keys(scene: Scene) -> Window:
    window = scene.window(640, 480)
    scene.play(window, number(2.4))
    window.control.do("hotkeys")
    return window


def _focus(scene: Scene) -> Window:
    window = _running(scene)
    window.gallery.focus_on("kenji")
    return window


def _speed(scene: Scene) -> Window:
    window = scene.window(is_searching=True, recording="somewhere")
    window.control.do("speed")
    window.control.remember(ghost=0.5)
    scene.play(window, number(2.4))
    return window


SCENES: dict[str, Callable[[Scene], Window]] = {
    "first-start": _first_start,
    "running": _running,
    "red-flag": _red_flag,
    "gate": _gate,
    "guide": _guide,
    "guide-counting": _guide_counting,
    "settings": _settings,
    "settings-hotkeys": _settings_keys,
    "hotkeys": _keys,
    "sessions": _sessions,
    "small-no-sessions": _no_sessions,
    "error": _error,
    "camera-lost": _camera_lost,
    "panic": _panic,
    "question": _question,
    "passing-through": _passing_through,
    "small": _small,
    "small-guide": _small_guide,
    "small-settings": _small_settings,
    "small-hotkeys": _small_keys,
    "keyboard-focus": _focus,
    "speed": _speed,
}
