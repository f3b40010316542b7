"""The player of recorded sessions: any moment of a long one is at hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from avatar_app.gui.player import Film, Player
from avatar_app.recording import Moment, Session, SessionInfo, SessionWriter
from avatar_app.types import Frame, Image
from avatar_app.video import VideoReader
from tests.gui.fakes import picture

RATE = 30
COUNT = 300
KEY = 30  # every so many pictures one can be decoded by itself


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Record ten seconds in which every picture has a grey of its own."""
    info = SessionInfo("2026-11-03T10:00:00+00:00", "asked", "mei", "fomm-mini", "CPU", "1")
    moments = [Moment(n, n / RATE, picture(n * 200 // COUNT)) for n in range(COUNT)]
    writer = SessionWriter(tmp_path, info, moments[0], {})
    for moment in moments:
        writer.write(moment)
    return writer.finish()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Count what is decoded: a list with an entry for every picture."""
    made: list[float] = []
    upright = VideoReader._upright

    def count(reader: VideoReader, frame: object) -> Image:
        made.append(1.0)
        return upright(reader, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(VideoReader, "_upright", count)
    return made


def test_every_moment_has_its_own_picture(session: Session, decoded: list[float]) -> None:
    """Wherever one goes, it is the picture that playing shows, and little is decoded for it."""
    with VideoReader(session.avatar_video) as reader:
        frames = list(reader)
    assert len(frames) == COUNT
    film = Film(session)
    moments = [n / RATE + 0.01 for n in range(0, COUNT, 7)]
    random.Random(1).shuffle(moments)
    for time in [*moments, 0.0, 9.99, 5.0, 4.99, 5.01, 0.0]:
        decoded.clear()
        shown = film.at(time)
        wanted = max((frame for frame in frames if frame.time <= time), key=lambda at: at.time)
        assert shown is not None
        assert shown.time == pytest.approx(wanted.time)
        assert np.array_equal(shown.image, wanted.image)
        assert len(decoded) <= 2 * KEY, time
    film.close()


def test_playing_decodes_every_picture_once(session: Session, decoded: list[float]) -> None:
    """Nothing is searched for while one moment follows the other."""
    film = Film(session)
    for step in range(400):
        film.at(step * 0.025)
    film.close()
    assert len(decoded) == COUNT


def test_a_file_that_cannot_be_searched_is_played_from_its_beginning(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longer, and the picture is the right one all the same."""
    monkeypatch.setattr(VideoReader, "seek", lambda reader, time: False)
    film = Film(session)
    for time in (8.0, 2.0, 9.0, 0.0):
        shown = film.at(time)
        assert shown is not None
        assert shown.time == pytest.approx(time, abs=0.001)
    film.close()


def test_dragging_shows_where_the_slider_is_now(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it passed by on the way is not decoded, by the mouse as by the keys."""
    player = Player()
    qtbot.addWidget(player)
    player.show_session(session)
    QApplication.processEvents()
    asked: list[float] = []
    at = Film.at

    def ask(film: Film, time: float) -> Frame | None:
        asked.append(time)
        return at(film, time)

    monkeypatch.setattr(Film, "at", ask)
    player.slider.setSliderDown(True)
    for place in range(100, 900, 10):
        player.slider.setSliderPosition(place)
    player.slider.setSliderDown(False)
    for _ in range(3):
        player.slider.triggerAction(player.slider.SliderAction.SliderSingleStepAdd)
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.wait(50)
    assert asked == [pytest.approx(0.893 * session.seconds)]
    assert player.position == pytest.approx(0.893 * session.seconds)
    player.stop()
