"""The window's edges: the head with what others see, the buttons, and the line of numbers."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton

from avatar_app.devices.virtual_camera import NONE
from avatar_app.events import Stats
from avatar_app.gui import icons, theme
from avatar_app.gui.elided import Elided
from avatar_app.gui.hotkeys import BY_NAME, shown_key
from avatar_app.pipeline.view import Shown, State, Status

_BETWEEN = 8  # pixels between two buttons
_SEEN = {
    Shown.OFF: ("Nobody is watching", theme.FAINT),
    Shown.CARD: ("Others see a card", theme.WARM),
    Shown.AVATAR: ("Others see the avatar", theme.GOOD),
    Shown.HELD: ("Others see a still", theme.WARM),
    Shown.CAMERA: ("Others see YOU", theme.RED),
}
_DO = {
    "guide": "Helps you to sit as the avatar does; it follows you from there.",
    "best_frame": "Calibrates by itself whenever you sit more like the avatar than before.",
    "virtual_camera": "Lets others choose your avatar as their camera in a call.",
    "record": "Records the avatar until you stop it.",
    "panic": "Shows others a card at once, until you end it.",
}
_WOULD_SEE = ("Nobody is watching, else they would see YOU", theme.RED)


def with_key(label: str, keys: tuple[str, ...]) -> str:
    """Return a label with the first of its keys."""
    return f"{label} ({shown_key(keys[0])})" if keys else label


class Header(QFrame):
    """What the app is, which camera it has, what others see, and the way to everything else."""

    asked = pyqtSignal(str)  # an action's name

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "bar")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE, 6, 8, 6)
        row.setSpacing(8)
        name = QLabel("avatar_app")
        name.setStyleSheet("font-size: 15px; font-weight: 600;")
        row.addWidget(name)
        self.camera = Elided()
        self.camera.setProperty("look", "faint")
        self.camera.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addSpacing(6)
        row.addWidget(self.camera, 1)
        self.seen = QLabel()
        self.seen.setFixedHeight(26)
        row.addWidget(self.seen)
        row.addSpacing(4)
        self.buttons: dict[str, QToolButton] = {}
        for action, sign in (("sessions", "sessions"), ("hotkeys", "keys"), ("settings",) * 2):
            button = QToolButton()
            button.setProperty("look", "quiet")
            button.setIcon(icons.icon(sign, theme.SOFT))
            button.setIconSize(QSize(20, 20))
            button.setAccessibleName(BY_NAME[action].label)
            button.clicked.connect(lambda _, action=action: self.asked.emit(action))
            row.addWidget(button)
            self.buttons[action] = button

    def show_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Name the keys in the buttons' tips."""
        for name, button in self.buttons.items():
            button.setToolTip(with_key(BY_NAME[name].label, keys[name]))

    def show_state(self, state: State) -> None:
        """Name the camera, and say what others see."""
        self.camera.setText(state.camera_name)
        self.camera.setToolTip(state.camera_name)
        words, colour = _SEEN[state.shown]
        would_see = state.is_passing_through and not state.is_panicked
        if state.shown is Shown.OFF and would_see:
            words, colour = _WOULD_SEE
        self.seen.setText(f"●  {words}")
        filled = state.shown is Shown.CAMERA
        self.seen.setStyleSheet(
            f"color: {'#22060a' if filled else colour}; "
            f"background: {theme.RED if filled else theme.RAISED}; "
            "border-radius: 13px; padding: 0 12px; font-weight: 600; font-size: 12px;"
        )
        self.seen.setToolTip(state.output_name or "The virtual camera is off.")


class AskingButton(QPushButton):
    """Asks when it is clicked, and stays as it is until it is told how things stand."""

    def nextCheckState(self) -> None:
        """Follow no click: what was asked for may be refused."""


