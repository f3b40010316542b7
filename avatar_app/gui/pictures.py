"""From arrays to what Qt can draw, and how a picture lies in a widget."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSizeF
from PyQt5.QtGui import QImage, QPainter, QPixmap
from PyQt5.sip import voidptr

from avatar_app.types import Image, check_image


def smooth(painter: QPainter) -> None:
    """Draw lines and pictures without steps."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)


def to_pixmap(image: Image) -> QPixmap:
    """Copy (H, W, 3) uint8 RGB into a pixmap."""
    check_image(image, "to_pixmap")
    pixels = np.ascontiguousarray(image)  # held until they are copied
    height, width = pixels.shape[:2]
    data = voidptr(pixels.ctypes.data)
    return QPixmap.fromImage(QImage(data, width, height, width * 3, QImage.Format.Format_RGB888))


def fitted(inner: QSizeF, outer: QRectF) -> QRectF:
    """Return where something of size `inner` lies in `outer`: as large as it fits, centred."""
    if inner.isEmpty() or outer.isEmpty():
        return QRectF(outer.center(), QSizeF(0, 0))
    scale = min(outer.width() / inner.width(), outer.height() / inner.height())
    size = QSizeF(inner.width() * scale, inner.height() * scale)
    left = outer.x() + (outer.width() - size.width()) / 2
    top = outer.y() + (outer.height() - size.height()) / 2
    return QRectF(left, top, size.width(), size.height())
