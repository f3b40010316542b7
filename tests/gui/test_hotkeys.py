"""The table of keys: whole, without clashes, and changeable."""

from __future__ import annotations

import pytest
from PyQt5.QtGui import QKeySequence

from avatar_app.gui.hotkeys import ACTIONS, BY_NAME, check_keys, keys_in_use
from avatar_app.types import AvatarAppError

AVATARIFY = {
    "previous_avatar": "A",
    "next_avatar": "D",
    "random_avatar": "Q",
    "reload_avatars": "L",
    "zoom_in": "W",
    "zoom_out": "S",
    "crop_left": "H",
    "crop_down": "J",
    "crop_up": "U",
    "crop_right": "K",
    "reset_crop": "Shift+Z",
    "ghost_less": "Z",
    "ghost_more": "C",
    "calibrate": "X",
    "best_frame": "F",
    "landmarks": "O",
    "mirror_driver": "R",
    "mirror_output": "T",
    "speed": "I",
    "pass_through": "0",
    "back": "Esc",
}


def test_keys_of_old_are_kept() -> None:
    """Whoever comes from Avatarify finds every key where it was."""
    assert {name: BY_NAME[name].keys[0] for name in AVATARIFY} == AVATARIFY
    assert [BY_NAME[f"avatar_{n}"].keys[0] for n in range(1, 10)] == list("123456789")


def test_every_key_is_a_key_and_does_one_thing() -> None:
    """No two actions share a key, and Qt knows all of them."""
    keys = [QKeySequence(key).toString() for action in ACTIONS for key in action.keys]
    assert all(keys)
    assert len(keys) == len(set(keys))
    check_keys({})


def test_a_changed_key_replaces_all_built_in_ones() -> None:
    """An action listens to the key it was given, and no more to its own."""
    assert keys_in_use({"panic": "Ctrl+P"})["panic"] == ("Ctrl+P",)
    assert keys_in_use({"panic": ""})["panic"] == ()
    assert keys_in_use({"of another version": "Y"}) == keys_in_use({})


def test_a_key_for_two_actions_is_refused() -> None:
    """The sentence names the key and both actions."""
    with pytest.raises(AvatarAppError, match="X is both 'Calibrate now' and 'Mark this moment'"):
        check_keys({"mark": "X"})
