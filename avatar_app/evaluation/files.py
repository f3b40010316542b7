"""Result files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from avatar_app.types import AvatarAppError


def check_writable(path: Path) -> None:
    """Raise AvatarAppError where no file `path` can be written: before long work, not after."""
    if path.is_dir():
        raise AvatarAppError(f"{path} is a folder; name a file in it.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise AvatarAppError(f"{path} cannot be written; name a file in a folder of yours.")


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` under another name beside `path`, then give it its name.

    Raises AvatarAppError where that fails.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise AvatarAppError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
