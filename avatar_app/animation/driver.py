"""The driver as the model wants to see it: a square around the face, of the model's size."""

from __future__ import annotations

from avatar_app.framing import SmoothedSquare, Square, cut
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.types import Floats, Frame

_SECONDS_BETWEEN_LOOKS = 0.1
"""Often enough for a crop that moves slowly: looking costs half as much as rendering."""


class DriverCrop:
    """Cuts driving frames of one clip to squares of `size` pixels.

    With a `finder` the crop follows the face as a camera operator would; without one it is the
    centre of the picture.
    """

    def __init__(self, size: int, finder: FaceFinder | None) -> None:
        self._size = size
        self._finder = finder
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: the next frame is the first of a clip."""
        self._smoothed = SmoothedSquare()
        self._landmarks: Floats | None = None
        self._look_at = 0.0
        if self._finder is not None:
            self._finder.forget()

    def cut(self, frame: Frame) -> Frame | None:
        """Return the frame cut to the square, or None as long as there was no face to follow."""
        height, width = frame.image.shape[:2]
        if self._finder is None:
            square = Square.middle(width, height)
        else:
            followed = self._follow(frame, self._finder)
            if followed is None:
                return None
            square = followed.fitted(width, height)
        return cut(frame, square, self._size)

    def _follow(self, frame: Frame, finder: FaceFinder) -> Square | None:
        if frame.time >= self._look_at:
            self._look_at = frame.time + _SECONDS_BETWEEN_LOOKS
            face = finder.track(frame.image)
            self._landmarks = None if face is None else face.landmarks
        return self._smoothed.update(self._landmarks, frame.time)
