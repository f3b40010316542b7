"""The last seconds, kept in case they turn out to matter."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.types import Image, check_image

_QUALITY = 95
"""Of the pictures in memory: a thirtieth of their size, at what no eye tells apart."""


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


@dataclass(frozen=True, eq=False)
class _Packed:
    index: int
    time: float
    avatar: bytes
    driver: bytes | None


class Roll:
    """Keeps the moments of the last `seconds`, in a tenth of a megabyte each or less."""

    def __init__(self) -> None:
        self._packed: deque[_Packed] = deque()

    def add(self, moment: Moment, seconds: float) -> None:
        """Keep a moment, and forget those more than `seconds` before it."""
        driver = None if moment.driver is None else _pack(moment.driver)
        self._packed.append(_Packed(moment.index, moment.time, _pack(moment.avatar), driver))
        while self._packed[0].time < moment.time - seconds:
            self._packed.popleft()

    def take(self, since: float) -> list[Moment]:
        """Give the moments from `since` in seconds on, in order, and forget all."""
        kept = [_unpacked(packed) for packed in self._packed if packed.time >= since]
        self._packed.clear()
        return kept

    def clear(self) -> None:
        """Forget all."""
        self._packed.clear()


def _pack(image: Image) -> bytes:
    # 4:4:4, as the edges of a small face are all there is of it.
    options = (
        cv2.IMWRITE_JPEG_QUALITY,
        _QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    )
    _, packed = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return packed.tobytes()


def _unpacked(packed: _Packed) -> Moment:
    driver = None if packed.driver is None else _unpack(packed.driver)
    return Moment(packed.index, packed.time, _unpack(packed.avatar), driver)


def _unpack(packed: bytes) -> Image:
    picture = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
