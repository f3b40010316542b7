"""Which avatar is shown, which is marked, and which the next start begins with."""

from __future__ import annotations

import shutil
from pathlib import Path

from PyQt5.QtCore import QEvent
from PyQt5.QtWidgets import QApplication, QCheckBox, QComboBox

from avatar_app.events import AvatarChanged, Refused
from avatar_app.gui.settings_dialog import SettingsDialog
from avatar_app.gui.window import Window
from avatar_app.pipeline import commands
from avatar_app.pipeline.look import CHOOSING
from avatar_app.preferences import Preferences, load_preferences, save_preferences
from avatar_app.settings import bundled, data_dir
from avatar_app.types import Avatar
from tests.gui.fakes import FakePipeline, choose, picture

C = commands


def test_an_avatar_that_was_removed_meanwhile_is_not_begun_with(
    window: Window, pipeline: FakePipeline
) -> None:
    """By another process: its tile goes once it is asked for, and what is shown stays."""
    own = data_dir() / "avatars"
    own.mkdir(parents=True)
    for name in ("anna", "kenji"):
        shutil.copy(bundled("assets", "avatars", "mei.png"), own / f"{name}.png")
    window.control.do("reload_avatars")
    for name in ("anna", "kenji"):
        (own / f"{name}.png").unlink()
    window.gallery.tiles[window.gallery.names.index("anna")].click()
    assert "anna" not in window.gallery.names
    assert pipeline.asked(C.SetAvatar) == []
    assert load_preferences().avatar == window.gallery.current == "mei"
    assert [notice.sentence for notice in window.banners.notices] == [
        "anna is no longer among your avatars; choose another one."
    ]
    window.control.choose_avatar("kenji")  # one on board has the name again
    assert pipeline.asked(C.SetAvatar) == [C.SetAvatar("kenji")]


def test_a_tile_names_the_key_that_holds_now(window: Window) -> None:
    """Another one is shown as soon as it is chosen, and none where there is none."""
    assert window.gallery.tiles[0].toolTip().endswith(", key 1")
    window.control.change(hotkeys={"avatar_1": "Y", "avatar_2": ""})
    assert [tile.key for tile in window.gallery.tiles[:3]] == ["Y", "", "3"]
    assert window.gallery.current == "mei"


def test_the_avatar_that_is_shown_is_marked(window: Window, pipeline: FakePipeline) -> None:
    """Not the one that was clicked, or chosen long ago, and could not be had."""
    window.gallery.tiles[window.gallery.names.index("kenji")].click()
    assert pipeline.asked(C.SetAvatar) == [C.SetAvatar("kenji")]
    pipeline.events.put(Refused(1.0, CHOOSING, "kenji cannot be read; choose another one."))
    window.refresh()
    assert window.gallery.current == "mei"
    window.control.do("reload_avatars")
    assert window.gallery.current == "mei"
    pipeline.change(avatar=Avatar("kenji", picture(100)))
    window.refresh()
    assert window.gallery.current == "kenji"


def test_an_avatar_chosen_in_the_settings_is_shown_at_once(
    window: Window, pipeline: FakePipeline
) -> None:
    """Like one that is clicked; saving something else asks for none."""
    for name, asked in (("kenji", [C.SetAvatar("kenji")]), ("kenji", [C.SetAvatar("kenji")])):
        window.control.do("settings")
        (dialog,) = window.findChildren(SettingsDialog)
        avatar, mirror = dialog.editors["avatar"], dialog.editors["mirror_driver"]
        assert isinstance(avatar, QComboBox)
        assert isinstance(mirror, QCheckBox)
        avatar.setCurrentText(name)
        mirror.toggle()
        dialog.accept()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert pipeline.asked(C.SetAvatar) == asked
        pipeline.events.put(AvatarChanged(1.0, "kenji"))
        window.refresh()
    assert load_preferences().avatar == "kenji"
    window.control.do("next_avatar")
    assert pipeline.asked(C.SetAvatar)[-1] == C.SetAvatar("kwame")


def test_an_avatar_that_is_refused_is_not_begun_with(
    window: Window, pipeline: FakePipeline, tmp_path: Path
) -> None:
    """The next start has the last one that was shown; going on leads past the refused one."""
    choose(window, pipeline, "kenji")
    window.control.do("next_avatar")
    reason = "the picture of kwame is damaged; save it again."
    pipeline.events.put(Refused(2.0, CHOOSING, reason))
    window.refresh()
    assert load_preferences().avatar == window.control.preferences.avatar == "kenji"
    window.control.do("next_avatar")
    assert pipeline.asked(C.SetAvatar)[-1] == C.SetAvatar("mateo")
    pipeline.events.put(AvatarChanged(3.0, "kenji"))  # by another model, say
    window.refresh()
    assert load_preferences().avatar == "kenji"
    photo = str(tmp_path / "anna.png")
    window.control.change(avatar=photo)
    pipeline.events.put(AvatarChanged(4.0, "anna"))
    window.refresh()
    assert load_preferences().avatar == photo


def test_why_an_avatar_was_refused_is_told_until_another_is_shown(
    window: Window, pipeline: FakePipeline
) -> None:
    """Once for all, however many were tried; one that was chosen earlier may be shown later."""
    window.control.choose_avatar("ingrid")
    for name in ("kenji", "kwame"):
        window.control.choose_avatar(name)
        pipeline.events.put(Refused(1.0, CHOOSING, f"{name}.png is damaged; save it again."))
    pipeline.events.put(AvatarChanged(2.0, "ingrid"))
    window.refresh()
    assert [notice.sentence for notice in window.banners.notices] == [
        "kwame.png is damaged; save it again."
    ]
    choose(window, pipeline, "mei")
    assert window.banners.notices == []


def test_an_avatar_of_the_command_line_is_not_kept(window: Window, pipeline: FakePipeline) -> None:
    """It counts for one run, although it is shown."""
    save_preferences(Preferences(avatar="kenji"))
    pipeline.events.put(AvatarChanged(1.0, "mei"))
    window.refresh()
    assert load_preferences().avatar == "kenji"
