"""Networks from a checkpoint: built from its `model_params`, filled with its weights."""

from __future__ import annotations

import torch

from avatar_app.fomm.checkpoints import COUNTER, PARTS, Checkpoint
from avatar_app.fomm.networks import Generator, KeypointDetector
from avatar_app.fomm.params import ModelParams
from avatar_app.types import AvatarAppError


def build_networks(
    model_params: ModelParams, device: str = "cpu"
) -> tuple[Generator, KeypointDetector]:
    """Untrained networks of the sizes in `model_params` (as `params.check` gives them).

    On the device "meta" they take no memory and have names and shapes only.
    """
    common = {name: model_params["common_params"][name] for name in ("num_kp", "num_channels")}
    sizes = dict(model_params["generator_params"])
    sizes.pop("estimate_occlusion_map")
    with torch.device(device):
        generator = Generator(**common, **sizes)
        kp_detector = KeypointDetector(**common, **model_params["kp_detector_params"])
    return generator, kp_detector


def load_networks(checkpoint: Checkpoint) -> tuple[Generator, KeypointDetector]:
    """The checkpoint's networks, in float32 on the CPU, ready to render (not to train).

    Raises AvatarAppError where a weight is missing, unknown or of another shape.
    """
    networks = build_networks(checkpoint.model_params, device="meta")
    tensors = dict(checkpoint.tensors)
    for part, network in zip(PARTS, networks, strict=True):
        state = {}
        for name, expected in network.state_dict().items():
            if name.endswith(COUNTER):
                state[name] = torch.zeros((), dtype=torch.int64)
                continue
            tensor = tensors.pop(f"{part}.{name}", None)
            if tensor is None or tensor.shape != expected.shape:
                raise AvatarAppError(
                    f"{checkpoint.path}: {part}.{name} is missing or of another shape than its "
                    f"description says."
                )
            state[name] = torch.from_numpy(tensor)
        network.load_state_dict(state, assign=True)
        network.eval().requires_grad_(False)
    if tensors:
        raise AvatarAppError(f"{checkpoint.path}: {next(iter(tensors)):.80} is no known weight.")
    return networks
