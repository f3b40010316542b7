"""The window's parts, each by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QRectF, QSizeF, Qt
from PyQt5.QtGui import QPaintEvent
from PyQt5.QtWidgets import QApplication, QScrollArea
from pytestqt.qtbot import QtBot

from avatar_app.avatars import list_avatars
from avatar_app.events import Calibrated, Flag, FlagCleared, FlagRaised
from avatar_app.gui.banners import Banner, BannerStack, Notice, Tone
from avatar_app.gui.bars import Header
from avatar_app.gui.flags import FlagChip, FlagStrip, flag_name
from avatar_app.gui.gallery import Gallery
from avatar_app.gui.guide_view import COUNT_FROM, GuideView
from avatar_app.gui.icons import _SHAPES, pixmap
from avatar_app.gui.pictures import fitted, to_pixmap
from avatar_app.gui.stage import Mood, Stage
from avatar_app.gui.timeline import Timeline
from avatar_app.gui.window import Window
from avatar_app.pipeline import Status
from tests.gui.fakes import ALIKE, TURNED, picture, running_state, view


@pytest.mark.usefixtures("qapp")
def test_a_picture_is_copied_with_its_colours() -> None:
    """What Qt shows does not change with the array, and red stays red."""
    image = np.zeros((3, 5, 3), np.uint8)
    image[1, 4] = (250, 10, 20)
    made = to_pixmap(image).toImage()
    image[:] = 0
    assert (made.width(), made.height()) == (5, 3)
    assert made.pixelColor(4, 1).getRgb()[:3] == (250, 10, 20)


@pytest.mark.parametrize(
    ("inner", "outer", "place"),
    [
        (QSizeF(1, 1), QRectF(0, 0, 200, 100), QRectF(50, 0, 100, 100)),
        (QSizeF(4, 3), QRectF(10, 10, 80, 80), QRectF(10, 20, 80, 60)),
    ],
)
def test_a_picture_lies_in_the_middle(inner: QSizeF, outer: QRectF, place: QRectF) -> None:
    """It is as large as it fits, and keeps its proportions."""
    assert fitted(inner, outer) == place


def test_every_icon_is_drawn(qtbot: QtBot) -> None:
    """No icon is an empty picture."""
    for name in _SHAPES:
        drawn = pixmap(name, 24).toImage()
        inked = any(drawn.pixelColor(x, y).alpha() for x in range(24) for y in range(24))
        assert inked, name


def test_the_worst_flags_come_first(qtbot: QtBot) -> None:
    """Severe ones stand before mild ones, warnings last, whatever order they rise in."""
    strip = FlagStrip()
    qtbot.addWidget(strip)
    strip.show_flags({Flag.LOW_LIGHT: ""})
    strip.show_flags({Flag.LOW_LIGHT: "", Flag.BLURRED: "mouth"})
    strip.show_flags({Flag.LOW_LIGHT: "", Flag.BLURRED: "mouth", Flag.WARP_FOLDED: "3 %"})
    assert strip.flags == [Flag.WARP_FOLDED, Flag.BLURRED, Flag.LOW_LIGHT]
    strip.show_flags({Flag.BLURRED: "mouth"})
    assert strip.flags == [Flag.BLURRED]


def test_the_curve_has_a_hole_where_nothing_was_judged(qtbot: QtBot) -> None:
    """As while the camera was gone: a line across would claim that the score rose slowly."""
    line = Timeline()
    qtbot.addWidget(line)
    for time in (1.0, 1.5, 2.0, 20.0, 20.5):
        line.add_score(time, 0.5)
    assert [[time for time, _ in curve] for curve in line.curves] == [[1.0, 1.5, 2.0], [20.0, 20.5]]
    line.resize(600, 58)
    line.grab()
    line.clear()
    assert line.curves == []


def test_every_flag_has_a_name_for_its_wearer() -> None:
    """Short enough for a chip, in words that need no explanation, and a name of its own."""
    names = [flag_name(flag) for flag in Flag]
    assert len(set(names)) == len(Flag)
    assert all(len(name) <= 18 and name[0].isupper() for name in names)
    assert not any(word in " ".join(names).lower() for word in ("driver", "warp", "pose", "drift"))


def test_no_flags_means_what_the_detector_says(qtbot: QtBot) -> None:
    """Where nobody judges, the strip does not claim that all is well."""
    strip = FlagStrip()
    qtbot.addWidget(strip)
    strip.show_detector(Status.ON)
    assert "No red flags" in strip.calm
    strip.show_detector(Status.FAILED)
    assert "off" in strip.calm


def test_the_timeline_explains_what_is_pointed_at(qtbot: QtBot) -> None:
    """Over a flag stands its sentence with the reason; over nothing, nothing."""
    line = Timeline()
    qtbot.addWidget(line)
    line.resize(600, 58)
    line.add_event(FlagRaised(70.0, 1, Flag.FACE_DISTORTED, 0.9, "mouth"))
    line.add_event(FlagCleared(80.0, 2, Flag.FACE_DISTORTED, 10.0))
    line.add_event(Calibrated(95.0, 3))
    line.move_to(100.0)
    words = line.words_at(350)
    assert Flag.FACE_DISTORTED.sentence in words
    assert "mouth" in words
    assert "for 10.0 s" in words
    assert line.words_at(100) == ""
    assert line.words_at(550) == "Calibrated"


def test_the_timeline_forgets_after_a_minute(qtbot: QtBot) -> None:
    """A flag that was cleared goes, one that is up stays."""
    line = Timeline()
    qtbot.addWidget(line)
    line.add_event(FlagRaised(1.0, 1, Flag.BLURRED, 0.9))
    line.add_event(FlagCleared(2.0, 2, Flag.BLURRED, 1.0))
    line.add_event(FlagRaised(3.0, 3, Flag.JITTER, 0.9))
    line.move_to(70.0)
    assert [span.flag for span in line.spans] == [Flag.JITTER]


def test_the_timeline_is_drawn_twice_a_second_and_at_once_for_a_flag(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty pictures with a score are two drawings, a flag is one more; its end can wait."""
    drawn: list[float] = []
    paint = Timeline.paintEvent

    def count(widget: Timeline, event: QPaintEvent | None) -> None:
        drawn.append(widget._now)
        paint(widget, event)

    monkeypatch.setattr(Timeline, "paintEvent", count)
    line = Timeline()
    qtbot.addWidget(line)
    line.show()
    line.move_to(100.0)
    QApplication.processEvents()
    drawn.clear()
    for picture_number in range(1, 31):
        line.add_score(100 + picture_number / 30, 0.5)
        line.move_to(100 + picture_number / 30)
        QApplication.processEvents()
    assert len(drawn) == 2
    line.add_event(FlagRaised(101.1, 31, Flag.BLURRED, 0.9))
    QApplication.processEvents()
    assert len(drawn) == 3
    assert "up for 0.0 s" in line.words_at(line.width())
    line.add_event(FlagCleared(101.3, 31, Flag.BLURRED, 0.2))
    line.move_to(101.3)
    QApplication.processEvents()
    assert len(drawn) == 3
    line.move_to(101.7)
    QApplication.processEvents()
    assert len(drawn) == 4


