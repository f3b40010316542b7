"""Small convolutional networks in numpy alone: read, written, computed. Trained elsewhere."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib.stride_tricks import as_strided

from avatar_app.types import AvatarAppError, Floats

Layers = Sequence[tuple[int, int, int, int]]
"""By layer: channels in and out, kernel, stride."""

Weights = Sequence[tuple[Floats, Floats]]
"""By layer: a kernel (k * k * in, out) and a bias (out,)."""


def check(weights: Weights, layers: Layers) -> Weights:
    """Return the weights. Raises ValueError where they are not those of such layers."""
    for (inside, out, size, _), (kernel, bias) in zip(layers, weights, strict=True):
        if kernel.shape != (size * size * inside, out) or bias.shape != (out,):
            raise ValueError(f"expected other weights than {kernel.shape} and {bias.shape}")
    return weights


def load(path: Path, layers: Layers) -> Weights:
    """Read what `save` wrote. Raises AvatarAppError where it is something else."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = [np.asarray(stored[name], np.float32) for name in _names(len(layers))]
        return check(list(zip(arrays[::2], arrays[1::2], strict=True)), layers)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise AvatarAppError(
            f"{path} holds no network of the detector; install the app again, or train one "
            "with avatar-app calibrate"
        ) from error


def save(weights: Weights, file: IO[bytes]) -> None:
    """Write kernels and biases, as halves: they change nothing that matters."""
    halves = [np.asarray(array, np.float16) for pair in weights for array in pair]
    names = _names(len(weights))
    np.savez_compressed(file, allow_pickle=False, **dict(zip(names, halves, strict=True)))


def through(x: Floats, layers: Layers, weights: Weights) -> Floats:
    """Take (H, W, in) through layers; what has a kernel of more than one pixel is rectified."""
    for layer, (kernel, bias) in zip(layers, weights, strict=True):
        x = _convolved(x, kernel, bias, *layer[2:])
        if layer[2] > 1:
            np.maximum(x, 0, out=x)
    return x


def _convolved(x: Floats, kernel: Floats, bias: Floats, size: int, stride: int) -> Floats:
    """Convolve (H, W, in) with zeros around it; the neighbours are laid side by side first."""
    height, width, channels = x.shape
    pad = size // 2
    wide = np.zeros((height + 2 * pad, width + 2 * pad, channels), np.float32)
    wide[pad : pad + height, pad : pad + width] = x
    rows, columns = -(-height // stride), -(-width // stride)
    down, along, one = wide.strides
    # The neighbours in one row lie side by side already, with all of their channels.
    shape, steps = (
        (rows, columns, size, size * channels),
        (stride * down, stride * along, down, one),
    )
    near = as_strided(wide, shape, steps, writeable=False)
    convolved = near.reshape(rows * columns, -1) @ kernel
    convolved += bias
    return np.asarray(convolved.reshape(rows, columns, -1), np.float32)


def _names(layers: int) -> list[str]:
    return [f"{what}{index}" for index in range(layers) for what in ("kernel", "bias")]
