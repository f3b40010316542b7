"""The sound of one video on its way into another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer, OutputContainer

from avatar_app.video.source import picture_stream


class AudioTrack:
    """One `sound` of a file on its way into another, in step with the pictures.

    It owns `source`, the file that the sound comes from.
    """

    def __init__(
        self,
        source: InputContainer,
        sound: av.AudioStream,
        target: OutputContainer,
        carried: frozenset[str],
        encoder: str,
    ) -> None:
        self._source = source
        self._target = target
        self._in = sound
        pictures = picture_stream(source, Path(source.name))
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
        """Close the file that the sound comes from."""
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
