"""What the networks are built of: coordinates, cheap forms of convolutions, blocks, the hourglass.

Tensors are (B, C, H, W) float; coordinates are x, y in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def coordinate_grid(height: int, width: int, like: Tensor) -> Tensor:
    """(height, width, 2) of x, y; the corner pixels' centres lie at -1 and 1."""
    x = torch.arange(width, dtype=like.dtype, device=like.device) * (2 / (width - 1)) - 1
    y = torch.arange(height, dtype=like.dtype, device=like.device) * (2 / (height - 1)) - 1
    return torch.stack((x.expand(height, width), y[:, None].expand(height, width)), dim=-1)


def warp(image: Tensor, grid: Tensor) -> Tensor:
    """Sample `image` (B, C, H, W) at `grid` (B, h, w, 2); outside [-1, 1] reads zeros."""
    return F.grid_sample(image, grid, align_corners=False)


def inverse_2x2(matrix: Tensor) -> Tensor:
    """Inverse of (..., 2, 2) in closed form, so that exporters can digest it.

    A determinant near zero is held away from it with its sign kept: the picture breaks then, and
    the failure measures say so, but nothing becomes infinite.
    """
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    determinant = a * d - b * c
    tiny = torch.full_like(determinant, 1e-6)
    safe = torch.where(
        determinant.abs() > tiny, determinant, torch.where(determinant < 0, -tiny, tiny)
    )
    adjugate = torch.stack((d, -b, -c, a), dim=-1)  # (..., 4)
    inverse: Tensor = (adjugate / safe[..., None]).unflatten(-1, (2, 2))
    return inverse


def product_2x2(left: Tensor, right: Tensor) -> Tensor:
    """Matrix product of (..., 2, 2), spelled out so that autocast keeps it in full precision."""
    return (left[..., :, :, None] * right[..., None, :, :]).sum(-2)


def convolve_together(x: Tensor, *convolutions: nn.Conv2d) -> tuple[Tensor, ...]:
    """Each convolution of `x`, in one pass: narrow ones alone leave most of a vector unit idle."""
    weight = torch.cat([convolution.weight for convolution in convolutions])
    bias = torch.cat([cast(Tensor, convolution.bias) for convolution in convolutions])
    widths = [convolution.out_channels for convolution in convolutions]
    out = F.conv2d(x, weight, bias, padding=convolutions[0].padding)
    return torch.split(out, widths, dim=1)


def doubled_kernel(weight: Tensor) -> Tensor:
    """Kernels (in, out, 4, 4) for a picture that equal `weight` (out, in, 3, 3) for its double.

    Doubled pixels (nearest neighbours) meet several taps with one value, so those taps are added up
    beforehand: what remains is a transposed convolution with stride 2 and 4/9 of the products.
    """
    taps = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
    # As products of matrices, which converters fold into a constant; an einsum they leave as it is.
    return (taps @ weight @ taps.T).transpose(0, 1)


