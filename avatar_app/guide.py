"""How to sit before calibrating: what of the driver's face differs from the avatar's, in words.

The better the driver's pose, place and openness match the avatar's at the moment of calibration,
the less the avatar is distorted afterwards. Left and right are the driver's own, as in a mirror.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from avatar_app.face_signals import SIGNALS, read_signals
from avatar_app.framing import face_square
from avatar_app.types import Floats

# What a person does not see in the result: degrees, and shares of the distance of the eyes' outer
# corners. Landmarks of one still face tremble by a third of it.
TOLERANCES: Mapping[str, float] = {
    "yaw": 8.0,
    "pitch": 9.0,
    "roll": 6.0,
    "mouth": 0.08,
    "eyes": 0.045,
}

# The square around the face as a share of the picture's shorter side: below the first it is
# enlarged by much, above the second its border is made up.
_SMALLEST, _LARGEST = 0.38, 1.15
_OUTSIDE = 0.12  # share of the square's side that may lie beyond the picture's edge

_REST_SECONDS = 20.0
_DRIFTED = 1.6  # tolerances


class Arrow(Enum):
    """Which way to move, seen by the driver in a mirror."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    NEARER = "nearer"
    BACK = "back"
    TILT_LEFT = "tilt left"
    TILT_RIGHT = "tilt right"
    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True)
class Hint:
    """One thing to change: its `part`, how far `off` in tolerances (above 1), what to do."""

    part: str
    off: float
    arrow: Arrow
    advice: str


@dataclass(frozen=True)
class Guide:
    """How well the driver's face matches the avatar's.

    `match` in [0, 1], 1 the same; `hints` name what is beyond its tolerance, the worst first.
    `off` has for each part how far it is away, in tolerances, with the sign of the signal.
    """

    match: float
    hints: tuple[Hint, ...] = ()
    off: Mapping[str, float] | None = None

    @property
    def is_good(self) -> bool:
        """Whether this is a moment to calibrate at."""
        return not self.hints

    @property
    def advice(self) -> str:
        """The one thing to do now, in a sentence."""
        return self.hints[0].advice if self.hints else "Hold still."


# Part -> what to do where the driver has too much of it, and where too little. Advice without an
# arrow cannot be followed, so there is none for eyes that are merely wide.
_WAYS: Mapping[str, tuple[tuple[Arrow, str] | None, tuple[Arrow, str] | None]] = {
    # The nose to the picture's right is to the driver's left.
    "yaw": (
        (Arrow.RIGHT, "Turn your head to the right."),
        (Arrow.LEFT, "Turn your head to the left."),
    ),
    "pitch": ((Arrow.UP, "Lift your chin."), (Arrow.DOWN, "Lower your chin.")),
    "roll": (
        (Arrow.TILT_RIGHT, "Tilt your head to the right."),
        (Arrow.TILT_LEFT, "Tilt your head to the left."),
    ),
    "mouth": (
        (Arrow.CLOSE, "Close your mouth."),
        (Arrow.OPEN, "Open your mouth a little, as the avatar does."),
    ),
    "eyes": (None, (Arrow.OPEN, "Open your eyes.")),
    "size": ((Arrow.BACK, "Move back a little."), (Arrow.NEARER, "Come nearer.")),
    # Where the face lies in the picture: its right is the driver's left.
    "across": ((Arrow.RIGHT, "Move to the right."), (Arrow.LEFT, "Move to the left.")),
    "along": (
        (Arrow.UP, "Sit higher, or tilt the camera down."),
        (Arrow.DOWN, "Sit lower, or tilt the camera up."),
    ),
}


def guide(driver: Floats, height: int, width: int, avatar: Floats | None) -> Guide:
    """Compare the driver's landmarks with the avatar's, (68, 2) each, in pixels of their pictures.

    `height` and `width` are those of the driver's picture, in which the face also has to have its
    place. An avatar without landmarks is taken for a face from the front with a closed mouth.
    """
    off = {**_placed(driver, height, width), **_posed(read_signals(driver), _wanted(avatar))}
    hints = [hint for part, amount in off.items() if (hint := _hint(part, amount)) is not None]
    match = float(np.mean([1 / (1 + amount**2) for amount in off.values()]))
    return Guide(match, tuple(sorted(hints, key=lambda hint: -hint.off)), off)


class RestingPose:
    """Notices that the driver sits differently than when the neutral pose was taken.

    Talking and turning come and go, so the median of the last seconds is compared.
    """

    def __init__(self) -> None:
        self._neutral: Mapping[str, float] | None = None
        self._seen: deque[tuple[float, Mapping[str, float]]] = deque()

    def calibrated(self, landmarks: Floats | None) -> None:
        """Take the driver's face, (68, 2) or None, as the neutral one from now on."""
        self._neutral = None if landmarks is None else read_signals(landmarks)
        self._seen.clear()

    def has_drifted(self, landmarks: Floats | None, time: float) -> bool:
        """Take the face at `time` in seconds; say whether to offer another calibration."""
        if landmarks is not None:
            self._seen.append((time, read_signals(landmarks)))
        while self._seen and time - self._seen[0][0] > _REST_SECONDS:
            self._seen.popleft()
        if self._neutral is None or not self._seen or not self._is_long_enough(time):
            return False
        rest = {
            name: float(np.median([signals[name] for _, signals in self._seen])) for name in SIGNALS
        }
        return max(map(abs, _posed(rest, self._neutral).values())) > _DRIFTED

    def _is_long_enough(self, time: float) -> bool:
        return time - self._seen[0][0] > 0.8 * _REST_SECONDS


def _wanted(avatar: Floats | None) -> Mapping[str, float]:
    if avatar is None:
        return {"yaw": 0.0, "pitch": 0.0, "roll": 0.0, "mouth": 0.0, "eyes": 0.1}
    return read_signals(avatar)


def _posed(signals: Mapping[str, float], wanted: Mapping[str, float]) -> dict[str, float]:
    return {
        name: (signals[name] - wanted[name]) / tolerance for name, tolerance in TOLERANCES.items()
    }


def _placed(landmarks: Floats, height: int, width: int) -> dict[str, float]:
    """Say how far size and place are off: 1 where it begins to matter, 0 where all is well."""
    square = face_square(landmarks)
    share = square.size / min(height, width)
    size = 0.0
    if share > _LARGEST:
        size = share / _LARGEST
    elif share < _SMALLEST:
        size = -_SMALLEST / share
    return {
        "size": size,
        "across": _beyond(square.x, square.size, width),
        "along": _beyond(square.y, square.size, height),
    }


def _beyond(centre: float, size: float, side: int) -> float:
    """Say how far a square sticks out at one end, in units of what it may; signed, 0 inside."""
    before, after = size / 2 - centre, centre + size / 2 - side
    if size > side:  # it sticks out anyway: what counts is its place
        before, after = side / 2 - centre, centre - side / 2
    worst = max(before, after) / (_OUTSIDE * size)
    if worst <= 1:
        return 0.0
    return worst if after > before else -worst


def _hint(part: str, amount: float) -> Hint | None:
    too_much, too_little = _WAYS[part]
    way = too_much if amount > 0 else too_little
    if abs(amount) <= 1 or way is None:
        return None
    return Hint(part, abs(amount), *way)
