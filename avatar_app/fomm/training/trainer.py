"""The training loop: stages by wall-clock share, checkpoints every minute, weights averaged."""

from __future__ import annotations

import csv
import dataclasses
import os
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avatar_app.fomm.networks import (
    Discriminator,
    Generator,
    KeypointDetector,
    Motion,
    Points,
    resize,
    warp,
)
from avatar_app.fomm.perceptual import VggFeatures
from avatar_app.fomm.training import losses
from avatar_app.fomm.training.config import Stage, TrainingConfig
from avatar_app.fomm.training.data import Batch, Clip, ClipSampler
from avatar_app.fomm.training.validation import Validation
from avatar_app.types import AvatarAppError

SAVE_EVERY = 45.0  # seconds: an interrupted run loses at most a minute
VALIDATE_EVERY = 240.0
LOG_EVERY = 10.0
WARM_UP = 0.02  # of a stage: the learning rate climbs
MILESTONES = (0.6, 0.9)  # of the last stage: the learning rate falls tenfold, as in the paper
ADAM_BETAS = (0.5, 0.999)
BORDER = 8  # pixels of a crop that are not judged: convolutions see zeros beyond its edge


@dataclass(frozen=True)
class Step:
    """One line of the log: seconds trained, steps taken, and the losses' means since the last."""

    seconds: float
    step: int
    stage: str
    samples_per_second: float
    losses: dict[str, float]


