"""Fetching models: several mirrors, going on after a break, nothing doubtful left."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from avatar_app.fomm import checkpoints
from avatar_app.fomm.checkpoints import KnownModel
from avatar_app.fomm.download import download
from avatar_app.progress import silent
from avatar_app.types import AvatarAppError
from tests.fomm.test_checkpoints import published_content

CONTENT = bytes(range(256)) * 4000
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
NOWHERE = "http://127.0.0.1:9/model.pth.tar"  # a port that nobody listens on


class Mirror(ThreadingHTTPServer):
    """Serves `content` at /whole, and the ways it can go wrong at other paths."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = CONTENT
        self.ranges: list[str | None] = []

    def url(self, path: str) -> str:
        """The address of `path` on this mirror."""
        return f"http://127.0.0.1:{self.server_port}/{path}/model.pth.tar"


class _Answer(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        content = self.server.content
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        kind = self.path.split("/")[1]
        if kind == "missing":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if kind == "stubborn":
            start = 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content) // 2 if kind == "breaks" else len(content)
        self.wfile.write(content[start:end] if kind != "other" else b"x" * (end - start))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """A mirror on this machine."""
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_whole_file(mirror: Mirror, tmp_path: Path) -> None:
    """The file arrives, and the progress ends at its size."""
    part = tmp_path / "model.part"
    seen: list[float] = []

    def progress(done: float, total: float | None, what: str) -> None:
        assert (total, what) == (len(CONTENT), "bytes")
        seen.append(done)

    download([mirror.url("whole")], part, DIGEST, 1, progress)
    assert part.read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)


def test_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    """After a break only the rest is asked for."""
    part = tmp_path / "model.part"
    with pytest.raises(AvatarAppError, match="ChunkedEncodingError"):
        download([mirror.url("breaks")], part, DIGEST, 1, silent)
    have = part.stat().st_size
    assert 0 < have < len(CONTENT)
    download([mirror.url("whole")], part, DIGEST, 1, silent)
    assert part.read_bytes() == CONTENT
    assert mirror.ranges == [None, f"bytes={have}-"]


def test_mirror_that_cannot_go_on(mirror: Mirror, tmp_path: Path) -> None:
    """A mirror that always begins at the start overwrites what is there."""
    part = tmp_path / "model.part"
    part.write_bytes(CONTENT[:1000])
    download([mirror.url("stubborn")], part, DIGEST, 1, silent)
    assert part.read_bytes() == CONTENT


def test_complete_part_is_only_checked(mirror: Mirror, tmp_path: Path) -> None:
    """When all of it was there already, nothing is loaded again."""
    part = tmp_path / "model.part"
    part.write_bytes(CONTENT)
    download([mirror.url("whole")], part, DIGEST, 1, silent)
    assert part.read_bytes() == CONTENT


def test_mirrors_in_order(mirror: Mirror, tmp_path: Path) -> None:
    """Mirrors that are down, lost the file or give another one are passed over."""
    part = tmp_path / "model.part"
    urls = [NOWHERE, *map(mirror.url, ("missing", "other", "breaks", "whole"))]
    download(urls, part, DIGEST, 1, silent)
    assert part.read_bytes() == CONTENT


def test_no_mirror(mirror: Mirror, tmp_path: Path) -> None:
    """Where every mirror fails, one sentence says how each did and what else can be done."""
    part = tmp_path / "model.part"
    urls = [NOWHERE, mirror.url("missing")]
    with pytest.raises(AvatarAppError, match=r"ConnectionError.*answered 404.*models import"):
        download(urls, part, DIGEST, 1, silent)
    assert not part.exists()


def test_wrong_file(mirror: Mirror, tmp_path: Path) -> None:
    """A file with another digest is deleted."""
    part = tmp_path / "model.part"
    with pytest.raises(AvatarAppError, match="gave a different file"):
        download([mirror.url("other")], part, DIGEST, 1, silent)
    assert not part.exists()


def test_damaged_part_is_loaded_again(mirror: Mirror, tmp_path: Path) -> None:
    """What an earlier, damaged attempt left does not spoil this one."""
    part = tmp_path / "model.part"
    part.write_bytes(b"x" * 1000)
    download([mirror.url("whole")], part, DIGEST, 1, silent)
    assert part.read_bytes() == CONTENT


def known(mirror: Mirror, content: bytes, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Let "vox-adv" be `content` at the mirror."""
    mirror.content = content
    model = KnownModel(
        "vox-adv",
        "",
        "",
        len(content),
        "md5:" + hashlib.md5(content).hexdigest(),
        (mirror.url(path),),
    )
    monkeypatch.setitem(checkpoints.KNOWN, "vox-adv", model)


def test_fetch(mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fetched model can be used by its name, and only the model is kept."""
    torch.save(published_content(), tmp_path / "content")
    known(mirror, (tmp_path / "content").read_bytes(), monkeypatch, "whole")
    path = checkpoints.fetch("vox-adv")
    assert checkpoints.load("vox-adv").path == path
    assert list(path.parent.iterdir()) == [path]
    mirror.ranges.clear()
    assert checkpoints.fetch("vox-adv") == path
    assert not mirror.ranges, "what is here already is not fetched again"


def test_fetch_onto_a_full_disk(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Once there is room, what came already is not fetched again."""

    def full(path: Path, content: bytes) -> None:
        raise AvatarAppError(f"{path} could not be written: the disk is full")

    torch.save(published_content(), tmp_path / "content")
    known(mirror, (tmp_path / "content").read_bytes(), monkeypatch, "whole")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_whole", full)
        with pytest.raises(AvatarAppError, match="disk is full"):
            checkpoints.fetch("vox-adv")
    mirror.ranges.clear()
    assert checkpoints.fetch("vox-adv").is_file()
    assert mirror.ranges == [f"bytes={len(mirror.content)}-"]


def test_fetch_interrupted(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption leaves no model under the final name; what came so far is kept."""

    def interrupt(done: float, total: float | None, what: str) -> None:
        raise KeyboardInterrupt

    known(mirror, CONTENT, monkeypatch, "whole")
    with pytest.raises(KeyboardInterrupt):
        checkpoints.fetch("vox-adv", interrupt)
    assert [path.name for path in checkpoints.models_dir().iterdir()] == ["vox-adv.part"]


def test_fetch_of_another_model(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that is no First Order Motion Model leaves nothing."""
    known(mirror, CONTENT, monkeypatch, "whole")
    with pytest.raises(AvatarAppError, match="not a PyTorch checkpoint"):
        checkpoints.fetch("vox-adv")
    assert not list(checkpoints.models_dir().iterdir())


def test_fetch_unknown() -> None:
    """A misspelt name gets the nearest that can be fetched."""
    with pytest.raises(AvatarAppError, match="did you mean vox-adv"):
        checkpoints.fetch("vox_adv")


def test_table() -> None:
    """Whatever can be fetched has a digest and is fetched over an encrypted connection."""
    for name, model in checkpoints.KNOWN.items():
        assert name == model.name
        assert model.licence
        for url in model.mirrors:
            assert url.startswith("https://")
            assert model.digest.split(":")[0] in ("sha256", "md5")


def test_no_place_to_keep_it(mirror: Mirror, tmp_path: Path) -> None:
    """The folder is named, and what to do about it."""
    (tmp_path / "file").write_text("in the way")
    part = tmp_path / "file" / "models" / "model.part"
    with pytest.raises(AvatarAppError, match=r"file/models cannot take.*AVATAR_APP_HOME"):
        download([mirror.url("whole")], part, DIGEST, 1, silent)
