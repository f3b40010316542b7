"""The user's own seconds without a glitch: what is usual of this face, measured and kept."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from avatar_app.avatars import load_avatar, resolve_avatar
from avatar_app.files import check_distinct, check_writable
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.framing import SmoothedSquare, cut
from avatar_app.glitch.detector import load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.own import OwnUsual, own_file
from avatar_app.progress import Progress, silent
from avatar_app.types import AvatarAppError, Frame
from avatar_app.video import VideoReader

_MOST_SECONDS = 120.0
_SETTLING_SECONDS = 1.0  # until the detector's memories have filled
_BLINK_SECONDS = 0.5  # a face not found for longer has gone: then they fill anew


def learn_own(
    video: Path,
    output: Path | None = None,
    *,
    avatar: str = "mei",
    model: str = "fomm-mini",
    device: str = "auto",
    progress: Progress = silent,
) -> tuple[Path, OwnUsual]:
    """Drive the avatar with a clean `video` of the user and keep what is usual of its measures.

    Of up to two minutes those are used that show a face, without the first second of it and the
    first after it was gone. They are written to `output`, by default where `run` finds them. Raises
    AvatarAppError where the video shows too little of a face, and at once where they cannot be
    written, or would be over the video.
    """
    output = output or own_file()
    check_distinct([video], [output])
    check_writable(output)
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(video, max_side=640))
        engine = stack.enter_context(contextlib.closing(load_reenactor(model, device)))
        finder = FaceFinder()
        detector = stack.enter_context(contextlib.closing(load_detector("driver", finder=finder)))
        size = engine.size
        source = load_avatar(resolve_avatar(avatar), size, finder.in_photo)
        engine.set_source(source)
        detector.set_source(source)
        rows: list[Mapping[str, float]] = []
        seconds, before = 0.0, None
        for frame, seen in _faces(reader, size, progress):
            if before is None:
                engine.calibrate(frame)
            measures = detector.inspect(engine.animate(frame)).measures
            if before is not None and seen >= _SETTLING_SECONDS:
                rows.append(measures)
                seconds += frame.time - before
            before = frame.time
    if before is None:
        raise AvatarAppError(f"No face was found in {video}; choose a video that shows yours.")
    own = OwnUsual.of(rows, seconds)
    return own.save(output), own


def _faces(reader: VideoReader, size: int, progress: Progress) -> Iterator[tuple[Frame, float]]:
    """Yield the driving frames of a video from the first face on.

    Each with the seconds for which the face has been seen by then, 0 where it is not.
    """
    finder, square = FaceFinder(), SmoothedSquare()
    since, last = 0.0, -math.inf
    for frame in reader:
        progress(frame.index + 1, reader.frames, "frames")
        if frame.time > _MOST_SECONDS:
            return
        face = finder.track(frame.image)
        if face is not None:
            since = since if frame.time - last <= _BLINK_SECONDS else frame.time
            last = frame.time
        place = square.update(None if face is None else face.landmarks, frame.time)
        if place is not None:
            height, width = frame.image.shape[:2]
            driver = cut(frame, place.fitted(width, height), size)
            yield driver, 0.0 if face is None else frame.time - since
