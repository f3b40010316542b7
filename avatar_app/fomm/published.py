"""Reads published FOMM checkpoints (.pth, .pth.tar) as what they are: pickles from strangers."""

from __future__ import annotations

import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from avatar_app.fomm import params
from avatar_app.fomm.building import build_networks
from avatar_app.fomm.checkpoints import COUNTER, PARTS, SUFFIX
from avatar_app.types import AvatarAppError, Floats

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"

# How torch.save ends a file: where the table of its parts is, where that is said, no comment.
_ENDING = struct.Struct("<4s 44x Q 4s 4x Q 4x 4s 16x H")


def read(path: Path) -> tuple[params.ModelParams, dict[str, Floats]]:
    """The `model_params` and float32 weights, by full name, that rendering needs.

    Nothing in the file is run. Raises AvatarAppError where the file is missing, damaged, wants to
    run code, or is not a First Order Motion Model.
    """
    parts = _weights(_unpickle(path), path)
    stranger = AvatarAppError(
        f"{path} is a checkpoint of another model; expected a First Order Motion Model with "
        f"jacobians and occlusion maps."
    )
    shapes = {part: {name: tuple(t.shape) for name, t in parts[part].items()} for part in PARTS}
    try:
        model_params = params.check(
            params.infer(shapes["generator"], shapes["kp_detector"]), str(path)
        )
    except (KeyError, IndexError, ValueError, AvatarAppError) as error:
        raise stranger from error
    networks = build_networks(model_params, device="meta")
    for part, network in zip(PARTS, networks, strict=True):
        expected = {name: tuple(t.shape) for name, t in network.state_dict().items()}
        if expected != shapes[part]:
            raise stranger
    tensors = {}
    for part in PARTS:
        for name, tensor in parts[part].items():
            if not name.endswith(COUNTER):
                tensors[f"{part}.{name}"] = _floats(tensor, path, name)
    return model_params, tensors


def _unpickle(path: Path) -> object:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise AvatarAppError(f"{path} cannot be read: {error.strerror}.") from error
    is_zip = start == _ZIP
    # torch.load goes by that suffix, not by what the file holds.
    if path.suffix == SUFFIX or (not is_zip and start[:1] != _PICKLE):
        raise AvatarAppError(
            f"{path} is not a PyTorch checkpoint; a published model is a .pth or .pth.tar file."
        )
    damaged = AvatarAppError(f"{path} is damaged or truncated; download it again.")
    try:
        if is_zip:
            _check_archive(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on unusual pickles, which are judged right below
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error) or "unrecognized function" in str(error):
            raise AvatarAppError(
                f"{path} wants to run code while it is read, which weights have no need to; "
                f"it was refused."
            ) from error
        raise damaged from error
    except (
        zipfile.BadZipFile,
        RuntimeError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OSError,
        EOFError,
    ) as error:
        raise damaged from error


def _check_archive(path: Path) -> None:
    """Raise AvatarAppError for a zip that can take more memory than its file has bytes.

    torch.load inflates parts and believes their sizes; torch.save only ever stores parts.
    Raises zipfile.BadZipFile, ValueError or RuntimeError where the zip is damaged.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        length = file.seek(-_ENDING.size, os.SEEK_END) + _ENDING.size
        ending = _ENDING.unpack(file.read())
        members = archive.infolist()
    # Readers of zip differ in where they look for the table of parts. Where all of these agree,
    # torch reads the one that was checked.
    table = archive.start_dir
    agreed = (b"PK\x06\x06", table, b"PK\x06\x07", length - _ENDING.size, b"PK\x05\x06", 0)
    if (
        ending != agreed
        or any(member.compress_type != zipfile.ZIP_STORED for member in members)
        or sum(member.file_size for member in members) > length
    ):
        raise AvatarAppError(
            f"{path} is not packed as torch.save packs, so reading it could fill the memory; "
            f"get a file that torch.save wrote."
        )


def _weights(content: object, path: Path) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {}
    for part in PARTS:
        state = content.get(part) if isinstance(content, Mapping) else None
        if not isinstance(state, Mapping) or not all(
            isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in state.items()
        ):
            raise AvatarAppError(
                f"{path} holds no weights called {part}; expected a First Order Motion Model."
            )
        parts[part] = dict(state)
    return parts


def _floats(tensor: Tensor, path: Path, name: str) -> Floats:
    if not tensor.is_floating_point() or tensor.layout != torch.strided:
        raise AvatarAppError(f"{path}: {name:.80} is not made of floating-point numbers.")
    single = tensor.to(torch.float32).contiguous()
    if not bool(torch.isfinite(single).all()):
        raise AvatarAppError(f"{path}: {name:.80} holds numbers that are not finite.")
    array: Floats = single.numpy()
    return array
