"""The four networks of the First Order Motion Model, parameter names as published.

Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019. Tensors are
(B, C, H, W) float in [0, 1]; coordinates are x, y in [-1, 1]; every size is a constructor
argument, and `model_params` of a published checkpoint are exactly those arguments.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

KEYPOINT_VARIANCE = 0.01  # of the Gaussians that show keypoints to the dense motion network


class Points(NamedTuple):
    """`value` (B, K, 2); `jacobian` (B, K, 2, 2)."""

    value: Tensor
    jacobian: Tensor


class Motion(NamedTuple):
    """`deformation` (B, h, w, 2); `occlusion_map` (B, 1, h, w); `mask` (B, K+1, h, w)."""

    deformation: Tensor
    occlusion_map: Tensor
    mask: Tensor
    sparse_deformed: Tensor  # (B, K+1, C, h, w): the source warped by each keypoint alone


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
    return (adjugate / safe[..., None]).unflatten(-1, (2, 2))


def product_2x2(left: Tensor, right: Tensor) -> Tensor:
    """Matrix product of (..., 2, 2), spelled out so that autocast keeps it in full precision."""
    return (left[..., :, :, None] * right[..., None, :, :]).sum(-2)


def gaussians(points: Tensor, height: int, width: int) -> Tensor:
    """(B, K, height, width): a Gaussian of the fixed variance around each of (B, K, 2)."""
    offset = coordinate_grid(height, width, points) - points[:, :, None, None, :]
    return torch.exp(-0.5 * offset.square().sum(-1) / KEYPOINT_VARIANCE)


def convolve_together(x: Tensor, *convolutions: nn.Conv2d) -> tuple[Tensor, ...]:
    """Each convolution of `x`, in one pass: narrow ones alone leave most of a vector unit idle."""
    weight = torch.cat([convolution.weight for convolution in convolutions])
    bias = torch.cat([cast(Tensor, convolution.bias) for convolution in convolutions])
    widths = [convolution.out_channels for convolution in convolutions]
    return F.conv2d(x, weight, bias, padding=convolutions[0].padding).split(widths, dim=1)


def convolve_doubled(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """A 3 x 3 convolution of `x` at twice the size (nearest neighbours), with 4/9 of the products.

    Doubled pixels meet several taps with one value, so those taps are added up beforehand: what
    remains is a transposed convolution of 4 x 4 with stride 2.
    """
    taps = x.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.float32)
    weight = torch.einsum("tk,oikl,sl->iots", taps, convolution.weight, taps)
    return F.conv_transpose2d(x, weight, convolution.bias, stride=2, padding=1)


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


def resize(motion: Motion, height: int, width: int) -> Motion:
    """`motion` with its deformation and occlusion map at another size, where it differs."""
    if motion.occlusion_map.shape[2:] == (height, width):
        return motion
    size = (height, width)
    deformation = motion.deformation.permute(0, 3, 1, 2)
    return motion._replace(
        deformation=F.interpolate(deformation, size, mode="bilinear").permute(0, 2, 3, 1),
        occlusion_map=F.interpolate(motion.occlusion_map, size, mode="bilinear"),
    )


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
        return F.relu(self.norm(self.conv(x)))


class DownBlock(SameBlock):
    """A `SameBlock`, then half the resolution."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(super().forward(x), 2)


class UpBlock(SameBlock):
    """Twice the resolution, then a `SameBlock`."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(convolve_doubled(x, self.conv)))


class ResBlock(nn.Module):
    """Pre-activation residual block."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(features)
        self.norm2 = nn.BatchNorm2d(features)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(out)))


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
        out: Tensor = self.decoder(self.encoder(x))
        return out


class KeypointDetector(nn.Module):
    """K keypoints with a local affine part each, by soft-argmax over heatmaps (section 3.1)."""

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        temperature: float,
        scale_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.down = AntiAlias(num_channels, scale_factor)
        self.predictor = Hourglass(block_expansion, num_channels, num_blocks, max_features)
        # No padding: a keypoint cannot be put at the very edge of the picture.
        self.kp = nn.Conv2d(self.predictor.out_features, num_kp, 7)
        self.jacobian = nn.Conv2d(self.predictor.out_features, 4 * num_kp, 7)
        nn.init.zeros_(self.jacobian.weight)
        identity = torch.eye(2).flatten().repeat(num_kp)
        self.jacobian.bias.data.copy_(identity)
        self.temperature = temperature
        self.num_kp = num_kp

    def forward(self, image: Tensor) -> tuple[Points, Tensor]:
        """Keypoints of (B, C, H, W), and their heatmaps (B, K, h, w), each summing to 1."""
        features = self.predictor(self.down(image))
        # Coordinates need full precision, whatever the convolutions run in.
        heads = convolve_together(features, self.kp, self.jacobian)
        logits = heads[0].float()  # (B, K, h, w)
        height, width = logits.shape[2:]
        heatmap = F.softmax(logits.flatten(2) / self.temperature, dim=2)  # (B, K, h * w)
        grid = coordinate_grid(height, width, logits).flatten(0, 1)  # (h * w, 2)
        value = (heatmap[..., None] * grid).sum(2)  # (B, K, 2)
        maps = heads[1].unflatten(1, (self.num_kp, 4)).flatten(3)  # (B, K, 4, h * w)
        jacobian = (maps * heatmap[:, :, None]).sum(3).unflatten(2, (2, 2))  # (B, K, 2, 2)
        return Points(value, jacobian), heatmap.unflatten(2, (height, width))


