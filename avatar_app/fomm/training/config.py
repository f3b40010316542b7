"""What a training run is told: the sizes of the networks and the stages they go through."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.types import AvatarAppError

# Which of dlib's 68 landmarks (averaged) a supervised keypoint stands for, as seen in the
# picture. Keypoints beyond these are free: they go where reconstruction wants them.
KEYPOINT_LANDMARKS: tuple[tuple[int, ...], ...] = (
    (37, 38),  # upper lid, left in the picture
    (40, 41),  # its lower lid
    (43, 44),  # upper lid, right in the picture
    (46, 47),  # its lower lid
    (18, 19, 20),  # brow, left
    (23, 24, 25),  # brow, right
    (30,),  # nose tip
    (48,),  # mouth corner, left
    (54,),  # mouth corner, right
    (51, 62),  # upper lip
    (57, 66),  # lower lip
    (8,),  # chin
    (2, 3),  # jaw, left
    (13, 14),  # jaw, right
)


@dataclass(frozen=True)
class Stage:
    """One part of a run. Weights of losses; a weight of 0 leaves that loss out."""

    name: str
    share: float  # of the run's minutes
    batch_size: int
    trains: str = "all"  # "keypoints": only their detector; "motion": dense motion as well
    encoder: bool = True  # False: the source's encoder stays as it is, which saves a third
    size: int = 256  # of the generator's pictures; the motion networks always see full frames
    crop: int | None = None  # side of the part of the picture that is decoded and judged
    anywhere: float = 0.0  # share of the crops that need not lie around a landmark
    learning_rate: float = 2e-4
    vgg_depths: tuple[int, ...] = (5, 5, 5, 5)  # how many of VGG19's maps at 1, 1/2, 1/4, 1/8
    perceptual: float = 10.0
    pixel: float = 0.0
    drawn: float = 0.0  # what a blending generator draws, judged alone as well
    equivariance_share: float = 1.0  # of the batch
    equivariance_value: float = 10.0
    equivariance_jacobian: float = 10.0
    landmark_keypoints: float = 0.0  # keypoints stand on the landmarks they are named after
    landmark_flow: float = 0.0  # the deformation at a driving landmark is the source landmark
    moved: float = 0.0  # the shrunk source, merely moved, looks like the shrunk driving frame
    drivers: int = 1  # pairs in a row that share a source, which is then encoded once
    candidates: int = 1  # pairs to choose from, for eyes and lips that differ
    detail: float = 0.0  # how much more pixels of eyes and mouth count
    adversarial: float = 0.0
    feature_matching: float = 10.0  # only with adversarial

    @property
    def uses_vgg(self) -> bool:
        """Whether VGG19's weights are needed."""
        return self.trains == "all" and self.perceptual > 0

    def __post_init__(self) -> None:
        if self.trains not in ("keypoints", "motion", "all"):
            raise ValueError(f"a stage trains keypoints, motion or all, not {self.trains}")
        if self.drivers < 1 or self.batch_size % self.drivers:
            raise ValueError(f"batches of {self.batch_size} do not share sources by {self.drivers}")


@dataclass(frozen=True)
class TrainingConfig:
    """A whole run: `model_params` as in a published checkpoint, then stages in order."""

    model_params: dict[str, Any]
    stages: tuple[Stage, ...]
    clips: str = ""  # folder of videos, seen from the config's own
    minutes: float = 60.0
    seed: int = 0
    ema: float = 0.999
    frame_stride: int = 1  # every n-th frame of a clip is used

    def stage_at(self, progress: float) -> tuple[Stage, float]:
        """The stage at `progress` in [0, 1] of the run, and how far in [0, 1] it has come."""
        total = sum(stage.share for stage in self.stages)
        start = 0.0
        for stage in self.stages:
            length = stage.share / total
            if progress < start + length:
                return stage, (progress - start) / length
            start += length
        return self.stages[-1], 1.0


def load_config(path: Path) -> TrainingConfig:
    """Read a TOML file; raises AvatarAppError with one sentence for whatever is wrong with it."""
    try:
        import tomllib
    except ImportError:  # Python 3.10
        import tomli as tomllib  # type: ignore[import-not-found, no-redef, unused-ignore]
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AvatarAppError(
            f"{path} cannot be read ({error.strerror}); give a training config, "
            "for example models/fomm-mini.toml."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AvatarAppError(
            f"{path} is not written in TOML ({error}); see models/fomm-mini.toml for an example."
        ) from error
    try:
        stages = tuple(_record(Stage, stage) for stage in table.pop("stage", ()))
        if not stages:
            raise ValueError("it has no [[stage]]")
        config: TrainingConfig = _record(TrainingConfig, {**table, "stages": stages})
        return config
    except (KeyError, TypeError, ValueError) as error:
        raise AvatarAppError(
            f"{path} does not describe a training run: {error}; "
            "see models/fomm-mini.toml for an example."
        ) from error


def _record(kind: type[Any], table: object) -> Any:
    if not isinstance(table, dict):
        raise ValueError("every [[stage]] is a table")
    names = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(table) - names)
    if unknown:
        raise ValueError(f"unknown setting {', '.join(unknown)}")
    given = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    kinds = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    for key, value in given.items():
        expected = kinds[key].partition("[")[0].partition(" |")[0]
        fitting = ("float", "int") if expected == "float" else (expected,)
        if type(value).__name__ not in fitting:
            raise ValueError(f"{key} is {value!r}, not of the type {expected}")
    return kind(**given)
