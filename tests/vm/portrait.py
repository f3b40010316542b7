"""A model that an emulated processor renders many times a second.

The embedded one takes that processor seconds a picture. This one has the same parts in a small
size: it moves the avatar's picture by keypoints that hardly move, and draws nothing anew.
"""

from __future__ import annotations

from pathlib import Path

from avatar_app.fomm.building import build_networks
from avatar_app.fomm.checkpoints import PARTS, Checkpoint, load, save
from avatar_app.fomm.params import check

_SIZE = 64
_HOURGLASS = {"block_expansion": 8, "max_features": 32, "scale_factor": 0.25, "num_blocks": 2}
_PARAMS = {
    "common_params": {"num_kp": 4, "num_channels": 3, "estimate_jacobian": True},
    "kp_detector_params": {"temperature": 0.1, **_HOURGLASS},
    "generator_params": {
        "block_expansion": 8,
        "max_features": 16,
        "num_down_blocks": 2,
        "num_bottleneck_blocks": 1,
        "estimate_occlusion_map": True,
        "blend": True,
        "dense_motion_params": _HOURGLASS,
    },
}


def portrait_model(path: Path) -> Checkpoint:
    """Write the model to `path` and open it."""
    import torch

    torch.manual_seed(1)
    networks = build_networks(check(_PARAMS, path.name))
    generator = networks[0]
    with torch.no_grad():  # no share of any pixel is drawn anew
        generator.final.weight[-1] = 0
        assert generator.final.bias is not None
        generator.final.bias[-1] = -20
    weights = {
        f"{part}.{key}": tensor.numpy()
        for part, network in zip(PARTS, networks, strict=True)
        for key, tensor in network.state_dict().items()
    }
    save(path, _PARAMS, weights, half=False, size=_SIZE)
    return load(path)
