"""Models on disk: the table of known ones, and the app's own format.

A model is one safetensors file: tensors named "generator.<name>" and "kp_detector.<name>" as in
published checkpoints, in half or single precision, and in the metadata `model_params` as JSON and
`size`, the side of its pictures in pixels. It is read as untrusted input.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.files import digest, is_file, write_whole
from avatar_app.fomm import params
from avatar_app.progress import Progress, silent
from avatar_app.settings import bundled, data_dir
from avatar_app.types import AvatarAppError, Floats

SUFFIX = ".safetensors"
_PUBLISHED_SUFFIX = re.compile(r"(\.pth?)?(\.tar)?$", re.IGNORECASE)
PARTS = ("generator", "kp_detector")
# Counts training steps, means nothing for rendering, and is the one entry that is not a float.
COUNTER = "num_batches_tracked"

_PUBLISHED_LICENCE = (
    "Weights published by the authors of FOMM (code MIT), trained on VoxCeleb videos of real "
    "people; for research."
)


@dataclass(frozen=True)
class KnownModel:
    """A row of the table. Without mirrors the model travels with the app."""

    name: str
    summary: str
    licence: str
    size_bytes: int = 0
    digest: str = ""  # "sha256:..." or "md5:..." of the file at the mirrors
    mirrors: tuple[str, ...] = ()


KNOWN = {
    model.name: model
    for model in (
        KnownModel(
            name="fomm-mini",
            summary="small enough for live use on a laptop's processor; comes with the app",
            licence="MIT, as the app; trained on rendered people only.",
        ),
        KnownModel(
            name="vox-adv",
            summary="the published model for faces, 256 x 256, whole training checkpoint",
            licence=_PUBLISHED_LICENCE,
            size_bytes=750_926_934,
            digest="sha256:6792d6810d7f46e3c5c487a1cfec916b96fad8912c3c6cc81baa1fc300c820d3",
            # Tried in this order. Copies move and vanish; the digest decides what is accepted.
            mirrors=(
                "https://huggingface.co/spaces/abhishek/first-order-motion-model/resolve/main/"
                "weights/vox-adv-cpk.pth.tar",
                "https://huggingface.co/ashpexx/my-models/resolve/main/vox-adv-cpk.pth.tar",
            ),
        ),
        KnownModel(
            name="vox-adv-avatarify",
            summary="the published model for faces as pruned by Avatarify: the same weights",
            licence=_PUBLISHED_LICENCE,
            size_bytes=229_000_000,  # about; nobody states it exactly
            digest="md5:8a45a24037871c045fbb8a6a8aa95ebc",
            mirrors=("https://avatarify.s3.amazonaws.com/weights/vox-adv-cpk.pth.tar",),
        ),
    )
}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A model on disk, its description checked; the weights are read when first asked for.

    `sha256` is that of the file; `size` the side of its pictures in pixels.
    """

    name: str
    path: Path
    model_params: params.ModelParams
    size: int
    sha256: str

    @cached_property
    def tensors(self) -> dict[str, Floats]:
        """Every weight as float32 by its full name. Raises AvatarAppError where one is unusable."""
        from safetensors import SafetensorError, safe_open

        tensors = {}
        try:
            with safe_open(self.path, framework="numpy") as file:
                for name in file.keys():  # noqa: SIM118 - not a mapping
                    if file.get_slice(name).get_dtype() not in ("F16", "F32"):
                        raise AvatarAppError(f"{self.path}: {name:.80} is not a half or float.")
                    tensors[name] = file.get_tensor(name).astype(np.float32)
        except (SafetensorError, OSError) as error:
            raise AvatarAppError(f"{self.path} cannot be read as a model: {error}.") from error
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise AvatarAppError(f"{self.path}: {name:.80} holds numbers that are not finite.")
        return tensors


def models_dir() -> Path:
    """Return the folder of fetched and imported models; there is none before the first."""
    return data_dir() / "models"


def available() -> dict[str, Path]:
    """Models that can be used now, by name: the user's own, then those that came with the app."""
    # A home that may not be looked into (isdir says no) holds no models.
    folders = [path for path in (models_dir(), bundled("models")) if os.path.isdir(path)]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*" + SUFFIX))}


def find(model: str | Path) -> Path:
    """The file of a model given by name or by path. Raises AvatarAppError where there is none."""
    name = str(model)
    here = available()
    if name in here:
        return here[name]
    if name in KNOWN:
        remedy = (
            f"fetch it with: avatar-app models fetch {name}"
            if KNOWN[name].mirrors
            else "it should have come with the app, so install the app again"
        )
        raise AvatarAppError(f"The model {name} is not on this machine; {remedy}.")
    if Path(model).is_file():
        return Path(model)
    if Path(model).suffix or Path(model).parent != Path():
        what = "is a folder" if Path(model).is_dir() else "does not exist"
        raise AvatarAppError(f"{model} {what}; give a model's name or its {SUFFIX} file.")
    names = sorted({*here, *KNOWN})
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    raise AvatarAppError(f"There is no model called {name}; did you mean {' or '.join(near)}?")