class Controls(QFrame):
    """The five things one does in a call."""

    asked = pyqtSignal(str)  # an action's name

    _BUTTONS = (
        ("guide", "Calibrate", "calibrate", "main"),
        ("best_frame", "Best frame", "search", "toggle"),
        ("virtual_camera", "Virtual camera", "camera", "toggle"),
        ("record", "Record", "record", "toggle"),
        ("panic", "Panic", "panic", "danger"),
    )

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_BETWEEN)
        self.buttons: dict[str, AskingButton] = {}
        for action, label, sign, look in self._BUTTONS:
            button = AskingButton(label)
            button.setProperty("look", look)
            button.setAccessibleName(label)
            button.setAccessibleDescription(_DO[action])
            button.setIconSize(QSize(20, 20))
            button.setMinimumHeight(38)
            button.setCheckable(look in ("toggle", "danger"))
            button.setIcon(
                {
                    "main": icons.icon(sign, "#08111f"),
                    "toggle": icons.icon(sign, theme.INK, checked="#a9ecca"),
                    "danger": icons.icon(sign, theme.RED, checked="#22060a"),
                }[look]
            )
            button.clicked.connect(lambda _, action=action: self.asked.emit(action))
            if action == "panic":
                row.addStretch(1)
            row.addWidget(button)
            self.buttons[action] = button
        self._keys: Mapping[str, tuple[str, ...]] = {}
        self._measure()

    def show_keys(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Name the keys in the buttons' tips."""
        self._keys = keys
        self._name_tips()

    def show_state(self, state: State) -> None:
        """Press down what is on. What was asked for shows when it holds, not before.

        A virtual camera that fails is tried again until it is switched off, which its button does.
        """
        is_wished = state.preferences.virtual_camera != NONE
        is_on = {
            "best_frame": state.is_searching,
            "virtual_camera": is_wished or state.output is Status.ON,
            "record": state.can_stop_recording,
            "panic": state.is_panicked,
        }
        for name, on in is_on.items():
            self.buttons[name].setChecked(on)
        labels = {"record": "Stop" if state.can_stop_recording else "Record"}
        labels["panic"] = "End panic" if state.is_panicked else "Panic"
        self._name(labels)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Show as many words as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _name(self, labels: Mapping[str, str]) -> None:
        if all(self.buttons[name].accessibleName() == label for name, label in labels.items()):
            return
        for name, label in labels.items():
            self.buttons[name].setAccessibleName(label)
        self._name_tips()
        self._measure()
        self._fit()

    def _name_tips(self) -> None:
        for name, button in self.buttons.items():
            named = with_key(button.accessibleName(), self._keys.get(name, ()))
            button.setToolTip(f"{named}\n{_DO[name]}")

    def _measure(self) -> None:
        """Take how much room the words of all buttons need."""
        for button in self.buttons.values():
            button.setText(button.accessibleName())
        self._room = sum(button.sizeHint().width() + _BETWEEN for button in self.buttons.values())

    def _fit(self) -> None:
        """Show icons only, where there is no room for all words; panic keeps its word."""
        for name, button in self.buttons.items():
            has_word = self._room <= self.width() or name == "panic"
            button.setText(button.accessibleName() if has_word else "")


class StatusLine(QFrame):
    """Rates, delay, and what computes, once a second."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "bar")
        self.setFixedHeight(28)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE, 0, theme.SPACE, 0)
        row.setSpacing(16)
        self.speed = QLabel()
        self.latency = QLabel()
        self.device = Elided()
        self.device.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.device.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for label in (self.speed, self.latency, self.device):
            label.setProperty("look", "faint")
        row.addWidget(self.speed)
        row.addWidget(self.latency)
        row.addWidget(self.device, 1, Qt.AlignmentFlag.AlignVCenter)

    def show_state(self, state: State) -> None:
        """Say how the model is, where there are no numbers yet."""
        if state.model is Status.STARTING:
            self.speed.setText("Loading the model ...")
            self.latency.setText("")
        self.device.setText(
            f"{state.model_name} · {state.device}" if state.model_name else state.device
        )
        self.device.setToolTip(state.device_reason)

    def show_stats(self, stats: Stats) -> None:
        """Show the last second's numbers."""
        self.speed.setText(f"{stats.model_fps:.0f} fps")
        self.speed.setToolTip(
            f"camera {stats.camera_fps:.0f}, avatar {stats.model_fps:.0f}, output "
            f"{stats.output_fps:.0f}, detector {stats.detector_fps:.0f} pictures a second; "
            f"{stats.dropped} skipped"
        )
        # None is measured where no picture came.
        is_measured = stats.latency_p50_ms > 0
        self.latency.setText(f"{stats.latency_p50_ms:.0f} ms delay" if is_measured else "")
        self.latency.setToolTip(
            f"from the camera to the output: {stats.latency_p50_ms:.0f} ms (median), "
            f"{stats.latency_p95_ms:.0f} ms (p95)"
        )


def details(stats: Stats) -> list[str]:
    """Write the last second's numbers line by line, for the picture's corner."""
    return [
        f"camera {stats.camera_fps:.1f} fps",
        f"avatar {stats.model_fps:.1f} fps",
        f"output {stats.output_fps:.1f} fps",
        f"detector {stats.detector_fps:.1f} fps",
        f"delay {stats.latency_p50_ms:.0f} ms, p95 {stats.latency_p95_ms:.0f} ms",
        f"skipped {stats.dropped}, lost {stats.lost}",
        *(f"{name} {milliseconds:.1f} ms" for name, milliseconds in stats.stages_ms.items()),
    ]
