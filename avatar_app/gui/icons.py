"""The window's icons: line drawings on a field of 24 x 24, in any colour and sharp at any scale."""

from __future__ import annotations

from PyQt5.QtCore import QByteArray, QRectF, QSize
from PyQt5.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt5.QtSvg import QSvgRenderer

from avatar_app.gui import theme

_SHAPES = {
    "calibrate": '<circle cx="12" cy="12" r="7"/><circle cx="12" cy="12" r="1.5" fill="{ink}"/>'
    '<path d="M12 2v4M12 18v4M2 12h4M18 12h4"/>',
    "search": '<circle cx="11" cy="11" r="7"/><path d="M16.2 16.2 21 21M11 8v6M8 11h6"/>',
    "camera": '<rect x="2.5" y="6" width="13" height="12" rx="2.5"/>'
    '<path d="M15.5 10.5 21.5 7v10l-6-3.5"/>',
    "record": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="4" fill="{ink}"/>',
    "stop": '<circle cx="12" cy="12" r="9"/>'
    '<rect x="8.5" y="8.5" width="7" height="7" rx="1" fill="{ink}"/>',
    "panic": '<path d="M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z"/><path d="M12 7.5v5.5"/>'
    '<circle cx="12" cy="16.3" r="0.7" fill="{ink}"/>',
    "settings": '<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.6"/>'
    '<circle cx="8" cy="17" r="2.6"/>',
    "keys": '<rect x="2" y="6" width="20" height="12" rx="2.5"/>'
    '<path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M7.5 14h9"/>',
    "sessions": '<rect x="3" y="4" width="18" height="16" rx="2.5"/><path d="M10 9v6l5-3z"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "add": '<path d="M12 5v14M5 12h14"/>',
    "warning": '<path d="M12 3.5 22 20.5H2z"/><path d="M12 10v4.5"/>'
    '<circle cx="12" cy="17.4" r="0.7" fill="{ink}"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5"/>'
    '<circle cx="12" cy="7.6" r="0.7" fill="{ink}"/>',
    "flag": '<path d="M5 21V4h11l-2 4 2 4H5"/>',
    "good": '<circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.8L16.2 9.6"/>',
    "play": '<path d="M7 4.5v15l12-7.5z"/>',
    "pause": '<path d="M8 5v14M16 5v14"/>',
    "folder": '<path d="M3 6.5A1.5 1.5 0 0 1 4.5 5H9l2 2.5h8.5A1.5 1.5 0 0 1 21 9v9a1.5 1.5 0 0 1'
    '-1.5 1.5h-15A1.5 1.5 0 0 1 3 18z"/>',
    "unplugged": '<path d="M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4"/>',
}


def pixmap(name: str, size: int, ink: str = theme.INK, scale: float = 1.0) -> QPixmap:
    """Draw the icon called `name`, `size` device-independent pixels wide, for a screen's scale."""
    shape = _SHAPES[name].format(ink=ink)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{ink}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
        f"{shape}</svg>"
    )
    drawn = QPixmap(QSize(size, size) * scale)
    drawn.fill(QColor(0, 0, 0, 0))
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(drawn.rect()))
    painter.end()
    drawn.setDevicePixelRatio(scale)
    return drawn


def icon(name: str, ink: str = theme.INK, checked: str | None = None) -> QIcon:
    """Return the icon called `name` for a button; in the colour `checked` where that is on."""
    made = QIcon()
    for scale in (1.0, 2.0):
        made.addPixmap(pixmap(name, 20, ink, scale))
        made.addPixmap(pixmap(name, 20, theme.FAINT, scale), QIcon.Mode.Disabled)
        if checked is not None:
            made.addPixmap(pixmap(name, 20, checked, scale), QIcon.Mode.Normal, QIcon.State.On)
            made.addPixmap(pixmap(name, 20, checked, scale), QIcon.Mode.Active, QIcon.State.On)
    return made
