"""How the window looks: colours, letters, distances, and the style sheet made of them."""

from __future__ import annotations

from PyQt5.QtGui import QColor, QFont, QFontDatabase, QPalette
from PyQt5.QtWidgets import QApplication

from avatar_app import settings

GROUND = "#0e1117"
PANEL = "#151a23"
RAISED = "#1d2430"
HOVER = "#27303f"
LINE = "#2a3342"
INK = "#e8ecf3"
SOFT = "#9aa6b8"
FAINT = "#7d899b"
ACCENT = "#6ea8fe"
GOOD = "#4cc38a"
WARM = "#f2b450"
RED = "#ff5c67"
FOCUS = "#4d73b0"  # around what is large

SPACE = 12  # pixels between things that do not belong together; half of it between those that do
RADIUS = 10

_FAMILY = "Inter"
_FONTS = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")


def font(size: float, weight: int = QFont.Weight.Normal) -> QFont:
    """Return the window's font with letters of `size` pixels."""
    made = QFont(_FAMILY)
    made.setPixelSize(round(size))
    made.setWeight(weight)
    return made


def apply_theme(app: QApplication) -> None:
    """Give the whole application its fonts, colours and style sheet."""
    for name in _FONTS:
        QFontDatabase.addApplicationFont(str(settings.bundled("assets", "fonts", name)))
    app.setStyle("Fusion")
    app.setFont(font(13))
    app.setPalette(_palette())
    app.setStyleSheet(_STYLE)


def _palette() -> QPalette:
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, GROUND),
        (QPalette.ColorRole.WindowText, INK),
        (QPalette.ColorRole.Base, PANEL),
        (QPalette.ColorRole.AlternateBase, RAISED),
        (QPalette.ColorRole.Text, INK),
        (QPalette.ColorRole.Button, RAISED),
        (QPalette.ColorRole.ButtonText, INK),
        (QPalette.ColorRole.BrightText, RED),
        (QPalette.ColorRole.Highlight, ACCENT),
        (QPalette.ColorRole.HighlightedText, GROUND),
        (QPalette.ColorRole.ToolTipBase, RAISED),
        (QPalette.ColorRole.ToolTipText, INK),
        (QPalette.ColorRole.Link, ACCENT),
        (QPalette.ColorRole.PlaceholderText, FAINT),
    ):
        palette.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(FAINT))
    return palette


def _picture(name: str) -> str:
    return settings.bundled("assets", "window", f"{name}.svg").as_posix()


