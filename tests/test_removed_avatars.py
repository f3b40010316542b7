"""Avatars that the user has added are removed again, and nothing else is."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image as Pictures

from avatar_app import settings
from avatar_app.avatars import (
    add_avatar,
    list_avatars,
    load_avatar,
    remove_avatar,
    resolve_avatar,
)
from avatar_app.preferences import load_preferences, preferences_file, save_preferences
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats, Image


def keep(*files: str) -> list[Path]:
    """Put empty files among the user's avatars."""
    own = settings.data_dir() / "avatars"
    own.mkdir(parents=True, exist_ok=True)
    for file in files:
        (own / file).touch()
    return [own / file for file in files]


def choose(avatar: object) -> None:
    """Choose this avatar in the settings."""
    save_preferences(load_preferences().changed(avatar=str(avatar)))


def nobody(image: Image) -> Sequence[Floats]:
    """Find no face anywhere."""
    return []


def test_a_removed_avatar_leaves_its_name_free(tmp_path: Path) -> None:
    """Its photo is gone, the one it was made of and all others stay, and it can be added again."""
    shutil.copy(bundled("assets", "avatars", "mateo.png"), tmp_path / "me.png")
    kept = add_avatar(tmp_path / "me.png", nobody, centre_square=True)
    (other,) = keep("anna.png")
    removed = remove_avatar("ME")
    assert (removed.name, removed.photos) == ("me", (kept,))
    assert (removed.uncovers, removed.successor) == (False, "")
    assert not kept.exists()
    assert other.exists()
    assert (tmp_path / "me.png").exists()
    assert "me" not in list_avatars()
    assert not preferences_file().exists()
    assert add_avatar(tmp_path / "me.png", nobody, centre_square=True) == kept


def test_all_files_of_a_removed_avatar_go() -> None:
    """Also those that were put there by hand; another one's, whose name differs in case, stays."""
    one, two, other = keep("me.jpg", "me.png", "Me.png")
    assert remove_avatar("Me").photos == (other,)
    keep("Me.png")
    assert remove_avatar("me").photos == (one, two)
    assert other.exists()
    assert remove_avatar("ME").photos == (other,)


def test_what_cannot_be_removed_is_named_with_what_can() -> None:
    """One on board, a name that nobody has, and a path: nothing is removed."""
    before = list_avatars()
    with pytest.raises(AvatarAppError, match=r"^Mei comes with the app .*; you have added none$"):
        remove_avatar("Mei")
    own = keep("zoe.png", "anna.jpg")
    for name, said in (
        (
            "mei",
            "mei comes with the app and cannot be removed; those that you added are: anna, zoe",
        ),
        ("eva", "there is no avatar called eva that could be removed; those .* are: anna, zoe"),
        (str(own[0]), "there is no avatar called .*zoe.png"),
        ("../avatars/zoe", "there is no avatar called"),
        ("", "there is no avatar called"),
    ):
        with pytest.raises(AvatarAppError, match=said):
            remove_avatar(name)
    assert list_avatars().keys() == {*before, "anna", "zoe"}


def test_a_removed_avatar_uncovers_the_one_it_hid() -> None:
    """Which the settings may go on to choose."""
    bundled_one = list_avatars()["kenji"]
    choose("kenji")
    keep("kenji.png")
    removed = remove_avatar("kenji")
    assert (removed.uncovers, removed.successor) == (True, "")
    assert list_avatars()["kenji"] == bundled_one
    assert load_preferences().avatar == "kenji"


@pytest.mark.parametrize("chosen", ["me", "ME", "PATH"])
def test_settings_do_not_choose_a_removed_avatar(chosen: str) -> None:
    """The next start has another one, and all else as it was; of that the caller learns."""
    (file,) = keep("me.png")
    save_preferences(load_preferences().changed(camera="demo"))
    choose(file if chosen == "PATH" else chosen)
    assert remove_avatar("me").successor == "mei"
    assert load_preferences().camera == "demo"
    assert resolve_avatar(load_preferences().avatar) == list_avatars()["mei"]


def test_settings_keep_another_choice() -> None:
    """A namesake in other case, which is still there, too."""
    keep("me.png", "Me.png", "anna.png")
    for chosen in ("anna", "Me"):
        choose(chosen)
        keep("me.png")
        assert remove_avatar("me").successor == ""
        assert load_preferences().avatar == chosen


def test_a_photo_that_is_removed_while_it_is_loaded_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two looks at it, by another process."""
    (file,) = keep("me.png")
    look = Pictures.open

    def remove_first(path: Path) -> Pictures.Image:
        remove_avatar("me")
        return look(path)

    monkeypatch.setattr(Pictures, "open", remove_first)
    with pytest.raises(AvatarAppError, match=rf"{re.escape(str(file))} does not exist"):
        load_avatar(file, 256, nobody)


def test_where_a_photo_cannot_be_removed_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where another program has it open, on Windows; and nothing else is broken."""
    (file,) = keep("me.png")
    choose("me")

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == file:
            raise PermissionError(errno.EACCES, "Permission denied")
        os.unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(AvatarAppError, match=r"me\.png could not be removed: permission denied; "):
        remove_avatar("me")
    assert file.exists()


def test_nothing_is_removed_where_the_settings_cannot_be_read() -> None:
    """Nobody knows then whom the next start would show."""
    (file,) = keep("me.png")
    preferences_file().write_text("{")
    with pytest.raises(AvatarAppError, match=r"preferences\.json cannot be read"):
        remove_avatar("me")
    assert file.exists()
