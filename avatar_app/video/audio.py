"""The sound of one video on its way into another."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import cast

import av
from av.container import InputContainer, OutputContainer

from avatar_app.video.clock import is_jump


class AudioTrack:
    """One `sound` of a file on its way into another, in step with the pictures.

    It owns `source`, the file that the sound comes from, in whose time the first picture stands at
    `origin` seconds.
    """

    def __init__(
        self,
        source: InputContainer,
        sound: av.AudioStream,
        origin: float,
        target: OutputContainer,
        carried: frozenset[str],
        encoder: str,
    ) -> None:
        self._source = source
        self._target = target
        self._in = sound
        self._origin = origin
        if self._in.codec_context.name in carried:
            self._out = target.add_stream_from_template(self._in)
            self._packets = self._copied()
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

    def _copied(self) -> Iterator[av.Packet[av.AudioStream]]:
        for packet in self._shifted():
            if packet.pts is not None and packet.dts is not None and packet.pts >= 0:
                packet.stream = self._out
                yield packet

    def _encoded(self) -> Iterator[av.Packet[av.AudioStream]]:
        for piece in self._resampled():
            # Nothing of what ends before the first picture.
            if piece.pts is None or piece.pts + piece.samples > 0:
                yield from self._out.encode(piece)
        yield from self._out.encode(None)

    def _resampled(self) -> Iterator[av.AudioFrame]:
        """Give the sound as the encoder takes it, also where it changes its kind on the way."""
        for _, alike in itertools.groupby(self._decoded(), _kind):
            resampler = av.AudioResampler(format=self._out.format, layout="stereo", rate=48_000)
            for sound in alike:
                yield from resampler.resample(sound)
            yield from resampler.resample(None)

    def _decoded(self) -> Iterator[av.AudioFrame]:
        for packet in self._shifted():
            with contextlib.suppress(av.FFmpegError):
                yield from packet.decode()

    def _shifted(self) -> Iterator[av.Packet[av.AudioStream]]:
        """Give packets the time of the pictures, where that of the file jumps too."""
        origin, due = self._origin, None
        last, after = None, 0
        for packet in self._demuxed():
            if packet.pts is not None and packet.dts is not None and packet.time_base is not None:
                time = float(packet.dts * packet.time_base)
                if due is not None and is_jump(time - due):
                    origin += time - due
                due = time + float((packet.duration or 0) * packet.time_base)
                shift = round(origin / packet.time_base)
                if last is not None and packet.dts - shift <= last:
                    # After the last, like a picture: no file takes times that do not rise.
                    shift = packet.dts - after
                packet.pts -= shift
                packet.dts -= shift
                last, after = packet.dts, packet.dts + max(1, packet.duration or 0)
            yield packet

    def _demuxed(self) -> Iterator[av.Packet[av.AudioStream]]:
        # A file cut off in the middle has sound up to the cut.
        with contextlib.suppress(av.FFmpegError):
            yield from self._source.demux(self._in)


def _kind(sound: av.AudioFrame) -> tuple[str, str, int]:
    """What one resampler can take: recordings that were joined may differ in it."""
    return sound.format.name, sound.layout.name, sound.sample_rate
