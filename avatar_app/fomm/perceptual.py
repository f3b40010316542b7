"""How different two pictures look to a trained eye: VGG19's features and LPIPS.

The features are what the training loss compares; LPIPS is a measure of quality. Both
networks are published ones, fetched once by `perceptual_weights`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from avatar_app.fomm.perceptual_weights import missing, weights_path
from avatar_app.types import AvatarAppError, Image

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
        """Return maps (B, 64, H, W), (B, 128, H/2, W/2), ... of (B, 3, H, W) in [0, 1].

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
        """Return five maps (B, C, h, w) of (B, 3, H, W) in [0, 1]; each pixel has unit length."""
        scaled = (images * 2 - 1 - self.get_buffer("shift")) / self.get_buffer("scale")
        return [_unit_length(map_) for map_ in self.convolutions(scaled)]

    def distance(self, features_a: Sequence[Tensor], features_b: Sequence[Tensor]) -> Tensor:
        """Return LPIPS (B,) between pictures whose `features` these are; B of either may be 1."""
        total = torch.zeros(1, device=features_a[0].device)
        for a, b, weight in zip(features_a, features_b, self.linear, strict=True):
            total = total + (a - b).square_().mean((2, 3)) @ weight
        return total

    def forward(self, images_a: Tensor, images_b: Tensor) -> Tensor:
        """Return LPIPS (B,) between images (B, 3, H, W) in [0, 1]."""
        return self.distance(self.features(images_a), self.features(images_b))

    @torch.inference_mode()
    def compare(self, references: Sequence[Image], *others: Sequence[Image]) -> list[list[float]]:
        """Return LPIPS of each row of `others` to `references`, picture by picture.

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

    def against(self, reference: Image) -> Callable[[Image], float]:
        """Return a function that gives LPIPS to `reference` (H, W, 3) uint8, encoded only once."""
        with torch.inference_mode():
            wanted = self._encode(reference)

        @torch.inference_mode()
        def distance(image: Image) -> float:
            return float(self.distance(self._encode(image), wanted))

        return distance

    def _encode(self, image: Image) -> list[Tensor]:
        device = self.get_buffer("scale").device
        return self.features(torch.tensor(image, device=device).permute(2, 0, 1)[None] / 255)


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
    length: Tensor = torch.linalg.vector_norm(map_, dim=1, keepdim=True)
    return map_ / (length + 1e-10)


def _per_channel(values: Iterable[float]) -> Tensor:
    return torch.tensor(tuple(values))[:, None, None]


def _load_frozen(module: nn.Module, name: str, path: Path | None) -> None:
    path = path or weights_path(name)
    if not path.is_file():
        raise missing(name)
    try:
        tensors = load_file(path)
        module.load_state_dict({key: tensors[key] for key in module.state_dict()})
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise AvatarAppError(
            f"{path} does not hold the {name} weights; delete it and run: "
            f"avatar-app models fetch {name}"
        ) from error
    module.requires_grad_(False).eval()
