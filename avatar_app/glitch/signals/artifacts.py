"""Where a face looks broken, and where covered: two maps by a small network, in numpy alone.

Like Face X-ray (Li et al., CVPR 2020) it was shown faces that were broken on purpose, with a map of
where. Other than there it also sees what is usual of the face, both as it is and without its shape,
and it was shown whole faces behind hands, cups and masks: a covered face is not a broken one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.glitch.signals.chip import PARTS, SIDE, Place
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats

FILE = "artifacts.npz"

CELLS = 12
"""A map has so many rows and columns; a cell is 8 pixels of the chip."""

LAYERS = (
    *((4, 16, 5, 2), (16, 32, 3, 2), (32, 32, 3, 1), (32, 48, 3, 2), (48, 48, 3, 1), (48, 2, 1, 1)),
)
"""Of the network: channels in and out, kernel, stride. Rectified but for the last."""

_LITTLE_CONTRAST = 8.0
HIGHEST = 8
"""So many cells speak for the whole face: what is broken is no single one."""
_PART_SHARE = 3  # of a part's cells the highest third counts
_SIZE = SIDE // CELLS


def _cells_of(rows: slice, columns: slice) -> npt.NDArray[np.intp]:
    """Return the flat indices of the cells whose middle lies there."""
    middles = np.arange(CELLS) * _SIZE + _SIZE / 2
    down = (middles >= rows.start) & (middles < rows.stop)
    along = (middles >= columns.start) & (middles < columns.stop)
    return np.flatnonzero(down[:, None] & along[None, :])


_MIDDLES = np.stack(np.meshgrid(*[np.arange(CELLS) * _SIZE + _SIZE / 2] * 2)).reshape(2, -1)
_PARTS = {part: _cells_of(*place) for part, place in PARTS.items()}


def contrasted(face: Floats, usual: Floats, free: Floats, texture: Floats) -> Floats:
    """Return what the network sees (96, 96, 4) of four chips, all in the usual one's contrast.

    The face and what is usual of it, as it is and without its shape (`shapefree`).
    """
    middle, contrast = usual.mean(), usual.std() + np.float32(_LITTLE_CONTRAST)
    seen = np.stack((face, usual, free, texture), axis=2)
    seen -= middle
    seen /= contrast
    return seen


class ArtifactNetwork:
    """The network with its weights: by layer a kernel (k * k * in, out) and a bias (out,)."""

    def __init__(self, weights: Sequence[tuple[Floats, Floats]]) -> None:
        for (inside, out, size, _), (kernel, bias) in zip(LAYERS, weights, strict=True):
            if kernel.shape != (size * size * inside, out) or bias.shape != (out,):
                raise ValueError(f"ArtifactNetwork: unexpected {kernel.shape} and {bias.shape}")
        self._weights = weights

    @classmethod
    def load(cls, path: Path) -> ArtifactNetwork:
        """Read what `save_network` wrote. Raises AvatarAppError where it is something else."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = [np.asarray(stored[name], np.float32) for name in _names()]
            return cls(list(zip(arrays[::2], arrays[1::2], strict=True)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise AvatarAppError(
                f"{path} holds no network of the detector; install the app again, or train one "
                "with avatar-app calibrate"
            ) from error

    def maps(self, face: Floats, usual: Floats, free: Floats, texture: Floats) -> Floats:
        """Return (2, 12, 12) log-odds that a cell of the chip `face` (96, 96) is broken; covered.

        All four as for `contrasted`.
        """
        x = contrasted(face, usual, free, texture)
        for number, (layer, (kernel, bias)) in enumerate(
            zip(LAYERS, self._weights, strict=True), start=1
        ):
            x = _convolved(x, kernel, bias, *layer[2:])
            if number < len(LAYERS):
                np.maximum(x, 0, out=x)
        return np.moveaxis(x, 2, 0)


def _convolved(x: Floats, kernel: Floats, bias: Floats, size: int, stride: int) -> Floats:
    """Convolve (H, W, in) with zeros around it; the neighbours are laid side by side first."""
    height, width, channels = x.shape
    pad = size // 2
    wide = np.zeros((height + 2 * pad, width + 2 * pad, channels), np.float32)
    wide[pad : pad + height, pad : pad + width] = x
    rows, columns = -(-height // stride), -(-width // stride)
    near = np.empty((rows, columns, size * size, channels), np.float32)
    for index in range(size * size):
        down, along = divmod(index, size)
        near[:, :, index] = wide[down : down + height : stride, along : along + width : stride]
    return (near.reshape(rows * columns, -1) @ kernel + bias).reshape(rows, columns, -1)


def by_part(odds: Floats) -> dict[str, float]:
    """By part of the face: mean log-odds of the third of its cells that look most broken."""
    flat = odds.reshape(-1)
    found = {}
    for part, cells in _PARTS.items():
        highest = max(1, len(cells) // _PART_SHARE)
        found[part] = float(np.sort(flat[cells])[-highest:].mean())
    return found


def overall(odds: Floats) -> float:
    """Mean log-odds of the cells of the face that look most broken."""
    return float(np.partition(odds.reshape(-1), -HIGHEST)[-HIGHEST:].mean())


def covered(maps: Floats, place: Place, shape: tuple[int, ...]) -> Floats:
    """Return (12, 12): the share in [0, 1] of each cell that something covers, by both maps.

    What looks more broken than covered is not. What lies outside the picture of `shape` (H, W, ...)
    is covered, too; `place` takes the picture to the chip.
    """
    broken, hidden = maps
    back = cv2.invertAffineTransform(place)
    x, y = back[:, :2] @ _MIDDLES + back[:, 2:]
    height, width = shape[:2]
    outside = ((x < 0) | (x >= width) | (y < 0) | (y >= height)).reshape(CELLS, CELLS)
    share = np.where(hidden > broken, 1 / (1 + np.exp(-hidden)), 0)
    return np.where(outside, 1, share).astype(np.float32)


def part_means(cells: Floats) -> dict[str, float]:
    """By part of the face: the mean over its cells."""
    flat = cells.reshape(-1)
    return {part: float(flat[there].mean()) for part, there in _PARTS.items()}


def save_network(weights: Sequence[tuple[Floats, Floats]], file: IO[bytes]) -> None:
    """Write kernels and biases, as halves: they change no map that matters."""
    halves = [np.asarray(array, np.float16) for pair in weights for array in pair]
    np.savez_compressed(file, allow_pickle=False, **dict(zip(_names(), halves, strict=True)))


@lru_cache(maxsize=1)
def bundled_network() -> ArtifactNetwork:
    """Return the network that travels with the app."""
    return ArtifactNetwork.load(bundled("models", FILE))


def _names() -> list[str]:
    return [f"{what}{index}" for index in range(len(LAYERS)) for what in ("kernel", "bias")]
