"""Files that appear whole or not at all, tables, digests, and the errors of writing them."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from avatar_app.types import AvatarAppError

_FULL = "the disk is full; free some space or choose another folder"
_FORBIDDEN = "no permission to write there; choose another folder"
_REASONS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _FORBIDDEN),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST), "its folder is a file; choose another folder"),
    errno.ENOENT: "its drive or folder is not there; choose another folder",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield the name to write under: a file beside `path` that is renamed to it at a clean end.

    After any exception nothing is left behind, nor a folder that was made for it: those that are
    missing are. The name keeps the extension. A link is followed. A device or a pipe is no file to
    be replaced: its own name is given. Raises AvatarAppError where no file can be made, at once
    rather than after a long job.
    """
    with write_errors(path):
        known = nearest_folder(_real(path).parent)
        part = _begun(path)
    try:
        yield part
        if part != path:
            with write_errors(path):
                part.replace(_real(path))
    finally:
        if part != path:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
                _remove_empty(part.parent, known)


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` as the file `path`, or leave what is there.

    Raises AvatarAppError where that fails. Folders, links, devices and pipes as with `whole`.
    """
    with whole(path) as part, write_errors(path):
        part.write_bytes(content)


def write_json(path: Path, content: object, indent: int = 2) -> None:
    """Write a JSON file, dataclasses as objects. Raises AvatarAppError as `write_whole` does."""
    text = json.dumps(content, indent=indent, default=dataclasses.asdict)
    write_whole(path, f"{text}\n".encode())


def check_writable(*paths: Path | None) -> None:
    """Raise AvatarAppError where a file cannot be written: before long work, not after.

    None stands for a file that nobody asked for.
    """
    for path in paths:
        if path is None:
            continue
        with write_errors(path):
            if _is_replaceable(path):
                probe = nearest_folder(_real(path).parent) / _hidden(path)
                probe.open("xb").close()
                probe.unlink()


def check_distinct(inputs: Iterable[Path], outputs: Iterable[Path | None]) -> None:
    """Raise AvatarAppError where an output is an input, or two are the same file.

    None stands for a file that nobody asked for.
    """
    taken = {path.resolve() for path in inputs}
    for path in outputs:
        if path is None:
            continue
        if path.resolve() in taken:
            raise AvatarAppError(
                f"{path} is used twice, and writing it would destroy it; rename it"
            )
        taken.add(path.resolve())


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file's content."""
    state = hashlib.new(algorithm)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def is_file(path: Path) -> bool:
    """Return whether the file `path` exists; a name that no file can have does not.

    Raises AvatarAppError where nobody may look.
    """
    try:
        return path.is_file()
    except PermissionError as error:
        raise AvatarAppError(
            f"{path.parent} may not be looked into; check its permissions"
        ) from error
    except OSError:
        return False  # too long, as an address can be


def nearest_folder(path: Path) -> Path:
    """Return `path`, or the nearest above it that is there. Raises OSError where none can be."""
    for folder in (path, *path.parents):
        if folder.exists():
            return folder
    # A drive that is taken out, or a working folder that was deleted.
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn what the system refuses while `path` is written into an AvatarAppError."""
    try:
        yield
    except OSError as error:
        raise not_written(path, error) from error


def not_written(path: Path, error: Exception) -> AvatarAppError:
    """Return the error about a file that could not be written, with what to do about it."""
    number = getattr(error, "errno", None) or 0
    what = getattr(error, "strerror", None) or error
    reason = _REASONS.get(number, f"{what}; choose another place")
    return AvatarAppError(f"{path} could not be written: {reason}")


def _begun(path: Path) -> Path:
    """Begin an empty file beside `path`; give `path` itself where it is a device or a pipe."""
    if not _is_replaceable(path):
        return path
    real = _real(path)
    real.parent.mkdir(parents=True, exist_ok=True)
    part = real.with_name(_hidden(real))
    part.open("xb").close()
    return part


def _remove_empty(folder: Path, known: Path) -> None:
    """Remove folders up to one that was there before. Raises OSError at one that is not empty."""
    while folder != known:
        folder.rmdir()
        folder = folder.parent


def _is_replaceable(path: Path) -> bool:
    """Return whether `path` is a file, or free to become one."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(mode):
        raise AvatarAppError(f"{path} is a folder; give a file name")
    if stat.S_ISREG(mode) and not os.access(path, os.W_OK):
        raise AvatarAppError(f"{path} is there and may not be written; choose another name")
    return stat.S_ISREG(mode)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _hidden(path: Path) -> str:
    """Return a short hidden name, a new one every time."""
    return f".{path.stem[:32]}.{secrets.token_hex(4)}.part{path.suffix}"


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file by its first line; raises AvatarAppError where it is none."""
    try:
        # As Excel writes it, too, with a mark before the first letter.
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise AvatarAppError(
            f"{path} is no table in UTF-8 ({error}); save it again as CSV in UTF-8."
        ) from error
