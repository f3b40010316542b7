"""The networks of the First Order Motion Model, parameter names as published.

Siarohin et al., "First Order Motion Model for Image Animation", NeurIPS 2019. Tensors are
(B, C, H, W) float in [0, 1]; coordinates are x, y in [-1, 1]; every size is a constructor
argument, and `model_params` of a published checkpoint are exactly those arguments. The
discriminator, which only training needs, stands there.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import (
    AntiAlias,
    DownBlock,
    Hourglass,
    ResBlock,
    SameBlock,
    UpBlock,
    convolve_by_fours,
    convolve_together,
    coordinate_grid,
    inverse_2x2,
    product_2x2,
    warp,
)

KEYPOINT_VARIANCE = 0.01  # of the Gaussians that show keypoints to the dense motion network
# Towards the edge of a picture a blending generator draws less and less, within so many pixels:
# convolutions see zeros beyond it, and training on parts of pictures does not judge what they make.
EDGE = 8
ANCHOR_GAIN = 3.0  # of an untrained anchor: its keypoint counts e^3 times as much
ANCHOR_SPREAD = 0.04  # of an untrained anchor, standard deviation
ANCHOR_UNIT = 10.0  # gains are learned in tens: at the pace of weights they would take for ever


class Points(NamedTuple):
    """`value` (B, K, 2); `jacobian` (B, K, 2, 2)."""

    value: Tensor
    jacobian: Tensor


class Motion(NamedTuple):
    """`deformation` (B, h, w, 2); `occlusion_map` (B, 1, h, w); `mask` (B, K+1, h, w)."""

    deformation: Tensor
    occlusion_map: Tensor
    mask: Tensor


class Encoded(NamedTuple):
    """What is constant for a source, all of it (B, ., ., .) at its own resolution."""

    features: Tensor
    small: Tensor  # the picture as the dense motion network sees it
    picture: Tensor | None  # where the generator blends

    def repeat(self, times: int) -> Encoded:
        """Each source so many times in a row."""
        maps = (part if part is None else part.repeat_interleave(times, dim=0) for part in self)
        return Encoded(*maps)  # type: ignore[arg-type]


def gaussians(points: Tensor, height: int, width: int) -> Tensor:
    """(B, K, height, width): a Gaussian of the fixed variance around each of (B, K, 2)."""
    offset = coordinate_grid(height, width, points) - points[:, :, None, None, :]
    return torch.exp(-0.5 * offset.square().sum(-1) / KEYPOINT_VARIANCE)


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


def flow(motion: Motion, height: int, width: int) -> Tensor:
    """The deformation as (B, height, width, 2), corner pixels on corner cells."""
    size = (height, width)
    deformation = motion.deformation.permute(0, 3, 1, 2)
    return F.interpolate(deformation, size, mode="bilinear", align_corners=True).permute(0, 2, 3, 1)


def _inside(length: int, like: Tensor) -> Tensor:
    """(length,): 1 inside a picture, down to 0 at its edges within EDGE pixels."""
    at = torch.arange(length, dtype=like.dtype, device=like.device) + 0.5
    return (torch.minimum(at, length - at) / EDGE).clamp(max=1)


class KeypointDetector(nn.Module):
    """K keypoints with a local affine part each, by soft-argmax over heatmaps (section 3.1).

    With `fold` n > 1 (not in the paper) the picture is shrunk n times less, and squares of n x n
    pixels are stacked into channels: eyelids stay visible, and the network remains as fast.
    """

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        temperature: float,
        scale_factor: float = 1.0,
        fold: int = 1,
    ) -> None:
        super().__init__()
        self.down = AntiAlias(num_channels, scale_factor * fold)
        self.fold = fold
        in_features = num_channels * fold**2
        self.predictor = Hourglass(block_expansion, in_features, num_blocks, max_features)
        # No padding: a keypoint cannot be put at the very edge of the picture.
        self.kp = nn.Conv2d(self.predictor.out_features, num_kp, 7)
        self.jacobian = nn.Conv2d(self.predictor.out_features, 4 * num_kp, 7)
        nn.init.zeros_(self.jacobian.weight)
        identity = torch.eye(2).flatten().repeat(num_kp)
        cast(Tensor, self.jacobian.bias).data.copy_(identity)
        self.temperature = temperature
        self.num_kp = num_kp

    def forward(self, image: Tensor) -> tuple[Points, Tensor]:
        """Keypoints of (B, C, H, W), and their heatmaps (B, K, h, w), each summing to 1."""
        small = self.down(image)
        if self.fold > 1:
            small = F.pixel_unshuffle(small, self.fold)
        features = self.predictor(small)
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


class Anchors(nn.Module):
    """What is added to the mask's logits around each keypoint: a narrow Gaussian of its own."""

    def __init__(self, num_kp: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((num_kp,), ANCHOR_GAIN / ANCHOR_UNIT))
        self.log_spread = nn.Parameter(torch.full((num_kp,), math.log(ANCHOR_SPREAD)))

    def forward(self, points: Tensor, height: int, width: int) -> Tensor:
        """(B, K+1, height, width) for (B, K, 2); nothing for the background."""
        offset = coordinate_grid(height, width, points) - points[:, :, None, None, :]
        distance = offset.square().sum(-1)  # (B, K, h, w)
        sharpness = -0.5 * torch.exp(-2 * self.log_spread)
        near = torch.exp(distance * sharpness[:, None, None])
        return F.pad(near * (self.gain * ANCHOR_UNIT)[:, None, None], (0, 0, 0, 0, 1, 0))


