"""The strip of flags that are up: in words, with the reason and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from avatar_app.events import Flag, Severity, urgency
from avatar_app.gui import icons, theme
from avatar_app.gui.elided import Elided
from avatar_app.pipeline.view import Status

COLOURS = {
    Severity.SEVERE: theme.RED,
    Severity.MILD: "#ff9a62",
    Severity.GATE: theme.WARM,
}


_TITLES = {
    Flag.FACE_MISSING: "Face missing",
    Flag.FACE_DISTORTED: "Face distorted",
    Flag.IDENTITY_DRIFT: "Another face",
    Flag.DRIVER_MISMATCH: "Not following you",
    Flag.WARP_FOLDED: "Picture torn",
    Flag.BLURRED: "Face smeared",
    Flag.JITTER: "Trembling",
    Flag.FROZEN: "Standing still",
    Flag.DRIVER_MISSING: "You are not seen",
    Flag.SECOND_FACE: "Second face",
    Flag.OUT_OF_POSE: "Turned too far",
    Flag.LOW_LIGHT: "Too dark",
    Flag.OCCLUDED: "Face covered",
}

_ROOM = 300  # pixels that a chip with its reason takes
_LEAST = 172  # and without; where there is less, the least urgent ones become a number
_NUMBER = 44


def flag_name(flag: Flag) -> str:
    """Name a flag to its wearer, who need not know what it is called in files."""
    return _TITLES[flag]


class FlagChip(QFrame):
    """One flag that is up."""

    def __init__(self, flag: Flag, reason: str) -> None:
        super().__init__()
        self.flag = flag
        colour = COLOURS[flag.severity]
        self.setObjectName("chip")
        self.setStyleSheet(
            f"#chip {{ background: {theme.RAISED}; border-radius: 8px; "
            f"border-left: 3px solid {colour}; }}"
        )
        self.setAccessibleName(f"{flag.sentence} {flag.remedy}")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 12, 4)
        row.setSpacing(9)
        sign = QLabel()
        sign.setPixmap(icons.pixmap("warning" if flag.is_gate else "flag", 18, colour, 2.0))
        row.addWidget(sign)
        words = QVBoxLayout()
        words.setSpacing(0)
        title = QLabel(flag_name(flag))
        title.setStyleSheet(f"color: {colour}; font-weight: 600; font-size: 12px;")
        self._detail = Elided()
        self._reason = reason
        self._is_narrow = False
        self._detail.setStyleSheet(f"color: {theme.SOFT}; font-size: 11px;")
        words.addWidget(title)
        words.addWidget(self._detail)
        row.addLayout(words)
        self.explain(reason)

    def explain(self, reason: str) -> None:
        """Show the newest reason."""
        self._reason = reason
        self._show()

    def be_narrow(self, narrow: bool) -> None:
        """Leave the reason to the tip where there is no room for it."""
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self._show()

    @property
    def words(self) -> str:
        """What can be read below the flag's name."""
        return self._detail.shown

    def _show(self) -> None:
        flag, reason = self.flag, self._reason
        self.setToolTip(f"{flag.sentence} {flag.remedy}\n{reason}".rstrip())
        has_reason = reason and not self._is_narrow
        self._detail.setText(f"{flag.remedy.rstrip('.')} · {reason}" if has_reason else flag.remedy)


class FlagStrip(QWidget):
    """The flags that hold now, the worst first; a quiet word where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(44)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._calm = QLabel()
        self._calm.setTextFormat(Qt.TextFormat.RichText)
        self._row.addWidget(self._calm)
        self.more = QLabel()
        self.more.setProperty("look", "faint")
        self.more.hide()
        self._row.addWidget(self.more)
        self._row.addStretch(1)
        self._chips: dict[Flag, FlagChip] = {}
        self.show_detector(Status.OFF)

    @property
    def flags(self) -> list[Flag]:
        """The flags shown, in order."""
        return sorted(self._chips, key=lambda flag: self._row.indexOf(self._chips[flag]))

    @property
    def calm(self) -> str:
        """What is said where no flag is up."""
        return self._calm.text()

    def show_flags(self, reasons: Mapping[Flag, str]) -> None:
        """Show exactly these flags with their reasons."""
        for flag in [flag for flag in self._chips if flag not in reasons]:
            chip = self._chips.pop(flag)
            self._row.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        for flag in sorted(reasons, key=urgency):
            if flag in self._chips:
                self._chips[flag].explain(reasons[flag])
            else:
                self._chips[flag] = FlagChip(flag, reasons[flag])
                place = sum(urgency(other) < urgency(flag) for other in self._chips)
                self._row.insertWidget(place, self._chips[flag])
        self._calm.setVisible(not self._chips)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Say less where there is less room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        flags = self.flags
        room = len(flags)
        if self.width() < _LEAST * room:
            room = max(1, (self.width() - _NUMBER) // _LEAST)
        for place, flag in enumerate(flags):
            self._chips[flag].be_narrow(self.width() < _ROOM * len(flags))
            self._chips[flag].setVisible(place < room)
        self.more.setVisible(room < len(flags))
        self.more.setText(f"+ {len(flags) - room}")
        hidden = "\n".join(f"{flag_name(flag)}: {flag.remedy}" for flag in flags[room:])
        self.more.setToolTip(hidden)
        self.more.setAccessibleName(hidden)

    def show_detector(self, status: Status, has_pictures: bool = True) -> None:
        """Say what it means that no flag is up; without pictures to judge it is no praise."""
        colour, words = _CALM.get(status, (theme.FAINT, "Red flags are off"))
        if status is Status.ON and not has_pictures:
            colour, words = theme.FAINT, "No picture to look for red flags in"
        self._calm.setText(
            f'<span style="color:{colour}; font-size:15px">●</span>'
            f'&nbsp;&nbsp;<span style="color:{theme.SOFT}">{words}</span>'
        )


_CALM = {
    Status.ON: (theme.GOOD, "No red flags"),
    Status.STARTING: (theme.FAINT, "Getting ready to look for red flags"),
    Status.FAILED: (theme.WARM, "Red flags are off: the detector has stopped"),
}
