"""A line of words that says where it is cut off."""

from __future__ import annotations

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QLabel


class Elided(QLabel):
    """One line of plain text, which may be narrower than its words: it ends in dots then."""

    def minimumSizeHint(self) -> QSize:
        """Ask for no width at all."""
        return QSize(0, super().minimumSizeHint().height())

    @property
    def shown(self) -> str:
        """What can be read of the text."""
        cut = Qt.TextElideMode.ElideRight
        return self.fontMetrics().elidedText(self.text(), cut, self.contentsRect().width())

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw what there is room for."""
        painter, style = QPainter(self), self.style()
        assert style is not None
        style.drawItemText(
            painter,
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            self.shown,
            self.foregroundRole(),
        )
