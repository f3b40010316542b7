"""The table of settings: what may be set, and what is remembered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avatar_app.preferences import (
    Preferences,
    load_preferences,
    options,
    preferences_file,
    save_preferences,
)
from avatar_app.types import AvatarAppError


def test_what_is_saved_is_loaded() -> None:
    """Values, keys and what the window remembers come back; defaults are not written."""
    wanted = Preferences(
        camera="demo", pre_roll=2.5, hotkeys={"panic": "Ctrl+P"}, window={"width": 800}
    )
    save_preferences(wanted)
    assert load_preferences() == wanted
    assert set(json.loads(preferences_file().read_text())) == {
        "camera",
        "pre_roll",
        "hotkeys",
        "window",
    }


def test_without_a_file_there_are_the_defaults() -> None:
    """The first start needs no file."""
    assert load_preferences() == Preferences()


def test_what_must_be_named_cannot_be_empty() -> None:
    """The sentence says what it is by default; some may be empty, as the folder."""
    with pytest.raises(AvatarAppError, match=r"camera cannot be ''; it is '0' by default"):
        Preferences(camera="")
    assert Preferences(recordings="").recordings_dir


def test_an_older_app_reads_a_newer_file() -> None:
    """What this version does not know is left alone, also where it saves."""
    preferences_file().parent.mkdir(parents=True)
    preferences_file().write_text('{"camera": "demo", "smell": "lavender"}')
    assert load_preferences().camera == "demo"
    save_preferences(load_preferences().changed(camera="0", label=False))
    assert json.loads(preferences_file().read_text()) == {"label": False, "smell": "lavender"}


def test_a_damaged_key_costs_itself_alone() -> None:
    """The others stay as they were chosen."""
    preferences_file().parent.mkdir(parents=True)
    preferences_file().write_text('{"hotkeys": {"panic": ["F9"], "mark": 3, "record": "F8"}}')
    assert load_preferences().hotkeys == {"record": "F8"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hotkeys": 3}'])
def test_a_damaged_file_is_named(text: str) -> None:
    """The sentence says where the file is, so that it can be deleted."""
    preferences_file().parent.mkdir(parents=True)
    preferences_file().write_text(text)
    with pytest.raises(AvatarAppError, match=r"preferences\.json cannot be read"):
        load_preferences()


def test_a_home_that_is_a_file_is_named_where_it_matters(own_home: Path) -> None:
    """The defaults serve; what cannot be kept there is said when something is to be kept."""
    own_home.write_text("a file")
    assert load_preferences() == Preferences()
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        save_preferences(Preferences(avatar="kenji"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"device": "tpu"}, "choose one of auto, cpu, cuda"),
        ({"pre_roll": 31}, "choose 0 to 30 seconds"),
        ({"camera_fps": 29.97}, "a whole number"),
        ({"label": "yes"}, "true or false"),
        ({"camera": 0}, "a text"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(values: dict[str, Any], said: str) -> None:
    """The sentence names the setting and what it may be."""
    with pytest.raises(AvatarAppError, match=said) as refusal:
        Preferences(**values)
    assert next(iter(values)) in str(refusal.value)


def test_a_wrong_value_in_the_file_is_traced_to_it() -> None:
    """A hand-edited file is where the user has to look."""
    preferences_file().parent.mkdir(parents=True)
    preferences_file().write_text('{"device": "tpu"}')
    with pytest.raises(AvatarAppError, match=r"It stands in .*preferences\.json"):
        load_preferences()


def test_every_option_can_be_shown() -> None:
    """The dialog and the help are made from the rows: none lacks its words, all allow their own."""
    assert len({option.name for option in options()}) == len(options())
    for option in options():
        assert option.group
        assert option.label
        assert option.help.endswith(".")
        assert option.checked(option.default) == option.default


def test_a_whole_number_serves_as_a_number() -> None:
    """JSON and people write 5 for 5.0."""
    assert isinstance(Preferences(pre_roll=5).pre_roll, float)


def test_the_output_shape_is_height_first() -> None:
    """Shapes are (height, width) everywhere."""
    assert Preferences(output_size="1280x720").output_shape == (720, 1280)


def test_a_folder_of_a_user_who_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-edited file, or one from another machine."""

    def nobody(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", nobody)
    with pytest.raises(AvatarAppError, match=r"~nobody/films.*choose another folder"):
        _ = Preferences(recordings="~nobody/films").recordings_dir
