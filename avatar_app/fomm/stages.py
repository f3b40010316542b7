"""The three steps of rendering as torch modules: what both runtimes run or convert.

Pictures are (H, W, 3) float in 0..255 on their outer side, so that a runtime only has to change the
type. Everything is for one source and one driver, with the batch dimension 1 where keypoints and
features have one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.networks import Generator, KeypointDetector, Points, warp


def _to_network(image: Tensor) -> Tensor:
    return (image.to(torch.float32) / 255).permute(2, 0, 1)[None]  # (1, 3, H, W) in [0, 1]


class Detect(nn.Module):
    """Keypoints in a picture."""

    outputs = ("value", "jacobian", "heatmap")

    def __init__(self, kp_detector: KeypointDetector) -> None:
        super().__init__()
        self.kp_detector = kp_detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Value (1, K, 2), jacobian (1, K, 2, 2), heatmap (1, K, h, w) of (H, W, 3)."""
        points, heatmap = self.kp_detector(_to_network(image))
        return points.value, points.jacobian, heatmap


class Encode(nn.Module):
    """What is constant for a source."""

    outputs = ("features", "small_source")

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features (1, C, H / 2^n, W / 2^n) and shrunk picture (1, 3, h, w) of (H, W, 3)."""
        features, small_source = self.generator.encode(_to_network(image))
        return features, small_source


class Render(nn.Module):
    """The source in another pose."""

    outputs = ("image", "deformation", "occlusion_map", "residual")

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self,
        features: Tensor,
        small_source: Tensor,
        source_value: Tensor,
        source_jacobian: Tensor,
        value: Tensor,
        jacobian: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Picture (H, W, 3), deformation (h, w, 2), occlusion map (h, w), residual (h, w).

        The first four arguments belong to the source, the last two say the pose. The residual is
        the mean difference, in [0, 1], between what was rendered and what was merely moved there.
        """
        source = Points(source_value, source_jacobian)
        generator = self.generator
        motion = generator.dense_motion_network(small_source, source, Points(value, jacobian))
        rendered = generator.decode(generator.warp_features(features, motion))
        shrink = rendered.shape[-1] // small_source.shape[-1]
        moved = warp(small_source, motion.deformation)
        residual = (F.avg_pool2d(rendered.float(), shrink) - moved).abs().mean(1)
        return (
            rendered[0].float().permute(1, 2, 0) * 255,
            motion.deformation[0],
            motion.occlusion_map[0, 0].float(),
            residual[0],
        )
