"""Where everything in the window has its place."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from avatar_app.gui import theme
from avatar_app.gui.banners import BannerStack
from avatar_app.gui.bars import Controls, Header, StatusLine
from avatar_app.gui.driver import DriverView
from avatar_app.gui.flags import FlagStrip
from avatar_app.gui.gallery import Gallery
from avatar_app.gui.overlays import label
from avatar_app.gui.stage import Stage
from avatar_app.gui.timeline import Timeline
from avatar_app.pipeline.view import DriverFace

_SIDE, _SIDE_NARROW = 300, 190


class Layout(QWidget):
    """The avatar large with what is said of it, the driver and the avatars beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.header, self.controls, self.status_line = Header(), Controls(), StatusLine()
        self.banners, self.stage = BannerStack(self.header.buttons["settings"]), Stage()
        self.flags = FlagStrip()
        self.timeline, self.driver, self.gallery = Timeline(), DriverView(), Gallery()
        self.advice = label("", "soft")
        self.advice.setWordWrap(True)
        self._side = QWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        middle = QHBoxLayout()
        middle.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        middle.setSpacing(theme.SPACE)
        middle.addLayout(self._main_column(), 1)
        middle.addWidget(self._side_column())
        column.addLayout(middle, 1)
        column.addWidget(self.status_line)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def be_narrow(self, narrow: bool) -> None:
        """Take less room at the side."""
        self._side.setFixedWidth(_SIDE_NARROW if narrow else _SIDE)

    def advise(self, face: DriverFace | None) -> None:
        """Say how well the driver sits; None where nobody has looked yet."""
        guide = None if face is None else face.guide
        if face is None:
            said, colour = "Looking for your face ...", theme.SOFT
        elif guide is None:
            said, colour = "Your face is not seen.", theme.WARM
        elif guide.is_good:
            said, colour = f"{guide.match:.0%} like the avatar's pose", theme.GOOD
        else:
            said, colour = f"{guide.match:.0%} alike. {guide.advice}", theme.SOFT
        self.advice.setText(f'<span style="color:{colour}">●</span>&nbsp; {said}')

    def _main_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        for widget in (self.banners, self.stage, self.flags, self.timeline, self.controls):
            column.addWidget(widget, 1 if widget is self.stage else 0)
        return column

    def _side_column(self) -> QWidget:
        column = QVBoxLayout(self._side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(label("YOU", "heading"))
        column.addWidget(self.driver)
        column.addWidget(self.advice)
        line = QFrame()
        line.setFixedHeight(4)
        column.addWidget(line)
        column.addWidget(label("AVATARS", "heading"))
        column.addWidget(self.gallery, 1)
        return self._side
