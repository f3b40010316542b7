"""Where to look in somebody's video: the face in a wide picture, and where the scene changes."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.framing import SmoothedSquare, Square, crop
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.types import Floats, Frame, Image

SIDE = 256
"""Width and height of what is judged, as of what the detector was calibrated on."""

_SECONDS_BETWEEN_LOOKS = 0.1
_WHOLE = 0.8  # a square picture that the face fills so far is taken as it is: no blur is added
_COUNT_SECONDS = 5.0
_THUMBNAIL = 32
_UNLIKE = 0.5  # correlation of two pictures: less is another scene


class FaceView:
    """Follows the face of interest in the pictures of one scene. Not thread-safe.

    `faces` is the largest number of faces seen at once, `widths` how wide the followed face was in
    pixels of the video, look by look.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.faces = 0
        self.widths: list[float] = []
        self._count_at = 0.0
        self.restart()

    def restart(self) -> None:
        """Another scene begins."""
        self._finder.forget()
        self._square = SmoothedSquare()
        self._landmarks: Floats | None = None
        self._look_at = 0.0

    def cut(self, frame: Frame) -> Image | None:
        """Return the face's surroundings, (SIDE, SIDE, 3); None as long as none was seen."""
        if frame.time >= self._look_at:
            self._look_at = frame.time + _SECONDS_BETWEEN_LOOKS
            self._look(frame)
        square = self._square.update(self._landmarks, frame.time)
        if square is None:
            return None
        height, width = frame.image.shape[:2]
        if height == width and square.size > _WHOLE * width:
            square = Square((width - 1) / 2, (height - 1) / 2, width)
            if width == SIDE:
                return frame.image
        return crop(frame.image, square.fitted(width, height), SIDE)

    def _look(self, frame: Frame) -> None:
        face = self._finder.track(frame.image)
        self._landmarks = None if face is None else face.landmarks
        if face is None:
            return
        self.widths.append(face.side)
        if frame.time >= self._count_at:
            self._count_at = frame.time + _COUNT_SECONDS
            self.faces = max(self.faces, len(self._finder.find(frame.image)), 1)


class Cuts:
    """Notices where a video goes on with another scene.

    Pictures that go on changing as much are somebody who rushes past, and not one scene each.
    """

    def __init__(self) -> None:
        self._before: Floats | None = None
        self._was_unlike = False

    def is_cut(self, image: Image) -> bool:
        """Say whether (H, W, 3) shows another scene than the picture before."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        size = (_THUMBNAIL, _THUMBNAIL)
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        now = small - small.mean()
        before, self._before = self._before, now
        if before is None:
            return False
        power = float(np.sqrt((now @ now) * (before @ before)))
        flat = len(now) * 4.0  # black and other empty pictures are like everything
        was_unlike = self._was_unlike
        self._was_unlike = power > flat and float(now @ before) / power < _UNLIKE
        return self._was_unlike and not was_unlike
