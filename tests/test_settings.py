"""Where the app looks for its own files and keeps the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app import settings


def test_home_variable_moves_data_and_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AVATAR_APP_HOME overrides both folders; asking for them makes nothing."""
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path / "new" / "home"))
    assert settings.data_dir() == tmp_path / "new" / "home" / "data"
    assert settings.cache_dir() == tmp_path / "new" / "home" / "cache"
    assert list(tmp_path.iterdir()) == []


def test_home_below_an_unknown_user_is_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command asks for the folders, and none may end unexpectedly."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVATAR_APP_HOME", "~nobody-of-this-name/home")
    assert settings.data_dir() == tmp_path / "~nobody-of-this-name" / "home" / "data"


def test_folders_follow_the_platform_without_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the variable the two folders are the platform's own and differ."""
    monkeypatch.delenv("AVATAR_APP_HOME")
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    data, cache = settings.data_dir(), settings.cache_dir()
    assert data != cache
    for folder in (data, cache):
        assert settings.APP_NAME in str(folder)


def test_bundled_prefers_what_is_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed app finds its files in the package, a checkout beside it."""
    package = tmp_path / "avatar_app"
    (package / "models").mkdir(parents=True)
    (package / "models" / "inside").touch()
    monkeypatch.setattr(settings, "_PACKAGE", package)
    assert settings.bundled("models", "inside") == package / "models" / "inside"
    assert settings.bundled("assets", "beside") == tmp_path / "assets" / "beside"
