"""Video files opened, and what of them is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
from av.container import InputContainer

from avatar_app.files import is_file
from avatar_app.types import AvatarAppError


def read_tags(path: Path) -> Mapping[str, str]:
    """Return what a file says of itself, by names in lower case.

    Raises AvatarAppError like VideoReader.
    """
    with open_input(Path(path)) as container:
        return {name.lower(): str(value) for name, value in container.metadata.items()}


def open_input(path: Path) -> InputContainer:
    """Open a file, and nothing but a file. Raises AvatarAppError with what to do about it."""
    if path.parts[:1] in (("http:",), ("https:",)) and not is_file(path):
        raise AvatarAppError(f"{path} is an address; download the video and give the file")
    if not path.exists():
        raise AvatarAppError(f"{path} does not exist; check the name and the folder")
    if path.is_dir():
        raise AvatarAppError(f"{path} is a folder; give a video file")
    try:
        if path.stat().st_size == 0:
            raise AvatarAppError(f"{path} is empty (0 bytes); export or download it again")
        # Times of a transport stream that go back are no sign that its counter ran over.
        options = {"protocol_whitelist": "file", "correct_ts_overflow": "0"}
        # A whole path, as FFmpeg takes what stands before a colon for a protocol; and a playlist in
        # disguise must not reach for the network.
        container = av.open(path.absolute(), options=options)
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


def picture_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """Return the first moving pictures of a file. Raises AvatarAppError where it has none."""
    for stream in picture_streams(container):
        return stream
    raise AvatarAppError(f"{path} holds sound but no moving picture; give a video")


def picture_streams(container: InputContainer) -> list[av.VideoStream]:
    """Return all moving pictures of a file, and not its cover."""
    cover = av.stream.Disposition.attached_pic
    return [stream for stream in container.streams.video if cover not in stream.disposition]


def sound_stream(container: InputContainer) -> av.AudioStream | None:
    """Return the first sound that can be decoded, or None."""
    return next((one for one in container.streams.audio if one.codec_context is not None), None)