class DenseMotionNetwork(nn.Module):
    """From sparse motions (eq. 4) to one deformation and an occlusion map (section 3.2)."""

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        scale_factor: float = 1.0,
    ) -> None:
        super().__init__()
        in_features = (num_kp + 1) * (num_channels + 1)
        self.hourglass = Hourglass(block_expansion, in_features, num_blocks, max_features)
        self.mask = nn.Conv2d(self.hourglass.out_features, num_kp + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.out_features, 1, 7, padding=3)
        self.down = AntiAlias(num_channels, scale_factor)

    def forward(self, small_source: Tensor, source: Points, driving: Points) -> Motion:
        """Motion from the driving pose back into the source.

        `small_source` is the source image shrunk by `down` (constant for a source).
        """
        batch, channels, height, width = small_source.shape
        count = source.value.shape[1]
        identity = coordinate_grid(height, width, small_source)  # (h, w, 2)
        offset = identity - driving.value[:, :, None, None, :]  # (B, K, h, w, 2)
        affine = product_2x2(source.jacobian, inverse_2x2(driving.jacobian))  # (B, K, 2, 2)
        columns = affine[:, :, None, None]  # (B, K, 1, 1, 2, 2)
        moved = offset[..., :1] * columns[..., 0] + offset[..., 1:] * columns[..., 1]
        moved = moved.flatten(2, 3) + source.value[:, :, None, :]  # (B, K, h * w, 2)
        still = identity.flatten(0, 1).expand(batch, 1, -1, -1)  # the background
        sparse = torch.cat((still, moved), dim=1)  # (B, K+1, h * w, 2)

        # Every keypoint's warp in one sampling: keypoints are stacked along the grid's height.
        stacked = sparse.reshape(batch, (count + 1) * height, width, 2)
        deformed = warp(small_source, stacked).unflatten(2, (count + 1, height))
        deformed = deformed.transpose(1, 2)  # (B, K+1, C, h, w)
        heat = gaussians(driving.value, height, width) - gaussians(source.value, height, width)
        heat = F.pad(heat, (0, 0, 0, 0, 1, 0))[:, :, None]  # (B, K+1, 1, h, w), background 0
        features = self.hourglass(torch.cat((heat, deformed), dim=2).flatten(1, 2))

        logits, occlusion = convolve_together(features, self.mask, self.occlusion)
        mask = F.softmax(logits.float(), dim=1)  # (B, K+1, h, w)
        deformation = (sparse * mask.flatten(2)[..., None]).sum(1)  # (B, h * w, 2)
        return Motion(
            deformation.unflatten(1, (height, width)),
            torch.sigmoid(occlusion.float()),
            mask,
            deformed,
        )


class Generator(nn.Module):
    """Occlusion-aware generator; holds the dense motion network, as published checkpoints do."""

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_down_blocks: int,
        num_bottleneck_blocks: int,
        dense_motion_params: dict[str, int | float],
    ) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotionNetwork(num_kp, num_channels, **dense_motion_params)  # type: ignore[arg-type]
        widths = [min(max_features, block_expansion * 2**i) for i in range(num_down_blocks + 1)]
        self.first = SameBlock(num_channels, widths[0], 7)
        self.down_blocks = nn.ModuleList(
            DownBlock(narrow, wide) for narrow, wide in zip(widths, widths[1:], strict=False)
        )
        self.bottleneck = nn.Sequential()
        for i in range(num_bottleneck_blocks):
            self.bottleneck.add_module(f"r{i}", ResBlock(widths[-1]))
        widths.reverse()
        self.up_blocks = nn.ModuleList(
            UpBlock(wide, narrow) for wide, narrow in zip(widths, widths[1:], strict=False)
        )
        self.final = nn.Conv2d(widths[-1], num_channels, 7, padding=3)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """What is constant for a source: its features and its small picture for dense motion."""
        features = self.first(source)
        for block in self.down_blocks:
            features = block(features)
        return features, self.dense_motion_network.down(source)

    def warp_features(self, features: Tensor, motion: Motion) -> Tensor:
        """Source features (B, C, h, w) moved into the driving pose, the occluded parts cleared."""
        motion = resize(motion, features.shape[2], features.shape[3])
        return warp(features, motion.deformation) * motion.occlusion_map

    def decode(self, warped: Tensor) -> Tensor:
        """From warped features to the rendered picture (B, C, H, W) in [0, 1]."""
        out = self.bottleneck(warped)
        for block in self.up_blocks:
            out = block(out)
        return torch.sigmoid(convolve_by_fours(out, self.final).float())

    def forward(self, source: Tensor, source_points: Points, driving: Points) -> tuple[Tensor, Motion]:
        """The straight path: encode, move and decode in one go."""
        features, small = self.encode(source)
        motion: Motion = self.dense_motion_network(small, source_points, driving)
        return self.decode(self.warp_features(features, motion)), motion


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
        self.discs = nn.ModuleDict({
            str(scale).replace(".", "-"): _ScaleDiscriminator(
                in_features, block_expansion, num_blocks, max_features
            )
            for scale in scales
        })
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
