"""What the detector has learned: weights, what is usual, and thresholds, read from a data file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.glitch.fusion import Boosted, Fusion
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError

DEFAULT = "glitch.json"
ROLES = ("driver", "video")
FORMAT = 1


@dataclass(frozen=True)
class Usual:
    """What a measure is on clean pictures: its median, and the `limit` one in a hundred passes.

    The limit lies on the side where glitches are.
    """

    median: float
    limit: float

    def evidence(self, value: float) -> float:
        """Return 0 at the median, 1 at the limit, more beyond."""
        return (value - self.median) / (self.limit - self.median)


@dataclass(frozen=True, eq=False)
class RoleCalibration:
    """All that one role needs. `maxima` are clean 60 s blocks' highest scores, rising."""

    fusion: Fusion | Boosted
    usual: Mapping[str, Usual]
    maxima: Sequence[float]
    provisional_threshold: float

    def threshold(self, false_alarms_per_hour: float) -> float:
        """Return the score in (0, 1) that clean pictures pass so often an hour."""
        if not self.maxima:
            return self.provisional_threshold
        share = float(np.exp(-false_alarms_per_hour / 60))  # of blocks without an alarm
        return float(np.clip(np.quantile(self.maxima, share), 1e-3, 1 - 1e-3))


@dataclass(frozen=True, eq=False)
class Calibration:
    """The content of a data file, and where it came from.

    `figures` are the error rates that were measured by role and name; none in a provisional one.
    """

    roles: Mapping[str, RoleCalibration]
    is_provisional: bool
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
        return Calibration(roles, bool(content["provisional"]), path, figures)
    except (KeyError, TypeError, ValueError) as error:
        raise _foreign(path) from error


def _foreign(path: Path) -> AvatarAppError:
    return AvatarAppError(
        f"{path} holds no calibration that this version can read; make one with "
        "avatar-app calibrate"
    )


def _role(content: Mapping[str, Any]) -> RoleCalibration:
    rows = content["fusion"]
    fusion: Fusion | Boosted
    if "trees" in content:
        fusion = Boosted(
            names=tuple(rows),
            centre=np.array([row["centre"] for row in rows.values()], np.float64),
            feature=np.array(content["trees"]["feature"], np.intp),
            limit=np.array(content["trees"]["limit"], np.float64),
            leaves=np.array(content["trees"]["leaves"], np.float64),
            bias=float(content["bias"]),
        )
    else:
        fusion = Fusion(
            names=tuple(rows),
            centre=np.array([row["centre"] for row in rows.values()], np.float64),
            scale=np.array([row["scale"] for row in rows.values()], np.float64),
            weights=np.array([row["weight"] for row in rows.values()], np.float64),
            bias=float(content["bias"]),
        )
    usual = {name: Usual(*map(float, pair)) for name, pair in content["usual"].items()}
    maxima = [float(value) for value in content["maxima"]]
    return RoleCalibration(fusion, usual, maxima, float(content["threshold"]))
