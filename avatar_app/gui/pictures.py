"""From arrays to what Qt can draw, and how a picture lies in a widget."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSizeF
from PyQt5.QtGui import QImage, QPainter, QPixmap

from avatar_app.types import Image, check_image


def to_qimage(image: Image) -> QImage:
    """Copy (H, W, 3) uint8 RGB into a picture of Qt's own, which does not borrow the array."""
    check_image(image, "to_qimage")
    height, width = image.shape[:2]
    pixels = np.ascontiguousarray(image)
    borrowed = QImage(pixels.tobytes(), width, height, width * 3, QImage.Format.Format_RGB888)
    return borrowed.copy()


def smooth(painter: QPainter) -> None:
    """Draw lines and pictures without steps."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)


def to_pixmap(image: Image) -> QPixmap:
    """Copy (H, W, 3) uint8 RGB into a pixmap."""
    return QPixmap.fromImage(to_qimage(image))


def fitted(inner: QSizeF, outer: QRectF) -> QRectF:
    """Return where something of size `inner` lies in `outer`: as large as it fits, centred."""
    if inner.isEmpty() or outer.isEmpty():
        return QRectF(outer.center(), QSizeF(0, 0))
    scale = min(outer.width() / inner.width(), outer.height() / inner.height())
    size = QSizeF(inner.width() * scale, inner.height() * scale)
    left = outer.x() + (outer.width() - size.width()) / 2
    top = outer.y() + (outer.height() - size.height()) / 2
    return QRectF(left, top, size.width(), size.height())