# Widgets name their looks by the property `look`; sizes are device-independent pixels.
_STYLE = f"""
* {{ outline: none; }}
QToolTip {{ background: {RAISED}; color: {INK}; border: 1px solid {LINE}; padding: 6px 8px; }}
QLabel {{ background: transparent; }}
QLabel[look="title"] {{ font-size: 20px; font-weight: 600; }}
QLabel[look="heading"] {{ color: {SOFT}; font-size: 11px; font-weight: 600; }}
QLabel[look="soft"] {{ color: {SOFT}; }}
QLabel[look="faint"] {{ color: {FAINT}; font-size: 12px; }}
QLabel[look="key"] {{
    background: {HOVER}; border: 1px solid {LINE}; border-bottom-width: 2px; border-radius: 5px;
    padding: 2px 7px; font-size: 12px; font-weight: 500;
}}
QFrame[look="panel"] {{ background: {PANEL}; border-radius: {RADIUS}px; }}
QFrame[look="bar"] {{ background: {PANEL}; border: none; }}
QFrame[look="scrim"] {{ background: rgba(9, 11, 16, 215); }}
QFrame[look="sheet"] {{
    background: {PANEL}; border: 1px solid {LINE}; border-radius: {RADIUS + 4}px;
}}
QDialog {{ background: {GROUND}; }}

QPushButton, QToolButton {{
    background: {RAISED}; color: {INK}; border: 1px solid {LINE}; border-radius: 8px;
    padding: 7px 14px; font-weight: 500;
}}
QPushButton:hover, QToolButton:hover {{ background: {HOVER}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {LINE}; }}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {ACCENT}; background: {HOVER}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {FAINT}; background: {PANEL}; }}
QPushButton[look="main"] {{ background: {ACCENT}; color: #08111f; border-color: {ACCENT}; }}
QPushButton[look="main"]:hover {{ background: #8bbaff; }}
QPushButton[look="main"]:focus {{ border: 2px solid {INK}; padding: 6px 13px; }}
QPushButton[look="main"]:disabled {{ background: {RAISED}; color: {FAINT}; border-color: {LINE}; }}
QPushButton[look="danger"] {{ color: {RED}; border-color: #5b2a33; background: #261a20; }}
QPushButton[look="danger"]:hover {{ background: #3a2028; }}
QPushButton[look="danger"]:focus {{ border-color: {RED}; }}
QPushButton[look="danger"]:checked {{ background: {RED}; color: #22060a; border-color: {RED}; }}
QPushButton[look="toggle"]:checked {{
    background: #1c3a2e; color: #a9ecca; border-color: {GOOD};
}}
QFileDialog QToolButton {{ padding: 2px; border-radius: 5px; }}
QToolButton[look="quiet"] {{
    background: transparent; border: 1px solid transparent; padding: 6px;
}}
QToolButton[look="quiet"]:hover {{ background: {HOVER}; }}
QToolButton[look="quiet"]:focus {{ border: 1px solid {ACCENT}; }}

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit {{
    background: {PANEL}; color: {INK}; border: 1px solid {LINE}; border-radius: 7px;
    padding: 6px 9px; min-height: 18px; selection-background-color: {ACCENT};
}}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border: 1px solid {ACCENT};
}}
QComboBox::drop-down {{ border: none; width: 26px; }}
QComboBox::down-arrow {{ image: url("{_picture("down")}"); width: 14px; height: 14px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
    border: none; width: 22px; background: transparent;
}}
QAbstractSpinBox::up-arrow {{ image: url("{_picture("up")}"); width: 11px; height: 11px; }}
QAbstractSpinBox::down-arrow {{ image: url("{_picture("down")}"); width: 11px; height: 11px; }}
QComboBox QAbstractItemView {{
    background: {RAISED}; border: 1px solid {LINE}; padding: 4px; selection-color: {GROUND};
}}
QCheckBox {{ spacing: 9px; }}
QCheckBox::indicator {{
    width: 18px; height: 18px; border: 1px solid {FAINT}; border-radius: 5px; background: {PANEL};
}}
QCheckBox::indicator:checked {{
    background: {ACCENT}; border-color: {ACCENT}; image: url("{_picture("check")}");
}}
QCheckBox:focus {{ color: {ACCENT}; }}
QCheckBox::indicator:focus {{ border-color: {ACCENT}; }}

QListWidget {{ background: transparent; border: 1px solid transparent; border-radius: 9px; }}
QListWidget:focus {{ border: 1px solid {FOCUS}; }}
QListWidget::item {{ padding: 8px 10px; border-radius: 7px; color: {SOFT}; }}
QListWidget::item:hover {{ background: {RAISED}; }}
QListWidget::item:selected {{ background: {HOVER}; color: {INK}; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollArea[look="stop"] {{ border: 1px solid transparent; border-radius: 9px; }}
QScrollArea[look="stop"]:focus {{ border: 1px solid {FOCUS}; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {LINE}; border-radius: 4px; min-height: 28px; }}
QScrollBar::handle:vertical:hover {{ background: {FAINT}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; }}
QScrollBar::handle:horizontal {{ background: {LINE}; border-radius: 4px; min-width: 28px; }}
QSlider::groove:horizontal {{ height: 4px; background: {LINE}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    background: {INK}; width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
}}
QSlider::handle:horizontal:focus {{ background: {ACCENT}; }}
"""
