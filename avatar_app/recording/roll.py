"""The last seconds, kept in case they turn out to matter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.types import Image, check_image

_QUALITY = 95
"""Of the avatar in memory: what no eye tells apart."""
_DRIVER_QUALITY = 90
_LIMIT = 96_000_000
"""Bytes: half a minute of a usual camera beside the avatar."""


Shapes = tuple[tuple[int, ...], tuple[int, ...] | None]


@dataclass(frozen=True, eq=False)
class Moment:
    """What a recording takes of one picture: the frame `index` captured at `time` in seconds.

    `avatar` (S, S, 3) uint8 RGB; `driver` (H, W, 3) is there only where the driver asked for it.
    """

    index: int
    time: float
    avatar: Image
    driver: Image | None = None

    def __post_init__(self) -> None:
        check_image(self.avatar, "Moment.avatar")

    @property
    def size(self) -> int:
        """How many bytes of memory its pictures take."""
        return self.avatar.nbytes + (0 if self.driver is None else self.driver.nbytes)

    @property
    def shapes(self) -> Shapes:
        """The avatar's and the driver's: one session holds moments of the same ones only."""
        return self.avatar.shape, None if self.driver is None else self.driver.shape


@dataclass(frozen=True, eq=False)
class _Packed:
    index: int
    time: float
    shapes: Shapes
    avatar: bytes
    driver: bytes | None

    @property
    def size(self) -> int:
        return len(self.avatar) + (0 if self.driver is None else len(self.driver))


class Roll:
    """Keeps the moments of the last `seconds`, as many as fit into `limit` bytes."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self.size = 0
        """Bytes that are held."""
        self._limit = limit
        self._packed: deque[_Packed] = deque()

    def add(self, moment: Moment, seconds: float) -> None:
        """Keep a moment; forget those more than `seconds` before it, and those without room.

        The driver's picture is packed closer than the avatar's, which is judged by it.
        """
        packed = _packed(moment)
        self._packed.append(packed)
        self.size += packed.size
        self.forget_before(moment.time - seconds)
        while self.size > self._limit:
            self._drop()

    def forget_before(self, time: float) -> None:
        """Forget the moments before `time` in seconds."""
        while self._packed and self._packed[0].time < time:
            self._drop()

    def forget_unlike(self, moment: Moment) -> None:
        """Forget the oldest until one is left whose pictures have the sizes of this moment's."""
        while self._packed and self._packed[0].shapes != moment.shapes:
            self._drop()

    def pop(self) -> Moment | None:
        """Return the oldest moment and forget it; None where there is none.

        One at a time, because all of them unpacked would fill the memory.
        """
        return _unpacked(self._drop()) if self._packed else None

    def clear(self) -> None:
        """Forget all."""
        self._packed.clear()
        self.size = 0

    @property
    def seconds(self) -> float:
        """From the oldest to the newest moment."""
        return self._packed[-1].time - self._packed[0].time if self._packed else 0.0

    def __len__(self) -> int:
        return len(self._packed)

    def _drop(self) -> _Packed:
        packed = self._packed.popleft()
        self.size -= packed.size
        return packed


def _packed(moment: Moment) -> _Packed:
    # 4:4:4, as the edges of a small face are all there is of it.
    avatar = _pack(moment.avatar, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    driver = None
    if moment.driver is not None:
        # 4:2:0, as in the video it goes to.
        driver = _pack(moment.driver, _DRIVER_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
    return _Packed(moment.index, moment.time, moment.shapes, avatar, driver)


def _pack(image: Image, quality: int, sampling: int) -> bytes:
    options = (cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
    _, packed = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return packed.tobytes()


def _unpacked(packed: _Packed) -> Moment:
    driver = None if packed.driver is None else _unpack(packed.driver)
    return Moment(packed.index, packed.time, _unpack(packed.avatar), driver)


def _unpack(packed: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
