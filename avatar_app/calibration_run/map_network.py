"""The detector's network in torch, for learning, and the way between it and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from avatar_app.glitch.signals.artifacts import (
    BESIDE,
    CELLS,
    EXCUSE,
    FACE,
    HEAD,
    INNER,
    LAYERS,
    ROWS,
    ArtifactNetwork,
)
from avatar_app.types import Floats


class MapNetwork(nn.Module):
    """The network: what is seen of a face (N, 4, 112, 96) and around it (N, 4, 48, 48) to its maps.

    They are log-odds (N, 2, 14, 12) that a cell is broken; covered. What lies around the face can
    only excuse it, where it `is_excusing`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.face, self.head = stacked(LAYERS[FACE]), nn.Conv2d(*LAYERS[HEAD][0])
        self.beside = stacked(LAYERS[BESIDE])
        *before, last = LAYERS[EXCUSE]
        self.excuse = stacked(before).append(nn.Conv2d(*last))
        self.is_excusing = True
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, face: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        """Return the maps."""
        seen = self.face(face)
        maps: torch.Tensor = self.head(seen)
        if not self.is_excusing:
            return maps
        around = self.beside(beside)
        near = around[(..., *INNER)].repeat_interleave(2, 2).repeat_interleave(2, 3)
        whole = around.mean(dim=(2, 3), keepdim=True).expand(-1, -1, ROWS, CELLS)
        excuse = functional.softplus(self.excuse(torch.cat((seen, near, whole), dim=1)))
        return maps + excuse * torch.tensor([-1.0, 1.0])[:, None, None]

    @property
    def layers(self) -> list[nn.Module]:
        """In the order of LAYERS: convolutions, or such with what normalises and rectifies."""
        return [*self.face, self.head, *self.beside, *self.excuse]

    def excuse_only(self) -> None:
        """Let what was learned of faces stay as it is, and learn what excuses them."""
        self.is_excusing = True
        for part in (self.face, self.head):
            part.eval().requires_grad_(False)


def stacked(layers: Sequence[tuple[int, int, int, int]]) -> nn.Sequential:
    """Return convolutions (in, out, kernel, stride), each with what normalises and rectifies."""
    parts: list[nn.Module] = []
    for inside, out, size, stride in layers:
        convolution = nn.Conv2d(inside, out, size, stride, size // 2, bias=False)
        parts.append(nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU()))
    return nn.Sequential(*parts)


def weights_of(network: MapNetwork) -> list[tuple[Floats, Floats]]:
    """Return kernels (k * k * in, out) and biases (out,), with the normalisation folded in."""
    return [folded(layer) for layer in network.layers]


def network_of(known: ArtifactNetwork) -> MapNetwork:
    """Return a network that computes what `known` does; it normalises nothing yet."""
    network = MapNetwork()
    with torch.no_grad():
        for layer, (inside, out, size, _), (kernel, bias) in zip(
            network.layers, LAYERS, known.weights, strict=True
        ):
            convolution: Any = layer[0] if isinstance(layer, nn.Sequential) else layer
            weight = torch.from_numpy(kernel).reshape(size, size, inside, out)
            convolution.weight.copy_(weight.permute(3, 2, 0, 1))
            if isinstance(layer, nn.Sequential):
                after: Any = layer[1]
                after.weight.fill_((1 + after.eps) ** 0.5)
                after.bias.copy_(torch.from_numpy(bias))
            else:
                convolution.bias.copy_(torch.from_numpy(bias))
    return network.eval()


def halfway(one: ArtifactNetwork, other: ArtifactNetwork) -> ArtifactNetwork:
    """Return the network whose weights lie in the middle, where one goes on from the other.

    It keeps most of what the latter learned, and holds for faces unlike those of the lessons better
    than either (Wortsman et al., Robust Fine-Tuning of Zero-Shot Models, CVPR 2022).
    """
    pairs = zip(one.weights, other.weights, strict=True)
    return ArtifactNetwork([(0.5 * (a + c), 0.5 * (b + d)) for (a, b), (c, d) in pairs])


def normalise(network: MapNetwork, face: torch.Tensor, beside: torch.Tensor) -> None:
    """Let a network of `network_of` normalise as it answers to these lessons: it computes the same.

    Without it the first steps would throw away what it knows.
    """

    def answer(layer: nn.Module, _: object, out: torch.Tensor) -> None:
        variance, mean = torch.var_mean(out, dim=(0, 2, 3), correction=0)
        after = normalising[layer]
        after.running_mean.copy_(mean)
        after.running_var.copy_(variance)
        after.weight.copy_((variance + after.eps).sqrt())
        after.bias.add_(mean)

    stacks = [layer for layer in network.layers if isinstance(layer, nn.Sequential)]
    normalising: dict[nn.Module, Any] = {layer[0]: layer[1] for layer in stacks}
    hooks = [layer.register_forward_hook(answer) for layer in normalising]
    with torch.no_grad():
        network(face, beside)
    for hook in hooks:
        hook.remove()


def folded(layer: nn.Module) -> tuple[Floats, Floats]:
    """Return kernel (k * k * in, out) and bias (out,) of a layer, its normalisation folded in."""
    convolution = layer[0] if isinstance(layer, nn.Sequential) else layer
    assert isinstance(convolution, nn.Conv2d)
    kernel = convolution.weight.detach()
    bias = torch.zeros(len(kernel)) if convolution.bias is None else convolution.bias.detach()
    if isinstance(layer, nn.Sequential):
        after = layer[1]
        assert isinstance(after, nn.BatchNorm2d)
        assert after.running_var is not None
        assert after.running_mean is not None
        scale = after.weight.detach() / torch.sqrt(after.running_var + after.eps)
        kernel = kernel * scale[:, None, None, None]
        bias = after.bias.detach() - after.running_mean * scale
    flat = kernel.permute(2, 3, 1, 0).reshape(-1, len(kernel))
    return flat.contiguous().numpy(), bias.numpy()
