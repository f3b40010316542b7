"""Video files in."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.video.reformatter import VideoReformatter

from avatar_app.types import AvatarAppError, Frame, Image
from avatar_app.video.clock import Clock
from avatar_app.video.source import open_input, picture_stream, picture_streams, sound_stream

DisplayMatrix = npt.NDArray[np.int32]

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"})


class VideoReader:
    """The pictures of a video file, upright and in order, each with its presentation time.

    Iterate it once; `Frame.image` is (height, width, 3) uint8 RGB and read-only, `Frame.time` in
    seconds from the first picture, rising from frame to frame also where the rate varies. Times
    that jump, as in recordings that were joined, go on without a gap. Rotation and mirror flags,
    non-square pixels and animated GIFs are handled. `max_side` shrinks larger pictures to that many
    pixels at the longer side; `size_in_file` is the first one's (width, height) before that.

    After the iteration `truncated` is True when the file ends before the end that it announces, and
    `damaged` when pictures before its end are lost or spoilt; `changes_size` where pictures had
    another size than the first, into which they are fitted on black. `end` is the second at which
    the last picture that was read ends.

    Raises AvatarAppError at construction when there is nothing to be read.
    """

    def __init__(self, path: Path, max_side: int | None = None) -> None:
        self.path = Path(path)
        self.truncated = False
        self.damaged = False
        self.changes_size = False
        self.end = 0.0
        self.size_in_file = (0, 0)
        self._container = open_input(self.path)
        try:
            self._stream = picture_stream(self._container, self.path)
            self._stream.thread_type = "AUTO"
            self._max_side = max_side
            # One for all pictures: each has threads and buffers of its own.
            self._reformatter = VideoReformatter()
            self._first_size: tuple[int, int] | None = None
            self._matrix: DisplayMatrix | None = None
            self._origin: float | None = None
            self._has_jumped = False
            self._others_end = 0.0
            self._pictures = self._decode()
            self._first = next(self._pictures, None)
            if self._first is None:
                raise AvatarAppError(
                    f"{self.path} holds no picture that can be decoded: the file is damaged or cut "
                    "off; export it again"
                )
        except BaseException:
            self._container.close()
            raise
        self.height, self.width = self._first.image.shape[:2]

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless when done twice."""
        self._pictures.close()
        self._container.close()

    @property
    def origin(self) -> float:
        """Seconds in the file's own time at which the first picture stands."""
        return self._begins if self._origin is None else self._origin

    @property
    def rate(self) -> float:
        """Average pictures a second."""
        return float(self._stream.average_rate or self._stream.guessed_rate or 25)

    @property
    def duration(self) -> float | None:
        """Seconds that the file announces for its pictures, or None where it does not."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        end = _tagged_end(self._stream) or (self._container.duration or 0) / av.time_base
        return max(0.0, end - self._begins) or None

    @property
    def frames(self) -> int | None:
        """Number of pictures that the file announces or its length implies; None if unknown."""
        if self._stream.frames:
            return self._stream.frames
        return None if self.duration is None else max(1, round(self.duration * self.rate))

    @property
    def videos(self) -> int:
        """How many videos the file holds side by side, the first of which is read."""
        return len(picture_streams(self._container))

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to carry over."""
        return sound_stream(self._container) is not None

    @property
    def has_unknown_audio(self) -> bool:
        """Whether there is sound, and none of it in a way that can be decoded."""
        return bool(self._container.streams.audio) and not self.has_audio

    def seek(self, time: float) -> bool:
        """Let another iteration begin at `time` in seconds, or at the last key picture before.

        Its pictures are those of the first iteration, with the same times; `Frame.index` counts
        from there. False where the file cannot be searched in: then it has to be opened anew.
        """
        self._pictures.close()
        if self._origin is None or self._has_jumped or self._stream.time_base is None:
            return False
        try:
            at = math.floor((time + self._origin) / self._stream.time_base)
            self._container.seek(at, stream=self._stream)
        except (av.FFmpegError, OverflowError):
            return False
        self._pictures = self._decode(is_sought=True)
        self._first = next(self._pictures, None)
        return self._first is not None and self._first.time <= time

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._pictures

    @property
    def _begins(self) -> float:
        """When the pictures begin in the file's own time, as it announces."""
        return float((self._stream.start_time or 0) * (self._stream.time_base or 0))

    @property
    def _ends(self) -> float:
        """When they end; where only the end of the whole file is announced, when that does."""
        if self._container.format.name == "avi":  # of one cut off, FFmpeg makes the duration fit
            return self._stream.frames / self.rate
        if self._stream.duration is not None and self._stream.time_base is not None:
            return self._begins + float(self._stream.duration * self._stream.time_base)
        return (self._container.duration or 0) / av.time_base

    def _decode(self, is_sought: bool = False) -> Generator[Frame, None, None]:
        step = 1 / self.rate
        clock = Clock(self._origin, step, math.inf if is_sought else 0.0)
        index = 0
        for picture in self._decode_what_is_there():
            in_file = picture.time if picture.pts is not None else None
            if not index and not is_sought:
                self._note_first(picture, in_file)
            time = clock.read(in_file)
            self._has_jumped |= clock.has_jumped
            held = float((picture.duration or 0) * (picture.time_base or 0))
            self.end = time + max(step, held)
            yield Frame(self._upright(picture), index, time)
            index += 1
        if index and not clock.has_jumped:
            end = self.end + (self.origin if clock.origin is None else clock.origin)
            self.truncated |= self._ends - max(end, self._others_end) > self._slack

    def _note_first(self, picture: av.VideoFrame, in_file: float | None) -> None:
        # Of the first only: who asks a picture of PyAV's for its side data ties it to them in a
        # circle, and it holds its memory until the garbage collector comes.
        self._matrix = _display_matrix(picture)
        self._origin = in_file
        width, height = self._square_pixel_size(picture)
        self.size_in_file = (height, width) if _lies(self._matrix) else (width, height)
        if in_file is not None and self._stream.start_time is not None:
            self.damaged |= in_file - self._begins > self._slack

    @property
    def _slack(self) -> float:
        """Seconds that may be missing from what a file announces."""
        return max(0.5, 3 / self.rate)

    def _decode_what_is_there(self) -> Iterator[av.VideoFrame]:
        is_cut = False
        # Where only the end of the whole file is announced, it may be that of the sound.
        streams = () if self._stream.duration is None else (self._stream,)
        try:
            for packet in self._container.demux(*streams):
                if packet.stream.index != self._stream.index:
                    self._others_end = max(self._others_end, _end_of(packet))
                    continue
                if packet.size:
                    self.damaged |= is_cut  # as it was not the last
                    is_cut = packet.is_corrupt
                yield from self._pictures_of(packet, is_cut)
        except av.FFmpegError:
            is_cut = True
        self.truncated |= is_cut

    def _pictures_of(self, packet: av.Packet[Any], is_cut: bool) -> Iterator[av.VideoFrame]:
        try:
            for picture in packet.decode():
                self.damaged |= picture.is_corrupt and not is_cut
                yield picture
        except av.FFmpegError:
            # After one damaged packet, what follows may still be good.
            self.damaged |= not is_cut

    def _upright(self, picture: av.VideoFrame) -> Image:
        width, height = self._square_pixel_size(picture, self._max_side)
        rgb = self._reformatter.reformat(picture, width, height, format="rgb24")
        image = _turned(rgb.to_ndarray(), self._matrix)
        size = (image.shape[1], image.shape[0])
        self._first_size = self._first_size or size
        if size != self._first_size:
            self.changes_size = True
            image = _fitted(image, self._first_size)
        image.flags.writeable = False
        return image

    def _square_pixel_size(
        self, picture: av.VideoFrame, max_side: int | None = None
    ) -> tuple[int, int]:
        aspect = self._stream.sample_aspect_ratio
        stretch = float(aspect) if aspect else 1.0
        width, height = picture.width * max(stretch, 1.0), picture.height / min(stretch, 1.0)
        shrink = min(1.0, max_side / max(width, height)) if max_side else 1.0
        return max(1, round(width * shrink)), max(1, round(height * shrink))


