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

from avatar_app.events import Flag

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class AvatarAppError(Exception):
    """What a user can cause and mend: one sentence that names the thing and the remedy.

    The command line prints it on stderr and exits with 1; the window shows it as a banner.
    """


class CameraError(AvatarAppError):
    """A camera that gives no more pictures; it may come back. The sentence names it."""


class ClipEndedError(CameraError):
    """A clip that was played to its end: nothing to wait for."""


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
class Verdict:
    """The judgement on one picture: the frame `index` at `time` in seconds.

    `score` in [0, 1] rises with the probability that the face is missing or distorted; `flags`
    hold now, and `reasons` name for each the measure and, where it can, the part of the face.
    `landmarks` (68, 2) are those of the judged picture, None where no face was found.
    """

    index: int
    time: float
    score: float
    flags: frozenset[Flag] = frozenset()
    reasons: Mapping[Flag, str] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    landmarks: Floats | None = field(default=None, compare=False)


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


class Detector(Protocol):
    """Judges an avatar's pictures one by one. Not thread-safe: one thread owns and closes it."""

    def set_source(self, avatar: Avatar) -> None:
        """Judge pictures of `avatar` from now on; what was seen before is forgotten."""

    def recalibrate(self) -> None:
        """The driver's neutral pose was taken anew: learn again how avatar and driver differ."""

    def inspect(self, rendered: Rendered) -> Verdict:
        """Judge one picture; those of a driver come in order."""

    def close(self) -> None:
        """Free what it holds; further calls are an error."""


class Camera(Protocol):
    """Gives the driver's pictures. One thread owns it, and that thread closes it.

    `name` in words, `width`, `height` and `fps` as the device really gives them. One that is not
    `is_live` begins with the first `read` and has an end: what nobody looks at is missed.
    """

    name: str
    is_live: bool
    width: int
    height: int
    fps: float

    def read(self) -> Frame:
        """Wait for the next picture; raises CameraError where none will come."""

    def close(self) -> None:
        """Let the device go; harmless when done twice."""


class Output(Protocol):
    """Takes pictures for others to see. One thread owns it, and that thread closes it."""

    name: str
    width: int
    height: int

    def write(self, image: Image) -> None:
        """Show (height, width, 3) uint8 RGB now; raises AvatarAppError where that fails."""

    def close(self) -> None:
        """Let the device go; harmless when done twice."""
