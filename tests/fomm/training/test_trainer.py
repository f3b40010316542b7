"""A run learns, can be stopped and taken up again, and is not ruined by what goes wrong in it."""

from __future__ import annotations

import errno
import io
import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

from avatar_app.fomm.training.config import Stage, TrainingConfig
from avatar_app.fomm.training.data import Batch, Clip
from avatar_app.fomm.training.trainer import MOST_SKIPPED, Step, Trainer
from avatar_app.fomm.training.validation import Validation
from avatar_app.types import AvatarAppError

SIZE = 64
HOURGLASS = {"block_expansion": 4, "max_features": 16, "num_blocks": 2, "scale_factor": 0.5}
MODEL: dict[str, Any] = {
    "common_params": {"num_kp": 14, "num_channels": 3, "estimate_jacobian": True},
    "kp_detector_params": {**HOURGLASS, "temperature": 0.1},
    "generator_params": {
        "block_expansion": 4,
        "max_features": 16,
        "num_down_blocks": 1,
        "num_bottleneck_blocks": 1,
        "estimate_occlusion_map": True,
        "dense_motion_params": HOURGLASS,
    },
    "discriminator_params": {
        "scales": [1],
        "block_expansion": 4,
        "max_features": 8,
        "num_blocks": 2,
        "use_kp": True,
    },
}
STAGES = (
    Stage("keypoints", share=1, batch_size=4, trains="keypoints", landmark_keypoints=10),
    Stage("motion", 1, 2, trains="motion", landmark_flow=10, moved=10),
    Stage("coarse", 1, 2, size=32, perceptual=0, pixel=10, landmark_flow=10),
    Stage("fine", 1, 2, size=64, crop=32, perceptual=0, pixel=10, adversarial=1, encoder=False),
)


@pytest.fixture
def clip() -> Clip:
    """A square that wanders, with landmarks spread over it."""
    rng = np.random.default_rng(0)
    shape = rng.uniform(0, 16, (68, 2)).astype(np.float32)
    frames = np.full((8, SIZE, SIZE, 3), 60, np.uint8)
    landmarks = np.empty((8, 68, 2), np.float32)
    for index, left in enumerate(range(12, 28, 2)):
        frames[index, 20:36, left : left + 16] = (200, 120, 90)
        landmarks[index] = shape + np.array((left, 20), np.float32)
    return Clip("square", frames, landmarks)


def _trainer(clip: Clip, out: Path, **changes: Any) -> Trainer:
    config = TrainingConfig(**{"model_params": MODEL, "stages": STAGES, **changes})
    return Trainer(config, [clip], Validation([clip], out, "cpu"), out, "cpu", half=False)


def _run(trainer: Trainer, seconds: float) -> list[Step]:
    """Let every step count for a tenth of a second: a busy machine goes as far as a free one."""
    steps: list[Step] = []
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("avatar_app.fomm.training.trainer.time", clock)
        trainer.run(seconds / 60, steps.append)
    return steps


def _change_batches(trainer: Trainer, change: Callable[[Batch], Batch]) -> None:
    draw = trainer._sampler.pairs

    def changed(count: int, candidates: int = 1, drivers: int = 1) -> Batch:
        return change(draw(count, candidates, drivers))

    trainer._sampler.pairs = changed  # type: ignore[method-assign]


def _spoilt(batch: Batch) -> Batch:
    return batch._replace(driving_seen=batch.driving_seen * torch.inf)


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_the_keypoint_stage_brings_keypoints_to_their_landmarks(clip: Clip, tmp_path: Path) -> None:
    """The error falls well below that of the first steps."""
    trainer = _trainer(clip, tmp_path)
    errors = [trainer._train_step(STAGES[0], 2e-3)["landmark_keypoints"] for _ in range(60)]
    assert sum(errors[-5:]) < 0.6 * sum(errors[:5])


