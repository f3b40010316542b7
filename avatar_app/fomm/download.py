"""Downloads one large file from several mirrors: resumes, checks, and leaves nothing doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from avatar_app.files import digest
from avatar_app.progress import Progress
from avatar_app.settings import HOME_VARIABLE
from avatar_app.types import AvatarAppError

_BLOCK = 1 << 18
_TIMEOUT = 30  # seconds without a byte


def download(
    mirrors: Sequence[str], part: Path, expected: str, size: int, progress: Progress
) -> None:
    """Fill `part` from the first of `mirrors` that works, until it has the `expected` digest.

    What is already in `part` is kept and continued; it also survives an interruption. `expected` is
    "sha256:..." or "md5:...", `size` about the bytes to come, for the progress until a mirror says
    it. Raises AvatarAppError where no mirror gives the file; a file with another digest is deleted.
    """
    failures = []
    for url in mirrors:
        # A wrong file may be the fault of what an earlier attempt left: then once more, afresh.
        attempts = 2 if part.exists() else 1
        for _ in range(attempts):
            failure = _attempt(url, part, expected, size, progress)
            if not failure:
                return
            if part.exists():
                break
        failures.append(f"{urlsplit(url).netloc} {failure}")
    raise AvatarAppError(
        f"No mirror gave the file ({'; '.join(failures)}); try again later, or get "
        f"{Path(urlsplit(mirrors[0]).path).name} elsewhere and run: avatar-app models import FILE"
    )


def _attempt(url: str, part: Path, expected: str, size: int, progress: Progress) -> str:
    """Try one mirror; gives what went wrong, or nothing. A wrong file is deleted."""
    import requests

    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _continue(url, part, size, progress)
    except requests.RequestException as error:
        answer = error.response
        return type(error).__name__ if answer is None else f"answered {answer.status_code}"
    except OSError as error:
        raise AvatarAppError(
            f"{part.parent} cannot take the download: {error.strerror or error}; free some space "
            f"or set {HOME_VARIABLE} to another folder"
        ) from error
    algorithm, _, wanted = expected.partition(":")
    if digest(part, algorithm) == wanted:
        return ""
    part.unlink()
    return "gave a different file"


def _continue(url: str, part: Path, size: int, progress: Progress) -> None:
    import requests

    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, timeout=_TIMEOUT, headers=headers) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it was there already; the digest tells whether it is right
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0
        total = have + int(response.headers.get("Content-Length", 0)) or size
        with part.open("ab" if have else "wb") as file:
            for block in response.iter_content(_BLOCK):
                file.write(block)
                have += len(block)
                progress(have, max(total, have), "bytes")
