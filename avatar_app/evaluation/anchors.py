"""What a model must beat: a picture moved by the driver's landmarks, without any learning."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.types import Floats, Image


class LandmarkWarp:
    """Moves a source image piecewise: triangles between its landmarks follow the driver's.

    Delaunay triangles over the 68 landmarks and eight points that hold the picture's border,
    each moved by its own affine map. It has no notion of what a turn uncovers or of an inside of
    the mouth, but keeps every pixel's sharpness.
    """

    def __init__(self, source: Image, landmarks: Floats) -> None:
        """Triangulate `source` (S, S, 3) over its `landmarks` (68, 2) in pixels."""
        self._source = source
        self._points = _with_border(landmarks, source.shape[0])
        self._triangles = _delaunay(self._points, source.shape[0])  # (T, 3) indices

    def __call__(self, landmarks: Floats) -> Image:
        """Return the source (S, S, 3) with its landmarks moved to the driver's (68, 2)."""
        size = self._source.shape[0]
        corners = _with_border(landmarks, size)[self._triangles]  # (T, 3, 2)
        owner = np.zeros((size, size), np.int32)
        for index, corner in enumerate(corners):
            cv2.fillConvexPoly(owner, np.round(corner).astype(np.int32), index + 1)
        maps = np.concatenate((np.eye(3, 2)[None], self._affine_maps(corners)))  # (T + 1, 3, 2)
        y, x = np.mgrid[:size, :size]
        here = np.stack((x, y, np.ones_like(x)), axis=-1)  # (S, S, 3)
        there = np.einsum("ijk,ijkl->lij", here, maps[owner]).astype(np.float32)  # (2, S, S)
        warped = cv2.remap(
            self._source, there[0], there[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped, np.uint8)

    def _affine_maps(self, corners: Floats) -> npt.NDArray[np.float64]:
        """Return (T, 3, 2): x, y, 1 of the moved triangles to x, y of the source."""
        ones = np.ones((*corners.shape[:2], 1))
        moved = np.concatenate((corners, ones), axis=-1).astype(np.float64)  # (T, 3, 3)
        flat = np.abs(np.linalg.det(moved)) < 1e-3  # a triangle seen edge-on covers no pixels
        moved[flat] = np.eye(3)
        return np.asarray(np.linalg.solve(moved, self._points[self._triangles]), np.float64)


def _with_border(landmarks: Floats, size: int) -> Floats:
    ends = np.array((0, (size - 1) / 2, size - 1))
    border = [(x, y) for x in ends for y in ends if (x, y) != (ends[1], ends[1])]
    inside = np.clip(landmarks, 1, size - 2)
    return np.concatenate((inside, border)).astype(np.float32)


def _delaunay(points: Floats, size: int) -> npt.NDArray[np.intp]:
    """Return the triangles (T, 3) as indices into `points` (N, 2)."""
    plane = cv2.Subdiv2D((0, 0, size, size))
    for point in points:
        plane.insert((float(point[0]), float(point[1])))
    corners = np.asarray(plane.getTriangleList()).reshape(-1, 3, 2)
    distances = np.linalg.norm(corners[:, :, None] - points, axis=-1)  # (T, 3, N)
    known = distances.min(axis=-1).max(axis=-1) < 0.01  # without the plane's own outer corners
    return np.asarray(distances.argmin(axis=-1)[known], np.intp)
