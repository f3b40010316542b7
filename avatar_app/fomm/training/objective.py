"""What a stage of training wants: its weighted losses on one batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.blocks import warp
from avatar_app.fomm.networks import Generator, Motion, Points, flow, resize
from avatar_app.fomm.perceptual import VggFeatures
from avatar_app.fomm.training import losses
from avatar_app.fomm.training.config import BORDER, Stage
from avatar_app.fomm.training.data import Batch
from avatar_app.fomm.training.discriminator import Discriminator


@dataclass(frozen=True)
class Judged:
    """What the discriminator is shown: pictures (B, 3, h, w) and keypoints (B, K, 2)."""

    rendered: Tensor
    real: Tensor
    points: Tensor


class Objective:
    """Runs the networks on a batch and weighs what they did."""

    def __init__(
        self,
        nets: nn.ModuleDict,
        vgg: VggFeatures | None,
        discriminator: Discriminator | None,
        dtype: torch.dtype,
        random: torch.Generator,
    ) -> None:
        """`nets` holds "generator" and "kp_detector"; convolutions run in `dtype`."""
        self._detector = nets["kp_detector"]
        self._generator: Generator = nets["generator"]  # type: ignore[assignment]
        self._vgg = vgg
        self._discriminator = discriminator
        self._dtype = dtype
        self._random = random

    def autocast(self, device: torch.device) -> torch.autocast:
        """Convolutions in the chosen precision."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self._dtype != torch.float32)

    def __call__(self, stage: Stage, batch: Batch) -> tuple[dict[str, Tensor], Judged | None]:
        """Weighted losses by name, and what the discriminator is to learn from."""
        with self.autocast(batch.source.device):
            source, _ = self._detector(batch.source)
            driving, _ = self._detector(batch.driving_seen)
        terms = self._keypoint_losses(stage, batch, source, driving)
        if stage.trains == "keypoints":
            return terms, None
        motion = self._motion(stage, batch, source, driving, terms)
        if stage.trains == "motion":
            return terms, None
        rendered, drawn, real, weight = self._render(stage, batch, motion)
        if stage.perceptual:
            assert self._vgg is not None
            terms["perceptual"] = stage.perceptual * losses.perceptual(
                self._vgg, rendered, real, stage.vgg_depths, self._dtype
            )
        if stage.pixel:
            terms["pixel"] = stage.pixel * (weight * (rendered - real).abs()).mean()
        if stage.drawn:
            assert self._vgg is not None
            # Coarsely, at half the resolution: the share of what is drawn grows where it is good.
            coarse = (0, *stage.vgg_depths[1:])
            alone = losses.perceptual(self._vgg, drawn, real, coarse, self._dtype)
            terms["drawn"] = stage.drawn * (
                stage.perceptual * alone + stage.pixel * (weight * (drawn - real).abs()).mean()
            )
        if stage.adversarial:
            assert self._discriminator is not None
            with self.autocast(batch.source.device):
                fooled, matching = losses.adversarial(
                    self._discriminator, rendered, real, driving.value.detach()
                )
            terms["adversarial"] = stage.adversarial * fooled
            terms["feature_matching"] = stage.feature_matching * matching
        return terms, Judged(rendered, real, driving.value)

    def _keypoint_losses(
        self, stage: Stage, batch: Batch, source: Points, driving: Points
    ) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        count = round(len(batch.driving) * stage.equivariance_share)
        if count and (stage.equivariance_value or stage.equivariance_jacobian):
            transform = losses.RandomWarp(batch.driving[:count], self._random)
            with self.autocast(batch.source.device):
                warped, _ = self._detector(transform.image(batch.driving_seen[:count]))
            found = Points(driving.value[:count], driving.jacobian[:count])
            value, jacobian = losses.equivariance(found, warped, transform)
            terms["equivariance_value"] = stage.equivariance_value * value
            terms["equivariance_jacobian"] = stage.equivariance_jacobian * jacobian
        if stage.landmark_keypoints:
            error = losses.landmark_keypoints(source, batch.source_landmarks)
            error = error + losses.landmark_keypoints(driving, batch.driving_landmarks)
            terms["landmark_keypoints"] = stage.landmark_keypoints * error
        return terms

    def _motion(
        self,
        stage: Stage,
        batch: Batch,
        source: Points,
        driving: Points,
        terms: dict[str, Tensor],
    ) -> Motion:
        """The dense motion; its own losses go into `terms`."""
        network = self._generator.dense_motion_network
        with self.autocast(batch.source.device):
            small = network.down(batch.source)
            motion: Motion = network(small, source, driving)
        if stage.landmark_flow:
            terms["landmark_flow"] = stage.landmark_flow * losses.landmark_flow(
                motion.deformation, batch.source_landmarks, batch.driving_landmarks
            )
        if stage.moved:
            wanted = network.down(batch.driving)
            moved = warp(small.float(), motion.deformation)
            weight = _weight(stage, batch, wanted)
            terms["moved"] = stage.moved * (weight * (moved - wanted).abs()).mean()
        return motion

    def _render(self, stage: Stage, batch: Batch, motion: Motion) -> tuple[Tensor, ...]:
        """Rendered, drawn and real pictures and the weight of their pixels, or a crop of all."""
        generator = self._generator
        shrink = batch.source.shape[-1] // stage.size
        if not stage.encoder:  # it is what it will be, and so are its statistics
            generator.first.eval()
            generator.down_blocks.eval()
        with self.autocast(batch.source.device), torch.set_grad_enabled(stage.encoder):
            encoded = generator.encode(F.avg_pool2d(batch.source[:: stage.drivers], shrink))
        encoded = encoded.repeat(stage.drivers)
        real = F.avg_pool2d(batch.driving, shrink)
        fitted = resize(motion, *encoded.features.shape[2:])
        grid = flow(motion, *real.shape[2:])
        seen = torch.cat((real, _weight(stage, batch, real)), dim=1)
        if stage.crop:
            fitted, grid, seen = self._crop(stage, fitted, grid, seen, batch)
        real, weight = seen[:, :-1], seen[:, -1:]
        with self.autocast(batch.source.device):
            rendered = drawn = generator.draw(encoded.features, fitted)
        if encoded.picture is not None:
            rendered = generator.compose(encoded.picture, grid, drawn)
        border = slice(BORDER, -BORDER) if stage.crop else slice(None)
        return tuple(picture[:, :3, border, border] for picture in (rendered, drawn, real, weight))

    def _crop(
        self, stage: Stage, motion: Motion, grid: Tensor, real: Tensor, batch: Batch
    ) -> tuple[Motion, Tensor, Tensor]:
        """One square of `real` and all else, aligned to feature cells.

        Around a random landmark, half of which lie on eyes and mouth: what matters most is small.
        `anywhere` is the share that lies wherever it falls instead: no landmark is near the hair.
        """
        cells = motion.deformation.shape[1]
        cell = real.shape[-1] // cells
        width = (stage.crop or real.shape[-1]) // cell
        landmarks = torch.nan_to_num(batch.driving_landmarks).cpu()
        count = len(landmarks)
        chosen = torch.randint(landmarks.shape[1], (count,), generator=self._random)
        centres = landmarks[torch.arange(count), chosen]  # (B, 2)
        jitter = torch.randn(centres.shape, generator=self._random) * 0.1
        free = torch.rand(count, 1, generator=self._random) < stage.anywhere
        wherever = torch.rand(centres.shape, generator=self._random) * 2 - 1
        centres = torch.where(free, wherever, centres)
        corners = ((centres + jitter + 1) / 2 * cells - width / 2).round().long()
        corners = corners.clamp(0, cells - width)

        def cut(tensor: Tensor, scale: int) -> Tensor:  # (B, C, H, W)
            return torch.stack(
                [
                    part[:, y * scale : (y + width) * scale, x * scale : (x + width) * scale]
                    for part, (x, y) in zip(tensor, corners.tolist(), strict=True)
                ]
            )

        deformation = cut(motion.deformation.permute(0, 3, 1, 2), 1).permute(0, 2, 3, 1)
        fitted = motion._replace(
            deformation=deformation, occlusion_map=cut(motion.occlusion_map, 1)
        )
        return fitted, cut(grid.permute(0, 3, 1, 2), cell).permute(0, 2, 3, 1), cut(real, cell)


def _weight(stage: Stage, batch: Batch, like: Tensor) -> Tensor:
    """(B, 1, H, W), 1 and more: how much each pixel of the driving frame counts."""
    return 1 + stage.detail * losses.detail_map(batch.driving_landmarks, *like.shape[2:])
