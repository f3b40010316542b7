"""What is written to a terminal, a pipe or a log: words, tables and progress."""

from __future__ import annotations

import io
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


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_stdout_cannot_spell_stops_nothing(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job is not lost to the console's alphabet: the letter is written as its number."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    terminal.make_streams_safe()
    terminal.show("日本\udcff.mp4")
    sys.stdout.flush()
    spelt = "日本" if encoding == "utf-8" else r"\u65e5\u672c"
    assert written.getvalue().decode(encoding) == f"{spelt}\\udcff.mp4\n"


def test_what_a_strangers_file_says_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Characters that are not seen are spelled: a title could be set, or a line overwritten."""
    steering = "model \x1b]0;title\x07\r\u202e日"
    terminal.show(steering)
    terminal.warn(steering)
    terminal.show_table(("model",), [(steering,)])
    shown, warned = capsys.readouterr()
    spelled = r"model \x1b]0;title\x07\r\u202e日"
    assert shown == f"{spelled}\nmodel\n{spelled}\n"
    assert warned == f"avatar-app: {spelled}\n"


def test_tables_are_tab_separated_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal a table is lines that `cut` understands."""
    terminal.show_table(("name", "path"), [("mei", "/a b")])
    assert capsys.readouterr().out == "name\tpath\nmei\t/a b\n"


def test_progress_without_a_terminal_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets the beginning and the end of a job, not every frame."""
    with terminal.shown_progress() as progress:
        for frame in range(501):
            progress(frame, 500, "frames")
    assert capsys.readouterr().err == "0 of 500 frames\n500 of 500 frames\n"


def test_progress_on_a_terminal_is_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees the job's name and how far it is."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with terminal.shown_progress() as progress:
        progress(1, 2, "frames")
        progress(2, 2, "frames")
    drawn = capsys.readouterr().err
    assert drawn.index("starting") < drawn.index("frames")