def read_clip(path: Path, size: int) -> Image:
    """Return all pictures of a clip, (N, size, size, 3) uint8 RGB; other shapes are resized.

    Raises AvatarAppError like VideoReader.
    """
    with VideoReader(path) as reader:
        shrinks = min(reader.width, reader.height) > size
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        pictures = [cv2.resize(frame.image, (size, size), interpolation=how) for frame in reader]
    return np.asarray(pictures, np.uint8)


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """Scale a picture into (width, height), with its proportions kept and black around it."""
    width, height = size
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        image, inner, interpolation=how
    )
    return fitted


def _tagged_end(stream: av.VideoStream) -> float:
    """Return when a Matroska file says that a stream ends, in its own time, or 0."""
    tag = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    if tag is None:
        return 0.0
    hours, minutes, seconds = (float(part) for part in tag.groups())
    return (hours * 60 + minutes) * 60 + seconds


def _end_of(packet: av.Packet[Any]) -> float:
    return float(((packet.pts or 0) + (packet.duration or 0)) * (packet.time_base or 0))


def _display_matrix(picture: av.VideoFrame) -> DisplayMatrix | None:
    matrix = cast("SideData | None", picture.side_data.get("DISPLAYMATRIX"))
    return None if matrix is None else np.frombuffer(bytes(matrix), np.int32)


def _lies(matrix: DisplayMatrix | None) -> bool:
    """Return whether a picture is stored lying on its side."""
    return matrix is not None and bool(abs(matrix[1]) > abs(matrix[0]))


def _turned(pixels: npt.NDArray[Any], matrix: DisplayMatrix | None) -> Image:
    """Apply the display matrix: x' = a x + c y, y' = b x + d y, in steps of 90 degrees."""
    image = pixels.astype(np.uint8, copy=False)
    if matrix is None:
        return image
    a, b, _, c, d = matrix[:5]
    if _lies(matrix):
        image, a, d = image.transpose(1, 0, 2), c, b
    if a < 0:
        image = image[:, ::-1]
    if d < 0:
        image = image[::-1]
    return np.ascontiguousarray(image)
