"""The values that flow through the app: frozen, checked at birth, numpy only.

Pictures are (H, W, 3) uint8 RGB at every boundary. Points are (x, y); array shapes are
(height, width). Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class AvatarAppError(Exception):
    """What a user can cause and mend: one sentence that names the thing and the remedy.

    The command line prints it on stderr and exits with 1; the window shows it as a banner.
    """


def check_image(image: Image, what: str) -> None:
    """Raise ValueError unless `image` is (H, W, 3) uint8."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f"{what}: expected (H, W, 3) uint8, got {tuple(image.shape)} {image.dtype}"
        )


def _check_shape(array: npt.NDArray[np.generic], shape: tuple[int | None, ...], what: str) -> None:
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("*" if want is None else str(want) for want in shape)
        raise ValueError(f"{what}: expected shape ({wanted}), got {tuple(array.shape)}")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the driver: `image` (H, W, 3) uint8 RGB; `time` in seconds at capture."""

    image: Image
    index: int
    time: float

    def __post_init__(self) -> None:
        check_image(self.image, "Frame.image")


@dataclass(frozen=True, eq=False)
class KeyPoints:
    """FOMM's learned points: `value` (B, K, 2) x, y in [-1, 1]; `jacobian` (B, K, 2, 2)."""

    value: Floats
    jacobian: Floats

    def __post_init__(self) -> None:
        _check_shape(self.value, (None, None, 2), "KeyPoints.value")
        _check_shape(self.jacobian, (*self.value.shape[:2], 2, 2), "KeyPoints.jacobian")


@dataclass(frozen=True, eq=False)
class Avatar:
    """A source image ready to be animated: square, upright, framed like the training clips.

    `image` (S, S, 3) uint8 RGB; `landmarks` (68, 2) float32 in pixels of `image`, or None where
    no face was found and the centre square was taken.
    """

    name: str
    image: Image
    path: Path | None = None
    landmarks: Floats | None = None

    def __post_init__(self) -> None:
        check_image(self.image, "Avatar.image")
        if self.image.shape[0] != self.image.shape[1]:
            raise ValueError(f"Avatar.image: expected a square, got {self.image.shape[:2]}")
        if self.landmarks is not None:
            _check_shape(self.landmarks, (68, 2), "Avatar.landmarks")


@dataclass(frozen=True, eq=False)
class Rendered:
    """One rendered picture with what the model itself says about it.

    `image` (S, S, 3) uint8 RGB. `keypoints` are those the picture was rendered with (after the
    transfer). `measures` are FOMM's own failure measures by name, `timings` milliseconds by stage.
    """

    driving: Frame
    image: Image
    keypoints: KeyPoints
    measures: Mapping[str, float] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_image(self.image, "Rendered.image")


@dataclass(frozen=True)
class AvatarChanged:
    """Event: from `time` in seconds on, the avatar called `avatar` is shown."""

    time: float
    avatar: str


@dataclass(frozen=True)
class Calibrated:
    """Event: the driver's pose in the frame `index` at `time` became the neutral one."""

    time: float
    index: int


class Reenactor(Protocol):
    """Animates one avatar. Not thread-safe: one thread owns it, and that thread closes it."""

    @property
    def size(self) -> int:
        """Side of the square pictures that go in and come out, in pixels."""

    def set_source(self, avatar: Avatar) -> None:
        """Encode the avatar once; what `animate` needs of it is cached."""

    def calibrate(self, frame: Frame) -> None:
        """Take the driver's keypoints in `frame` as the neutral pose: it means the avatar's own."""

    def animate(self, frame: Frame) -> Rendered:
        """Render the avatar in the driver's pose. Calibrates on the first frame if not done."""

    def close(self) -> None:
        """Free the runtime; further calls are an error."""
