"""What all writers have in common: how pictures are handed to an encoder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av import Packet
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from avatar_app.files import not_written
from avatar_app.types import Image, check_image

_CLOCK = 90_000  # ticks a second of written times: fine enough for every camera's own clock


class PictureTrack:
    """The pictures of a video that is being written, (height, width, 3) each."""

    def __init__(
        self,
        container: OutputContainer,
        codec: str,
        options: Mapping[str, str],
        shape: tuple[int, int],
        rate: float,
        threads: int,
    ) -> None:
        self._shape = (*shape, 3)
        self._rate = rate
        height, width = shape
        exact = Fraction(rate).limit_denominator(1001)
        stream = cast(av.VideoStream, container.add_stream(codec, exact, dict(options)))
        # 4:2:0 colour needs even sides; an odd picture gets its border once more.
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        stream.codec_context.thread_count = threads
        # Limited range, SMPTE 170M: what players take small videos for that do not say.
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 6
        self._stream = stream
        # One for all pictures: each has threads and buffers of its own.
        self._reformatter = VideoReformatter()

    def encoded(self, image: Image, time: float) -> list[Packet[av.VideoStream]]:
        """Return what is to be written for a picture that is shown from `time` in seconds on."""
        check_image(image, "VideoWriter.write")
        if image.shape != self._shape:
            raise ValueError(f"VideoWriter.write: expected {self._shape}, got {image.shape}")
        odd = (image.shape[0] % 2, image.shape[1] % 2)
        even = cv2.copyMakeBorder(image, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE)
        picture = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.asarray(even, np.uint8), format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.SMPTE170M,
            dst_color_range=ColorRange.MPEG,
        )
        picture.time_base = Fraction(1, _CLOCK)
        picture.pts = round(time * _CLOCK)
        picture.duration = round(_CLOCK / self._rate)
        return self._stream.encode(picture)

    def rest(self) -> list[Packet[av.VideoStream]]:
        """Return what the encoder still holds, at the end."""
        return self._stream.encode(None)


@contextlib.contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence about `path`."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        raise not_written(path, error) from error