class Trainer:
    """Trains the networks of one config; everything it needs to go on is in its checkpoint."""

    def __init__(
        self,
        config: TrainingConfig,
        clips: Sequence[Clip],
        validation: Validation,
        out: Path,
        device: str,
        half: bool,
    ) -> None:
        """Build networks and optimisers on `device`; `half` runs convolutions in bfloat16."""
        torch.manual_seed(config.seed)
        self.config = config
        self.out = out
        self.seconds = 0.0
        self.step = 0
        self._device = torch.device(device)
        self._dtype = torch.bfloat16 if half else torch.float32
        self._validation = validation
        common = _common(config)
        parts = config.model_params
        generator = dict(parts["generator_params"])
        generator.pop("estimate_occlusion_map")
        self._nets = nn.ModuleDict({
            "generator": Generator(**common, **generator),
            "kp_detector": KeypointDetector(**common, **parts["kp_detector_params"]),
        })
        self._discriminator: Discriminator | None = None
        if any(stage.adversarial for stage in config.stages):
            self._discriminator = Discriminator(**common, **parts["discriminator_params"])
            self._discriminator.to(self._device, memory_format=torch.channels_last)
        self._nets.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = {key: value.clone() for key, value in self._nets.state_dict().items()}
        self._optimizer = torch.optim.Adam(self._nets.parameters(), betas=ADAM_BETAS)
        self._judge = (
            torch.optim.Adam(self._discriminator.parameters(), betas=ADAM_BETAS)
            if self._discriminator
            else None
        )
        self._random = torch.Generator().manual_seed(config.seed)
        self._sampler = ClipSampler(clips, self._device, config.seed)
        depths = [d for stage in config.stages if stage.networks for d in stage.vgg_depths]
        self._vgg = VggFeatures(max(depths)) if depths else None
        if self._vgg:
            self._vgg.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def averaged_weights(self) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        """The moving average of the weights as float32, named as in a checkpoint."""
        return {key: value.float().cpu().numpy() for key, value in self._average.items()}

    def run(self, minutes: float, report: Callable[[Step], None]) -> None:
        """Train until `minutes` in all (earlier ones counted) are through.

        `report` is called with every line of the log. An interrupt (Ctrl-C) saves and is raised
        again.
        """
        started = time.monotonic() - self.seconds
        saved = validated = logged = self.seconds
        sums: dict[str, float] = {}
        count = samples = 0
        try:
            while self.seconds < minutes * 60:
                stage, through = self.config.stage_at(self.seconds / (minutes * 60))
                rate = self._learning_rate(stage, through)
                values = self._train_step(stage, rate)
                self.step += 1
                count += 1
                samples += stage.batch_size
                self.seconds = time.monotonic() - started
                for key, value in values.items():
                    sums[key] = sums.get(key, 0.0) + value
                if self.seconds - logged >= LOG_EVERY:
                    means = {key: value / count for key, value in sums.items()}
                    speed = samples / (self.seconds - logged)
                    line = Step(self.seconds, self.step, stage.name, speed, means)
                    self._log(line)
                    report(line)
                    sums, count, samples, logged = {}, 0, 0, self.seconds
                if self.seconds - saved >= SAVE_EVERY:
                    self.save()
                    saved = self.seconds
                if self.seconds - validated >= VALIDATE_EVERY:
                    self.validate()
                    validated = self.seconds
        except KeyboardInterrupt:
            self.save()
            raise
        self.validate()
        self.save()

    def validate(self) -> None:
        """Measure and draw the averaged weights on the validation pairs."""
        current = {key: value.clone() for key, value in self._nets.state_dict().items()}
        self._nets.load_state_dict(self._average)
        self._nets.eval()
        self._validation.measure(self._nets, self.seconds, self._dtype)
        self._nets.train()
        self._nets.load_state_dict(current)

    def save(self) -> None:
        """Write the checkpoint beside its final name, then put it there."""
        state = {
            "config": dataclasses.asdict(self.config),
            "seconds": self.seconds,
            "step": self.step,
            "nets": self._nets.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
        }
        if self._discriminator is not None and self._judge is not None:
            state["discriminator"] = self._discriminator.state_dict()
            state["judge"] = self._judge.state_dict()
        path = self.out / "checkpoint.pt"
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    def resume(self) -> None:
        """Go on from the checkpoint in `out`; its networks must be those of the config."""
        path = self.out / "checkpoint.pt"
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            self._nets.load_state_dict(state["nets"])
            self._average = state["average"]
            self._optimizer.load_state_dict(state["optimizer"])
            if self._discriminator is not None and self._judge is not None:
                if "discriminator" in state:  # a run that had none yet may get one on the way
                    self._discriminator.load_state_dict(state["discriminator"])
                    self._judge.load_state_dict(state["judge"])
        except FileNotFoundError as error:
            raise AvatarAppError(
                f"There is no {path} to resume from; leave out --resume to begin anew."
            ) from error
        except (RuntimeError, KeyError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise AvatarAppError(
                f"{path} does not fit this config or is damaged; begin anew in another folder."
            ) from error
        self.seconds, self.step = state["seconds"], state["step"]
        # Other pairs than those already seen.
        self._sampler.reseed(self.config.seed + self.step)
        self._random.manual_seed(self.config.seed + self.step)

    def _learning_rate(self, stage: Stage, through: float) -> float:
        rate = stage.learning_rate * min(1.0, (through + 1e-3) / WARM_UP)
        if stage is self.config.stages[-1]:
            rate *= 0.1 ** sum(through >= milestone for milestone in MILESTONES)
        return rate

    def _log(self, line: Step) -> None:
        path = self.out / "log.csv"
        fresh = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if fresh:
                writer.writerow(("seconds", "step", "stage", "loss", "value"))
            for key, value in (*line.losses.items(), ("samples_per_second", line.samples_per_second)):
                writer.writerow((f"{line.seconds:.1f}", line.step, line.stage, key, f"{value:.6g}"))

    def _train_step(self, stage: Stage, rate: float) -> dict[str, float]:
        self._nets.train()
        batch = self._sampler.pairs(stage.batch_size)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad(set_to_none=True)
        terms, judged = self._losses(stage, batch)
        total = torch.stack(list(terms.values())).sum()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._nets.parameters(), 10.0)
        self._optimizer.step()
        self._update_average()
        values = {key: value.item() for key, value in terms.items()}
        if stage.adversarial and judged is not None:
            values["discriminator"] = self._train_discriminator(rate, *judged)
        return values

    def _train_discriminator(
        self, rate: float, rendered: Tensor, real: Tensor, points: Tensor
    ) -> float:
        assert self._discriminator is not None and self._judge is not None
        for group in self._judge.param_groups:
            group["lr"] = rate
        self._judge.zero_grad(set_to_none=True)
        with self._autocast():
            loss = losses.discrimination(
                self._discriminator, rendered.detach(), real, points.detach()
            )
        loss.backward()  # type: ignore[no-untyped-call]
        self._judge.step()
        return loss.item()

    def _update_average(self) -> None:
        # Early weights must not linger: the average begins short.
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for key, value in self._nets.state_dict().items():
                if value.is_floating_point():
                    self._average[key].lerp_(value, 1 - decay)
                else:
                    self._average[key].copy_(value)

    def _autocast(self) -> torch.autocast:
        enabled = self._dtype != torch.float32
        return torch.autocast(self._device.type, torch.bfloat16, enabled=enabled)

    def _losses(
        self, stage: Stage, batch: Batch
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor, Tensor] | None]:
        """Weighted losses by name; and rendered, real, points for the discriminator."""
        detector = self._nets["kp_detector"]
        with self._autocast():
            source, _ = detector(batch.source)
            driving, _ = detector(batch.driving_seen)
        terms = self._keypoint_losses(stage, batch, source, driving)
        if not stage.networks:
            return terms, None
        assert self._vgg is not None
        rendered, real, motion = self._render(stage, batch, source, driving)
        terms["perceptual"] = stage.perceptual * losses.perceptual(
            self._vgg, rendered, real, stage.vgg_depths, self._dtype
        )
        if stage.pixel:
            terms["pixel"] = stage.pixel * (rendered - real).abs().mean()
        if stage.landmark_flow:
            terms["landmark_flow"] = stage.landmark_flow * losses.landmark_flow(
                motion.deformation, batch.source_landmarks, batch.driving_landmarks
            )
        if stage.adversarial:
            assert self._discriminator is not None
            with self._autocast():
                fooled, matching = losses.adversarial(
                    self._discriminator, rendered, real, driving.value.detach()
                )
            terms["adversarial"] = stage.adversarial * fooled
            terms["feature_matching"] = stage.feature_matching * matching
        return terms, (rendered, real, driving.value)

    def _keypoint_losses(
        self, stage: Stage, batch: Batch, source: Points, driving: Points
    ) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        count = round(len(batch.driving) * stage.equivariance_share)
        if count and (stage.equivariance_value or stage.equivariance_jacobian):
            transform = losses.RandomWarp(batch.driving[:count], self._random)
            with self._autocast():
                warped, _ = self._nets["kp_detector"](transform.image(batch.driving_seen[:count]))
            found = Points(driving.value[:count], driving.jacobian[:count])
            value, jacobian = losses.equivariance(found, warped, transform)
            terms["equivariance_value"] = stage.equivariance_value * value
            terms["equivariance_jacobian"] = stage.equivariance_jacobian * jacobian
        if stage.landmark_keypoints:
            error = losses.landmark_keypoints(source, batch.source_landmarks)
            error = error + losses.landmark_keypoints(driving, batch.driving_landmarks)
            terms["landmark_keypoints"] = stage.landmark_keypoints * error
        return terms

    def _render(
        self, stage: Stage, batch: Batch, source: Points, driving: Points
    ) -> tuple[Tensor, Tensor, Motion]:
        """Rendered and real pictures (or a crop of both), and the whole motion."""
        generator: Generator = self._nets["generator"]  # type: ignore[assignment]
        shrink = batch.source.shape[-1] // stage.size
        with self._autocast():
            small = generator.dense_motion_network.down(batch.source)
            motion = generator.dense_motion_network(small, source, driving)
            features, _ = generator.encode(F.avg_pool2d(batch.source, shrink))
        real = F.avg_pool2d(batch.driving, shrink)
        fitted = resize(motion, *features.shape[2:])
        if stage.crop:
            fitted, real = self._crop(stage.crop, fitted, real, batch.driving_landmarks)
        with self._autocast():
            warped = warp(features, fitted.deformation) * fitted.occlusion_map
            rendered = generator.decode(warped)
        if stage.crop:
            rendered = rendered[..., BORDER:-BORDER, BORDER:-BORDER]
            real = real[..., BORDER:-BORDER, BORDER:-BORDER]
        return rendered, real, motion

    def _crop(
        self, side: int, motion: Motion, real: Tensor, landmarks: Tensor
    ) -> tuple[Motion, Tensor]:
        """One random square per picture, mostly on the face, aligned to the feature cells."""
        cells = motion.deformation.shape[1]
        cell = real.shape[-1] // cells
        width = side // cell
        centre = torch.nan_to_num(landmarks).mean(1).cpu()  # (B, 2)
        jitter = torch.randn(centre.shape, generator=self._random) * 0.3
        corner = ((centre + jitter + 1) / 2 * cells - width / 2).round().long()
        corner = corner.clamp(0, cells - width)
        rows, columns = corner[:, 1], corner[:, 0]

        def cut(tensor: Tensor, scale: int) -> Tensor:
            return torch.stack([
                part[..., y * scale : (y + width) * scale, x * scale : (x + width) * scale]
                for part, y, x in zip(tensor, rows.tolist(), columns.tolist(), strict=True)
            ])

        deformation = cut(motion.deformation.permute(0, 3, 1, 2), 1).permute(0, 2, 3, 1)
        fitted = motion._replace(
            deformation=deformation, occlusion_map=cut(motion.occlusion_map, 1)
        )
        return fitted, cut(real, cell)


def _common(config: TrainingConfig) -> dict[str, int]:
    common = dict(config.model_params["common_params"])
    common.pop("estimate_jacobian")
    return common