def test_no_peak_of_the_curve_is_lost(qtbot: QtBot) -> None:
    """However many pictures there are a second, the one with the highest score is in the curve."""
    line = Timeline()
    qtbot.addWidget(line)
    for picture_number in range(600):
        line.add_score(picture_number / 60, 1.0 if picture_number == 323 else 0.1)
    assert max(score for _, score in line._scores) == 1.0
    assert len(line._scores) < 100


def test_a_newer_notice_on_a_topic_replaces_the_older(qtbot: QtBot) -> None:
    """Three at most are up, and what is mended goes."""
    stack = BannerStack()
    qtbot.addWidget(stack)
    for sentence in ("one", "two"):
        stack.tell(Notice("camera", Tone.ERROR, sentence))
    assert [notice.sentence for notice in stack.notices] == ["two"]
    for topic in ("a", "b", "c"):
        stack.tell(Notice(topic, Tone.DONE, topic))
    assert [notice.topic for notice in stack.notices] == ["a", "b", "c"]
    stack.withdraw("b")
    assert [notice.topic for notice in stack.notices] == ["a", "c"]


def test_what_is_told_again_is_not_drawn_again(qtbot: QtBot) -> None:
    """Whatever its offer does, the same notice stays as it is; one that passes begins anew."""
    stack = BannerStack()
    qtbot.addWidget(stack)

    def shown(passes: bool) -> Banner:
        stack.tell(Notice("a", Tone.OFFER, "one", "Do it", lambda: None, passes))
        return next(banner for banner in stack.findChildren(Banner) if not banner.isHidden())

    stack.show()
    lasting = shown(False)
    assert shown(False) is lasting
    passing = shown(True)
    assert shown(True) is not passing


def test_the_gallery_goes_by_arrows(qtbot: QtBot) -> None:
    """The keyboard alone chooses an avatar."""
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.resize(300, 400)
    gallery.show_avatars(list_avatars(), {0: "1"})
    gallery.show()
    gallery.activateWindow()
    gallery.focus_on("amara")
    qtbot.keyClick(gallery.tiles[0], Qt.Key.Key_Right)
    with qtbot.waitSignal(gallery.chosen) as chosen:
        qtbot.keyClick(gallery.tiles[1], Qt.Key.Key_Space)
    assert chosen.args == ["arthur"]
    assert gallery.current == ""  # until it is shown
    gallery.select("arthur")
    qtbot.keyClick(gallery.tiles[1], Qt.Key.Key_Space)
    assert gallery.current == "arthur"


