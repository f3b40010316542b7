"""The last minute: how sure the picture was, with the flags to point at."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from avatar_app.events import (
    AvatarChanged,
    Calibrated,
    Event,
    Flag,
    FlagCleared,
    FlagRaised,
    Marked,
)
from avatar_app.gui import theme
from avatar_app.gui.flags import COLOURS, flag_name

SECONDS = 60.0
_NEAR = 6  # pixels around a thin flag that still count as pointing at it
_BAND = 7
_STEPS = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1800)
_MOST_LINES = 40
_GRAIN = 0.15  # seconds in which the curve has one point, the highest: about two pixels
_POINTS = round(SECONDS / _GRAIN)
_HOLE = 2.0  # seconds without a score, after which the curve begins anew
_STEP = 0.5  # seconds: drawing takes longer than anything else in the window


@dataclass(frozen=True)
class Span:
    """A flag from its raising to its clearing; `end` None while it is up."""

    flag: Flag
    reason: str
    begin: float
    end: float | None = None


@dataclass(frozen=True)
class Tick:
    """A moment with a word for it."""

    time: float
    words: str
    colour: str


class Timeline(QWidget):
    """Draws the last `seconds`: a curve of the score, flags as bars, moments as ticks.

    Pointing at a flag explains it; with the keyboard, the arrows go from flag to flag. A recorded
    session uses it too, with a time of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(58)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("The last minute")
        self.seconds = SECONDS
        self._now = 0.0
        self._scores: deque[tuple[float, float]] = deque(maxlen=_POINTS)
        self._spans: list[Span] = []
        self._ticks: list[Tick] = []
        self._selected = -1
        self._pointer: float | None = None
        self._counts_up = False

    @property
    def spans(self) -> list[Span]:
        """The flags of the last minute, the oldest first."""
        return list(self._spans)

    @property
    def curves(self) -> list[list[tuple[float, float]]]:
        """Time and score of what was judged, in pieces: there may be times without a picture."""
        pieces: list[list[tuple[float, float]]] = []
        for at, score in self._scores:
            if not pieces or at - pieces[-1][-1][0] > _HOLE:
                pieces.append([])
            pieces[-1].append((at, score))
        return pieces

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(400, 58)

    def move_to(self, now: float) -> None:
        """Let the right end be the time `now`, in seconds, and forget what is older than shown.

        It goes in steps of half a second, or to what happens earlier.
        """
        if abs(now - self._now) < _STEP:
            return
        self._now = now
        oldest = now - self.seconds
        while self._scores and self._scores[0][0] < oldest:
            self._scores.popleft()
        self._spans = [span for span in self._spans if (span.end or now) >= oldest]
        self._ticks = [tick for tick in self._ticks if tick.time >= oldest]
        self.update()

    def add_score(self, time: float, score: float) -> None:
        """Continue the curve; `score` in [0, 1]."""
        if not self._scores or time >= self._scores[-1][0] + _GRAIN:
            self._scores.append((time, score))
        elif score > self._scores[-1][1]:
            self._scores[-1] = (self._scores[-1][0], score)

    def add_event(self, event: Event) -> None:
        """Take what has happened, if it is something to show."""
        if isinstance(event, FlagRaised):
            self._spans.append(Span(event.flag, event.reason, event.time))
        elif isinstance(event, FlagCleared):
            self._spans = [
                replace(span, end=event.time)
                if span.flag is event.flag and span.end is None
                else span
                for span in self._spans
            ]
            return  # seen at the next step: that a flag ends is not urgent
        else:
            tick = _tick(event)
            if tick is None:
                return
            self._ticks.append(tick)
        self._now = max(self._now, event.time)
        self.update()

    def count_up(self, seconds: float) -> None:
        """Show a recording from its begin to its end, `seconds` later."""
        self.clear()
        self.seconds, self._counts_up = max(1.0, seconds), True
        self._now = self.seconds

    def point_to(self, time: float) -> None:
        """Draw a line at the moment `time` of a recording."""
        self._pointer = time
        self.update()

    def clear(self) -> None:
        """Forget everything."""
        self._scores.clear()
        self._spans, self._ticks, self._selected = [], [], -1
        self.update()

    def words_at(self, x: float) -> str:
        """Return what there is to say about the place `x` pixels from the left, or nothing."""
        said = [self._words(span) for span in self._spans if self._covers(span, x)]
        said += [tick.words for tick in self._ticks if abs(self._x(tick.time) - x) < _NEAR]
        return "\n\n".join(said)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Explain what is pointed at."""
        assert event is not None
        QToolTip.showText(event.globalPos(), self.words_at(event.x()), self)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Go from flag to flag."""
        assert event is not None
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._spans:
            super().keyPressEvent(event)
            return
        last = len(self._spans) - 1
        begin = last if self._selected < 0 else self._selected + step
        self._selected = min(max(begin, 0), last)
        span = self._spans[self._selected]
        at = self.mapToGlobal(QPointF(self._x(span.begin), 0).toPoint())
        QToolTip.showText(at, self._words(span), self)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Leave the flag that was chosen."""
        self._selected = -1
        super().focusOutEvent(event)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        """Draw ground, curve, flags and ticks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(ground, 8, 8)
        painter.fillPath(shape, QColor(theme.PANEL))
        painter.setClipPath(shape)
        self._paint_grid(painter)
        self._paint_scores(painter)
        for tick in self._ticks:
            painter.setPen(QPen(QColor(tick.colour), 1.5, Qt.PenStyle.DotLine))
            x = self._x(tick.time)
            painter.drawLine(QPointF(x, 4), QPointF(x, self.height() - 18))
        for number, span in enumerate(self._spans):
            self._paint_span(painter, span, number == self._selected, self._lane(number))
        if self._pointer is not None:
            painter.setPen(QPen(QColor(theme.INK), 1.5))
            x = self._x(self._pointer)
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.drawPath(shape)

    def _paint_grid(self, painter: QPainter) -> None:
        painter.setFont(theme.font(10))
        for number in range(1, _MOST_LINES):
            away = number * self._grid_step()
            if away >= self.seconds:
                break
            x = self._x(self._now - (self.seconds - away if self._counts_up else away))
            painter.setPen(QColor(theme.LINE))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height() - 16))
            painter.setPen(QColor(theme.FAINT))
            place = QRectF(x - 30, self.height() - 16, 60, 14)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, f"{away:g} s"
            )

    def _grid_step(self) -> float:
        """Return the seconds between two lines: at least a label's width, and a round number."""
        least = self.seconds * 70 / max(1, self.width())
        return next((step for step in _STEPS if step >= least), _STEPS[-1])

    def _paint_scores(self, painter: QPainter) -> None:
        low, high = self.height() - 18.0, 5.0
        shade = QLinearGradient(0, high, 0, low)
        for at, alpha in ((0.0, 130), (1.0, 15)):
            colour = QColor(theme.RED if at == 0.0 else theme.ACCENT)
            colour.setAlpha(alpha)
            shade.setColorAt(at, colour)
        painter.setPen(QPen(QColor(theme.ACCENT), 1))  # a wider line takes twenty times as long
        for curve in self.curves:
            points = [QPointF(self._x(at), low - score * (low - high)) for at, score in curve]
            line = QPainterPath(points[0])
            for point in points[1:]:
                line.lineTo(point)
            area = QPainterPath(line)
            area.lineTo(points[-1].x(), low)
            area.lineTo(points[0].x(), low)
            painter.fillPath(area, shade)
            painter.drawPath(line)

    def _paint_span(self, painter: QPainter, span: Span, selected: bool, lane: int) -> None:
        left = self._x(span.begin)
        right = max(left + 3, self._x(self._now if span.end is None else span.end))
        colour = QColor(COLOURS[span.flag.severity])
        shade = QColor(colour)
        shade.setAlpha(80 if selected else 32)
        low = self.height() - 18
        painter.fillRect(QRectF(left, 0, right - left, low), shade)
        top = lane * (_BAND + 1) if not span.flag.is_gate else low - _BAND
        bar = QRectF(left, top, right - left, _BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _lane(self, number: int) -> int:
        """Return how many flags of its kind were up already when this one was raised."""
        span = self._spans[number]
        before = self._spans[:number]
        still_up = [other for other in before if (other.end or self._now) > span.begin]
        return sum(other.flag.is_gate == span.flag.is_gate for other in still_up)

    def _x(self, time: float) -> float:
        return self.width() * (1 - (self._now - time) / self.seconds)

    def _covers(self, span: Span, x: float) -> bool:
        right = self._x(self._now if span.end is None else span.end)
        return self._x(span.begin) - _NEAR <= x <= right + _NEAR

    def _words(self, span: Span) -> str:
        lasted = (self._now if span.end is None else span.end) - span.begin
        when = f"up for {lasted:.1f} s" if span.end is None else f"for {lasted:.1f} s"
        at = f"{max(0.0, self._now - span.begin):.0f} s ago"
        if self._counts_up:
            at = f"at {span.begin:.1f} s"
        words = f"{flag_name(span.flag)}, {at}, {when}\n{span.flag.sentence}"
        return f"{words}\n{span.reason}" if span.reason else words


def _tick(event: Event) -> Tick | None:
    if isinstance(event, Calibrated):
        return Tick(event.time, "Calibrated", theme.GOOD)
    if isinstance(event, AvatarChanged):
        return Tick(event.time, f"Avatar {event.avatar}", theme.SOFT)
    if isinstance(event, Marked):
        return Tick(event.time, event.note or "Marked", theme.INK)
    return None
