"""The discriminator of the paper's adversarial fine-tuning, parameter names as published."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import AntiAlias
from avatar_app.fomm.networks import gaussians


class _DiscriminatorBlock(nn.Module):
    def __init__(self, in_features: int, out_features: int, norm: bool, pool: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_features, out_features, 4)
        self.norm = nn.InstanceNorm2d(out_features, affine=True) if norm else None
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv(x)
        if self.norm is not None:
            out = self.norm(out)
        out = F.leaky_relu(out, 0.2)
        return F.avg_pool2d(out, 2) if self.pool else out


class _ScaleDiscriminator(nn.Module):
    def __init__(
        self, in_features: int, block_expansion: int, num_blocks: int, max_features: int
    ) -> None:
        super().__init__()
        widths = [in_features] + [
            min(max_features, block_expansion * 2 ** (i + 1)) for i in range(num_blocks)
        ]
        self.down_blocks = nn.ModuleList(
            _DiscriminatorBlock(widths[i], widths[i + 1], norm=i != 0, pool=i != num_blocks - 1)
            for i in range(num_blocks)
        )
        self.conv = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        maps = []
        for block in self.down_blocks:
            x = block(x)
            maps.append(x)
        return maps, self.conv(x)


class Discriminator(nn.Module):
    """Least-squares patch discriminator at each of `scales`, shown the keypoints as heatmaps."""

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        scales: list[float],
        use_kp: bool = True,
    ) -> None:
        super().__init__()
        in_features = num_channels + num_kp * use_kp
        self.use_kp = use_kp
        self.scales = scales
        self.discs = nn.ModuleDict(
            {
                str(scale).replace(".", "-"): _ScaleDiscriminator(
                    in_features, block_expansion, num_blocks, max_features
                )
                for scale in scales
            }
        )
        self.downs = {scale: AntiAlias(num_channels, scale) for scale in scales}

    def forward(self, image: Tensor, points: Tensor) -> list[tuple[list[Tensor], Tensor]]:
        """Feature maps and realness map of `image` at each scale; `points` (B, K, 2)."""
        results = []
        for scale, disc in zip(self.scales, self.discs.values(), strict=True):
            small = self.downs[scale].to(image.device)(image)
            if self.use_kp:
                small = torch.cat((small, gaussians(points, *small.shape[2:])), dim=1)
            results.append(disc(small))
        return results
