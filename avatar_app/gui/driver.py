"""You, small, as in a mirror: the crop, the landmarks, and the avatar laid over your face."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PyQt5.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PyQt5.QtWidgets import QSizePolicy, QWidget

from avatar_app.framing import Square
from avatar_app.gui import icons, theme
from avatar_app.gui.pictures import fitted, smooth, to_pixmap
from avatar_app.pipeline.view import View
from avatar_app.types import Floats, Image

_RUNS = ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36), (36, 42), (42, 48), (48, 60), (60, 68))
_CLOSED = {(36, 42), (42, 48), (48, 60), (60, 68)}
"""The 68 landmarks as lines: jaw, brows, nose, eyes, lips."""


class DriverView(QWidget):
    """Shows the camera's picture. Only the wearer sees it, so it may be mirrored by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(140, 105)
        self.setAccessibleName("You, as the camera sees you")
        self._picture: QPixmap | None = None
        self._size = QSizeF(4, 3)
        self._crop: Square | None = None
        self._landmarks: Floats | None = None
        self._ghost: QPixmap | None = None
        self.is_mirrored = True
        self.shows_landmarks = True
        self.shows_crop_only = False
        self.opacity = 0.0
        self.lost = ""  # why there is no picture

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(280, 210)

    def hasHeightForWidth(self) -> bool:
        """Keep the proportions of a camera."""
        return not self.shows_crop_only

    def heightForWidth(self, width: int) -> int:
        """Return the height at which nothing is left empty."""
        return round(width * 0.75)

    def show_view(self, view: View) -> None:
        """Show the picture and what is known about it."""
        self._picture = to_pixmap(view.driver_image)
        self._size = QSizeF(self._picture.size())
        self._crop, self._landmarks = view.crop, view.landmarks
        self.lost = ""
        self.update()

    def lose(self, sentence: str) -> None:
        """Say that there is no picture, instead of showing an old one."""
        self._picture, self.lost = None, sentence
        self.update()

    def lay_over(self, avatar: Image | None) -> None:
        """Take the picture to lay over the driver's face: the avatar's own, (S, S, 3)."""
        self._ghost = None if avatar is None else to_pixmap(avatar)
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw the picture and what lies on it."""
        painter = QPainter(self)
        smooth(painter)
        source = QRectF(QPointF(0, 0), self._size)
        if self.shows_crop_only and self._crop is not None:
            source = _rect(self._crop)
        place = fitted(source.size(), QRectF(self.rect()))
        shape = QPainterPath()
        shape.addRoundedRect(place, theme.RADIUS, theme.RADIUS)
        painter.setClipPath(shape)
        painter.fillRect(place, QColor(theme.RAISED))
        if self._picture is None:
            self._paint_absence(painter, place)
            return
        painter.save()
        if self.is_mirrored:
            painter.translate(2 * place.center().x(), 0)
            painter.scale(-1, 1)
        painter.drawPixmap(place, self._picture, source)
        painter.translate(place.topLeft())
        scale = place.width() / source.width()
        painter.scale(scale, scale)
        painter.translate(-source.topLeft())
        self._paint_ghost(painter)
        if not self.shows_crop_only:
            self._paint_crop(painter, scale)
        if self.shows_landmarks:
            self._paint_landmarks(painter, scale)
        painter.restore()

    def _paint_absence(self, painter: QPainter, place: QRectF) -> None:
        drawn = icons.pixmap("unplugged", 28, theme.FAINT, self.devicePixelRatioF())
        painter.drawPixmap(round(place.center().x() - 14), round(place.center().y() - 32), drawn)
        painter.setPen(QColor(theme.SOFT))
        painter.setFont(theme.font(12, QFont.Weight.Medium))
        words = place.adjusted(10, place.height() / 2 + 6, -10, -6)
        painter.drawText(
            words,
            Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap,
            self.lost or "No picture yet",
        )

    def _paint_ghost(self, painter: QPainter) -> None:
        if self._ghost is None or self._crop is None or self.opacity <= 0:
            return
        painter.setOpacity(self.opacity)
        painter.drawPixmap(_rect(self._crop), self._ghost, QRectF(self._ghost.rect()))
        painter.setOpacity(1)

    def _paint_crop(self, painter: QPainter, scale: float) -> None:
        if self._crop is None:
            return
        rect = _rect(self._crop)
        inside = QPainterPath()
        inside.addRoundedRect(rect, 8 / scale, 8 / scale)
        # One path in the other: what lies between them is filled.
        outside = QPainterPath(inside)
        outside.addRect(rect.united(QRectF(QPointF(0, 0), self._size)))
        painter.fillPath(outside, QColor(8, 10, 15, 120))
        painter.setPen(QPen(QColor(255, 255, 255, 190), 1.5 / scale))
        painter.drawPath(inside)

    def _paint_landmarks(self, painter: QPainter, scale: float) -> None:
        if self._landmarks is None:
            return
        colour = QColor(theme.ACCENT)
        colour.setAlpha(210)
        painter.setPen(
            QPen(
                colour,
                1.4 / scale,
                Qt.PenStyle.SolidLine,
                Qt.PenCapStyle.RoundCap,
                Qt.PenJoinStyle.RoundJoin,
            )
        )
        points = [QPointF(x, y) for x, y in self._landmarks.tolist()]
        for first, last in _RUNS:
            line = QPolygonF(points[first:last])
            if (first, last) in _CLOSED:
                painter.drawPolygon(line)
            else:
                painter.drawPolyline(line)


def _rect(square: Square) -> QRectF:
    half = square.size / 2
    return QRectF(square.x - half, square.y - half, square.size, square.size)
