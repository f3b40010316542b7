"""Motion algebra on keypoints: which pose of the avatar a driver's pose means.

Plain numpy; shapes as in `KeyPoints`. Section 3.3 of the paper (relative motion transfer) and the
movement scale of its reference implementation. Everything that is constant between two
calibrations is worked out once and held by `Transfer`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from avatar_app.types import Floats, KeyPoints

# A jacobian whose determinant is closer to zero is singular for every practical purpose.
SINGULAR = 1e-6
_NO_AREA = 1e-9


def determinant(matrix: Floats) -> Floats:
    """Determinants of (..., 2, 2)."""
    difference: Floats = (
        matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]
    )
    return difference


def inverse(matrix: Floats) -> Floats:
    """Inverses of (..., 2, 2), with determinants near zero held away from it, sign kept.

    A singular matrix gives huge numbers, never infinite ones and never an error; the failure
    measures tell that it happened.
    """
    area = determinant(matrix)
    held = np.where(area < 0, np.float32(-SINGULAR), np.float32(SINGULAR))
    safe: Floats = np.where(np.abs(area) > SINGULAR, area, held)
    adjugate = np.empty_like(matrix)
    adjugate[..., 0, 0] = matrix[..., 1, 1]
    adjugate[..., 1, 1] = matrix[..., 0, 0]
    adjugate[..., 0, 1] = -matrix[..., 0, 1]
    adjugate[..., 1, 0] = -matrix[..., 1, 0]
    inverted: Floats = adjugate / safe[..., None, None]
    return inverted


def hull(points: Floats) -> Floats:
    """Corners (n, 2) of the convex hull of `points` (K, 2), in turning order.

    Fewer than three corners come back where the points lie on a line or a spot.
    """
    # OpenCV tells -0 from 0 and finds nothing where both are one spot; a sum is never -0.
    corners = cv2.convexHull(np.asarray(points, np.float32) + np.float32(0))
    return np.asarray(corners, np.float32).reshape(-1, 2)


def hull_area(points: Floats) -> float:
    """Area of the convex hull of `points` (K, 2); 0 where they lie on a line."""
    corners = hull(points).astype(np.float64)
    if len(corners) < 3:
        return 0.0
    x, y = (corners - corners[0]).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def movement_scale(source: KeyPoints, initial: KeyPoints) -> float:
    """How much larger the avatar's face is than the driver's: a factor on the driver's movements.

    The square root of the ratio of the keypoints' hull areas; 1 where the driver's has no area.
    """
    area = hull_area(initial.value[0])
    return float(np.sqrt(hull_area(source.value[0]) / area)) if area > _NO_AREA else 1.0


@dataclass(frozen=True, eq=False)
class Transfer:
    """The affine map from the driver's keypoints to those the avatar is rendered with.

    Points become `offset + scale * value`, local affine parts `base + driving_jacobian @ jacobian`.
    `offset` is (K, 2), `jacobian` and `base` (K, 2, 2); constant between calibrations.
    """

    offset: Floats
    scale: float
    jacobian: Floats
    base: Floats

    def __call__(self, driving: KeyPoints) -> KeyPoints:
        """The keypoints (B, K) to render with, from the driver's (B, K)."""
        value = self.offset + np.float32(self.scale) * driving.value
        return KeyPoints(value, self.base + driving.jacobian @ self.jacobian)


def relative_transfer(
    source: KeyPoints, initial: KeyPoints, adapt_scale: bool = True, first_order: bool = True
) -> Transfer:
    """Move the avatar as the driver moves away from the neutral pose `initial`.

    The initial pose itself gives the source's keypoints. `adapt_scale` fits the size of movements
    to the avatar's face (`movement_scale`). Without `first_order` every keypoint's neighbourhood
    only shifts, as in Monkey-Net: the local affine parts are the source's own, so that they cancel.
    """
    scale = movement_scale(source, initial) if adapt_scale else 1.0
    offset = source.value[0] - np.float32(scale) * initial.value[0]
    if not first_order:
        return _shift_only(source, offset, scale)
    jacobian = inverse(initial.jacobian[0]) @ source.jacobian[0]
    return Transfer(offset, scale, jacobian, np.zeros_like(jacobian))


def absolute_transfer(source: KeyPoints, first_order: bool = True) -> Transfer:
    """Put the avatar where the driver is, with the driver's proportions: the identity.

    `source` matters only without `first_order` (see `relative_transfer`).
    """
    offset = np.zeros_like(source.value[0])
    if not first_order:
        return _shift_only(source, offset, 1.0)
    jacobian = np.broadcast_to(np.eye(2, dtype=np.float32), source.jacobian[0].shape)
    return Transfer(offset, 1.0, jacobian, np.zeros_like(jacobian))


def _shift_only(source: KeyPoints, offset: Floats, scale: float) -> Transfer:
    return Transfer(offset, scale, np.zeros_like(source.jacobian[0]), source.jacobian[0].copy())


def pose_distance(a: KeyPoints, b: KeyPoints) -> float:
    """Distance of two poses whatever the place and size of the faces; 0 for the same pose.

    Both are moved to their centre and divided by the square root of their hull's area; the root
    mean square distance of their points remains.
    """
    difference = _normalised(a) - _normalised(b)
    return float(np.sqrt((difference**2).sum(-1).mean()))


def _normalised(points: KeyPoints) -> Floats:
    value = points.value[0]
    area = hull_area(value)
    centred: Floats = value - value.mean(axis=0)
    return centred / np.float32(np.sqrt(area)) if area > _NO_AREA else centred
