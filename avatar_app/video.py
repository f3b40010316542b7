"""Video files in and out: the only module that knows PyAV.

Pictures are (H, W, 3) uint8 RGB, upright; times are seconds from the first picture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer
from av.sidedata.sidedata import SideData

from avatar_app.files import check_writable, not_written, whole
from avatar_app.types import AvatarAppError, Frame, Image, check_image

_CLOCK = 90_000  # ticks a second of written times: fine enough for every camera's own clock

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"})

# Container -> (video encoder, its options, audio codecs it can carry unchanged, audio encoder).
_X264 = ("libx264", {"preset": "veryfast", "crf": "18"})
_VP8 = ("libvpx", {"deadline": "realtime", "cpu-used": "6", "crf": "10", "b": "4M"})
_MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "alac"})
_CONTAINERS = {
    ".mp4": (*_X264, _MP4_AUDIO, "aac"),
    ".mov": (*_X264, _MP4_AUDIO, "aac"),
    ".mkv": (*_X264, _MP4_AUDIO | {"opus", "vorbis", "flac"}, "aac"),
    ".webm": (*_VP8, frozenset({"opus", "vorbis"}), "libopus"),
}


class VideoReader:
    """The pictures of a video file, upright and in order, each with its presentation time.

    Iterate it once; `Frame.image` is (height, width, 3) uint8 RGB and read-only, `Frame.time` in
    seconds from the first picture, rising from frame to frame also where the rate varies.
    Rotation and mirror flags, non-square pixels and animated GIFs are handled. `max_side` shrinks
    larger pictures to that many pixels at the longer side.

    `truncated` is True after the iteration when the file ends before the end that it announces.
    Raises AvatarAppError at construction when there is nothing to be read.
    """

    def __init__(self, path: Path, max_side: int | None = None) -> None:
        self.path = Path(path)
        self.truncated = False
        self._container = _open_input(self.path)
        try:
            self._stream = _picture_stream(self._container, self.path)
            self._stream.thread_type = "AUTO"
            self._max_side = max_side
            self._first_size: tuple[int, int] | None = None
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
    def rate(self) -> float:
        """Average pictures a second."""
        return float(self._stream.average_rate or self._stream.guessed_rate or 25)

    @property
    def duration(self) -> float | None:
        """Seconds that the file announces, or None where it does not."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration and self._container.duration / av.time_base

    @property
    def frames(self) -> int | None:
        """Number of pictures that the file announces or its length implies; None if unknown."""
        if self._stream.frames:
            return self._stream.frames
        return None if self.duration is None else max(1, round(self.duration * self.rate))

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to carry over."""
        return bool(self._container.streams.audio)

    def __iter__(self) -> Iterator[Frame]:
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._pictures

    def _decode(self) -> Generator[Frame, None, None]:
        origin, last, index = None, -1.0, 0
        for picture in self._decode_what_is_there():
            time = picture.time if picture.pts is not None else None
            origin = time if origin is None else origin
            if time is None or origin is None or time - origin <= last:
                time = last + 1 / self.rate if index else 0.0
            else:
                time -= origin
            yield Frame(self._upright(picture), index, time)
            last, index = time, index + 1
        if index and self.duration is not None:
            self.truncated |= self.duration - (last + 1 / self.rate) > max(0.5, 3 / self.rate)

    def _decode_what_is_there(self) -> Iterator[av.VideoFrame]:
        try:
            for packet in self._container.demux(self._stream):
                self.truncated |= packet.is_corrupt
                # After one damaged packet, what follows may still be good.
                with contextlib.suppress(av.FFmpegError):
                    yield from packet.decode()
        except av.FFmpegError:
            self.truncated = True

    def _upright(self, picture: av.VideoFrame) -> Image:
        width, height = self._square_pixel_size(picture)
        image = _turned(picture.to_ndarray(format="rgb24", width=width, height=height), picture)
        size = (image.shape[1], image.shape[0])
        self._first_size = self._first_size or size
        if size != self._first_size:
            image = np.asarray(cv2.resize(image, self._first_size), np.uint8)
        image.flags.writeable = False
        return image

    def _square_pixel_size(self, picture: av.VideoFrame) -> tuple[int, int]:
        aspect = self._stream.sample_aspect_ratio
        stretch = float(aspect) if aspect else 1.0
        width, height = picture.width * max(stretch, 1.0), picture.height / min(stretch, 1.0)
        shrink = min(1.0, self._max_side / max(width, height)) if self._max_side else 1.0
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


def check_output(path: Path) -> None:
    """Raise AvatarAppError where VideoWriter cannot write `path`: before long work, not after."""
    if path.suffix.lower() not in _CONTAINERS:
        raise AvatarAppError(
            f"{path}: cannot write a video with the extension '{path.suffix}'; "
            f"use {', '.join(sorted(_CONTAINERS))}"
        )
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise AvatarAppError(f"{path} is a device or a pipe; give a file name for the video")
    check_writable(path)


class VideoWriter:
    """Writes pictures with their times into a video file, with the sound of another beside them.

    A context manager: the file gets its name only after a clean exit; on an exception nothing is
    left behind. `width`, `height` in pixels, `rate` the nominal pictures a second. The sound of
    `audio_from` is copied where the container can carry it and encoded anew where not, up to the
    last picture. H.264 in .mp4, .mov and .mkv, VP8 in .webm.

    Raises AvatarAppError for another extension, an unwritable folder and a full disk.
    """

    def __init__(
        self, path: Path, width: int, height: int, rate: float, audio_from: Path | None = None
    ) -> None:
        self.path = Path(path)
        self._shape = (height, width, 3)
        self._rate = rate
        self._ends = 0.0
        self._audio: _AudioTrack | None = None
        check_output(self.path)
        with contextlib.ExitStack() as stack:
            partial = stack.enter_context(whole(self.path))
            with _write_errors(self.path):
                self._container = av.open(partial, "w")
            stack.callback(self._close)
            self._add_streams(audio_from)
            self._unfinished = stack.pop_all()

    def _add_streams(self, audio_from: Path | None) -> None:
        codec, options, carried, encoder = _CONTAINERS[self.path.suffix.lower()]
        rate = Fraction(self._rate).limit_denominator(1001)
        height, width = self._shape[:2]
        stream = cast(av.VideoStream, self._container.add_stream(codec, rate, options))
        # 4:2:0 colour needs even sides; an odd picture gets its border once more.
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        stream.codec_context.thread_count = 2
        # Limited range, SMPTE 170M: what players take small videos for that do not say.
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 6
        self._stream = stream
        sound = _open_input(audio_from) if audio_from is not None else None
        if sound is not None and sound.streams.audio:
            self._audio = _AudioTrack(sound, self._container, carried, encoder)
        elif sound is not None:
            sound.close()

    def write(self, image: Image, time: float) -> None:
        """Append one picture, (height, width, 3) uint8 RGB, shown from `time` in seconds on."""
        check_image(image, "VideoWriter.write")
        if image.shape != self._shape:
            raise ValueError(f"VideoWriter.write: expected {self._shape}, got {image.shape}")
        odd = (image.shape[0] % 2, image.shape[1] % 2)
        even = cv2.copyMakeBorder(image, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE)
        picture = av.VideoFrame.from_ndarray(np.asarray(even, np.uint8), format="rgb24").reformat(
            format="yuv420p", dst_colorspace="smpte170m", dst_color_range="MPEG"
        )
        picture.time_base = Fraction(1, _CLOCK)
        picture.pts = round(time * _CLOCK)
        picture.duration = round(_CLOCK / self._rate)
        self._ends = time + 1 / self._rate
        with _write_errors(self.path):
            self._container.mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.copy_until(time)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._unfinished.__exit__(kind, error, trace)
            return
        with self._unfinished, _write_errors(self.path):
            self._container.mux(self._stream.encode(None))
            if self._audio is not None:
                self._audio.copy_until(self._ends)
            self._container.close()

    def _close(self) -> None:
        if self._audio is not None:
            self._audio.close()
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()


class _AudioTrack:
    """The sound of one file on its way into another, in step with the pictures."""

    def __init__(
        self,
        source: InputContainer,
        target: OutputContainer,
        carried: frozenset[str],
        encoder: str,
    ) -> None:
        self._source = source
        self._target = target
        self._in = source.streams.audio[0]
        pictures = _picture_stream(source, Path(source.name))
        self._origin = float((pictures.start_time or 0) * (pictures.time_base or 0))
        if self._in.codec_context.name in carried:
            self._out = target.add_stream_from_template(self._in)
            self._packets = self._shifted()
        else:
            self._out = cast(av.AudioStream, target.add_stream(encoder, rate=48_000))
            self._packets = self._encoded()
        self._next = next(self._packets, None)

    def copy_until(self, time: float) -> None:
        """Hand on all sound that begins before `time` in seconds."""
        while self._next is not None:
            packet = self._next
            if packet.pts is not None and float(packet.pts * packet.time_base) >= time:
                return
            self._target.mux(packet)
            self._next = next(self._packets, None)

    def close(self) -> None:
        self._source.close()

    def _shifted(self) -> Iterator[av.Packet[av.AudioStream]]:
        for packet in self._demuxed():
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            shift = round(self._origin / packet.time_base)
            packet.pts -= shift
            packet.dts -= shift
            if packet.pts >= 0:
                packet.stream = self._out
                yield packet

    def _encoded(self) -> Iterator[av.Packet[av.AudioStream]]:
        resampler = av.AudioResampler(format=self._out.format, layout="stereo", rate=48_000)
        shift = round(self._origin * 48_000)
        for sound in self._decoded():
            for piece in resampler.resample(sound):
                if piece.pts is not None:
                    piece.pts -= shift
                yield from self._out.encode(piece)
        yield from self._out.encode(None)

    def _decoded(self) -> Iterator[av.AudioFrame]:
        for packet in self._demuxed():
            with contextlib.suppress(av.FFmpegError):
                yield from packet.decode()

    def _demuxed(self) -> Iterator[av.Packet[av.AudioStream]]:
        # A file cut off in the middle has sound up to the cut.
        with contextlib.suppress(av.FFmpegError):
            yield from self._source.demux(self._in)


def _open_input(path: Path) -> InputContainer:
    if not path.exists():
        raise AvatarAppError(f"{path} does not exist; check the name and the folder")
    if path.is_dir():
        raise AvatarAppError(f"{path} is a folder; give a video file")
    try:
        if path.stat().st_size == 0:
            raise AvatarAppError(f"{path} is empty (0 bytes); export or download it again")
        # A whole path, as FFmpeg takes what stands before a colon for a protocol; and a playlist in
        # disguise must not reach for the network.
        container = av.open(path.absolute(), options={"protocol_whitelist": "file"})
        if container.format.name == "tty":
            raise av.error.InvalidDataError(0, "a text, which FFmpeg would film")
        return container
    except PermissionError as error:
        raise AvatarAppError(f"{path} may not be read; check its permissions") from error
    except (OSError, av.FFmpegError) as error:
        raise AvatarAppError(
            f"{path} is not a video that can be read (damaged, cut off, or another kind of file); "
            "export it again, for instance as .mp4"
        ) from error


def _picture_stream(container: InputContainer, path: Path) -> av.VideoStream:
    for stream in container.streams.video:
        if av.stream.Disposition.attached_pic not in stream.disposition:
            return stream
    raise AvatarAppError(f"{path} holds sound but no moving picture; give a video")


def _turned(pixels: npt.NDArray[Any], picture: av.VideoFrame) -> Image:
    """Apply the display matrix: x' = a x + c y, y' = b x + d y, in steps of 90 degrees."""
    image = pixels.astype(np.uint8, copy=False)
    matrix = cast("SideData | None", picture.side_data.get("DISPLAYMATRIX"))
    if matrix is None:
        return image
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5]
    if abs(b) > abs(a):
        image, a, d = image.transpose(1, 0, 2), c, b
    if a < 0:
        image = image[:, ::-1]
    if d < 0:
        image = image[::-1]
    return np.ascontiguousarray(image)


@contextlib.contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence about `path`."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        raise not_written(path, error) from error
