"""The avatar, large: the picture, a frame that turns red, and words where there is no picture."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from PyQt5.QtCore import QRectF, QSize, QSizeF, Qt, QTimer
from PyQt5.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PyQt5.QtWidgets import QSizePolicy, QWidget

from avatar_app.events import Flag, Severity
from avatar_app.gui import icons, theme
from avatar_app.gui.pictures import fitted, smooth, to_pixmap
from avatar_app.types import Image

_FLASH_MS = 600


class Mood(Enum):
    """The colour of the frame around the picture."""

    CALM = theme.LINE
    WARNED = theme.WARM
    GLITCHED = theme.RED
    PANICKED = "#ff5c68"
    PLEASED = theme.GOOD

    @classmethod
    def of(cls, flags: Collection[Flag]) -> Mood:
        """Return the colour for flags that are up."""
        if any(flag.severity is Severity.SEVERE for flag in flags):
            return cls.GLITCHED
        return cls.WARNED if flags else cls.CALM


class Stage(QWidget):
    """Shows what was rendered. `mood` colours the frame; `note` stands over a dimmed picture."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(180, 150)
        self.setAccessibleName("The avatar")
        self._picture: QPixmap | None = None
        self._mood = Mood.CALM
        self._title, self._note, self._icon = "", "", "info"
        self.details: list[str] = []
        self._is_mirrored = False
        self._flash = QTimer(self)
        self._flash.setSingleShot(True)
        self._flash.timeout.connect(self.update)

    @property
    def mood(self) -> Mood:
        """The frame's colour at this moment."""
        return Mood.PLEASED if self._flash.isActive() else self._mood

    @property
    def words(self) -> tuple[str, str]:
        """Title and note over the picture; empty where there are none."""
        return self._title, self._note

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(620, 520)

    def show_image(self, image: Image | None) -> None:
        """Show (S, S, 3) uint8 RGB; None leaves the last picture, dimmed under words."""
        if image is not None:
            self._picture = to_pixmap(image)
            self.update()

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture to look at."""
        return self._picture is not None

    def clear(self) -> None:
        """Forget the picture: another avatar or model comes."""
        self._picture = None
        self.update()

    def mirror(self, mirrored: bool) -> None:
        """Show the picture as others get it when it is mirrored for them too."""
        self._is_mirrored = mirrored
        self.update()

    def show_mood(self, mood: Mood) -> None:
        """Colour the frame."""
        if mood is not self._mood:
            self._mood = mood
            self.update()

    def flash(self) -> None:
        """Light the frame up in green for a moment: something came out well."""
        self._flash.start(_FLASH_MS)
        self.update()

    def say(self, title: str, note: str = "", icon: str = "info") -> None:
        """Write over the dimmed picture; an empty title takes the words away."""
        if (title, note, icon) != (self._title, self._note, self._icon):
            self._title, self._note, self._icon = title, note, icon
            self.setAccessibleDescription(f"{title}. {note}" if title else "")
            self.update()

    def show_details(self, lines: list[str]) -> None:
        """Write small lines into the corner: how fast each stage is."""
        self.details = lines
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw picture, frame and words."""
        painter = QPainter(self)
        smooth(painter)
        area = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        place = fitted(QSizeF(1, 1), area)
        shape = QPainterPath()
        shape.addRoundedRect(place, 14, 14)
        painter.save()
        painter.setClipPath(shape)
        self._paint_picture(painter, place)
        if self._title:
            painter.fillRect(place, QColor(10, 12, 18, 190 if self._picture else 255))
            self._paint_words(painter, place)
        self._paint_details(painter, place)
        painter.restore()
        self._paint_frame(painter, shape, place)

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        painter.fillRect(place, QColor(theme.PANEL))
        if self._picture is None:
            return
        if self._is_mirrored:
            painter.save()
            painter.translate(2 * place.center().x(), 0)
            painter.scale(-1, 1)
            painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))
            painter.restore()
        else:
            painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))

    def _paint_frame(self, painter: QPainter, shape: QPainterPath, place: QRectF) -> None:
        mood = self.mood
        if mood is not Mood.CALM:
            glow = QColor(mood.value)
            glow.setAlpha(70)
            painter.setPen(QPen(glow, 12))
            painter.setClipPath(shape)
            painter.drawPath(shape)
            painter.setClipping(False)
        painter.setPen(QPen(QColor(mood.value), 1.5 if mood is Mood.CALM else 4))
        painter.drawRoundedRect(place, 14, 14)

    def _paint_words(self, painter: QPainter, place: QRectF) -> None:
        room = place.adjusted(16, 0, -16, 0)
        small = place.width() < 340
        size = 28 if small else 40
        middle = place.center().y()
        ink = theme.RED if self._icon in ("panic", "warning") else theme.SOFT
        picture = icons.pixmap(self._icon, size, ink, self.devicePixelRatioF())
        painter.drawPixmap(round(place.center().x() - size / 2), round(middle - size - 22), picture)
        painter.setPen(QColor(theme.INK))
        painter.setFont(theme.font(16 if small else 20, QFont.Weight.DemiBold))
        title = QRectF(room.x(), middle - 12, room.width(), 30)
        painter.drawText(
            title, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, self._title
        )
        painter.setPen(QColor(theme.SOFT))
        painter.setFont(theme.font(12 if small else 13))
        note = QRectF(room.x(), middle + 24, room.width(), max(0.0, place.bottom() - middle - 34))
        painter.drawText(
            note,
            Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap,
            self._note,
        )

    def _paint_details(self, painter: QPainter, place: QRectF) -> None:
        if not self.details:
            return
        painter.setFont(theme.font(11, QFont.Weight.Medium))
        metrics = painter.fontMetrics()
        width = max(metrics.horizontalAdvance(line) for line in self.details) + 20
        line_height = metrics.height() + 2
        box = QRectF(place.x() + 12, place.y() + 12, width, line_height * len(self.details) + 14)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(10, 12, 18, 200))
        painter.drawRoundedRect(box, 7, 7)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(theme.INK))
        for number, line in enumerate(self.details):
            at = QRectF(box.x() + 10, box.y() + 7 + number * line_height, width, line_height)
            painter.drawText(at, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
