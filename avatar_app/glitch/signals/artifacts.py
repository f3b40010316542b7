"""Where a face looks broken, and where covered: two maps by a small network.

Like Face X-ray (Li et al., CVPR 2020) it was shown faces that were broken on purpose, with a map of
where. Unlike that one it also sees what is usual of the face, both as it is and without its shape,
and what lies around it; and it was shown whole faces behind hands, cups and masks, and before bad
cameras: a covered face is not a broken one.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from openvino import opset13 as op  # type: ignore[import-untyped]

from avatar_app.glitch.signals import networks
from avatar_app.glitch.signals.chip import HEIGHT, PARTS, SIDE, Place, tones
from avatar_app.glitch.signals.networks import Layers, Weights
from avatar_app.glitch.signals.sight import AROUND, Sight
from avatar_app.inference import SmallNetwork
from avatar_app.settings import bundled
from avatar_app.types import Floats

FILE = "artifacts.npz"

CELLS = 12
"""A map has so many columns; a cell is 8 pixels of the chip."""

ROWS = CELLS * HEIGHT // SIDE
"""A map has so many rows: the last two are below the chip."""

LAYERS: Layers = (
    *((4, 16, 5, 2), (16, 32, 3, 2), (32, 32, 3, 1), (32, 48, 3, 2), (48, 48, 3, 1), (48, 2, 1, 1)),
    *((4, 16, 5, 2), (16, 24, 3, 2), (24, 24, 3, 1), (96, 32, 3, 1), (32, 2, 1, 1)),
)
"""By layer of the network: channels in and out, kernel, stride."""

FACE, HEAD, BESIDE, EXCUSE = slice(0, 5), slice(5, 6), slice(6, 9), slice(9, 11)
"""Which layers look at the face, and map it; at what lies around it, and excuse the face by it."""

INNER = (
    slice(CELLS // 4, CELLS // 4 + ROWS // 2),
    slice(CELLS // 4, CELLS // 4 + CELLS // 2),
)
"""Of the map around the face those rows and columns in which the face lies."""

_ALONG = (2, 3)  # rows and columns
_EXCUSING = np.array([-1, 1], np.float32).reshape(1, 2, 1, 1)
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


_MIDDLES = np.stack(
    (*np.meshgrid(*[np.arange(CELLS) * _SIZE + _SIZE / 2] * 2), np.ones((CELLS, CELLS)))
).reshape(3, -1)
_PARTS = {part: _cells_of(*place) for part, place in PARTS.items()}
_LEAST = np.array([-1e9], np.float32)  # log-odds of no cell


def _means() -> Floats:
    """Return (parts, 144) that takes the cells of a chip to the means of its parts."""
    masks = np.zeros((len(_PARTS), CELLS * CELLS), np.float32)
    for mask, cells in zip(masks, _PARTS.values(), strict=True):
        there = cells[cells < mask.size]
        mask[there] = 1 / there.size
    return masks


def _highest() -> tuple[npt.NDArray[np.intp], Floats]:
    """Return (parts, most) the cells of each part, and how much they count from the lowest on.

    Where a part has fewer than others, a cell beyond the map stands for none.
    """
    most = max(map(len, _PARTS.values()))
    cells = np.full((len(_PARTS), most), ROWS * CELLS)
    shares = np.zeros((len(_PARTS), most), np.float32)
    for row, share, there in zip(cells, shares, _PARTS.values(), strict=True):
        row[: there.size] = there
        counting = max(1, there.size // _PART_SHARE)
        share[-counting:] = 1 / counting
    return cells, shares


_MEANS = _means()
_CELLS_OF_PARTS, _SHARES = _highest()


def contrasted(now: Sight, usual: Sight) -> tuple[Floats, Floats]:
    """Return what the network sees: of the face (4, 112, 96), and around it (4, 48, 48).

    Both now and as usual, in the contrast of the usual face; the face also without its shape.
    """
    middle, contrast = map(np.float32, tones(usual.chip))
    contrast += np.float32(_LITTLE_CONTRAST)
    seen = np.stack((now.face, usual.face, now.free, usual.free))
    seen -= middle
    seen /= contrast
    beside = np.concatenate((now.around, usual.around))
    beside[::2] -= middle
    beside[::2] /= contrast
    np.clip(beside, -_MOST_GREY, _MOST_GREY, out=beside)
    return seen, beside


class ArtifactNetwork:
    """The network with its weights. Raises ValueError for those of another."""

    def __init__(self, weights: Weights) -> None:
        self._weights = networks.check(weights, LAYERS)
        self._maps = _compiled(weights)

    @property
    def weights(self) -> Weights:
        """Kernels and biases, as given."""
        return self._weights

    @classmethod
    def load(cls, path: Path) -> ArtifactNetwork:
        """Read it. Raises AvatarAppError where the file is something else."""
        return cls(networks.load(path, LAYERS))

    def maps(self, now: Sight, usual: Sight) -> Floats:
        """Return (2, 14, 12) log-odds that a cell of the face is broken; covered.

        What lies around the face can only excuse it: it is less broken, and more covered.
        """
        return self._maps(*contrasted(now, usual))


def _compiled(weights: Weights) -> SmallNetwork:
    """Return the network from what is seen of a face, and around it, to the maps."""
    face, beside = (
        op.parameter([1, 4, *sides], np.float32) for sides in ((HEIGHT, SIDE), (AROUND, AROUND))
    )
    seen, around = (
        networks.through(picture, LAYERS[part], weights[part])
        for picture, part in ((face, FACE), (beside, BESIDE))
    )
    corners = zip(*((there.start, there.stop) for there in INNER), strict=True)
    near = op.interpolate(
        op.slice(around, *map(list, corners), [1, 1], _ALONG),
        [ROWS, CELLS],
        "nearest",
        "sizes",
        axes=_ALONG,
        coordinate_transformation_mode="asymmetric",  # each cell twice, down and along
        nearest_mode="floor",
    )
    whole = op.tile(op.reduce_mean(around, _ALONG, keep_dims=True), [1, 1, ROWS, CELLS])
    looks = op.concat([seen, near, whole], 1)
    excuse = op.softplus(networks.through(looks, LAYERS[EXCUSE], weights[EXCUSE]))
    maps = networks.through(seen, LAYERS[HEAD], weights[HEAD])
    return SmallNetwork(op.add(maps, op.multiply(excuse, _EXCUSING)), face, beside)


def by_part(odds: Floats) -> dict[str, float]:
    """By part of the face: mean log-odds of the third of its cells that look most broken."""
    rising = np.concatenate((odds.reshape(-1), _LEAST)).take(_CELLS_OF_PARTS)
    rising.sort()
    rising *= _SHARES
    return dict(zip(_PARTS, rising.sum(axis=1).tolist(), strict=True))


def overall(odds: Floats) -> float:
    """Mean log-odds of the cells of the face that look most broken."""
    return float(np.partition(odds.reshape(-1), -HIGHEST)[-HIGHEST:].sum()) / HIGHEST


def covered(maps: Floats, place: Place, shape: tuple[int, ...]) -> Floats:
    """Return (12, 12): the share in [0, 1] of each cell of the chip that something covers.

    By both maps: what looks more broken than covered is not. What lies outside the picture of
    `shape` (H, W, ...) is covered, too; `place` takes the picture to the chip.
    """
    broken, hidden = maps[:, :CELLS]
    x, y = cv2.invertAffineTransform(place) @ _MIDDLES
    height, width = shape[:2]
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    share = 1 / (1 + np.exp(-hidden))
    share *= hidden > broken
    share[~is_inside.reshape(CELLS, CELLS)] = 1
    return np.asarray(share, np.float32)


def part_means(cells: Floats) -> dict[str, float]:
    """By part of the face: the mean over its cells (12, 12) in the chip."""
    return dict(zip(_PARTS, (_MEANS @ cells.reshape(-1)).tolist(), strict=True))


@lru_cache(maxsize=1)
def bundled_network() -> ArtifactNetwork:
    """Return the network that travels with the app."""
    return ArtifactNetwork.load(bundled("models", FILE))
