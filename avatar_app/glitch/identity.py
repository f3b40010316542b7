"""Who a face belongs to: dlib's face recognition network, computed so that other threads go on.

dlib itself takes 100 ms for a face and holds Python's lock all the while, so that every picture of
a live avatar would wait. The network is a ResNet with 29 convolutions (He et al., CVPR 2016) whose
weights stand one after the other in dlib's file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from avatar_app.types import AvatarAppError, Floats, Image

CHIP_SIDE = 150
"""Width and height of the pictures it takes: a face, upright, with `CHIP_MARGIN` around it."""
CHIP_MARGIN = 0.25

_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
_CONTRAST = np.float32(256)
_FIRST = (32, 7)  # its channels, and the side of its filters
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), *((64, False),) * 3),
    *((128, True), *((128, False),) * 2),
    *((256, True), *((256, False),) * 2),
    (256, True),
)
"""Channels, and whether the picture is halved, of each block of two convolutions by 3 x 3."""
_OUT = 128


@dataclass(frozen=True, eq=False)
class _Convolution:
    """`weights` (side * side * channels in, channels out), `bias` (channels out)."""

    weights: Floats
    bias: Floats
    side: int

    def __call__(self, picture: Floats, stride: int = 1) -> Floats:
        """Return (h, w, channels out) of (H, W, channels in). At a stride of 1 the size stays."""
        if stride == 1:
            edge = self.side // 2
            picture = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)))
        windows = sliding_window_view(picture, (self.side, self.side), (0, 1))  # (h, w, C, s, s)
        windows = windows[::stride, ::stride].transpose(0, 1, 3, 4, 2)  # (h, w, s, s, C)
        height, width = windows.shape[:2]
        flat = windows.reshape(height * width, -1) @ self.weights + self.bias
        return np.asarray(flat.reshape(height, width, -1), np.float32)


class FaceNetwork:
    """Tells persons apart. Reads dlib's file; raises AvatarAppError where it is another one."""

    def __init__(self, file: Path) -> None:
        try:
            stored = _Stored(file.read_bytes())
            self._first = stored.convolution(3, *_FIRST)
            blocks, before = [], _FIRST[0]
            for channels, halves in _BLOCKS:
                one = stored.convolution(before, channels, 3)
                blocks.append((one, stored.convolution(channels, channels, 3), halves))
                before = channels
            self._blocks = tuple(blocks)
            self._last = stored.projection(before, _OUT)
        except (OSError, ValueError, IndexError) as error:
            raise AvatarAppError(
                f"{file} is not dlib's face recognition model, or damaged; install its package "
                "face_recognition_models again."
            ) from error

    def describe(self, chip: Image) -> Floats:
        """Return (128,) float32 of a face, (150, 150, 3) uint8 RGB; raises ValueError else."""
        if chip.shape != (CHIP_SIDE, CHIP_SIDE, 3):
            raise ValueError(f"describe: expected (150, 150, 3), got {chip.shape}")
        picture = (chip.astype(np.float32) - _MEAN) / _CONTRAST
        picture = _largest(np.maximum(self._first(picture, 2), 0))
        for one, other, halves in self._blocks:
            changed = other(np.maximum(one(picture, 2 if halves else 1), 0))
            picture = np.maximum(_sum(changed, _halved(picture) if halves else picture), 0)
        return np.asarray(picture.mean(axis=(0, 1)) @ self._last, np.float32)


def _largest(picture: Floats) -> Floats:
    """Return the largest of every 3 x 3 cells, in steps of two."""
    across = np.maximum(np.maximum(picture[:, :-2:2], picture[:, 1:-1:2]), picture[:, 2::2])
    return np.asarray(np.maximum(np.maximum(across[:-2:2], across[1:-1:2]), across[2::2]))


def _halved(picture: Floats) -> Floats:
    """Return the means of 2 x 2 cells; an odd row or column at the end is left out."""
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    even = picture[:height, :width]
    across = even[:, ::2] + even[:, 1::2]
    return np.asarray((across[::2] + across[1::2]) / np.float32(4))


def _sum(one: Floats, other: Floats) -> Floats:
    """Add two pictures; where one has fewer rows, columns or channels it counts as zero."""
    shape = [max(sides) for sides in zip(one.shape, other.shape, strict=True)]
    whole = np.zeros(shape, np.float32)
    for part in (one, other):
        height, width, channels = part.shape
        whole[:height, :width, :channels] += part
    return whole


class _Stored:
    """dlib's file: the layers follow each other from the input on, each as its name and tensor."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def convolution(self, channels: int, out: int, side: int) -> _Convolution:
        """Read the next one, with the scale and shift of each channel that follow it, as one."""
        size = out * channels * side * side
        numbers = self._tensor(b"con_4", (size + out, 1, 1, 1))
        scale, shift = self._tensor(b"affine_", (2 * out, 1, 1, 1)).reshape(2, out)
        filters = numbers[:size].reshape(out, channels, side, side)
        weights = filters.transpose(2, 3, 1, 0).reshape(-1, out)  # (side * side * channels, out)
        return _Convolution(weights * scale, numbers[size:] * scale + shift, side)

    def projection(self, channels: int, out: int) -> Floats:
        """Read the last layer, (channels, out)."""
        return self._tensor(b"fc_2", (channels, out, 1, 1), skip=2).reshape(channels, out)

    def _tensor(self, layer: bytes, shape: tuple[int, ...], skip: int = 0) -> Floats:
        """Read the next layer of this name: its tensor, after `skip` numbers. Raises ValueError."""
        name = bytes((1, len(layer))) + layer
        self._at = self._content.index(name, self._at) + len(name)
        # Then come a version, 2, and the tensor's shape.
        found = [self._number() for _ in range(skip + 5)]
        if tuple(found[skip:]) != (2, *shape):
            raise ValueError(f"{layer!r}: expected {shape}, got {found}")
        size = int(np.prod(shape))
        values = np.frombuffer(self._content, "<f4", size, self._at)
        self._at += 4 * size
        return values.astype(np.float32)

    def _number(self) -> int:
        """Read a whole number: how many bytes it has, then those, the least first."""
        begin = self._at + 1
        self._at = begin + self._content[self._at]
        return int.from_bytes(self._content[begin : self._at], "little")
