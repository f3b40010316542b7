"""Faces without their shape: each chip warped so that landmarks lie where a mean face has them.

As in active appearance models (Cootes et al., ECCV 1998). Of a face that turns or talks little is
left to differ from what is usual; of a broken one much is.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.glitch.signals.chip import HEIGHT, SIDE
from avatar_app.types import Floats

Points = npt.NDArray[np.float64]

SHAPE: Floats = np.array(
    (
        *((12.5, 27.6), (12.8, 37.3), (13.9, 46.9), (15.9, 56.2)),
        *((19.2, 65.2), (24.4, 73.2), (31.4, 79.6), (39.2, 84.5)),
        *((48.0, 86.0), (56.8, 84.5), (64.6, 79.6), (71.6, 73.2)),
        *((76.8, 65.2), (80.1, 56.2), (82.1, 46.9), (83.2, 37.3)),
        *((83.5, 27.6), (18.8, 21.3), (23.5, 17.4), (29.9, 16.4)),
        *((36.4, 17.2), (42.6, 19.5), (53.4, 19.5), (59.6, 17.2)),
        *((66.1, 16.4), (72.5, 17.4), (77.2, 21.3), (48.0, 27.2)),
        *((48.0, 33.8), (48.0, 40.3), (48.0, 47.0), (40.7, 50.8)),
        *((44.2, 52.0), (48.0, 53.1), (51.8, 52.0), (55.3, 50.8)),
        *((25.8, 27.7), (29.8, 26.0), (34.4, 26.1), (38.5, 28.8)),
        *((34.1, 29.7), (29.5, 29.6), (57.5, 28.8), (61.6, 26.1)),
        *((66.2, 26.0), (70.2, 27.7), (66.5, 29.6), (61.9, 29.7)),
        *((34.7, 62.8), (39.3, 60.1), (44.3, 58.7), (48.0, 59.6)),
        *((51.7, 58.7), (56.7, 60.1), (61.3, 62.8), (56.9, 67.9)),
        *((52.0, 70.2), (48.0, 70.6), (44.0, 70.2), (39.1, 67.9)),
        *((36.9, 62.9), (44.2, 62.1), (48.0, 62.5), (51.8, 62.1)),
        *((59.1, 62.9), (51.8, 64.5), (48.0, 65.0), (44.2, 64.5)),
    ),
    np.float32,
)
"""The mean face's landmarks (68, 2) in pixels of a chip: of rendered people, left as right."""

_NODES = 24  # across a chip; the warp in between is linear
_ROWS = _NODES * HEIGHT // SIDE
_STIFFNESS = 0.02
"""How little a single landmark bends the warp: it may have slipped, and eyes close."""


def _bending(one: Points, other: Points) -> Points:
    """Return the thin plate's kernel (len(one), len(other)) for points in chips' sides."""
    squared = np.square(one[:, None] - other[None]).sum(axis=2)
    return np.asarray(squared * np.log(np.maximum(squared, 1e-12)) / 2)


def _warp() -> Floats:
    """Return (nodes, 68): where each node of the mean face lies, as weights of the landmarks.

    The nodes reach below the chip as far as a face is looked at.

    A smoothing thin-plate spline (Bookstein 1989) from fixed points is linear in their values.
    """
    points = SHAPE.astype(np.float64) / SIDE
    down = ((np.arange(_ROWS) + 0.5) * (SIDE / _NODES) - 0.5) / SIDE
    x, y = np.meshgrid(down[:_NODES], down)
    nodes = np.column_stack((x.ravel(), y.ravel()))
    count = len(points)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _bending(points, points) + _STIFFNESS * np.eye(count)
    system[:count, count:] = np.column_stack((np.ones(count), points))
    system[count:, :count] = system[:count, count:].T
    reach = np.hstack((_bending(nodes, points), np.ones((len(nodes), 1)), nodes))
    return np.asarray((reach @ np.linalg.inv(system))[:, :count], np.float32)


_WARP = _warp()


def shapefree(face: Floats, points: Floats) -> Floats:
    """Return the face (112, 96) with its landmarks `points` (68, 2), in its pixels, at `SHAPE`."""
    nodes = (_WARP @ np.asarray(points, np.float32)).reshape(_ROWS, _NODES, 2)
    places = cv2.resize(nodes, (SIDE, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return warped(face, np.asarray(places, np.float32))


def warped(face: Floats, places: Floats) -> Floats:
    """Return (H, W): a face at `places` (H, W, 2), x and y in its pixels; its border goes on."""
    there = cv2.remap(  # type: ignore[call-overload]  # OpenCV's stubs forget that one map will do
        face, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(there, np.float32)
