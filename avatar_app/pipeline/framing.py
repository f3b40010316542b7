"""Which part of the camera's picture drives the avatar: followed by itself, corrected by hand."""

from __future__ import annotations

import math

from avatar_app.framing import SmoothedSquare, Square
from avatar_app.pipeline.view import DriverFace
from avatar_app.types import Frame

_ZOOM = (0.3, 3.0)
_REACH = 1.0  # how far by hand, in sides of the square


class DriverFraming:
    """Cuts a square out of the camera's pictures: around the face, or of the middle.

    What is moved and zoomed by hand stays relative to that, so it keeps following.
    """

    def __init__(self) -> None:
        self.restart()
        self.reset()

    def reset(self) -> None:
        """Undo what was done by hand."""
        self._dx = self._dy = 0.0
        self._zoom = 1.0

    def restart(self) -> None:
        """Forget the face: another camera is used, or its pictures have another size now."""
        self._smoothed = SmoothedSquare()
        self._followed: Square | None = None
        self._shape: tuple[int, ...] | None = None
        self._since = -math.inf

    def move(self, dx: float, dy: float) -> None:
        """Move the square by pixels of the camera's picture."""
        self._dx += dx
        self._dy += dy

    def zoom(self, factor: float) -> None:
        """Make the square `factor` times as large, within bounds."""
        self._zoom = min(max(self._zoom * factor, _ZOOM[0]), _ZOOM[1])

    def square(self, frame: Frame, face: DriverFace | None, follow: bool) -> Square | None:
        """Return the part of `frame` to use; None as long as there was no face to follow."""
        if self._shape not in (None, frame.image.shape):
            self.restart()
            self._since = frame.time
        self._shape = frame.image.shape
        height, width = frame.image.shape[:2]
        base = Square.middle(width, height)
        if follow:
            # One that was seen in a picture of another size lies elsewhere in this.
            if face is not None and face.time >= self._since:
                followed = self._smoothed.update(face.landmarks, frame.time)
                self._followed = followed and followed.fitted(width, height)
            if self._followed is None:
                return None
            base = self._followed
        size = base.size * self._zoom
        self._dx, self._dy = (_within(by, _REACH * size) for by in (self._dx, self._dy))
        return Square(base.x + self._dx, base.y + self._dy, size)


def _within(value: float, reach: float) -> float:
    return min(max(value, -reach), reach)
