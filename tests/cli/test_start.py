"""How the command begins."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from avatar_app.__main__ import start


def test_an_interrupt_while_the_app_loads_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes half a second until the commands are there to meet it."""

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    loading = ModuleType("avatar_app.cli")
    monkeypatch.setattr(loading, "__getattr__", interrupted, raising=False)
    monkeypatch.setitem(sys.modules, "avatar_app.cli", loading)
    assert start() == 130
    assert capsys.readouterr().err == "avatar-app: stopped.\n"
