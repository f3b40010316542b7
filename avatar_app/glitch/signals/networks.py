"""Small convolutional networks: read, written, and built to be computed. Trained elsewhere."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from openvino import opset13 as op

from avatar_app.files import whole, write_errors
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


def save(weights: Weights, path: Path) -> None:
    """Write kernels and biases in half precision, which changes nothing that matters."""
    halves = [np.asarray(array, np.float16) for pair in weights for array in pair]
    named = dict(zip(_names(len(weights)), halves, strict=True))
    with whole(path) as part, write_errors(path), part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **named)


def through(x: ov.Node, layers: Layers, weights: Weights) -> ov.Node:
    """Take (1, in, H, W) through layers in a graph; kernels of more than a pixel are rectified."""
    for (inside, out, size, stride), (kernel, bias) in zip(layers, weights, strict=True):
        filters = kernel.reshape(size, size, inside, out).transpose(3, 2, 0, 1)
        edge = [size // 2] * 2
        x = op.convolution(x, np.ascontiguousarray(filters), [stride] * 2, edge, edge, [1, 1])
        x = op.add(x, bias.reshape(1, -1, 1, 1))
        x = op.relu(x) if size > 1 else x
    return x


def _names(layers: int) -> list[str]:
    return [f"{what}{index}" for index in range(layers) for what in ("kernel", "bias")]
