"""The training loop: stages by wall-clock share, checkpoints every minute, weights averaged."""

from __future__ import annotations

import csv
import dataclasses
import math
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from avatar_app.files import whole, write_errors
from avatar_app.fomm.building import build_networks
from avatar_app.fomm.checkpoints import COUNTER
from avatar_app.fomm.params import check
from avatar_app.fomm.perceptual import VggFeatures
from avatar_app.fomm.training import losses
from avatar_app.fomm.training.config import KEYPOINT_LANDMARKS, Stage, TrainingConfig
from avatar_app.fomm.training.data import Clip, ClipSampler
from avatar_app.fomm.training.discriminator import Discriminator
from avatar_app.fomm.training.objective import Judged, Objective
from avatar_app.fomm.training.validation import Validation
from avatar_app.types import AvatarAppError, Floats

SAVE_EVERY = 45.0  # seconds: an interrupted run loses at most a minute
VALIDATE_EVERY = 240.0
LOG_EVERY = 10.0
WARM_UP = 0.02  # of a stage: the learning rate climbs
MILESTONES = (0.6, 0.9)  # of the last stage: the learning rate falls tenfold, as in the paper
ADAM_BETAS = (0.5, 0.999)
LONGEST_GRADIENT = 10.0  # the norm longer ones are cut to; a few odd pairs must not undo much
MOST_SKIPPED = 20  # steps in a row without a finite gradient: the next ones will have none either


@dataclass(frozen=True)
class Step:
    """One line of the log: seconds trained, steps taken, and the losses' means since the last."""

    seconds: float
    step: int
    stage: str
    samples_per_second: float
    losses: dict[str, float]


@dataclass
class _Window:
    """What happened since the last line of the log."""

    since: float
    steps: int = 0
    samples: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, samples: int, values: dict[str, float]) -> None:
        self.steps += 1
        self.samples += samples
        for key, value in values.items():
            self.sums[key] = self.sums.get(key, 0.0) + value

    def line(self, seconds: float, step: int, stage: str) -> Step:
        means = {key: value / self.steps for key, value in self.sums.items()}
        return Step(seconds, step, stage, self.samples / (seconds - self.since), means)


class _NotFiniteError(Exception):
    """A step was not taken: its loss or its gradient is not finite."""


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take numbers below the normal ones for zero, also in threads begun from now on.

    A heatmap is all but zero nearly everywhere: with such numbers a step takes up to 2.6 times as
    long. A trainer is to be made and to run within.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


