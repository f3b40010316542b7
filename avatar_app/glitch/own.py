"""The user's own clean seconds: what is usual of this face, this camera and this room.

Kept in detector.json in the data folder. It moves what the detector calls usual, within bounds: a
few seconds are little to learn from, and a glitch among them must not become the rule.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avatar_app import settings
from avatar_app.files import write_json
from avatar_app.glitch.calibration import RoleCalibration, Usual
from avatar_app.glitch.fusion import TURNED
from avatar_app.types import AvatarAppError

NAME = "detector.json"
LEAST_SECONDS = 10.0
"""Less clean time than this says too little."""

_FORMAT = 1
_LIMIT = 99  # percentile
_MOST_MOVED = 2.0  # in distances from the usual median to its limit
_SPREADS = (0.7, 2.5)  # what the distance may become, in times of what it was


@dataclass(frozen=True)
class OwnUsual:
    """Of each measure the user's median, and the percentiles 1 and 99, over `seconds`."""

    seconds: float
    measures: Mapping[str, tuple[float, float, float]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, float]], seconds: float) -> OwnUsual:
        """Learn from the measures of frames that are clean. Raises AvatarAppError for too few."""
        if seconds < LEAST_SECONDS:
            raise AvatarAppError(
                f"Only {seconds:.1f} s of a face can be learned from, and at least "
                f"{LEAST_SECONDS:.0f} are needed; show it for 30 s without a break, as the first "
                "second after each does not count."
            )
        found = {}
        for name in dict.fromkeys(name for row in rows for name in row):
            values = [row[name] for row in rows if name in row]
            low, middle, high = np.percentile(values, (100 - _LIMIT, 50, _LIMIT))
            found[name] = (float(middle), float(low), float(high))
        return cls(seconds, found)

    def applied(self, calibration: RoleCalibration) -> RoleCalibration:
        """Return the calibration with what is usual of this user."""
        moved = {
            name: self._moved(name, usual) if name in self.measures else usual
            for name, usual in calibration.usual.items()
        }
        return dataclasses.replace(calibration, usual=moved)

    def _moved(self, name: str, usual: Usual) -> Usual:
        middle, low, high = self.measures[name]
        spread = usual.limit - usual.median
        way = float(np.clip((middle - usual.median) / spread, -_MOST_MOVED, _MOST_MOVED))
        seen = ((high if spread > 0 else low) - middle) / spread
        median = usual.median + way * spread
        limit = median + float(np.clip(seen, *_SPREADS)) * spread
        return Usual(median, limit, limit + usual.limit_at(TURNED) - usual.limit)

    def save(self, path: Path | None = None) -> Path:
        """Write it where `load_own` finds it. Raises AvatarAppError where that cannot be."""
        path = path or own_file()
        content = {
            "format": _FORMAT,
            "seconds": round(self.seconds, 1),
            "measures": {
                name: [float(f"{value:.5g}") for value in three]
                for name, three in self.measures.items()
            },
        }
        write_json(path, content, indent=1)
        return path


def load_own(path: Path | None = None) -> OwnUsual | None:
    """Read what was learned of the user, None where nothing was.

    Raises AvatarAppError where the file is something else.
    """
    path = path or own_file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError(content["format"])
        measures = {
            name: (float(middle), float(low), float(high))
            for name, (middle, low, high) in content["measures"].items()
        }
        return OwnUsual(float(content["seconds"]), measures)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AvatarAppError(
            f"{path} holds no clean seconds of yours that can be read; delete it, or learn them "
            "again with avatar-app calibrate --clean VIDEO"
        ) from error


def own_file() -> Path:
    """Give the path of what `run` uses, there or not."""
    return settings.data_dir() / NAME
