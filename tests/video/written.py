"""Small videos to read, written here."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np

from avatar_app.types import Image
from avatar_app.video import VideoReader, VideoWriter

WIDTH, HEIGHT = 64, 48
INDEX_FIRST = {"movflags": "faststart"}


def picture(step: int = 0) -> Image:
    """Return a (48, 64, 3) picture: red top left, blue elsewhere, and a grey bar that grows."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = (30, 60, 200)
    image[: HEIGHT // 2, : WIDTH // 2] = (200, 40, 30)
    image[-8:, : 2 * step] = 128
    return image


def write_clip(path: Path, times: list[float], rate: float = 25, audio: Path | None = None) -> Path:
    """Write the picture with one bar length after the other, at these times."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(VideoReader(audio)) if audio else None
        writer = stack.enter_context(VideoWriter(path, WIDTH, HEIGHT, rate, audio_from=source))
        for step, time in enumerate(times):
            writer.write(picture(step), time)
    return path


def write_stream(path: Path, times: list[float], image: Image | None = None) -> Path:
    """Write pictures, or always `image`, with a key every ten and just these times in the file."""
    clock = 25 if path.suffix == ".avi" else 90_000
    with av.open(path, "w", options=INDEX_FIRST) as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "10", "bf": "0"})
        stream.height, stream.width = (HEIGHT, WIDTH) if image is None else image.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, clock)
        for step, time in enumerate(times):
            shown = picture(step % 32) if image is None else image
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts, frame.time_base = round(time * clock), Fraction(1, clock)
            frame.duration = clock // 25
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(
    path: Path,
    codec: str,
    seconds: float,
    pictures: bool,
    silence: float = 0.0,
    tail: float = 0.0,
    layout: str = "stereo",
) -> Path:
    """Write a tone, with `silence` before and a clip beside it if asked, up to the `tail`."""
    with av.open(path, "w", options=INDEX_FIRST) as container:
        sound = cast(av.AudioStream, container.add_stream(codec, rate=48_000, layout=layout))
        if pictures:
            encoder = "libvpx" if path.suffix == ".webm" else "libx264"
            options = {"g": "25", "bf": "0"}
            stream = cast(av.VideoStream, container.add_stream(encoder, rate=25, options=options))
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for step in range(round((seconds - tail) * 25)):
                frame = av.VideoFrame.from_ndarray(picture(step), format="rgb24")
                frame.pts, frame.time_base = step, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        samples = np.sin(np.arange(round(seconds * 48_000)) / 10).astype(np.float32) / 2
        samples[: round(silence * 48_000)] = 0
        for start in range(0, len(samples), 960):
            piece = np.tile(samples[start : start + 960], (sound.layout.nb_channels, 1))
            chunk = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
            chunk.sample_rate, chunk.pts, chunk.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))
    return path
