"""What the model itself says about how badly a frame went: pure functions, a number each.

The driver reaches the generator only as keypoints, which exist even where there is no face; these
numbers are where a failure shows first. Cheap enough for every frame.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avatar_app.fomm import motion
from avatar_app.fomm.runtime import Detection, Picture
from avatar_app.types import Floats, KeyPoints

_WORST_CONDITION = 1e6
_EMPTY = 1e-20  # keeps the logarithm of an empty heatmap cell finite


def measure(
    detection: Detection, source: KeyPoints, keypoints: KeyPoints, picture: Picture
) -> dict[str, float]:
    """All measures of one frame by name.

    `detection` is the driver's, `keypoints` those that `picture` was rendered with (after the
    transfer), `source` the avatar's.
    """
    relative = relative_jacobians(source, keypoints)
    face = inside_hull(keypoints.value[0], *picture.occlusion_map.shape)
    occluded = (1 - picture.occlusion_map)[face]
    return {
        "heatmap_spread": heatmap_spread(detection.heatmap),
        "heatmap_peak": heatmap_peak(detection.heatmap),
        "heatmap_entropy": heatmap_entropy(detection.heatmap),
        "jacobian_condition": worst_condition(relative),
        "jacobian_determinant": float(motion.determinant(relative).min()),
        "jacobian_flipped_share": float((motion.determinant(relative) < 0).mean()),
        "fold_share": fold_share(picture.deformation),
        "out_of_range_share": out_of_range_share(picture.deformation),
        "occlusion_area": float(occluded.mean()),
        "hallucination": float((occluded * picture.residual[face]).mean()),
    }


def heatmap_spread(heatmap: Floats) -> float:
    """How far a keypoint's heatmap (K, h, w) reaches: standard deviation, mean over keypoints.

    In units of the picture's half side; 0 for a single cell, 0.82 for an even map.
    """
    rows, columns = heatmap.sum(2), heatmap.sum(1)  # (K, h), (K, w)
    variance = _variance(rows) + _variance(columns)
    return float(np.sqrt(variance).mean())


def _variance(share: Floats) -> Floats:
    at = np.linspace(-1, 1, share.shape[1], dtype=np.float32)
    variance: Floats = np.maximum(share @ at**2 - (share @ at) ** 2, 0)
    return variance


def heatmap_peak(heatmap: Floats) -> float:
    """Highest cell of a keypoint's heatmap (K, h, w), mean over keypoints; 1 is a single cell."""
    return float(heatmap.reshape(len(heatmap), -1).max(1).mean())


def heatmap_entropy(heatmap: Floats) -> float:
    """Entropy of a keypoint's heatmap (K, h, w), mean over keypoints: 0 a cell, 1 an even map."""
    cells = heatmap.shape[1] * heatmap.shape[2]
    information = np.log(heatmap + np.float32(_EMPTY))
    return float(-np.vdot(heatmap, information) / (len(heatmap) * np.log(cells)))


def relative_jacobians(source: KeyPoints, keypoints: KeyPoints) -> Floats:
    """(K, 2, 2): how each keypoint's neighbourhood is turned and stretched (J of eq. 4)."""
    turned: Floats = source.jacobian[0] @ motion.inverse(keypoints.jacobian[0])
    return turned


def worst_condition(matrices: Floats) -> float:
    """Largest ratio of the two stretches of (K, 2, 2): 1 a turn, up to 1e6 a collapse to a line."""
    size = (matrices**2).sum((-2, -1))  # sum of the squared stretches
    area = np.abs(motion.determinant(matrices))  # their product
    root = np.sqrt(np.maximum(size**2 - 4 * area**2, 0))
    condition = (size + root) / np.maximum(2 * area, size / _WORST_CONDITION + 1e-30)
    return float(min(condition.max(), _WORST_CONDITION))


def fold_share(deformation: Floats) -> float:
    """Share in [0, 1] of cells of (h, w, 2) that are turned over: the picture folds there."""
    along_x = deformation[:-1, 1:] - deformation[:-1, :-1]
    along_y = deformation[1:, :-1] - deformation[:-1, :-1]
    turned = along_x[..., 0] * along_y[..., 1] - along_x[..., 1] * along_y[..., 0]
    return float(np.count_nonzero(turned < 0) / turned.size)


def out_of_range_share(deformation: Floats) -> float:
    """Share in [0, 1] of cells of (h, w, 2) that look outside the source and so read black."""
    beyond = np.abs(deformation) > 1
    outside = beyond[..., 0] | beyond[..., 1]
    return float(np.count_nonzero(outside) / outside.size)


def inside_hull(points: Floats, height: int, width: int) -> npt.NDArray[np.bool_]:
    """(height, width): which cells lie in the convex hull of `points` (K, 2), x, y in [-1, 1].

    All of them where the hull holds not a single cell.
    """
    corners = motion.hull(points)
    edges = np.roll(corners, -1, axis=0) - corners
    x, y = _axes(height, width)
    inside = np.full((height, width), len(corners) >= 3)
    for (corner_x, corner_y), (edge_x, edge_y) in zip(corners, edges, strict=True):
        inside &= edge_x * (y - corner_y) >= edge_y * (x - corner_x)
    return inside if inside.any() else ~inside


@lru_cache(maxsize=4)
def _axes(height: int, width: int) -> tuple[Floats, Floats]:
    x = np.linspace(-1, 1, width, dtype=np.float32)
    return x, np.linspace(-1, 1, height, dtype=np.float32)[:, None]
