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
BORDER = 8  # pixels of a crop that are not judged: convolutions see zeros beyond its edge

# Every number with its range, from what training can do to what is surely a slip.
_RANGES: dict[str, tuple[float, float]] = {
    "share": (1e-3, 1e3),
    "batch_size": (1, 1024),
    "size": (32, 256),
    "crop": (32, 256),
    "anywhere": (0, 1),
    "learning_rate": (1e-8, 1),
    "equivariance_share": (0, 1),
    "drivers": (1, 1024),
    "candidates": (1, 1024),
    "minutes": (1e-3, 1e6),
    "seed": (0, 1e9),
    "ema": (0, 1),
    "frame_stride": (1, 1e4),
}
_WEIGHTS = (0, 1e4)  # of losses
_DEEPEST = 5  # of VGG19's maps


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
        _check_numbers(self, f" of the stage {self.name}")
        if self.batch_size % self.drivers:
            raise ValueError(f"batches of {self.batch_size} do not share sources by {self.drivers}")
        if 256 % self.size or (self.crop or 0) > self.size:
            raise ValueError(f"a size of {self.size} does not divide 256, or is below its crop")
        if not any(self._weights()):
            raise ValueError(f"every loss of the stage {self.name} has the weight 0")
        if self.trains == "all":
            self._check_vgg()

    def _weights(self) -> list[float]:
        """Those of the losses that the stage has; matching features is none on its own."""
        warped = round(self.batch_size * self.equivariance_share)
        weights = [warped * self.equivariance_value, warped * self.equivariance_jacobian]
        weights.append(self.landmark_keypoints)
        if self.trains != "keypoints":
            weights += [self.landmark_flow, self.moved]
        if self.trains == "all":
            weights += [self.perceptual, self.pixel, self.drawn, self.adversarial]
        return weights

    def _check_vgg(self) -> None:
        """Raise ValueError where VGG19's maps are missing, or are smaller than a pixel."""
        if not self.perceptual:
            if self.drawn:
                raise ValueError("drawn needs perceptual above 0")
            return
        depths = self.vgg_depths
        fitting = all(type(depth) is int and 0 <= depth <= _DEEPEST for depth in depths)
        if not fitting or not any(depths):
            raise ValueError(f"vgg_depths are {list(depths)}, expected 0 to {_DEEPEST} each")
        side = self.crop - 2 * BORDER if self.crop else self.size
        # Each copy is half the one before, and so is each map.
        if any(depth and not side >> (level + depth - 1) for level, depth in enumerate(depths)):
            raise ValueError(f"vgg_depths {list(depths)} are too deep for {side} judged pixels")


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

    def __post_init__(self) -> None:
        _check_numbers(self, "")

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


def _check_numbers(record: Stage | TrainingConfig, of: str) -> None:
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        low, high = _RANGES.get(field.name, _WEIGHTS)
        if type(value) in (int, float) and not low <= value <= high:
            raise ValueError(f"{field.name}{of} is {value!s:.20}, expected {low:g} to {high:g}")


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
