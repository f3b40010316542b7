"""Where a face looks broken, and where covered: two maps by a small network, in numpy alone.

Like Face X-ray (Li et al., CVPR 2020) it was shown faces that were broken on purpose, with a map of
where. Other than there it also sees what is usual of the face, both as it is and without its shape,
and what lies around it; and it was shown whole faces behind hands, cups and masks, and before bad
cameras: a covered face is not a broken one.
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
from numpy.lib.stride_tricks import as_strided

from avatar_app.glitch.signals.chip import HEIGHT, PARTS, SIDE, Place
from avatar_app.glitch.signals.sight import Sight
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats

FILE = "artifacts.npz"

CELLS = 12
"""A map has so many columns; a cell is 8 pixels of the chip."""

ROWS = CELLS * HEIGHT // SIDE
"""A map has so many rows: the last two are below the chip."""

LAYERS: Sequence[tuple[int, int, int, int]] = (
    *((4, 16, 5, 2), (16, 32, 3, 2), (32, 32, 3, 1), (32, 48, 3, 2), (48, 48, 3, 1), (48, 2, 1, 1)),
    *((4, 16, 5, 2), (16, 24, 3, 2), (24, 24, 3, 1), (96, 32, 3, 1), (32, 2, 1, 1)),
)
"""Of the network: channels in and out, kernel, stride. Rectified but for both of one pixel."""

FACE, HEAD, BESIDE, EXCUSE = slice(0, 5), slice(5, 6), slice(6, 9), slice(9, 11)
"""Which layers look at the face, and map it; at what lies around it, and excuse the face by it."""

INNER = (
    slice(CELLS // 4, CELLS // 4 + ROWS // 2),
    slice(CELLS // 4, CELLS // 4 + CELLS // 2),
)
"""Of the map around the face those rows and columns in which the face lies."""

_EXCUSING = np.array([-1, 1], np.float32)
_MOST_GREY = 4.0
_LITTLE_CONTRAST = 8.0
HIGHEST = 8
"""So many cells speak for the whole face: what is broken is no single one."""
_PART_SHARE = 3  # of a part's cells the highest third counts
_SIZE = SIDE // CELLS


def _cells_of(rows: slice, columns: slice) -> npt.NDArray[np.intp]:
    """Return the flat indices of the cells whose middle lies there.

    What reaches to the lower border of the chip goes on below it.
    """
    middles = np.arange(ROWS) * _SIZE + _SIZE / 2
    down = (middles >= rows.start) & (middles < (HEIGHT if rows.stop == SIDE else rows.stop))
    along = ((middles >= columns.start) & (middles < columns.stop))[:CELLS]
    return np.flatnonzero(down[:, None] & along[None, :])


_MIDDLES = np.stack(np.meshgrid(*[np.arange(CELLS) * _SIZE + _SIZE / 2] * 2)).reshape(2, -1)
_PARTS = {part: _cells_of(*place) for part, place in PARTS.items()}


def contrasted(now: Sight, usual: Sight) -> tuple[Floats, Floats]:
    """Return what the network sees: of the face (112, 96, 4), and around it (48, 48, 4).

    Both now and as usual, in the contrast of the usual face; the face also without its shape.
    """
    middle, contrast = usual.chip.mean(), usual.chip.std() + np.float32(_LITTLE_CONTRAST)
    seen = np.stack((now.face, usual.face, now.free, usual.free), axis=2)
    seen -= middle
    seen /= contrast
    beside = np.stack((*now.around, *usual.around), axis=2)
    beside[..., ::2] -= middle
    beside[..., ::2] /= contrast
    np.clip(beside, -_MOST_GREY, _MOST_GREY, out=beside)
    return seen, beside


class ArtifactNetwork:
    """The network with its weights: by layer a kernel (k * k * in, out) and a bias (out,)."""

    def __init__(self, weights: Sequence[tuple[Floats, Floats]]) -> None:
        for (inside, out, size, _), (kernel, bias) in zip(LAYERS, weights, strict=True):
            if kernel.shape != (size * size * inside, out) or bias.shape != (out,):
                raise ValueError(f"ArtifactNetwork: unexpected {kernel.shape} and {bias.shape}")
        self._weights = weights

    @property
    def weights(self) -> Sequence[tuple[Floats, Floats]]:
        """Kernels and biases, as given."""
        return self._weights

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

    def maps(self, now: Sight, usual: Sight) -> Floats:
        """Return (2, 14, 12) log-odds that a cell of the face is broken; covered.

        What lies around the face can only excuse it: it is less broken, and more covered.
        """
        face, beside = contrasted(now, usual)
        seen, around = self._through(FACE, face), self._through(BESIDE, beside)
        near = around[INNER].repeat(2, axis=0).repeat(2, axis=1)
        whole = np.broadcast_to(around.mean(axis=(0, 1)), near.shape)
        excuse = self._through(EXCUSE, np.concatenate((seen, near, whole), axis=2))
        maps = self._through(HEAD, seen) + _EXCUSING * np.logaddexp(0, excuse)
        return np.asarray(np.moveaxis(maps, 2, 0), np.float32)

    def _through(self, which: slice, x: Floats) -> Floats:
        for layer, (kernel, bias) in zip(LAYERS[which], self._weights[which], strict=True):
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
    """Return (12, 12): the share in [0, 1] of each cell of the chip that something covers.

    By both maps: what looks more broken than covered is not. What lies outside the picture of
    `shape` (H, W, ...) is covered, too; `place` takes the picture to the chip.
    """
    broken, hidden = maps[:, :CELLS]
    back = cv2.invertAffineTransform(place)
    x, y = back[:, :2] @ _MIDDLES + back[:, 2:]
    height, width = shape[:2]
    outside = ((x < 0) | (x >= width) | (y < 0) | (y >= height)).reshape(CELLS, CELLS)
    share = np.where(hidden > broken, 1 / (1 + np.exp(-hidden)), 0)
    return np.where(outside, 1, share).astype(np.float32)


def part_means(cells: Floats) -> dict[str, float]:
    """By part of the face: the mean over its cells (12, 12) in the chip."""
    flat = cells.reshape(-1)
    return {part: float(flat[there[there < flat.size]].mean()) for part, there in _PARTS.items()}


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
