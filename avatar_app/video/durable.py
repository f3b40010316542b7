"""Video files out, while something is live: what is written stays, whatever happens next."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import av

from avatar_app.files import write_errors as folder_errors
from avatar_app.types import AvatarAppError, Image
from avatar_app.video.encoding import PictureTrack, write_errors

# Little work for the processor that renders at the same time; nothing is held back.
_CODEC = "libx264"
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20", "g": "30"}
# Written in fragments, each playable; made an ordinary file at the end.
_CONTAINER = {
    "movflags": "hybrid_fragmented",
    "frag_duration": "500000",  # microseconds: as much is lost with a process that is killed
    "flush_packets": "1",
}


class DurableVideoWriter:
    """Writes an .mp4 under its own name that can be played even if the process is killed.

    Pictures are (height, width, 3) uint8 RGB, `rate` the nominal number a second. At most half a
    second is lost. `close` makes it an ordinary file that every player can search in. Raises
    AvatarAppError where the folder or the disk refuses.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        rate: float,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        with folder_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with write_errors(path):
            self._container = av.open(path, "w", format="mp4", options=_CONTAINER)
        self._container.metadata.update(tags or {})
        self._pictures = PictureTrack(
            self._container, _CODEC, _OPTIONS, (height, width), rate, threads=1
        )
        self._is_closed = False

    def write(self, image: Image, time: float) -> None:
        """Append one picture, shown from `time` in seconds on; times rise."""
        with write_errors(self.path):
            self._container.mux(self._pictures.encoded(image, time))

    def close(self) -> None:
        """Finish the file; harmless when done twice."""
        if self._is_closed:
            return
        self._is_closed = True
        with write_errors(self.path):
            try:
                self._container.mux(self._pictures.rest())
            finally:
                self._container.close()

    def abandon(self) -> None:
        """Let go of the file as it is, after an error."""
        with contextlib.suppress(AvatarAppError):
            self.close()
