"""Plays a recorded session's videos with its flags."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt5.QtCore import QElapsedTimer, QSize, Qt, QTimer
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from avatar_app.events import Event, Flag, FlagCleared, FlagRaised
from avatar_app.gui import icons, theme
from avatar_app.gui.flags import FlagStrip
from avatar_app.gui.overlays import label
from avatar_app.gui.stage import Mood, Stage
from avatar_app.gui.timeline import Timeline
from avatar_app.pipeline.view import Status
from avatar_app.recording import Session
from avatar_app.types import AvatarAppError, Frame
from avatar_app.video import VideoReader

_BEAT_MS = 25
_TICKS = 1000  # of the slider
_MAX_SIDE = 640
_NEAR = 1.0  # seconds: recordings have a picture that can be sought as often


def flags_at(events: list[Event], time: float) -> dict[Flag, str]:
    """Return the flags that were up at `time` in seconds, with their reasons."""
    up: dict[Flag, str] = {}
    for event in events:
        if event.time > time:
            break
        if isinstance(event, FlagRaised):
            up[event.flag] = event.reason
        elif isinstance(event, FlagCleared):
            up.pop(event.flag, None)
    return up


class Film:
    """A video that gives the picture of a moment: the next one soonest, a far one soon."""

    def __init__(self, session: Session) -> None:
        self._path = session.avatar_video
        self._reader: VideoReader | None = None
        self._frames: Iterator[Frame] = iter(())
        self._now: Frame | None = None
        self._next: Frame | None = None

    def at(self, time: float) -> Frame | None:
        """Return the picture shown at `time` in seconds. Raises AvatarAppError."""
        reader = self._reader or self._begin()
        if not self._is_near(time):
            if reader.seek(time):
                self._take(reader)
            else:
                self._begin()
        while self._next is not None and self._next.time <= time:
            self._now, self._next = self._next, next(self._frames, None)
        return self._now

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _is_near(self, time: float) -> bool:
        is_behind = self._now is not None and time < self._now.time
        return not is_behind and (self._next is None or time < self._next.time + _NEAR)

    def _begin(self) -> VideoReader:
        self.close()
        self._reader = VideoReader(self._path, max_side=_MAX_SIDE)
        self._take(self._reader)
        return self._reader

    def _take(self, reader: VideoReader) -> None:
        self._frames = iter(reader)
        self._now = next(self._frames, None)
        self._next = next(self._frames, None)


class Player(QWidget):
    """Picture, flags, timeline, and a slider with a button to play."""

    def __init__(self) -> None:
        super().__init__()
        self._film: Film | None = None
        self._events: list[Event] = []
        self._seconds = 0.0
        self._at = 0.0
        self._clock = QElapsedTimer()
        self._began_at = 0.0
        self.stage, self.flags, self.timeline = Stage(), FlagStrip(), Timeline()
        self.stage.setAccessibleName("The recorded avatar")
        self.timeline.setAccessibleName("The whole session")
        self.flags.show_detector(Status.ON)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _TICKS)
        self.slider.setAccessibleName("Position")
        self.slider.actionTriggered.connect(self._slide)
        # Only where the slider is once nothing else waits: what it passes by need not be decoded.
        self._slid_to = 0
        self._slid = QTimer(self)
        self._slid.setSingleShot(True)
        self._slid.timeout.connect(lambda: self.go_to(self._slid_to / _TICKS * self._seconds))
        self.button = QPushButton()
        self.button.setIconSize(QSize(18, 18))
        self.button.clicked.connect(self.toggle)
        self._time: QLabel = label("", "faint")
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(self.slider, 1)
        row.addWidget(self._time)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.stage, 1)
        column.addWidget(self.flags)
        column.addWidget(self.timeline)
        column.addLayout(row)
        self._beat = QTimer(self)
        self._beat.timeout.connect(self._step)
        self._show_button()
        self.setEnabled(False)

    @property
    def position(self) -> float:
        """Where it is, in seconds from the beginning."""
        return self._at

    @property
    def is_playing(self) -> bool:
        """Whether it runs."""
        return self._beat.isActive()

    def show_session(self, session: Session) -> None:
        """Take a session and show its first picture."""
        self.stop()
        self._film = Film(session)
        self._events = session.events()
        self._seconds = session.seconds
        self.stage.clear()
        self.timeline.count_up(self._seconds)
        for event in self._events:
            self.timeline.add_event(event)
        self.setEnabled(True)
        self.go_to(0.0)

    def go_to(self, time: float) -> None:
        """Show the moment `time` seconds from the beginning."""
        if self._film is None:
            return
        self._at = min(max(time, 0.0), self._seconds)
        self._began_at = self._at
        self._clock.start()
        try:
            frame = self._film.at(self._at)
        except AvatarAppError as error:
            self.stop()
            self.stage.say("This session cannot be played", str(error), "warning")
            return
        self.stage.say("")
        if frame is not None:
            self.stage.show_image(frame.image)
        self._show_flags()

    def toggle(self) -> None:
        """Play, or pause; at the end, play from the beginning."""
        if self.is_playing:
            self._beat.stop()
        elif self._film is not None:
            self.go_to(0.0 if self._at >= self._seconds else self._at)
            self._beat.start(_BEAT_MS)
        self._show_button()

    def stop(self) -> None:
        """Stop, and let the file go."""
        self._beat.stop()
        self._slid.stop()
        self._show_button()
        if self._film is not None:
            self._film.close()

    def _step(self) -> None:
        began, elapsed = self._began_at, self._clock.elapsed() / 1000
        self.go_to(began + elapsed)
        # Time is counted from where playing began, so that rounding does not add up.
        if self._at < self._seconds:
            return
        self._beat.stop()
        self._show_button()

    def _show_flags(self) -> None:
        up = flags_at(self._events, self._at)
        self.flags.show_flags(up)
        self.stage.show_mood(Mood.of(up))
        if not self.slider.isSliderDown():
            share = self._at / self._seconds if self._seconds else 0.0
            self.slider.setValue(round(share * _TICKS))
        self._time.setText(f"{_clock(self._at)} / {_clock(self._seconds)}")
        self.timeline.point_to(self._at)

    def _slide(self) -> None:
        self._slid_to = self.slider.sliderPosition()
        self._slid.start(0)

    def _show_button(self) -> None:
        name = "Pause" if self.is_playing else "Play"
        self.button.setIcon(icons.icon(name.lower(), theme.INK))
        self.button.setAccessibleName(name)
        self.button.setToolTip(name)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
