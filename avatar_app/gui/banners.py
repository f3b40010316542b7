"""What the user should know, each in a line with its remedy, above the picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from avatar_app.gui import icons, theme

_SHORT_MS = 8_000
_AT_MOST = 3


class Tone(Enum):
    """How a banner looks: its colour, its ground and its icon."""

    ERROR = (theme.RED, "#2a171c", "warning")
    WARNING = (theme.WARM, "#2a2316", "warning")
    OFFER = (theme.ACCENT, "#172233", "info")
    DONE = (theme.GOOD, "#14261f", "good")


@dataclass(frozen=True)
class Notice:
    """One banner: what it is about (`topic`; a newer one replaces it), what it says and offers.

    `offer` is the label of its button and `act` what that does, which makes no two notices differ.
    A passing one goes by itself.
    """

    topic: str
    tone: Tone
    sentence: str
    offer: str = ""
    act: Callable[[], None] | None = field(default=None, compare=False)
    passes: bool = False


class Banner(QFrame):
    """A notice on the screen."""

    def __init__(self, notice: Notice, close: Callable[[], None]) -> None:
        super().__init__()
        self.notice = notice
        colour, ground, sign = notice.tone.value
        self.setObjectName("banner")
        self.setStyleSheet(
            f"#banner {{ background: {ground}; border: 1px solid {colour}; border-radius: 9px; }}"
        )
        self.setAccessibleName(notice.sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(10)
        picture = QLabel()
        picture.setPixmap(icons.pixmap(sign, 18, colour, 2.0))
        row.addWidget(picture)
        words = QLabel(notice.sentence)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setMinimumWidth(120)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(words, 1)
        if notice.offer:
            offer = QPushButton(notice.offer)
            offer.clicked.connect(lambda: self._act(close))
            row.addWidget(offer)
        away = QToolButton()
        away.setProperty("look", "quiet")
        away.setIcon(icons.icon("close", theme.SOFT))
        away.setAccessibleName("Dismiss")
        away.setToolTip("Dismiss")
        away.clicked.connect(close)
        row.addWidget(away)
        self._life = QTimer(self)
        self._life.setSingleShot(True)
        self._life.timeout.connect(close)
        if notice.passes:
            self._life.start(_SHORT_MS)

    def end(self) -> None:
        """Go, and do nothing more until then."""
        self._life.stop()
        self.hide()
        self.deleteLater()

    def _act(self, close: Callable[[], None]) -> None:
        act = self.notice.act
        close()
        if act is not None:
            act()


class BannerStack(QWidget):
    """The banners, the newest at the bottom; three at most, the oldest goes first.

    Tab goes from the widget `after` to them; by itself Qt puts what comes later last.
    """

    def __init__(self, after: QWidget | None = None) -> None:
        super().__init__()
        self._after = after
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._banners: dict[str, Banner] = {}
        self.hide()

    @property
    def notices(self) -> list[Notice]:
        """What is on the screen, the oldest first."""
        return [banner.notice for banner in self._banners.values()]

    def tell(self, notice: Notice) -> None:
        """Show a notice; one on the same topic makes room for it.

        The same once more leaves the banner as it is, as a button may just be pressed there; one
        that passes begins anew.
        """
        known = self._banners.get(notice.topic)
        if known is not None and known.notice == notice and not notice.passes:
            return
        self.withdraw(notice.topic)
        while len(self._banners) >= _AT_MOST:
            self.withdraw(next(iter(self._banners)))
        banner = Banner(notice, lambda: self.withdraw(notice.topic))
        self._banners[notice.topic] = banner
        self._column.addWidget(banner)
        self._put_in_order()
        self.show()

    def withdraw(self, topic: str) -> None:
        """Take the notice on a topic away, if there is one: it no longer holds."""
        banner = self._banners.pop(topic, None)
        if banner is not None:
            self._column.removeWidget(banner)
            banner.end()
        self.setVisible(bool(self._banners))

    def _put_in_order(self) -> None:
        before = self._after
        for banner in self._banners.values():
            for button in banner.findChildren(QAbstractButton):
                if before is not None:
                    self.setTabOrder(before, button)
                before = button