def test_a_picture_that_cannot_be_read_is_grey(qtbot: QtBot, tmp_path: Path) -> None:
    """A damaged file costs its thumbnail only."""
    (tmp_path / "bad.png").write_bytes(b"no picture")
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.show_avatars({"bad": tmp_path / "bad.png"}, {})
    assert gallery.names == ["bad"]


def test_the_frame_says_how_it_is(qtbot: QtBot) -> None:
    """A flash is over the mood for a moment only."""
    stage = Stage()
    qtbot.addWidget(stage)
    stage.show_mood(Mood.GLITCHED)
    moods = [stage.mood]
    stage.flash()
    moods.append(stage.mood)
    assert moods == [Mood.GLITCHED, Mood.PLEASED]
    qtbot.waitUntil(lambda: stage.mood is Mood.GLITCHED, timeout=3000)
    assert len(Mood) == len(Mood.__members__)  # none is another's alias


def test_the_guide_counts_down_while_the_match_is_good(qtbot: QtBot, window: Window) -> None:
    """A turned head is told where to turn and stops the count; at its end the pose is taken."""
    guide = GuideView(window)
    guide.begin(picture(100))
    counts = []
    for face in (TURNED, ALIKE, TURNED):
        guide.show_view(view(guide=face))
        counts.append(guide.count)
    assert counts == [None, COUNT_FROM, None]
    assert guide.advice == "Turn your head to the left."
    guide.show_view(view(guide=ALIKE))
    with qtbot.waitSignal(guide.taken, timeout=5000):
        pass
    assert guide.isHidden()


def test_the_avatar_that_is_shown_stays_in_sight(qtbot: QtBot) -> None:
    """Also where the window gets smaller, or opens small."""
    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.show_avatars(list_avatars(), {})
    gallery.resize(300, 600)
    gallery.select("sofia")
    gallery.show()
    for size in ((300, 100), (200, 120), (200, 92)):
        gallery.resize(*size)
        QApplication.processEvents()
        tile = gallery.tiles[gallery.names.index("sofia")]
        middle = tile.mapTo(gallery, tile.rect().center())
        assert gallery.rect().contains(middle)


def test_every_stop_of_the_keyboard_on_the_sheet_of_keys_is_seen(window: Window) -> None:
    """It has a name for who cannot see it, and looks otherwise while the keyboard is there."""
    sheet = window.key_sheet
    sheet.open()
    (area,) = sheet.findChildren(QScrollArea)
    assert area.accessibleName() == "All keys"
    QApplication.setActiveWindow(window)
    before = area.grab().toImage()
    area.setFocus()
    assert area.grab().toImage() != before


def test_words_that_are_cut_off_end_in_dots(qtbot: QtBot) -> None:
    """Of a flag's remedy as of a camera's name; the tip has all of them."""
    strip, header = FlagStrip(), Header()
    for widget in (strip, header):
        qtbot.addWidget(widget)
        widget.resize(400 if widget is strip else 640, 44)
        widget.show()
    strip.show_flags({Flag.DRIVER_MISMATCH: "", Flag.FACE_MISSING: ""})
    header.show_state(running_state(camera_name="A webcam with a very long name " * 3))
    QApplication.processEvents()
    for chip in strip.findChildren(FlagChip):
        assert chip.words.endswith("…")
        assert chip.flag.remedy.startswith(chip.words[:-1])
        assert chip.flag.remedy in chip.toolTip()
    assert header.camera.shown.endswith("…")
    assert "very long name" in header.camera.toolTip()
    header.resize(1500, 44)
    QApplication.processEvents()
    assert header.camera.shown == header.camera.text()


def test_many_flags_are_not_cut_off(qtbot: QtBot) -> None:
    """The most urgent ones keep their words; the others are counted, and named by the tip."""
    strip = FlagStrip()
    qtbot.addWidget(strip)
    strip.resize(780, 44)
    strip.show()
    strip.show_flags(
        dict.fromkeys(
            (
                Flag.JITTER,
                Flag.OCCLUDED,
                Flag.FACE_DISTORTED,
                Flag.WARP_FOLDED,
                Flag.DRIVER_MISMATCH,
                Flag.BLURRED,
            ),
            "because",
        )
    )
    assert len(strip.flags) == 6
    assert strip.more.text() == "+ 2"
    assert strip.more.toolTip().startswith("Trembling")
    assert "Face covered" in strip.more.toolTip()
    strip.show_flags({Flag.JITTER: "because"})
    assert strip.more.isHidden()