def convolve_doubled(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """A 3 x 3 convolution of `x` at twice the size (nearest neighbours), by `doubled_kernel`."""
    kernel = doubled_kernel(convolution.weight)
    return F.conv_transpose2d(x, kernel, convolution.bias, stride=2, padding=1)


def convolve_by_fours(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """A convolution with few outputs, four neighbouring pixels of them at a time.

    The kernel (k, k) stands at its four places in one of (k + 1, k + 1) that moves by two pixels:
    three outputs become twelve, which fill a vector unit. Needs an even height and width.
    """
    padding = cast(tuple[int, int], convolution.padding)
    places = [(left, 1 - left, top, 1 - top) for top in (0, 1) for left in (0, 1)]
    shifted = torch.stack([F.pad(convolution.weight, place) for place in places], dim=1)
    bias = cast(Tensor, convolution.bias).repeat_interleave(4)
    out = F.conv2d(x, shifted.flatten(0, 1), bias, stride=2, padding=padding)
    return F.pixel_shuffle(out, 2)


class AntiAlias(nn.Module):
    """Blur, then take every n-th pixel: shrinks (B, C, H, W) by `scale_factor` = 1 / n."""

    weight: Tensor

    def __init__(self, channels: int, scale_factor: float) -> None:
        super().__init__()
        self.step = round(1 / scale_factor)
        self.channels = channels
        if self.step == 1:
            return
        sigma = (1 / scale_factor - 1) / 2
        radius = round(sigma * 4)
        offset = torch.arange(2 * radius + 1, dtype=torch.float32) - radius
        line = torch.exp(-offset.square() / (2 * sigma**2))
        kernel = line[:, None] * line[None, :]
        # A buffer, not a constant: published checkpoints carry their own copy of it.
        self.register_buffer("weight", (kernel / kernel.sum()).repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H / n, W / n) of (B, C, H, W)."""
        if self.step == 1:
            return x
        radius = self.weight.shape[-1] // 2
        return F.conv2d(x, self.weight, padding=radius, stride=self.step, groups=self.channels)


class SameBlock(nn.Module):
    """Convolution, batch norm, ReLU at one resolution."""

    def __init__(self, in_features: int, out_features: int, kernel_size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_features, out_features, kernel_size, padding=kernel_size // 2)
        self.norm = nn.BatchNorm2d(out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, out, H, W) of (B, in, H, W)."""
        return F.relu(self.norm(self.conv(x)))


class DownBlock(SameBlock):
    """A `SameBlock`, then half the resolution."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, out, H / 2, W / 2) of (B, in, H, W)."""
        return F.avg_pool2d(super().forward(x), 2)


class UpBlock(SameBlock):
    """Twice the resolution, then a `SameBlock`."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, out, 2 H, 2 W) of (B, in, H, W)."""
        return F.relu(self.norm(convolve_doubled(x, self.conv)))


class SettledUpBlock(nn.Module):
    """An `UpBlock` whose weights no longer change, as a convolution of 2 x 2 and no batch norm.

    The pixels of the result lie in fours around the corners of those of `x`, and each four see only
    the pixels that meet there: they are four channels of one convolution, laid out afterwards.
    Unlike a transposed convolution of any size it is computed in 8-bit integers where it may be.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, block: UpBlock) -> None:
        super().__init__()
        norm = block.norm
        scale = norm.weight * torch.rsqrt(cast(Tensor, norm.running_var) + norm.eps)
        weight = (block.conv.weight * scale[:, None, None, None]).detach()
        bias = (cast(Tensor, block.conv.bias) - cast(Tensor, norm.running_mean)) * scale + norm.bias
        out, inner = weight.shape[:2]
        # By the row before a corner and the row after it: the taps that meet each pixel there.
        taps = weight.new_tensor([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]])
        corners = (taps @ weight @ taps.T).reshape(out, inner, 2, 2, 2, 2)
        corners = corners.permute(0, 2, 4, 1, 3, 5).reshape(4 * out, inner, 2, 2)
        self.register_buffer("weight", corners.contiguous())
        self.register_buffer("bias", bias.detach().repeat_interleave(4))

    def forward(self, x: Tensor) -> Tensor:
        """As `UpBlock`."""
        corners = F.relu(F.conv2d(x, self.weight, self.bias, padding=1))
        return F.pixel_shuffle(corners, 2)[..., 1:-1, 1:-1]


def replace_up_blocks(network: nn.Module, make: Callable[[UpBlock], nn.Module]) -> None:
    """Put what `make` makes of it in the place of every `UpBlock` of a network."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, UpBlock):
                setattr(parent, name, make(child))


class ResBlock(nn.Module):
    """Pre-activation residual block."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(features)
        self.norm2 = nn.BatchNorm2d(features)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape as `x`."""
        inner = self.conv1(F.relu(self.norm1(x)))
        out: Tensor = x + self.conv2(F.relu(self.norm2(inner)))
        return out


class _Encoder(nn.Module):
    def __init__(
        self, block_expansion: int, in_features: int, num_blocks: int, max_features: int
    ) -> None:
        super().__init__()
        widths = [in_features] + [
            min(max_features, block_expansion * 2 ** (i + 1)) for i in range(num_blocks)
        ]
        self.down_blocks = nn.ModuleList(
            DownBlock(widths[i], widths[i + 1]) for i in range(num_blocks)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [x]
        for block in self.down_blocks:
            maps.append(block(maps[-1]))
        return maps


class _Decoder(nn.Module):
    def __init__(self, block_expansion: int, num_blocks: int, max_features: int) -> None:
        super().__init__()
        blocks = []
        for i in reversed(range(num_blocks)):
            joined = 1 if i == num_blocks - 1 else 2  # all but the innermost see a skip as well
            wide = joined * min(max_features, block_expansion * 2 ** (i + 1))
            blocks.append(UpBlock(wide, min(max_features, block_expansion * 2**i)))
        self.up_blocks = nn.ModuleList(blocks)

    def forward(self, maps: list[Tensor]) -> Tensor:
        out = maps.pop()
        for block in self.up_blocks:
            out = torch.cat((block(out), maps.pop()), dim=1)
        return out


class Hourglass(nn.Module):
    """U-Net; gives `out_features` = block_expansion + in_features channels at the input's size."""

    def __init__(
        self, block_expansion: int, in_features: int, num_blocks: int, max_features: int
    ) -> None:
        super().__init__()
        self.encoder = _Encoder(block_expansion, in_features, num_blocks, max_features)
        self.decoder = _Decoder(block_expansion, num_blocks, max_features)
        self.out_features = block_expansion + in_features

    def forward(self, x: Tensor) -> Tensor:
        """(B, out_features, H, W) of (B, in, H, W)."""
        out: Tensor = self.decoder(self.encoder(x))
        return out
