"""Guided calibration: you beside the avatar, what to change, and a countdown once all is well."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from avatar_app.gui import theme
from avatar_app.gui.driver import DriverView
from avatar_app.gui.overlays import Overlay, label
from avatar_app.gui.pictures import fitted, smooth, to_pixmap
from avatar_app.guide import Arrow, Guide
from avatar_app.pipeline.view import View
from avatar_app.types import Image

COUNT_FROM = 3
_STEP_MS = 700
_LOOKING = "Looking for your face ..."
_PARTS = (
    ("Turn", "yaw"),
    ("Nod", "pitch"),
    ("Tilt", "roll"),
    ("Mouth", "mouth"),
    ("Eyes", "eyes"),
    ("Size", "size"),
)
_TURNS = {
    Arrow.LEFT: 180,
    Arrow.RIGHT: 0,
    Arrow.UP: 270,
    Arrow.DOWN: 90,
}


class GuideView(Overlay):
    """Compares driver and avatar at every look; counts down while the match is good.

    Waiting -> counting (3, 2, 1) -> taken; back to waiting whenever the match is lost.
    """

    taken = pyqtSignal()  # calibrate now

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.count: int | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._step)
        column = QVBoxLayout(self.sheet)
        column.setContentsMargins(22, 18, 22, 18)
        column.setSpacing(theme.SPACE)
        self._advice = label("", "title")
        self._advice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = label("Sit as the avatar does; it follows you from there.", "soft")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._advice)
        column.addWidget(self._words)
        pictures = QHBoxLayout()
        pictures.setSpacing(theme.SPACE)
        self.driver = DriverView()
        self.driver.shows_landmarks = False
        self.driver.shows_crop_only = True
        self._signal = Signal()
        self._avatar = Portrait()
        pictures.addWidget(self.driver, 1)
        pictures.addWidget(self._signal, 0)
        pictures.addWidget(self._avatar, 1)
        column.addLayout(pictures, 1)
        column.addLayout(self._meters())
        column.addLayout(self._buttons())

    def _meters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        self._off: dict[str, Meter] = {}
        for words, part in _PARTS:
            cell = QVBoxLayout()
            cell.setSpacing(3)
            meter = Meter()
            name = QLabel(words)
            name.setProperty("look", "faint")
            name.setAlignment(Qt.AlignmentFlag.AlignCenter)
            cell.addWidget(meter)
            cell.addWidget(name)
            row.addLayout(cell)
            self._off[part] = meter
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.dismiss)
        self.now = QPushButton("Calibrate now")
        self.now.setProperty("look", "main")
        self.now.clicked.connect(self._take)
        row.addWidget(self.cancel)
        row.addStretch(1)
        row.addWidget(self.now)
        return row

    @property
    def advice(self) -> str:
        """What the driver is told."""
        return self._advice.text()

    def begin(self, avatar: Image | None) -> None:
        """Open for this avatar's picture, (S, S, 3)."""
        self._avatar.show_image(avatar)
        self._wait()
        self._advice.setText(_LOOKING)
        self.open()
        self.now.setFocus(Qt.FocusReason.OtherFocusReason)

    def fit(self) -> None:
        """Take the room there is, up to what the pictures need."""
        room = self.room
        self.sheet.setFixedSize(min(room.width() - 32, 760), min(room.height() - 32, 520))

    def dismiss(self) -> None:
        """Close without calibrating."""
        self._wait()
        super().dismiss()

    def show_view(self, view: View) -> None:
        """Take the newest picture with what is known of the face."""
        if self.isHidden():
            return
        self.driver.show_view(view)
        guide = view.guide
        if guide is None:
            self._wait()
            self._advice.setText(_LOOKING if view.face is None else "Your face is not seen.")
            self._signal.show_guide(None)
            return
        for part, meter in self._off.items():
            meter.show_off((guide.off or {}).get(part, 0.0))
        if not guide.is_good:
            self._wait()
        elif self.count is None:
            self.count = COUNT_FROM
            self._timer.start()
        self._advice.setText(guide.advice)
        self._signal.show_guide(guide, self.count)

    def lose(self, sentence: str) -> None:
        """Say why there is no picture; without one nothing is counted."""
        self._wait()
        self.driver.lose(sentence)
        self._advice.setText(sentence)
        self._signal.show_guide(None)

    def _step(self) -> None:
        if self.count is not None and self.count > 1:
            self.count -= 1
        else:
            self._take()

    def _take(self) -> None:
        self.dismiss()
        self.taken.emit()

    def _wait(self) -> None:
        self.count = None
        self._timer.stop()


