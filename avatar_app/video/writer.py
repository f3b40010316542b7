"""Video files out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import av

from avatar_app.files import check_writable, whole
from avatar_app.types import AvatarAppError, Image
from avatar_app.video.audio import AudioTrack
from avatar_app.video.encoding import PictureTrack, write_errors
from avatar_app.video.reader import VideoReader
from avatar_app.video.source import open_input, sound_stream

# Container -> (video encoder, its options, audio codecs it can carry unchanged, audio encoder).
_X264 = ("libx264", {"preset": "veryfast", "crf": "18"})
_VP8 = ("libvpx", {"deadline": "realtime", "cpu-used": "6", "crf": "10", "b": "4M"})
_MP4_AUDIO = frozenset({"aac", "ac3", "alac"})
_CONTAINERS = {
    ".mp4": (*_X264, _MP4_AUDIO, "aac"),
    ".mov": (*_X264, _MP4_AUDIO, "aac"),
    ".mkv": (*_X264, _MP4_AUDIO | {"opus", "vorbis", "flac"}, "aac"),
    ".webm": (*_VP8, frozenset({"opus", "vorbis"}), "libopus"),
}
_THREADS = 2


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
    `audio_from`, if it has any, is copied where the container can carry it and encoded anew where
    not, in step with its pictures and up to the last one. H.264 in .mp4, .mov and .mkv, VP8 in
    .webm. `tags` are what the file says of itself, by the names that all containers know: title,
    comment, description, ...

    Raises AvatarAppError for another extension, an unwritable folder and a full disk.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        rate: float,
        audio_from: VideoReader | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self._rate = rate
        self._ends = 0.0
        self._audio: AudioTrack | None = None
        check_output(self.path)
        with contextlib.ExitStack() as stack:
            partial = stack.enter_context(whole(self.path))
            with write_errors(self.path):
                self._container = av.open(partial, "w")
            stack.callback(self._close)
            self._container.metadata.update(tags or {})
            codec, options, carried, encoder = _CONTAINERS[self.path.suffix.lower()]
            self._pictures = PictureTrack(
                self._container, codec, options, (height, width), rate, _THREADS
            )
            self._add_sound(audio_from, carried, encoder)
            self._unfinished = stack.pop_all()

    def _add_sound(
        self, audio_from: VideoReader | None, carried: frozenset[str], encoder: str
    ) -> None:
        if audio_from is None:
            return
        source = open_input(audio_from.path)
        sound = sound_stream(source)
        if sound is None:
            source.close()
        else:
            self._audio = AudioTrack(
                source, sound, audio_from.origin, self._container, carried, encoder
            )

    def write(self, image: Image, time: float) -> None:
        """Append one picture, (height, width, 3) uint8 RGB, shown from `time` in seconds on."""
        with write_errors(self.path):
            self._container.mux(self._pictures.encoded(image, time))
            self._ends = time + 1 / self._rate
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
        with self._unfinished, write_errors(self.path):
            self._container.mux(self._pictures.rest())
            if self._audio is not None:
                self._audio.copy_until(self._ends)
            self._container.close()

    def _close(self) -> None:
        if self._audio is not None:
            self._audio.close()
        with contextlib.suppress(av.FFmpegError, OSError):
            self._container.close()
