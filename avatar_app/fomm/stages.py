"""The three steps of rendering as torch modules: what one runtime runs and the other converts.

Pictures are (H, W, 3) uint8 on their outer side. Everything is for one source and one driver, with
the batch dimension 1 where keypoints and features have one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import warp
from avatar_app.fomm.networks import Encoded, Generator, KeypointDetector, Points


def _to_network(image: Tensor) -> Tensor:
    return (image.to(torch.float32) / 255).permute(2, 0, 1)[None]  # (1, 3, H, W) in [0, 1]


class Detect(nn.Module):
    """Keypoints in a picture."""

    def __init__(self, kp_detector: KeypointDetector) -> None:
        super().__init__()
        self.kp_detector = kp_detector

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Value (1, K, 2), jacobian (1, K, 2, 2), heatmap (1, K, h, w) of (H, W, 3)."""
        points, heatmap = self.kp_detector(_to_network(image))
        return points.value, points.jacobian, heatmap


class Encode(nn.Module):
    """What is constant for a source."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Features (1, C, H / 2^n, W / 2^n), shrunk picture (1, 3, h, w) of (H, W, 3).

        And the picture itself, (1, 3, H, W), where the generator blends.
        """
        encoded = self.generator.encode(_to_network(image))
        return tuple(part for part in encoded if part is not None)


class Render(nn.Module):
    """The source in another pose."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Picture (H, W, 3), deformation (h, w, 2), occlusion map (h, w), residual (h, w).

        Given are what `Encode` gives, then value (1, K, 2) and jacobian (1, K, 2, 2) of the
        source, then those of the pose. The residual is the mean difference, in [0, 1], between
        what was rendered and what was merely moved there.
        """
        *parts, source_value, source_jacobian, value, jacobian = given
        encoded = Encoded(parts[0], parts[1], parts[2] if len(parts) > 2 else None)
        small_source = encoded.small
        source = Points(source_value, source_jacobian)
        generator = self.generator
        motion = generator.dense_motion_network(small_source, source, Points(value, jacobian))
        rendered = generator.render(encoded, motion)
        shrink = rendered.shape[-1] // small_source.shape[-1]
        moved = warp(small_source, motion.deformation)
        residual = (F.avg_pool2d(rendered, shrink) - moved).abs().mean(1)
        return (
            (rendered[0] * 255).round().to(torch.uint8).permute(1, 2, 0),
            motion.deformation[0],
            motion.occlusion_map[0, 0].float(),
            residual[0],
        )
