"""The table of keys: whole, without clashes, and changeable."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtGui import QKeySequence

from avatar_app.devices import keyboard
from avatar_app.gui import global_keys
from avatar_app.gui.global_keys import for_pynput
from avatar_app.gui.hotkeys import ACTIONS, BY_NAME, check_keys, global_keys_in_use, keys_in_use
from avatar_app.types import AvatarAppError

CHECKOUT = Path(__file__).resolve().parent.parent.parent
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


def key_rows() -> list[str]:
    """Write the table of keys as Markdown, a row an action; the nine avatars share one."""
    rows = [
        "| key | what it does | in other windows |",
        "|---|---|---|",
        "| `1` ... `9` | Avatar 1 ... 9 | |",
    ]
    for action in ACTIONS:
        if not action.name.removeprefix("avatar_").isdigit():
            keys = ", ".join(f"`{key}`" for key in action.keys)
            elsewhere = f"`{action.everywhere}` " if action.everywhere else ""
            rows.append(f"| {keys} | {action.label} | {elsewhere}|")
    return rows


def test_the_document_has_every_key() -> None:
    """What is written about the keys is what the table has."""
    written = (CHECKOUT / "docs" / "window.md").read_text(encoding="utf-8")
    table = [line for line in written.splitlines() if line.startswith("|")]
    assert table == key_rows()


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


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("Ctrl+Alt+P", "<ctrl>+<alt>+p"),
        ("Ctrl+Shift+F9", "<ctrl>+<shift>+<f9>"),
        ("Alt+Space", "<alt>+<space>"),
        ("Ctrl++", "<ctrl>++"),
    ],
)
def test_a_global_key_is_one_that_pynput_understands(key: str, written: str) -> None:
    """The same key means the same in this window and in others."""
    assert for_pynput(key) == written


def test_on_a_mac_ctrl_is_the_command_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt calls it Ctrl there, pynput does not."""
    monkeypatch.setattr(global_keys, "_SYSTEM", "darwin")
    assert for_pynput("Ctrl+Meta+P") == "<cmd>+<ctrl>+p"


@pytest.mark.parametrize("key", ["P", "Shift+P", "Ctrl+Media Play"])
def test_a_global_key_that_would_be_typed_is_refused(key: str) -> None:
    """Whoever writes a P in a chat must not panic by it."""
    with pytest.raises(AvatarAppError, match="choose one with Ctrl or Alt"):
        check_keys({"panic everywhere": key})


def test_global_keys_can_be_changed_and_left_out() -> None:
    """They are kept beside the window's keys, and share no key with them."""
    keys = global_keys_in_use({"panic everywhere": "Ctrl+Alt+Q", "mark everywhere": ""})
    assert keys == {"calibrate": "Ctrl+Alt+X", "panic": "Ctrl+Alt+Q", "record": "Ctrl+Alt+R"}
    with pytest.raises(AvatarAppError, match="is both"):
        check_keys({"panic": "Ctrl+Alt+P"})


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "Wayland"),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, "Wayland"),
        ({}, "need X11"),
        ({"DISPLAY": ":0"}, "pip install"),
    ],
)
def test_where_other_windows_keys_are_out_of_reach_the_user_reads_why(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    """Nothing pretends to listen; the sentence says what would help."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(keyboard, "_SYSTEM", "linux")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    keys = global_keys.GlobalKeys()
    with pytest.raises(AvatarAppError, match=words):
        keys.listen({"panic": "Ctrl+Alt+P"})
    assert not keys.is_listening
