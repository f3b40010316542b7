"""Tables tell names as they are, whatever stands in them."""

from __future__ import annotations

import sys

import pytest

from avatar_app.cli import terminal


def test_a_name_that_holds_tabs_or_lines_stays_one_cell(capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts count on a line a row, and a tab between two cells."""
    terminal.show_table(("name", "path"), [("a\tb\nc", "/d")])
    assert capsys.readouterr().out == "name\tpath\na\\tb\\nc\t/d\n"


def test_a_name_in_brackets_is_no_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A colour's name in a file's is shown, and what would end a style stops nothing."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    terminal.show_table(("name", "path"), [("a[red]b", "/c[/d]")])
    shown = capsys.readouterr().out
    assert "a[red]b" in shown
    assert "/c[/d]" in shown
