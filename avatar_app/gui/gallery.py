"""The avatars to choose from: pictures with their names and keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PyQt5.QtCore import QEvent, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QColor,
    QFont,
    QImageReader,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PyQt5.QtWidgets import QAbstractButton, QGridLayout, QScrollArea, QWidget

from avatar_app.gui import icons, theme
from avatar_app.gui.pictures import smooth

_THUMB = 192  # pixels kept of a picture
_SMALLEST_TILE = 78


class Tile(QAbstractButton):
    """One avatar: its picture, its name, and the key that chooses it."""

    def __init__(self, name: str, picture: QPixmap, key: str = "") -> None:
        super().__init__()
        self.name = name
        self.key = key
        self._picture = picture
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(f"{name}, key {key}" if key else name)
        self.setAccessibleName(f"Avatar {name}")

    def nextCheckState(self) -> None:
        """Follow no click: the mark is on the avatar that is shown."""

    def sizeHint(self) -> QSize:
        """Return the size of a tile."""
        return QSize(_SMALLEST_TILE, _SMALLEST_TILE)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw the picture, shaded below for the name, and the frame of the chosen one."""
        painter = QPainter(self)
        smooth(painter)
        place = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        shape = QPainterPath()
        shape.addRoundedRect(place, 9, 9)
        painter.setClipPath(shape)
        painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))
        band = QRectF(place.x(), place.bottom() - 21, place.width(), 21)
        painter.fillRect(band, QColor(9, 11, 16, 175))
        painter.setPen(QColor(theme.INK))
        painter.setFont(theme.font(11, QFont.Weight.Medium))
        name = painter.fontMetrics().elidedText(
            self.name, Qt.TextElideMode.ElideRight, round(place.width() - 26)
        )
        painter.drawText(
            band.adjusted(7, 0, 0, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            name,
        )
        painter.setPen(QColor(theme.SOFT))
        painter.drawText(
            band.adjusted(0, 0, -7, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            self.key,
        )
        painter.setClipping(False)
        self._paint_frame(painter, place)

    def _paint_frame(self, painter: QPainter, place: QRectF) -> None:
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.INK), 2))
        elif self.isChecked():
            painter.setPen(QPen(QColor(theme.ACCENT), 2.5))
        elif self.underMouse():
            painter.setPen(QPen(QColor(theme.SOFT), 1.5))
        else:
            return
        painter.drawRoundedRect(place, 9, 9)
        if self.hasFocus() and self.isChecked():
            painter.setPen(QPen(QColor(theme.ACCENT), 2))
            painter.drawRoundedRect(place.adjusted(2, 2, -2, -2), 7, 7)


class AddTile(Tile):
    """The last one: makes an avatar of a photo."""

    def __init__(self) -> None:
        super().__init__("Add a photo", QPixmap(1, 1))
        self.setCheckable(False)
        self.setToolTip("Make an avatar of a photo")
        self.setAccessibleName("Make an avatar of a photo")

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw a plus in a dashed frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        lively = self.underMouse() or self.hasFocus()
        colour = QColor(theme.INK if self.hasFocus() else theme.SOFT if lively else theme.LINE)
        painter.setPen(
            QPen(colour, 1.5, Qt.PenStyle.SolidLine if self.hasFocus() else Qt.PenStyle.DashLine)
        )
        painter.drawRoundedRect(place, 9, 9)
        plus = icons.pixmap("add", 22, theme.SOFT, self.devicePixelRatioF())
        painter.drawPixmap(round(place.center().x() - 11), round(place.center().y() - 20), plus)
        painter.setPen(QColor(theme.SOFT))
        painter.setFont(theme.font(11, QFont.Weight.Medium))
        words = place.adjusted(0, place.height() / 2 + 4, 0, 0)
        painter.drawText(
            words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "Add photo"
        )


class Gallery(QScrollArea):
    """All avatars; arrow keys go from one to the next, Enter or Space chooses."""

    chosen = pyqtSignal(str)
    add_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(92)
        self._inside = QWidget()
        self._grid = QGridLayout(self._inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        self.setWidget(self._inside)
        self.tiles: list[Tile] = []  # the last one adds
        self._columns = 0

    @property
    def names(self) -> list[str]:
        """The avatars in the order shown."""
        return [tile.name for tile in self.tiles[:-1]]

    def show_avatars(self, avatars: Mapping[str, Path], keys: Mapping[int, str]) -> None:
        """Show these; `keys` are those of the first, the second, ... from 0 on."""
        current = self.current
        for tile in self.tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        self.tiles = [
            Tile(name, _thumbnail(path), keys.get(number, ""))
            for number, (name, path) in enumerate(avatars.items())
        ]
        for tile in self.tiles:
            tile.clicked.connect(lambda _, name=tile.name: self.chosen.emit(name))
        add = AddTile()
        add.clicked.connect(self.add_asked)
        self.tiles.append(add)
        self.select(current)
        self._columns = 0
        self._arrange()

    @property
    def current(self) -> str:
        """The name of the avatar that is marked, or nothing."""
        return next((tile.name for tile in self.tiles if tile.isChecked()), "")

    def select(self, name: str) -> None:
        """Mark one as the avatar that is shown."""
        for tile in self.tiles:
            tile.setChecked(tile.isCheckable() and tile.name.casefold() == name.casefold())
            if tile.isChecked():
                self.ensureWidgetVisible(tile, 0, 8)

    def focus_on(self, name: str) -> None:
        """Give the keyboard to an avatar's tile."""
        for tile in self.tiles:
            if tile.name == name:
                tile.setFocus(Qt.FocusReason.TabFocusReason)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go from tile to tile with the arrows."""
        assert event is not None
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -self._columns}
        steps[Qt.Key.Key_Down] = self._columns
        focused = next((n for n, tile in enumerate(self.tiles) if tile.hasFocus()), None)
        step = steps.get(Qt.Key(event.key()))
        if focused is None or step is None:
            super().keyPressEvent(event)
            return
        wanted = self.tiles[min(max(focused + step, 0), len(self.tiles) - 1)]
        wanted.setFocus(Qt.FocusReason.TabFocusReason)
        self.ensureWidgetVisible(wanted, 0, 8)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit as many columns as there is room for, and keep the avatar that is shown in sight."""
        super().resizeEvent(event)
        self._arrange()
        self.select(self.current)

    def event(self, event: QEvent | None) -> bool:
        """Keep it in sight also once the tiles have their new places."""
        done = super().event(event)
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.select(self.current)
        return done

    def _arrange(self) -> None:
        viewport = self.viewport()
        assert viewport is not None
        width = viewport.width()
        columns = max(2, (width + 6) // (_SMALLEST_TILE + 6))
        side = (width - 6 * (columns - 1)) // columns
        for number, tile in enumerate(self.tiles):
            tile.setFixedSize(side, side)
            if columns != self._columns:
                self._grid.addWidget(tile, number // columns, number % columns)
        if columns != self._columns:
            self._grid.setRowStretch(len(self.tiles) // columns + 1, 1)
        self._columns = columns


def _thumbnail(path: Path) -> QPixmap:
    """Read a small upright square of the picture; grey where it cannot be read."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        reader.setScaledSize(
            size.scaled(_THUMB, _THUMB, Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        )
    image = reader.read()
    if image.isNull():
        grey = QPixmap(_THUMB, _THUMB)
        grey.fill(QColor(theme.RAISED))
        return grey
    left, top = (image.width() - _THUMB) // 2, (image.height() - _THUMB) // 2
    return QPixmap.fromImage(image.copy(max(0, left), max(0, top), _THUMB, _THUMB))