class Trainer:
    """Trains the networks of one config; everything it needs to go on is in its checkpoint."""

    def __init__(
        self,
        config: TrainingConfig,
        clips: Iterable[Clip],
        validation: Validation,
        out: Path,
        device: str,
        half: bool,
    ) -> None:
        """Build networks and optimisers on `device`; `half` runs convolutions in bfloat16.

        Raises AvatarAppError for impossible sizes of networks and for missing VGG19 weights.
        """
        torch.manual_seed(config.seed)
        self.config = config
        self.seconds = 0.0
        self.step = 0
        self._skipped = 0  # steps in a row
        self._out = out
        self._device = torch.device(device)
        self._dtype = torch.bfloat16 if half else torch.float32
        self._validation = validation
        params = check(config.model_params, "the training config")
        supervised = any(stage.landmark_keypoints for stage in config.stages)
        if supervised and params["common_params"]["num_kp"] < len(KEYPOINT_LANDMARKS):
            raise AvatarAppError(
                f"landmark_keypoints needs a num_kp of {len(KEYPOINT_LANDMARKS)} or more in the "
                "training config, one for each landmark."
            )
        generator, kp_detector = build_networks(params)
        self._nets = nn.ModuleDict({"generator": generator, "kp_detector": kp_detector})
        self._place(self._nets)
        self._average = {key: value.clone() for key, value in self._nets.state_dict().items()}
        self._optimizer = torch.optim.Adam(self._nets.parameters(), betas=ADAM_BETAS)
        self._discriminator = self._build_discriminator()
        self._judge = torch.optim.Adam(
            self._discriminator.parameters() if self._discriminator else [torch.zeros(1)],
            betas=ADAM_BETAS,
        )
        self._random = torch.Generator().manual_seed(config.seed)
        depths = [max(stage.vgg_depths) for stage in config.stages if stage.uses_vgg]
        vgg = VggFeatures(max(depths)) if depths else None
        if vgg:
            self._place(vgg)
        self._objective = Objective(self._nets, vgg, self._discriminator, self._dtype, self._random)
        self._sampler = ClipSampler(clips, self._device, config.seed)

    @property
    def averaged_weights(self) -> dict[str, Floats]:
        """The moving average of the weights as float32, named as in a checkpoint."""
        return {key: value.float().cpu().numpy() for key, value in self._average.items()}

    def run(self, minutes: float, report: Callable[[Step], None]) -> None:
        """Train until `minutes` in all (earlier ones counted) are through.

        `report` is called with every line of the log. However the run ends, also by an interrupt
        (Ctrl-C) or by what goes wrong in validation, it is saved. A step without a finite gradient
        is skipped; raises AvatarAppError after MOST_SKIPPED in a row.
        """
        started = time.monotonic() - self.seconds
        saved = validated = self.seconds
        window = _Window(self.seconds)
        try:
            while self.seconds < minutes * 60:
                stage, through = self.config.stage_at(self.seconds / (minutes * 60))
                values = self._try_step(stage, self._learning_rate(stage, through))
                self.step += 1
                self.seconds = time.monotonic() - started
                if values:
                    window.add(stage.batch_size, values)
                if self.seconds - window.since >= LOG_EVERY:
                    line = window.line(self.seconds, self.step, stage.name)
                    self._log(line)
                    report(line)
                    window = _Window(self.seconds)
                if self.seconds - saved >= SAVE_EVERY:
                    self.save()
                    saved = self.seconds
                if self.seconds - validated >= VALIDATE_EVERY:
                    self.validate()
                    validated = self.seconds
        finally:
            self.save()
        self.validate()

    def validate(self) -> None:
        """Measure and draw the averaged weights on the validation pairs."""
        current = {key: value.clone() for key, value in self._nets.state_dict().items()}
        self._nets.load_state_dict(self._average)
        self._nets.eval()
        try:
            self._validation.measure(self._nets, self.seconds, self._dtype)
        finally:  # what is saved after a failure are the weights that learn, not their average
            self._nets.train()
            self._nets.load_state_dict(current)

    def save(self) -> None:
        """Write the checkpoint. Raises AvatarAppError where the disk does not take it."""
        state = {
            "model_params": self.config.model_params,
            "seconds": self.seconds,
            "step": self.step,
            "nets": self._nets.state_dict(),
            "average": self._average,
            "optimizer": self._optimizer.state_dict(),
        }
        if self._discriminator is not None:
            state["discriminator"] = self._discriminator.state_dict()
            state["judge"] = self._judge.state_dict()
        path = self._out / "checkpoint.pt"
        # Into a file that Python opened, which says what the disk refuses; torch does not.
        with whole(path) as part, write_errors(path), part.open("wb") as file:
            torch.save(state, file)

    def resume(self) -> None:
        """Go on from the checkpoint in `out`; its networks must be those of the config.

        Raises AvatarAppError where there is none, or one of other networks, or a damaged one.
        """
        path = self._out / "checkpoint.pt"
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            self._nets.load_state_dict(state["nets"])
            self._average = state["average"]
            self._optimizer.load_state_dict(state["optimizer"])
            # A run that had no discriminator so far may get one on the way.
            if self._discriminator is not None and "discriminator" in state:
                self._discriminator.load_state_dict(state["discriminator"])
                self._judge.load_state_dict(state["judge"])
            self.seconds, self.step = state["seconds"], state["step"]
        except FileNotFoundError as error:
            raise AvatarAppError(
                f"There is no {path} to resume from; leave out --resume to begin anew."
            ) from error
        except (RuntimeError, KeyError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise AvatarAppError(
                f"{path} does not fit this config or is damaged; begin anew in another folder."
            ) from error
        # Other pairs than those already seen.
        self._sampler.reseed(self.config.seed + self.step)
        self._random.manual_seed(self.config.seed + self.step)

    def start_from(self, tensors: Mapping[str, Floats]) -> None:
        """Begin with a model's weights, named as in a checkpoint, instead of random ones.

        Raises AvatarAppError where the model has other networks than the config.
        """
        state = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
        own = self._nets.state_dict()
        expected = {name: value.shape for name, value in own.items() if not name.endswith(COUNTER)}
        if {name: value.shape for name, value in state.items()} != expected:
            raise AvatarAppError("The model to start from has other networks than the config.")
        self._nets.load_state_dict(own | state)
        self._average = {key: value.clone() for key, value in self._nets.state_dict().items()}

    def _place(self, module: nn.Module) -> None:
        module.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _build_discriminator(self) -> Discriminator | None:
        if not any(stage.adversarial for stage in self.config.stages):
            return None
        if "discriminator_params" not in self.config.model_params:
            raise AvatarAppError(
                "An adversarial stage needs discriminator_params in the training config."
            )
        common = dataclasses.asdict(self.config)["model_params"]["common_params"]
        common.pop("estimate_jacobian", None)
        try:
            discriminator = Discriminator(
                **common, **self.config.model_params["discriminator_params"]
            )
        except (TypeError, ValueError, ArithmeticError, RuntimeError) as error:
            raise AvatarAppError(
                f"discriminator_params in the training config describe no discriminator: {error}."
            ) from error
        self._place(discriminator)
        return discriminator

    def _learning_rate(self, stage: Stage, through: float) -> float:
        rate = stage.learning_rate * min(1.0, (through + 1e-3) / WARM_UP)
        if stage is self.config.stages[-1]:
            rate *= 0.1 ** sum(through >= milestone for milestone in MILESTONES)
        return rate

    def _log(self, line: Step) -> None:
        path = self._out / "log.csv"
        values = {**line.losses, "samples_per_second": line.samples_per_second}
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not file.tell():
                writer.writerow(("seconds", "step", "stage", "loss", "value"))
            for key, value in values.items():
                writer.writerow((f"{line.seconds:.1f}", line.step, line.stage, key, f"{value:.6g}"))

    def _try_step(self, stage: Stage, rate: float) -> dict[str, float]:
        """The losses of a step, none where it had to be skipped."""
        try:
            values = self._train_step(stage, rate)
        except _NotFiniteError:
            self._skipped += 1
            # The forward pass has put the batch into the running statistics already.
            names = {name for name, _ in self._nets.named_buffers()}
            good = {name: value for name, value in self._average.items() if name in names}
            self._nets.load_state_dict(good, strict=False)
            if self._skipped == MOST_SKIPPED:
                raise AvatarAppError(
                    f"Training stopped after {MOST_SKIPPED} steps in a row without a finite "
                    f"gradient; {self._out} keeps what was learned before: lower the learning_rate "
                    f"of the stage {stage.name}, and go on with --resume."
                ) from None
            return {}
        self._skipped = 0
        return values

    def _train_step(self, stage: Stage, rate: float) -> dict[str, float]:
        self._nets.train()
        batch = self._sampler.pairs(stage.batch_size, stage.candidates, stage.drivers)
        terms, judged = self._objective(stage, batch)
        _descend(self._optimizer, rate, torch.stack(list(terms.values())).sum())
        self._update_average()
        values = {key: value.item() for key, value in terms.items()}
        if stage.adversarial and judged is not None and self._discriminator is not None:
            values["discriminator"] = self._train_discriminator(self._discriminator, rate, judged)
        return values

    def _train_discriminator(
        self, discriminator: Discriminator, rate: float, judged: Judged
    ) -> float:
        with self._objective.autocast(self._device):
            loss = losses.discrimination(
                discriminator, judged.rendered.detach(), judged.real, judged.points.detach()
            )
        _descend(self._judge, rate, loss)
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


def _descend(optimizer: torch.optim.Optimizer, rate: float, loss: torch.Tensor) -> None:
    """One step of `optimizer` at the learning rate `rate`; raises _NotFiniteError instead of it."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    for group in optimizer.param_groups:
        group["lr"] = rate
        norm = nn.utils.clip_grad_norm_(group["params"], LONGEST_GRADIENT)
        # One such step would leave weights, averages and moments not finite for good.
        if not math.isfinite(loss.item() + norm.item()):
            raise _NotFiniteError
    optimizer.step()
