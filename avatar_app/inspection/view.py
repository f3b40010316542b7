"""Where to look in somebody's video: the face in a wide picture, and where the scene changes."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.framing import SmoothedSquare, Square, crop
from avatar_app.glitch.landmarks import FaceFinder, Point
from avatar_app.types import Floats, Frame, Image

SIDE = 256
"""Width and height of what is judged, as of what the detector was calibrated on."""

_SECONDS_BETWEEN_LOOKS = 0.1
_WHOLE = 0.8  # a square picture that the face fills so far is taken as it is: no blur is added
_COUNT_SECONDS = 5.0
_THUMBNAIL = 32
_PIXELS = 8  # of a picture that a thumbnail's pixel is the mean of, each way, at least
_UNLIKE = 0.5  # correlation of two pictures: less is another scene
_EMPTY = 2.0  # spread of a picture's grey levels: with less it is black, white or grey all over
_SCENE = 12  # pictures: what shows something for fewer, between empty ones, flickers


class FaceView:
    """Follows the largest face in the pictures of one scene, or the one at a `place` in them.

    `faces` are the places of all in the picture with the most of them: of the followed one, then of
    the largest first; `widths` how wide the followed face was, look by look. All in pixels. Not
    thread-safe.
    """

    def __init__(self, finder: FaceFinder, place: Point | None = None) -> None:
        self._finder = finder
        self._place = place
        self.faces: list[Point] = []
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
            square = Square.middle(width, height)
            if width == SIDE:
                return frame.image
        return crop(frame.image, square.fitted(width, height), SIDE)

    def _look(self, frame: Frame) -> None:
        face = self._finder.track(frame.image, place=self._place)
        self._landmarks = None if face is None else face.landmarks
        if face is not None:
            self.widths.append(face.side)
        elif self._place is None:
            return
        if frame.time >= self._count_at:
            self._count_at = frame.time + _COUNT_SECONDS
            seen = [one.middle for one in self._finder.find(frame.image)]
            if face is not None:  # which need not be the largest any more
                seen.sort(key=lambda place: not face.is_at(place))
            self.faces = max(self.faces, seen, key=len)


class Cuts:
    """Notices where a video goes on with another scene, and which pictures show nothing at all.

    Pictures that go on changing as much are somebody who rushes past, and not one scene each, and
    neither are those between the flashes of a lamp. `is_empty` says whether the latest picture is
    plain all over, as between scenes.
    """

    def __init__(self) -> None:
        self._before: Floats | None = None  # the last one that was not empty
        self._was_unlike = False
        self._shown = 0
        self.is_empty = False

    def is_cut(self, image: Image) -> bool:
        """Return whether (H, W, 3) begins another scene, or shows nothing after one."""
        step = max(1, min(image.shape[:2]) // (_PIXELS * _THUMBNAIL))
        grey = cv2.cvtColor(image[::step, ::step], cv2.COLOR_RGB2GRAY)
        size = (_THUMBNAIL, _THUMBNAIL)
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        now, before = small - small.mean(), self._before
        self.is_empty = bool(now.std() <= _EMPTY)
        if self.is_empty:  # and like everything: what comes next is held against what was before
            shown, self._shown = self._shown, 0
            return shown >= _SCENE
        self._shown += 1
        self._before = now
        if before is None:
            return False
        was_unlike = self._was_unlike
        power = float(np.sqrt((now @ now) * (before @ before)))
        self._was_unlike = float(now @ before) / power < _UNLIKE
        return self._was_unlike and not was_unlike
