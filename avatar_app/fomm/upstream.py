"""How the published implementation renders a frame: the yardstick of the benchmark.

Everything it does for every frame, it does here too: the source encoded again, in float32, in the
default memory layout, enlarged by repetition before every convolution on the way up.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import UpBlock, replace_up_blocks, warp
from avatar_app.fomm.building import load_networks
from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.fomm.networks import Points, resize
from avatar_app.types import Floats, Image

PUBLISHED_PARAMS = {
    "common_params": {"num_kp": 10, "num_channels": 3, "estimate_jacobian": True},
    "kp_detector_params": {
        "temperature": 0.1,
        "block_expansion": 32,
        "max_features": 1024,
        "scale_factor": 0.25,
        "num_blocks": 5,
    },
    "generator_params": {
        "block_expansion": 64,
        "max_features": 512,
        "num_down_blocks": 2,
        "num_bottleneck_blocks": 6,
        "estimate_occlusion_map": True,
        "dense_motion_params": {
            "block_expansion": 64,
            "max_features": 1024,
            "num_blocks": 5,
            "scale_factor": 0.25,
        },
    },
}


class UpstreamRenderer:
    """Renders one source as upstream does, in absolute motion. Pictures as in `Runtime`."""

    def __init__(self, checkpoint: Checkpoint, source: Image, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._generator, self._kp_detector = load_networks(checkpoint)
        for network in (self._generator, self._kp_detector):
            replace_up_blocks(network, _Repeating)
            network.to(self._device)
        with torch.inference_mode():
            self._source = self._tensor(source)
            self._points: Points = self._kp_detector(self._source)[0]

    def render(self, image: Image) -> Floats:
        """The source in the pose of the driver in `image`, (H, W, 3) float in [0, 1]."""
        generator = self._generator
        with torch.inference_mode():
            pose, _ = self._kp_detector(self._tensor(image))
            encoded = generator.encode(self._source)
            motion = generator.dense_motion_network(encoded.small, self._points, pose)
            motion = resize(motion, *encoded.features.shape[2:])
            out = generator.bottleneck(
                warp(encoded.features, motion.deformation) * motion.occlusion_map
            )
            for block in generator.up_blocks:
                out = block(out)
            rendered = torch.sigmoid(generator.final(out))[0].permute(1, 2, 0)
        array: Floats = rendered.cpu().numpy()
        return array

    def _tensor(self, image: Image) -> Tensor:
        planes = torch.tensor(image, device=self._device).permute(2, 0, 1)
        return planes.contiguous()[None].float() / 255


class _Repeating(nn.Module):
    """An `UpBlock` as it is written in the paper."""

    def __init__(self, block: UpBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.block.norm(self.block.conv(F.interpolate(x, scale_factor=2.0))))
