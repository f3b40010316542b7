"""Qt without a screen, for all tests of the window."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PyQt5.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from avatar_app.gui.app import make_application
from avatar_app.gui.window import Window
from avatar_app.preferences import Preferences
from tests.gui.fakes import FakePipeline


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """Give the application as the app makes it."""
    return make_application()


@pytest.fixture
def pipeline() -> FakePipeline:
    """Give a pipeline that runs well."""
    return FakePipeline()


@pytest.fixture
def window(qtbot: QtBot, pipeline: FakePipeline) -> Iterator[Window]:
    """Give a window that looks at the pipeline only when told to."""
    made = Window(pipeline, Preferences(camera="demo"))
    made.stop_looking()
    qtbot.addWidget(made)
    made.show()
    QApplication.setActiveWindow(made)
    made.refresh()
    pipeline.posted.clear()
    yield made
    made.close()