class DenseMotionNetwork(nn.Module):
    """From sparse motions (eq. 4) to one deformation and an occlusion map (section 3.2).

    With `anchored` (not in the paper) each keypoint's own motion is favoured close around it, by
    as much and as far as is learned. Eyelids need it: they are two cells apart here, and a mask
    drawn from Gaussians six cells wide tells the upper from the lower one only after long training.
    """

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        scale_factor: float = 1.0,
        anchored: bool = False,
    ) -> None:
        super().__init__()
        in_features = (num_kp + 1) * (num_channels + 1)
        self.hourglass = Hourglass(block_expansion, in_features, num_blocks, max_features)
        self.mask = nn.Conv2d(self.hourglass.out_features, num_kp + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.out_features, 1, 7, padding=3)
        self.down = AntiAlias(num_channels, scale_factor)
        self.anchors = Anchors(num_kp) if anchored else None

    def forward(self, small_source: Tensor, source: Points, driving: Points) -> Motion:
        """Motion from the driving pose back into the source.

        `small_source` is the source image shrunk by `down` (constant for a source).
        """
        batch, _, height, width = small_source.shape
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
        logits = logits.float()
        if self.anchors is not None:
            logits = logits + self.anchors(driving.value, height, width)
        mask = F.softmax(logits, dim=1)  # (B, K+1, h, w)
        deformation = (sparse * mask.flatten(2)[..., None]).sum(1)  # (B, h * w, 2)
        return Motion(
            deformation.unflatten(1, (height, width)),
            torch.sigmoid(occlusion.float()),
            mask,
        )


class Generator(nn.Module):
    """Occlusion-aware generator; holds the dense motion network, as published checkpoints do.

    With `blend` (not in the paper) its last layer has one output more: the share of each pixel
    that is drawn anew. The rest is the source picture itself, moved. What was sharp stays sharp,
    and a small network need not learn to copy.
    """

    def __init__(
        self,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_down_blocks: int,
        num_bottleneck_blocks: int,
        dense_motion_params: dict[str, int | float],
        blend: bool = False,
    ) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotionNetwork(num_kp, num_channels, **dense_motion_params)  # type: ignore[arg-type]
        widths = [min(max_features, block_expansion * 2**i) for i in range(num_down_blocks + 1)]
        self.first = SameBlock(num_channels, widths[0], 7)
        self.down_blocks = nn.ModuleList(
            DownBlock(narrow, wide) for narrow, wide in pairwise(widths)
        )
        self.bottleneck = nn.Sequential()
        for i in range(num_bottleneck_blocks):
            self.bottleneck.add_module(f"r{i}", ResBlock(widths[-1]))
        widths.reverse()
        self.up_blocks = nn.ModuleList(UpBlock(wide, narrow) for wide, narrow in pairwise(widths))
        self.final = nn.Conv2d(widths[-1], num_channels + blend, 7, padding=3)
        self.blend = blend

    def encode(self, source: Tensor) -> Encoded:
        """Encode (B, C, H, W) once for all poses it will be rendered in."""
        features = self.first(source)
        for block in self.down_blocks:
            features = block(features)
        small = self.dense_motion_network.down(source)
        return Encoded(features, small, source if self.blend else None)

    def render(self, encoded: Encoded, motion: Motion) -> Tensor:
        """The source moved: (B, C, H, W) in [0, 1]."""
        fitted = resize(motion, *encoded.features.shape[2:])
        drawn = self.draw(encoded.features, fitted)
        if encoded.picture is None:
            return drawn
        height, width = encoded.picture.shape[2:]
        rows, columns = _inside(height, drawn), _inside(width, drawn)
        grid = flow(motion, height, width)
        return self.compose(encoded.picture, grid, drawn, rows[:, None] * columns)

    def draw(self, features: Tensor, motion: Motion) -> Tensor:
        """What the network draws, (B, C, H, W) in [0, 1]; with `blend`, its share as one more.

        `motion` has the resolution of the features, or is a part cut out of one that has.
        """
        out = warp(features, motion.deformation) * motion.occlusion_map
        out = self.bottleneck(out)
        for block in self.up_blocks:
            out = block(out)
        return torch.sigmoid(convolve_by_fours(out, self.final).float())

    @staticmethod
    def compose(picture: Tensor, grid: Tensor, drawn: Tensor, most: Tensor | float = 1.0) -> Tensor:
        """The source picture sampled at `grid` (B, h, w, 2), and over it what was drawn.

        Of its share counts `most`, in [0, 1], one number or (h, w).
        """
        # Here -1 and 1 are the corner pixels' centres, so that a picture at rest stays as sharp as
        # it is; and its edge goes on beyond it, since what lies there is as a rule the same.
        moved = F.grid_sample(picture, grid, padding_mode="border", align_corners=True)
        colours, share = drawn.split((drawn.shape[1] - 1, 1), dim=1)
        return torch.lerp(moved, colours, share * most)

    def forward(
        self, source: Tensor, source_points: Points, driving: Points
    ) -> tuple[Tensor, Motion]:
        """The straight path: encode, move and paint in one go."""
        encoded = self.encode(source)
        motion: Motion = self.dense_motion_network(encoded.small, source_points, driving)
        return self.render(encoded, motion), motion
