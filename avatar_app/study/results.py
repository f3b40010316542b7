"""The results folder: what was measured with what, one row a trial, and the pictures.

`study.json` says with what, `trials.jsonl` holds a JSON object a trial, written as each ends and
read again after a stop, `pictures/` what the report shows. The report is made of these alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avatar_app.files import write_errors, write_json, write_whole
from avatar_app.types import AvatarAppError

FORMAT = 3
_HEADER, _ROWS = "study.json", "trials.jsonl"
_GROWING = ("avatars", "clips", "cases", "severities")
_FIXED = {
    **dict.fromkeys(("model", "detector", "app", "stride")),
    "model_sha256": "model",
    "seconds": "length of clips",
}
"""What all rows of a folder share, and what it is called if not so."""

Row = Mapping[str, Any]
"""One trial as it was written."""


class Results:
    """A folder of results, opened to be filled. One process at a time."""

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        """Open or begin the folder.

        `header` says what the rows depend on. Raises AvatarAppError where the folder holds a study
        of another version, model or detector, with clips cut in another way, or with another clip
        or avatar of the same name, or cannot be written.
        """
        self.folder = folder
        self._rows = folder / _ROWS
        self._old = old = _read_header(folder)
        if old is not None:
            _check_same(folder, old, header)
        self._is_new = not folder.exists()
        with write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._write_header({**(old or {}), **header, **_grown(old or {}, header), "format": FORMAT})
        self.known = {row["id"] for row in _read_rows(self._rows)}
        self._has_grown = False
        self._mend()

    def add(self, row: Row) -> None:
        """Append a row; it is on the disk when this returns."""
        line = (json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n").encode()
        with write_errors(self._rows), self._rows.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self.known.add(row["id"])
        self._has_grown = True

    def add_picture(self, name: str, content: bytes) -> None:
        """Keep a picture for the report."""
        write_whole(self.folder / "pictures" / name, content)

    def note(self, **facts: object) -> None:
        """Write more about the study into its header."""
        self._write_header({**(_read_header(self.folder) or {}), **facts})

    def leave_if_nothing_new(self) -> None:
        """Undo what this study wrote where it measured nothing.

        A report of what was there before must not name clips of which there is no trial; where
        there was none, header and rows are removed, and the folder too if it is new.
        """
        if self._has_grown:
            return
        if self.known:
            self._write_header(self._old or {})
            return
        for name in (_HEADER, _ROWS):
            (self.folder / name).unlink(missing_ok=True)
        if self._is_new:
            with contextlib.suppress(OSError):  # somebody has put something there
                self.folder.rmdir()

    def cache(self) -> tempfile.TemporaryDirectory[str]:
        """Make a folder of its own for what can be made again; gone when it is left."""
        with write_errors(self.folder):
            return tempfile.TemporaryDirectory(
                prefix=".cache-", dir=self.folder, ignore_cleanup_errors=True
            )

    def _write_header(self, header: Mapping[str, Any]) -> None:
        write_json(self.folder / _HEADER, header, indent=1)

    def _mend(self) -> None:
        """Cut off a row that a killed process left unfinished."""
        if not self._rows.is_file():
            return
        content = self._rows.read_bytes()
        if content and not content.endswith(b"\n"):
            with write_errors(self._rows):
                os.truncate(self._rows, content.rfind(b"\n") + 1)


def read_results(folder: Path) -> tuple[Mapping[str, Any], Sequence[Row]]:
    """Return header and rows of a results folder, each trial once.

    Raises AvatarAppError where it holds none, or one of another version.
    """
    header = _read_header(folder)
    if header is None:
        raise AvatarAppError(f"{folder} holds no study; name the folder of one.")
    _check_format(folder, header)
    # Two processes that were started in one folder by mistake may both have done a trial.
    rows = list({row["id"]: row for row in _read_rows(folder / _ROWS)}.values())
    if not rows:
        raise AvatarAppError(f"{folder} holds a study without a single trial; run it first.")
    return header, rows


def _grown(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lists of all that was ever asked of this folder, and the digests of it."""
    lists = {
        name: list(dict.fromkeys([*old.get(name, []), *new.get(name, [])])) for name in _GROWING
    }
    return {**lists, "contents": {**old.get("contents", {}), **new.get("contents", {})}}


def _read_header(folder: Path) -> dict[str, Any] | None:
    path = folder / _HEADER
    if not path.is_file():
        return None
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        header = {}
    return header if isinstance(header, dict) else {}


def _check_format(folder: Path, header: Mapping[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise AvatarAppError(
            f"{folder} holds a study of another version of the app; choose another folder."
        )


def _check_same(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    _check_format(folder, old)
    for what, called in _FIXED.items():
        if old.get(what) != new.get(what):
            raise AvatarAppError(
                f"{folder} holds a study with another {called or what} "
                f"({str(old.get(what))[:12]}, now {str(new.get(what))[:12]}); "
                "choose another folder."
            )
    known, contents = old.get("contents", {}), new.get("contents", {})
    for name in sorted(known.keys() & contents.keys()):
        if known[name] != contents[name]:
            kind, _, called = name.partition("/")
            raise AvatarAppError(
                f"{folder} holds a study of another {kind} called {called}; "
                "choose another folder, or rename the file."
            )


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Read whole rows; a last one that is not whole is left out."""
    if not path.is_file():
        return []
    rows = []
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise AvatarAppError(
                f"{path} is damaged in line {number}; delete that line and run the study again."
            ) from error
    return rows
