"""Downloads one large file from several mirrors: resumes, checks, and leaves nothing doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from avatar_app.fomm.checkpoints import digest
from avatar_app.progress import Progress
from avatar_app.types import AvatarAppError

if TYPE_CHECKING:
    import requests

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
    import requests

    failures = []
    for url in mirrors:
        host = urlsplit(url).netloc
        try:
            _continue(url, part, size, progress)
        except requests.RequestException as error:
            failures.append(f"{host}: {_reason(error)}")
            continue
        except OSError as error:
            raise AvatarAppError(f"{part.parent} cannot take the download: {error}.") from error
        algorithm, _, wanted = expected.partition(":")
        if digest(part, algorithm) == wanted:
            return
        part.unlink()
        failures.append(f"{host}: gave a different file")
    if part.exists() and not part.stat().st_size:
        part.unlink()
    raise AvatarAppError(
        f"No mirror gave the file ({'; '.join(failures)}); try again later, or get "
        f"{Path(urlsplit(mirrors[0]).path).name} elsewhere and run: avatar-app models import FILE"
    )


def _continue(url: str, part: Path, size: int, progress: Progress) -> None:
    import requests

    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {}
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
    if have < total and "Content-Length" in response.headers:
        raise requests.ConnectionError("the connection broke off")


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"answered {error.response.status_code}"
    return type(error).__name__ if "broke off" not in str(error) else str(error)
