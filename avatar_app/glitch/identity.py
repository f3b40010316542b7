"""Who a face belongs to: dlib's face recognition network, computed so that other threads go on.

dlib itself takes 100 ms for a face and holds Python's lock all the while, so that every picture of
a live avatar would wait. The network is a ResNet with 29 convolutions (He et al., CVPR 2016) whose
weights stand one after the other in dlib's file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from openvino import opset13 as op

from avatar_app.inference import SmallNetwork
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
_ALONG = (2, 3)  # rows and columns
_NO_EDGE = [0, 0]


class FaceNetwork:
    """Tells persons apart. Reads dlib's file; raises AvatarAppError where it is another one."""

    def __init__(self, file: Path) -> None:
        try:
            self._describe = _compiled(_Stored(file.read_bytes()))
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
        return self._describe(picture.transpose(2, 0, 1))


def _compiled(stored: _Stored) -> SmallNetwork:
    """Return the network from what is stored. Raises ValueError or IndexError for another file."""
    entry = op.parameter([1, 3, CHIP_SIDE, CHIP_SIDE], np.float32)
    channels, side = _FIRST
    x = op.relu(_convolved(entry, stored.convolution(3, channels, side), stride=2))
    x = op.max_pool(x, [2, 2], [1, 1], _NO_EDGE, _NO_EDGE, [3, 3]).output(0)
    for out, halves in _BLOCKS:
        one, other = stored.convolution(channels, out, 3), stored.convolution(out, out, 3)
        changed = _convolved(op.relu(_convolved(x, one, stride=2 if halves else 1)), other)
        if halves:
            x = op.avg_pool(x, [2, 2], _NO_EDGE, _NO_EDGE, [2, 2], exclude_pad=True)
        x, channels = op.relu(_sum(changed, x)), out
    mean = op.reduce_mean(x, _ALONG)
    return SmallNetwork(op.matmul(mean, stored.projection(channels, _OUT), False, False), entry)


def _convolved(x: ov.Node, weights: tuple[Floats, Floats], stride: int = 1) -> ov.Node:
    """Convolve; at a stride of 1 the size stays."""
    kernel, bias = weights
    edge = [kernel.shape[-1] // 2 if stride == 1 else 0] * 2
    # As constants, as OpenVINO would make lists of the arrays first, number by number.
    filters, shift = op.constant(kernel), op.constant(bias[:, None, None])
    return op.add(op.convolution(x, filters, [stride] * 2, edge, edge, [1, 1]), shift)


def _sum(one: ov.Node, other: ov.Node) -> ov.Node:
    """Add two pictures; where one has fewer channels, rows or columns it counts as zero."""
    sides = [list(part.shape) for part in (one, other)]
    most = np.max(sides, axis=0)
    return op.add(
        *(
            op.pad(part, [0] * 4, most - had, "constant", np.float32(0))
            for part, had in zip((one, other), sides, strict=True)
        )
    )


class _Stored:
    """dlib's file: the layers follow each other from the input on, each as its name and tensor."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def convolution(self, channels: int, out: int, side: int) -> tuple[Floats, Floats]:
        """Read the next one, with the scale and shift of each channel that follow it, as one.

        Its kernel is (out, channels, side, side), its bias (out,).
        """
        size = out * channels * side * side
        numbers = self._tensor(b"con_4", (size + out, 1, 1, 1))
        scale, shift = self._tensor(b"affine_", (2 * out, 1, 1, 1)).reshape(2, out)
        filters = numbers[:size].reshape(out, channels, side, side)
        return filters * scale[:, None, None, None], numbers[size:] * scale + shift

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