class Signal(QWidget):
    """Between the two pictures: an arrow or a word for what to change, or the countdown."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(96)
        self._guide: Guide | None = None
        self._count: int | None = None

    def show_guide(self, guide: Guide | None, count: int | None = None) -> None:
        """Take what the face lacks, and where the countdown is."""
        self._guide, self._count = guide, count
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw a ring as full as the match, and what is in it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(8, self.height() / 2 - 40, 80, 80)
        painter.setPen(QPen(QColor(theme.LINE), 6))
        painter.drawEllipse(ring)
        if self._guide is None:
            return
        colour = QColor(theme.GOOD if self._guide.is_good else theme.WARM)
        painter.setPen(QPen(colour, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(ring, 90 * 16, round(-360 * 16 * self._guide.match))
        self._paint_middle(painter, ring, colour)
        painter.setPen(QColor(theme.SOFT))
        painter.setFont(theme.font(12))
        below = QRectF(0, ring.bottom() + 8, self.width(), 20)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{self._guide.match:.0%} alike")

    def _paint_middle(self, painter: QPainter, ring: QRectF, colour: QColor) -> None:
        assert self._guide is not None
        painter.setPen(colour)
        if self._guide.is_good:
            painter.setFont(theme.font(34, QFont.Weight.DemiBold))
            painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, str(self._count or ""))
            return
        arrow = self._guide.hints[0].arrow
        if arrow not in _TURNS:
            painter.setFont(theme.font(14, QFont.Weight.DemiBold))
            painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, arrow.value.replace(" ", "\n"))
            return
        painter.save()
        painter.translate(ring.center())
        painter.rotate(_TURNS[arrow])
        painter.setPen(
            QPen(
                colour, 5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
            )
        )
        path = QPainterPath(QPointF(-18, 0))
        path.lineTo(18, 0)
        path.moveTo(5, -13)
        path.lineTo(18, 0)
        path.lineTo(5, 13)
        painter.drawPath(path)
        painter.restore()


class Portrait(QWidget):
    """The avatar as it is in its photo."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture: QPixmap | None = None

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(220, 220)

    def show_image(self, image: Image | None) -> None:
        """Take (S, S, 3) uint8 RGB."""
        self._picture = None if image is None else to_pixmap(image)
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw the picture with round corners."""
        painter = QPainter(self)
        smooth(painter)
        place = fitted(QSizeF(1, 1), QRectF(self.rect()))
        shape = QPainterPath()
        shape.addRoundedRect(place, theme.RADIUS, theme.RADIUS)
        painter.setClipPath(shape)
        painter.fillRect(place, QColor(theme.RAISED))
        if self._picture is not None:
            painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))


class Meter(QWidget):
    """How far one part is off: a dot that should stand in the green middle."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(12)
        self.setMinimumWidth(40)
        self._off = 0.0

    def show_off(self, off: float) -> None:
        """Take the distance in tolerances, with its sign."""
        self._off = off
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw the scale from -3 to 3 tolerances, the middle, and the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, width = self.height() / 2, self.width()
        painter.setBrush(QColor(theme.RAISED))
        painter.drawRoundedRect(QRectF(0, middle - 2.5, width, 5), 2.5, 2.5)
        painter.setBrush(QColor("#245a43"))
        painter.drawRoundedRect(QRectF(width / 3, middle - 2.5, width / 3, 5), 2.5, 2.5)
        # The driver sees a mirror: to the right there is to the left here.
        x = width / 2 * (1 - min(max(self._off / 3, -1), 1))
        painter.setBrush(QColor(theme.GOOD if abs(self._off) <= 1 else theme.WARM))
        painter.drawEllipse(QPointF(min(max(x, 5.0), width - 5.0), middle), 5, 5)