def test_a_stage_can_leave_the_encoder_as_it_is(clip: Clip, tmp_path: Path) -> None:
    """Its weights stay, the rest of the generator's move."""
    trainer = _trainer(clip, tmp_path)
    generator = trainer._nets["generator"]
    names = ("first.conv.weight", "final.weight")
    first, final = (generator.get_parameter(name).clone() for name in names)
    trainer._train_step(STAGES[3], 1e-3)
    assert torch.equal(generator.get_parameter(names[0]), first)
    assert not torch.equal(generator.get_parameter(names[1]), final)


def test_a_run_goes_through_its_stages_and_shows_itself(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stage has its own losses, and all that a person looks at is there."""
    monkeypatch.setattr("avatar_app.fomm.training.trainer.LOG_EVERY", 0)
    steps = _run(_trainer(clip, tmp_path), 3)
    losses = {step.stage: step.losses.keys() for step in steps}
    assert list(losses) == ["keypoints", "motion", "coarse", "fine"]
    assert {"landmark_flow", "moved"} <= losses["motion"]
    assert all("pixel" not in losses[stage] for stage in ("keypoints", "motion"))
    assert {"pixel", "landmark_flow"} <= losses["coarse"]
    assert {"adversarial", "feature_matching", "discriminator"} <= losses["fine"]
    for name in ("checkpoint.pt", "log.csv", "validation.csv", "sheet.png"):
        assert (tmp_path / name).stat().st_size > 0


def test_a_run_taken_up_again_goes_on_where_it_was(clip: Clip, tmp_path: Path) -> None:
    """Weights, averages, time and steps are those of the run before."""
    first = _trainer(clip, tmp_path)
    _run(first, 0.5)
    second = _trainer(clip, tmp_path)
    second.resume()
    assert (second.seconds, second.step) == (first.seconds, first.step)
    before, after = first.averaged_weights, second.averaged_weights
    assert all(np.array_equal(before[key], after[key]) for key in before)
    assert _run(second, second.seconds + 0.5) == []
    assert second.step > first.step


def test_a_run_can_begin_with_a_model(clip: Clip, tmp_path: Path) -> None:
    """It has the model's weights, and says so when they do not fit."""
    model = _trainer(clip, tmp_path, seed=1).averaged_weights
    weights = {name: value for name, value in model.items() if not name.endswith("_tracked")}
    trainer = _trainer(clip, tmp_path)
    trainer.start_from(weights)
    begun = trainer.averaged_weights
    assert all(np.array_equal(begun[name], weights[name]) for name in weights)
    with pytest.raises(AvatarAppError, match="other networks"):
        trainer.start_from({})


def test_an_interrupted_run_is_saved(clip: Clip, tmp_path: Path) -> None:
    """Ctrl-C in the third step keeps the first two."""
    trainer = _trainer(clip, tmp_path)
    _change_batches(trainer, lambda batch: _interrupt() if trainer.step == 2 else batch)
    with pytest.raises(KeyboardInterrupt):
        _run(trainer, 60)
    again = _trainer(clip, tmp_path)
    again.resume()
    assert again.step == 2


def test_a_step_without_a_finite_gradient_is_skipped(clip: Clip, tmp_path: Path) -> None:
    """It leaves neither weights nor running statistics nor the log other than finite."""
    trainer = _trainer(clip, tmp_path)

    def change(batch: Batch) -> Batch:
        if trainer.step == 4:
            _interrupt()
        return _spoilt(batch) if trainer.step == 2 else batch

    _change_batches(trainer, change)
    with pytest.raises(KeyboardInterrupt):
        _run(trainer, 60)
    again = _trainer(clip, tmp_path)
    again.resume()
    assert again.step == 4
    for state in (again._nets.state_dict(), again._average):
        assert all(value.isfinite().all() for value in state.values())
    assert not any(np.isnan(value) for value in again._train_step(STAGES[0], 1e-3).values())


def test_a_discriminator_does_not_learn_from_what_is_not_finite(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its step is skipped like the others."""

    def discrimination(discriminator: torch.nn.Module, *_: object) -> torch.Tensor:
        return next(discriminator.parameters()).sum() * torch.inf

    monkeypatch.setattr("avatar_app.fomm.training.losses.discrimination", discrimination)
    trainer = _trainer(clip, tmp_path)
    assert trainer._discriminator is not None
    before = [value.clone() for value in trainer._discriminator.parameters()]
    assert trainer._try_step(STAGES[3], 1e-3) == {}
    after = trainer._discriminator.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_many_steps_without_a_finite_gradient_end_the_run(clip: Clip, tmp_path: Path) -> None:
    """One sentence with the remedy; the checkpoint holds what was learned before them."""
    trainer = _trainer(clip, tmp_path)
    learned: dict[str, np.ndarray[Any, Any]] = {}

    def change(batch: Batch) -> Batch:
        if trainer.step == 2:
            learned.update({key: value.copy() for key, value in trainer.averaged_weights.items()})
        return batch if trainer.step < 2 else _spoilt(batch)

    _change_batches(trainer, change)
    with pytest.raises(AvatarAppError, match=f"{MOST_SKIPPED} steps .* of the stage keypoints"):
        _run(trainer, 60)
    again = _trainer(clip, tmp_path)
    again.resume()
    kept = again.averaged_weights
    assert all(np.array_equal(kept[key], learned[key]) for key in kept)
    assert all(value.isfinite().all() for value in again._nets.state_dict().values())


def test_what_goes_wrong_in_validation_costs_no_training(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint holds all steps, and the weights that learn rather than their average."""

    def fail(*_: object) -> None:
        raise AvatarAppError("validation.csv could not be written")

    trainer = _trainer(clip, tmp_path)
    monkeypatch.setattr(trainer._validation, "measure", fail)
    monkeypatch.setattr("avatar_app.fomm.training.trainer.VALIDATE_EVERY", 0)
    with pytest.raises(AvatarAppError, match="validation"):
        _run(trainer, 60)
    again = _trainer(clip, tmp_path)
    again.resume()
    assert again.step == 1
    assert any(not torch.equal(again._average[k], v) for k, v in again._nets.state_dict().items())


@pytest.mark.parametrize("damage", ["missing", "truncated", "other"])
def test_what_cannot_be_taken_up_is_named(clip: Clip, tmp_path: Path, damage: str) -> None:
    """One sentence for a missing, a damaged and a foreign checkpoint."""
    path = tmp_path / "checkpoint.pt"
    if damage != "missing":
        _trainer(clip, tmp_path).save()
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    common = {**MODEL["common_params"], "num_kp": 15 if damage == "other" else 14}
    trainer = _trainer(clip, tmp_path, model_params={**MODEL, "common_params": common})
    with pytest.raises(AvatarAppError, match=r"checkpoint\.pt"):
        trainer.resume()


@pytest.mark.parametrize(
    ("group", "change", "named"),
    [
        ("common_params", {"num_kp": 13}, "landmark_keypoints needs a num_kp of 14"),
        ("discriminator_params", {"depth": 3}, r"discriminator_params .*'depth'"),
        ("discriminator_params", {"scales": 1}, "discriminator_params .*not iterable"),
        ("discriminator_params", {"scales": [0]}, "discriminator_params .*division"),
        ("discriminator_params", {"max_features": -8}, "discriminator_params"),
    ],
)
def test_networks_that_cannot_be_trained_are_named(
    clip: Clip, tmp_path: Path, group: str, change: dict[str, Any], named: str
) -> None:
    """Before the first step."""
    params = {**MODEL, group: {**MODEL[group], **change}}
    with pytest.raises(AvatarAppError, match=named):
        _trainer(clip, tmp_path, model_params=params)


def test_a_full_disk_is_one_sentence(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint that does not fit is named; the one before it stays, and nothing beside it."""
    trainer = _trainer(clip, tmp_path)
    trainer.save()
    before = (tmp_path / "checkpoint.pt").read_bytes()
    opened = Path.open

    class Full(io.FileIO):
        def write(self, content: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def open_full(path: Path, mode: str = "r", **options: Any) -> Any:
        return Full(path, mode) if mode == "wb" else opened(path, mode, **options)

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(AvatarAppError, match=r"checkpoint\.pt could not .* the disk is full"):
        trainer.save()
    monkeypatch.undo()
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
