"""Reads published FOMM checkpoints (.pth, .pth.tar) as what they are: pickles from strangers."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from avatar_app.fomm import params
from avatar_app.fomm.building import build_networks
from avatar_app.fomm.checkpoints import COUNTER, PARTS
from avatar_app.types import AvatarAppError, Floats

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"


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
    if not is_zip and start[:1] != _PICKLE:
        raise AvatarAppError(
            f"{path} is not a PyTorch checkpoint; a published model is a .pth or .pth.tar file."
        )
    damaged = AvatarAppError(f"{path} is damaged or truncated; download it again.")
    if is_zip and not zipfile.is_zipfile(path):
        raise damaged
    try:
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
        RuntimeError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OSError,
        EOFError,
    ) as error:
        raise damaged from error


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
