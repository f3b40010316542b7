"""Published checkpoints: archives that can swell are refused, and what a model is called."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from avatar_app.fomm import checkpoints, published
from avatar_app.types import AvatarAppError
from tests.fomm import test_checkpoints


def packed(text: str, method: int) -> tuple[bytes, bytes]:
    """The parts of a zip that torch reads as `text`, and the table of how they are packed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/version", "3")
        archive.writestr("archive/data.pkl", pickle.dumps(text, protocol=2))
    whole = file.getvalue()
    return whole[: archive.start_dir], whole[archive.start_dir : -22]


def last(table: bytes, start: int) -> bytes:
    """The last record of a zip: its `table` begins at `start`."""
    count = table.count(b"PK\1\2")
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(table), start, 0)


def record(table: bytes, start: int) -> bytes:
    """The same in 64 bits, 56 bytes."""
    count = table.count(b"PK\1\2")
    sizes = (44, 45, 45, 0, 0, count, count, len(table), start)
    return struct.pack("<4sQ2H2L4Q", b"PK\6\6", *sizes)


def last_64(table: bytes, place: int) -> bytes:
    """The two last records where `record` is at `place`."""
    return struct.pack("<4sLQL", b"PK\6\7", 0, place, 1) + last(table, 0)


def bomb(kind: str) -> bytes:
    """A zip in which torch finds more than the file has bytes.

    In those with two tables zipfile reads another than torch, in which all parts are stored.
    """
    parts, table = packed("0" * (1 << 20), zipfile.ZIP_DEFLATED)
    _, decoy = packed("", zipfile.ZIP_STORED)
    if kind == "stored three times over":
        parts, table = packed("0" * 1000, zipfile.ZIP_STORED)
        table *= 3
    start, whole = len(parts), parts + table
    both = whole + decoy
    if kind == "two tables":
        return both + last(table, start)
    if kind == "two tables, 64 bits":
        return both + record(table, start) + last_64(table, len(both))
    if kind == "two tables, two records":
        records = record(table, start) + decoy + record(decoy, len(whole) + 56)
        return whole + records + last_64(table, len(whole))
    return whole + record(table, start) + last_64(table, len(whole))


@pytest.mark.parametrize(
    "kind",
    [
        "deflated",
        "stored three times over",
        "two tables",
        "two tables, 64 bits",
        "two tables, two records",
    ],
)
def test_an_archive_that_swells_is_refused(tmp_path: Path, kind: str) -> None:
    """Torch would read it; zipfile may even find nothing but small stored parts in it."""
    file = tmp_path / "bomb.pth"
    file.write_bytes(bomb(kind))
    assert set(torch.load(file, weights_only=True)) == {"0"}
    with zipfile.ZipFile(file) as archive:
        is_stored = archive.infolist()[1].compress_type == zipfile.ZIP_STORED
    assert is_stored == (kind != "deflated")
    with pytest.raises(AvatarAppError, match=r"not packed as torch\.save packs.* get a file"):
        published.read(file)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_checkpoint_called_safetensors_is_refused(tmp_path: Path, legacy: bool) -> None:
    """Torch would read it as what it is called, and fail in its own words."""
    content = test_checkpoints.published_content()
    file = test_checkpoints.published(tmp_path / "tiny.safetensors", content, legacy=legacy)
    with pytest.raises(AvatarAppError, match=r"is not a PyTorch checkpoint"):
        published.read(file)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my.v1.pth", "my.v1"),
        ("my.v1.pth.tar", "my.v1"),
        ("my.v1.tar", "my.v1"),
        ("MY.PT", "MY"),
        ("my.v1", "my.v1"),
    ],
)
def test_a_model_is_called_as_its_file(tmp_path: Path, file: str, name: str) -> None:
    """Without what says that it is a checkpoint, but with all else that a dot precedes."""
    content = test_checkpoints.published_content()
    path = checkpoints.import_checkpoint(test_checkpoints.published(tmp_path / file, content))
    assert path == checkpoints.find(name)
    assert checkpoints.load(name).name == name


def test_an_import_replaces_no_model(tmp_path: Path) -> None:
    """What to do is said, and the model that is there stays as it was."""
    content = test_checkpoints.published_content()
    path = checkpoints.import_checkpoint(test_checkpoints.published(tmp_path / "my.pth", content))
    before = path.read_bytes()
    content["generator"]["final.bias"] += 1
    other = test_checkpoints.published(tmp_path / "my.pth.tar", content)
    with pytest.raises(AvatarAppError, match=r"my already; rename my\.pth\.tar .* or delete"):
        checkpoints.import_checkpoint(other)
    assert path.read_bytes() == before
