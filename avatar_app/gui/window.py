"""The window: puts the widgets together and tells each what it has to show."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from PyQt5.QtCore import QByteArray, QMimeData, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
)
from PyQt5.QtWidgets import QAbstractButton, QMainWindow

from avatar_app.devices.virtual_camera import NONE
from avatar_app.events import (
    AvatarAdded,
    AvatarChanged,
    Calibrated,
    Event,
    RecordingSaved,
    RecordingStarted,
    Stats,
)
from avatar_app.gui.banners import Notice, Tone
from avatar_app.gui.bars import details
from avatar_app.gui.control import Control, Engine
from avatar_app.gui.dialogs import Dialogs
from avatar_app.gui.guide_view import GuideView
from avatar_app.gui.layout import Layout
from avatar_app.gui.news import NO_PICTURE, PAGES, PLAY_AGAIN, notice, settled, words
from avatar_app.gui.overlays import KeySheet, Overlay, Question
from avatar_app.gui.shortcuts import Shortcuts
from avatar_app.gui.stage import Mood
from avatar_app.handoff import Backlog, Slot
from avatar_app.pipeline.look import CHOOSING
from avatar_app.pipeline.view import State, Status, View
from avatar_app.preferences import Preferences
from avatar_app.types import Verdict

_BEAT_MS = 33
_SIZE = QSize(1120, 760)
_FRAME = QSize(16, 48)  # about what the system draws around a window
_NARROW = 860  # pixels of width below which the side takes less room


class Source(Engine, Protocol):
    """What the window needs of the pipeline: pictures, news, and somebody to ask."""

    @property
    def to_view(self) -> Slot[View]:
        """The newest picture."""

    @property
    def events(self) -> Backlog[Event]:
        """What has happened, in order."""


class Window(QMainWindow):
    """Looks at the pipeline thirty times a second and shows what is there."""

    happened = pyqtSignal(object)  # every event, once it is shown

    def __init__(self, source: Source, preferences: Preferences) -> None:
        super().__init__()
        self.setWindowTitle("avatar_app")
        self.setMinimumSize(640, 480)
        self.setAcceptDrops(True)
        self.source = source
        self._state: State | None = None
        self._verdict: Verdict | None = None
        self._has_drifted = self._has_told_of_recording = False
        self._make_widgets()
        self.control = Control(source, preferences, self.banners.tell, self.question.ask)
        self._dialogs = Dialogs(self, self.control)
        self._shortcuts = Shortcuts(self, self.control.do, self.banners.tell)
        self._connect()
        self._restore()
        self._show_looks()
        self._beat = QTimer(self)
        self._beat.timeout.connect(self.refresh)
        self._beat.start(_BEAT_MS)

    def _make_widgets(self) -> None:
        root = Layout()
        self.setCentralWidget(root)
        root.setFocus()  # no button is lit before the keyboard is used
        self._root = root
        self.header, self.controls, self.status_line = root.header, root.controls, root.status_line
        self.banners, self.stage, self.flags = root.banners, root.stage, root.flags
        self.timeline, self.driver, self.gallery = root.timeline, root.driver, root.gallery
        self.question, self.key_sheet = Question(root), KeySheet(root)
        self.guide = GuideView(root)

    def _connect(self) -> None:
        do = self.control.do
        for bar in (self.header, self.controls):
            bar.asked.connect(do)
        self.gallery.chosen.connect(self.control.choose_avatar)
        self.gallery.add_asked.connect(self._dialogs.open_photo)
        self.guide.taken.connect(lambda: do("calibrate"))
        self.control.show_asked.connect(self._show_asked)
        self.control.changed.connect(self._show_looks)
        self.control.avatars_changed.connect(self._show_avatars)

    # What it shows.

    def refresh(self) -> None:
        """Take what is new from the pipeline and show it."""
        for event in self.source.events.drain():
            self._show_event(event)
            self.happened.emit(event)
        state = self.source.state
        if state is not self._state:
            self._state = state
            self._show_state(state)
        view = self.source.to_view.take(0)
        if view is not None:
            self._show_view(view, state)

    def stop_looking(self) -> None:
        """Look at the pipeline no more by itself."""
        self._beat.stop()

    def _show_view(self, view: View, state: State) -> None:
        is_first = view.avatar_image is not None and not self.stage.has_picture
        self.stage.show_image(view.avatar_image)
        if is_first:
            self.stage.say(*words(state, True))
        if state.camera is Status.ON:  # the last picture may come after the camera's loss
            self.driver.show_view(view)
            self.guide.show_view(view)
            self._show_advice(view)
            self._welcome(view)
        if view.verdict is not self._verdict:
            self._verdict = view.verdict
            self._show_verdict(view.verdict, state)
        self.timeline.move_to(view.time)

    def _show_verdict(self, verdict: Verdict | None, state: State) -> None:
        if verdict is not None:
            self.timeline.add_score(verdict.time, verdict.score)
        self._show_flags(state)

    def _show_flags(self, state: State) -> None:
        verdict = self._verdict if state.is_judged else None
        flags = frozenset() if verdict is None else verdict.flags
        reasons = {} if verdict is None else verdict.reasons
        self.flags.show_flags({flag: reasons.get(flag, "") for flag in flags})
        self.stage.show_mood(Mood.PANICKED if state.is_panicked else Mood.of(flags))

    def _show_advice(self, view: View) -> None:
        self._root.advise(view.face)
        if view.face is None or view.guide is None:
            return  # who is not seen sits neither well nor otherwise
        if view.face.has_drifted and not self._has_drifted:
            self._offer_calibration("You sit differently than when you calibrated.")
        self._has_drifted = view.face.has_drifted

    def _welcome(self, view: View) -> None:
        """Say once what comes first, when there is a face to do it with."""
        if view.avatar_image is None or view.guide is None or self.control.look("welcomed", False):
            return
        self.control.remember(welcomed=True)
        self._offer_calibration("Sit as your avatar does and calibrate: it follows you from there.")

    def _offer_calibration(self, why: str) -> None:
        self.banners.tell(
            Notice("drift", Tone.OFFER, why, "Calibrate", lambda: self.control.do("guide"))
        )

    def _show_state(self, state: State) -> None:
        self.header.show_state(state)
        self.controls.show_state(state)
        self.status_line.show_state(state)
        if state.preferences.virtual_camera == NONE:
            self.banners.withdraw("output")  # what nobody wishes for cannot fail
        if state.camera in NO_PICTURE:
            self.driver.lose(NO_PICTURE[state.camera])
            self.guide.lose(NO_PICTURE[state.camera])
            self._root.advice.clear()
        self.flags.show_detector(state.detector, state.is_judged)
        if state.avatar is not None:
            self.gallery.select(state.avatar.name)
            self.driver.lay_over(state.avatar.image)
        self.stage.say(*words(state, self.stage.has_picture))
        self._show_flags(state)

    def _show_event(self, event: Event) -> None:
        self.timeline.add_event(event)
        if isinstance(event, Stats):
            self.status_line.show_stats(event)
            shows = self.control.look("speed", False)
            self.stage.show_details(details(event) if shows else [])
        elif isinstance(event, Calibrated):
            self.banners.withdraw("drift")
            self.stage.flash()
        elif isinstance(event, AvatarAdded):
            self.control.take_added(event.avatar)
        elif isinstance(event, AvatarChanged):
            self.gallery.select(event.avatar)
            if self.control.take_shown(event.avatar):
                self.banners.withdraw(CHOOSING)  # why another one could not be shown
        topic = settled(event)
        if topic is not None:
            self.banners.withdraw(topic)
        told = notice(event, self.source.state) if self._is_news(event) else None
        if told is not None:
            self.banners.tell(dataclasses.replace(told, act=lambda: self._follow(told.offer)))

    def _is_news(self, event: Event) -> bool:
        """Tell of what is recorded by itself once: its button shows it, and flags come often."""
        is_asked = self.control.is_recording_asked
        if isinstance(event, RecordingSaved):
            is_first, self._has_told_of_recording = not self._has_told_of_recording, True
            self.control.is_recording_asked = False
            return is_asked or is_first
        return is_asked or not isinstance(event, RecordingStarted)

    def _follow(self, offer: str) -> None:
        if offer in PAGES:
            self._dialogs.open_settings(PAGES[offer])
        else:
            self.control.do("play_again" if offer == PLAY_AGAIN else "sessions")

    def _show_looks(self) -> None:
        control = self.control
        self.driver.is_mirrored = self.guide.driver.is_mirrored = control.preferences.mirror_driver
        self.driver.shows_landmarks = control.look("landmarks", True)
        self.driver.opacity = control.look("ghost", 0.0)
        self.driver.update()
        self.stage.mirror(control.preferences.mirror_output)
        if not control.look("speed", False):
            self.stage.show_details([])
        self._bind_keys()

    def _show_avatars(self) -> None:
        keys = self.control.keys
        numbered = {n: keys[f"avatar_{n + 1}"][0] for n in range(9) if keys[f"avatar_{n + 1}"]}
        self.gallery.show_avatars(self.control.avatars, numbered)
        shown = None if self._state is None else self._state.avatar
        self.gallery.select(self.control.preferences.avatar if shown is None else shown.name)

    def _bind_keys(self) -> None:
        keys = self.control.keys
        if self._shortcuts.bind(keys):
            for widget in (self.header, self.controls, self.key_sheet):
                widget.show_keys(keys)
            self._show_avatars()
        self._shortcuts.bind_everywhere(self.control.preferences)

    # What is opened from it.

    def _show_asked(self, action: str) -> None:
        {
            "settings": self._dialogs.open_settings,
            "sessions": self._dialogs.open_sessions,
            "hotkeys": self.key_sheet.open,
            "guide": self._open_guide,
            "full_screen": self._toggle_full_screen,
            "back": self._back,
        }[action]()

    def _open_guide(self) -> None:
        avatar = self.source.state.avatar
        self.guide.begin(None if avatar is None else avatar.image)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _back(self) -> None:
        sheets = [child for child in self._root.children() if isinstance(child, Overlay)]
        for sheet in reversed(sheets):  # the last one raised stands last
            if sheet.isVisible():
                sheet.dismiss()
                return
        if self._dialogs.close_front():
            return
        if self.isFullScreen():
            self.showNormal()
        elif self.control.is_watched:
            self._ask_to_end(
                "Others are watching, or something is recorded; both end with the app."
            )
        else:
            self.end()

    def _ask_to_end(self, why: str) -> None:
        self.question.ask("Close avatar_app?", why, "Close", self.end)

    def end(self) -> None:
        """Close the window, and with it the app."""
        self.close()

    # How it remembers itself.

    def _restore(self) -> None:
        self.resize(_SIZE)
        geometry = self.control.look("geometry", "")
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode(errors="ignore")))
        there = QGuiApplication.screenAt(self.geometry().center())
        screen = there or QGuiApplication.primaryScreen()
        if screen is not None and not self.isMaximized() and not self.isFullScreen():
            self.resize(self.size().boundedTo(screen.availableGeometry().size() - _FRAME))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Let Enter press the button that has the keyboard, as it does in dialogs."""
        assert event is not None
        focused = self.focusWidget()
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and isinstance(focused, QAbstractButton) and not event.isAutoRepeat():
            focused.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Let a photo be dropped anywhere."""
        if event is not None and _dragged(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Make an avatar of the photo."""
        assert event is not None
        event.acceptProposedAction()
        self.control.add_avatar(_dragged(event.mimeData()))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay out for the room there is."""
        super().resizeEvent(event)
        self._root.be_narrow(self.width() < _NARROW)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Keep the geometry, and look at the pipeline and listen to keys no more.

        While others watch, the window's own button asks at first: in a call it is a slip.
        """
        assert event is not None
        if event.spontaneous() and self.control.is_seen and not self.question.isVisible():
            event.ignore()
            self._ask_to_end("Others are watching; that ends with the app.")
            return
        self.stop_looking()
        self._dialogs.close()
        self.control.remember(geometry=bytes(self.saveGeometry().toBase64()).decode())
        self._shortcuts.stop()
        super().closeEvent(event)


def _dragged(data: QMimeData | None) -> str:
    """Return the path of the file that is dragged; none of several, or of one elsewhere."""
    urls = [] if data is None else data.urls()
    return urls[0].toLocalFile() if len(urls) == 1 else ""