def load(model: str | Path) -> Checkpoint:
    """Open a model by name ("fomm-mini") or by path, its description checked.

    Raises AvatarAppError where it is missing, damaged, or not a model of this app.
    """
    from safetensors import SafetensorError, safe_open

    path = find(model)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        sha256 = digest(path)
    except (SafetensorError, OSError) as error:
        raise AvatarAppError(
            f"{path} is not a model of this app or is damaged; a published .pth.tar file is read "
            f"with: avatar-app models import FILE"
        ) from error
    try:
        described = json.loads(metadata.get("model_params", "null"))
        size = int(metadata.get("size", "256"))
    except (ValueError, RecursionError) as error:
        raise AvatarAppError(f"{path}: its description is damaged.") from error
    model_params = params.check(described, str(path))
    params.check_size(model_params, size, str(path))
    return Checkpoint(path.stem, path, model_params, size, sha256)


def save(
    path: Path,
    model_params: Mapping[str, Any],
    tensors: Mapping[str, Floats],
    *,
    half: bool,
    size: int = 256,
) -> None:
    """Write a model that `load` reads; the file appears under its name only when it is whole.

    `tensors` by full name; step counters among them are left out. `half` stores half precision.
    Raises AvatarAppError where a weight is not finite or does not fit into half precision, or the
    file cannot be written.
    """
    from safetensors.numpy import save as serialised

    model_params = params.check(model_params, path.name)
    params.check_size(model_params, size, path.name)
    stored = {}
    for name, tensor in tensors.items():
        if name.endswith(COUNTER):
            continue
        kept = np.ascontiguousarray(tensor, np.float32)
        if not np.isfinite(kept).all():  # `load` would refuse it
            raise AvatarAppError(
                f"{path} is not written: {name:.80} holds numbers that are not finite; "
                "take weights that are whole."
            )
        if half:
            if np.abs(kept).max(initial=0) > np.finfo(np.float16).max:
                raise AvatarAppError(f"{path}: {name} does not fit into half precision.")
            kept = kept.astype(np.float16)
        stored[name] = kept
    metadata = {"model_params": json.dumps(model_params), "size": str(size)}
    write_whole(path, serialised(stored, metadata))


def import_checkpoint(file: Path) -> Path:
    """Turn a published .pth or .pth.tar into one of the user's models; return the path written.

    The model is named after the file, without .pth or .pth.tar. Only weights are read: a pickle
    that asks for anything else is refused, and so is the name of a model that exists. Raises
    AvatarAppError.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise AvatarAppError(f"{file} {what}; give a published .pth or .pth.tar file.")
    from avatar_app.fomm import published  # brings torch

    path = models_dir() / (_PUBLISHED_SUFFIX.sub("", file.name) + SUFFIX)
    if bundled("models", path.name).exists():
        raise AvatarAppError(
            f"{path.stem} is the name of a model that came with the app; rename {file.name} first."
        )
    if is_file(path):
        raise AvatarAppError(
            f"There is a model called {path.stem} already; rename {file.name} and import it again, "
            f"or delete {path} first."
        )
    model_params, tensors = published.read(file)
    save(path, model_params, tensors, half=False)
    return path


def fetch(name: str, progress: Progress = silent) -> Path:
    """Download a known model, check it, and import it; return the path of the model.

    A download that was interrupted goes on where it stopped, and one that came whole but found no
    room as a model need not come again. Raises AvatarAppError.
    """
    from avatar_app.fomm.download import download

    known = KNOWN.get(name)
    if known is None:
        offered = [model.name for model in KNOWN.values() if model.mirrors]
        near = difflib.get_close_matches(name, offered, n=3, cutoff=0.4) or offered
        raise AvatarAppError(f"There is no model called {name}; did you mean {' or '.join(near)}?")
    if not known.mirrors or name in available():
        return find(name)
    part = models_dir() / f"{name}.part"
    download(known.mirrors, part, known.digest, known.size_bytes, progress)
    from avatar_app.fomm import published  # brings torch

    try:
        model_params, tensors = published.read(part)
    except AvatarAppError:
        part.unlink()
        raise
    path = models_dir() / (name + SUFFIX)
    save(path, model_params, tensors, half=False)
    part.unlink()
    return path
