"""What the detector has learned: weights, what is usual, and thresholds, read from a data file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar_app.glitch.fusion import TURNED, Fusion, away
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError

DEFAULT = "glitch.json"
ROLES = ("driver", "video")
FORMAT = 2

_TAIL = 0.25  # the highest share of the blocks' maxima, from which rarer ones are foretold
_LEAST_SCALE = 0.1  # log-odds, or limits of a measure
_LEAST_EXCESSES = 30  # of fewer, how they fall off cannot be told
_SHAPES, _NO_SHAPE = (-0.5, 1.0), 1e-3


@dataclass(frozen=True)
class Usual:
    """What a measure is on clean pictures: its median, and the `limit` one in a hundred passes.

    The limit lies on the side where glitches are; for faces turned away it is `turned`, by default
    the same, and never nearer to the median.
    """

    median: float
    limit: float
    turned: float | None = None

    def __post_init__(self) -> None:
        if self.limit == self.median:
            raise ValueError(f"Usual: expected a limit beside the median {self.median}")
        if self.turned is not None and self.evidence(self.turned) < 1 - 1e-6:
            raise ValueError(f"Usual: expected {self.turned} beyond the limit {self.limit}")

    def limit_at(self, turn: float) -> float:
        """Return the limit for a face turned away by `turn` degrees."""
        far = self.limit if self.turned is None else self.turned
        return self.limit + away(turn) * (far - self.limit)

    def evidence(self, value: float, turn: float = 0.0) -> float:
        """Return 0 at the median, 1 at the limit, more beyond."""
        return (value - self.median) / (self.limit_at(turn) - self.median)


@dataclass(frozen=True, eq=False)
class RoleCalibration:
    """All that one role needs.

    `alone` holds limits beyond which a measure is a glitch by itself.
    `usual` is known of every measure that has a weight. `maxima` are the highest log-odds of clean
    blocks of `block_seconds`, rising; without them `provisional_threshold` holds, in (0, 1).
    """

    names: Sequence[str]
    near: npt.NDArray[np.float64]
    far: npt.NDArray[np.float64]
    bias: float
    usual: Mapping[str, Usual]
    maxima: Sequence[float]
    provisional_threshold: float
    block_seconds: float = 60.0
    alone: Mapping[str, Usual] = field(default_factory=dict)

    @cached_property
    def fusion(self) -> Fusion:
        """The weights, with what is usual."""
        known = [self.usual[name] for name in self.names]
        median = np.array([one.median for one in known], np.float64)
        limit = np.array([one.limit for one in known], np.float64)
        turned = np.array([one.limit_at(TURNED) for one in known], np.float64)
        return Fusion(self.names, median, limit, turned, self.near, self.far, self.bias)

    def threshold(self, false_alarms_per_hour: float) -> float:
        """Return the score in (0, 1) that clean pictures pass so often an hour."""
        if not self.maxima:
            return self.provisional_threshold
        return _score(passed(self.maxima, false_alarms_per_hour, self.block_seconds))


@dataclass(frozen=True, eq=False)
class Calibration:
    """The content of a data file, and where it came from.

    `figures` are the error rates that were measured, by role and name.
    """

    roles: Mapping[str, RoleCalibration]
    path: Path
    figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def load_calibration(path: Path | None = None) -> Calibration:
    """Read a file that `avatar-app calibrate` wrote, by default the one that travels with the app.

    Raises AvatarAppError where it is missing or is something else.
    """
    path = path or bundled("models", DEFAULT)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AvatarAppError(
            f"{path} cannot be read; install the app again, or name a file that calibrate wrote"
        ) from error
    except ValueError as error:
        raise _foreign(path) from error
    try:
        if content["format"] != FORMAT:
            raise _foreign(path)
        roles = {role: _role(content["roles"][role]) for role in ROLES}
        figures = {role: dict(named) for role, named in content.get("figures", {}).items()}
        return Calibration(roles, path, figures)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _foreign(path) from error


def passed(maxima: Sequence[float], times_per_hour: float, block_seconds: float) -> float:
    """Return what is passed so often an hour, by the `maxima` of blocks of so many seconds.

    What is rarer than was seen is foretold from the highest quarter of them, by how it falls off:
    peaks over a threshold (Pickands 1975).
    """
    share = -float(np.expm1(-times_per_hour * block_seconds / 3600))  # of blocks
    share = max(share, np.finfo(float).tiny)
    if share >= _TAIL:
        return float(np.quantile(maxima, 1 - share))
    begin = float(np.quantile(maxima, 1 - _TAIL))
    excess = np.array([value - begin for value in maxima if value > begin])
    return begin + _foretold(excess, _TAIL / share)


def _foretold(excess: npt.NDArray[np.float64], times: float) -> float:
    """Return the excess that one in `times` passes, by a generalised Pareto distribution.

    Fitted by probability-weighted moments (Hosking and Wallis 1987); exponential where few are
    known.
    """
    shape, mean = 0.0, max(_LEAST_SCALE, float(excess.mean()) if len(excess) else 0.0)
    if len(excess) >= _LEAST_EXCESSES:
        ranks = (np.arange(1, len(excess) + 1) - 0.35) / len(excess)
        weighted = float(((1 - ranks) * np.sort(excess)).mean())
        shape = float(np.clip(mean / (mean - 2 * weighted) - 2, *_SHAPES))
    scale = mean * (1 + shape)
    if abs(shape) < _NO_SHAPE:
        return scale * float(np.log(times))
    return float(scale / shape * (1 - times**-shape))


def _foreign(path: Path) -> AvatarAppError:
    return AvatarAppError(
        f"{path} holds no calibration that this version can read; make one with "
        "avatar-app calibrate"
    )


def _role(content: Mapping[str, Any]) -> RoleCalibration:
    rows = content["fusion"]
    return RoleCalibration(
        names=tuple(rows),
        near=np.array([row[0] for row in rows.values()], np.float64),
        far=np.array([row[1] for row in rows.values()], np.float64),
        bias=float(content["bias"]),
        usual=_usual(content["usual"]),
        maxima=[float(value) for value in content["maxima"]],
        provisional_threshold=float(content["threshold"]),
        block_seconds=float(content.get("block_seconds", 60.0)),
        alone=_usual(content.get("alone", {})),
    )


def _usual(rows: Mapping[str, Sequence[float]]) -> dict[str, Usual]:
    return {name: Usual(*map(float, row)) for name, row in rows.items()}


def _score(odds: float) -> float:
    return float(np.clip(1 / (1 + np.exp(-odds)), 1e-6, 1 - 1e-6))
