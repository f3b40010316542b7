"""The main job: a photo and a driving video become a video of the photo, moving.

A plain loop without threads: the same input gives the same output.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from avatar_app.animation.driver import DriverCrop
from avatar_app.animation.judging import Judging
from avatar_app.animation.report import Laps, Stats
from avatar_app.avatars import load_avatar, resolve_avatar
from avatar_app.events import AvatarChanged, Calibrated, Event, events_to_jsonl
from avatar_app.files import check_distinct, check_writable, write_json, write_whole
from avatar_app.fomm.motion import pose_distance
from avatar_app.fomm.reenactor import FommReenactor, load_reenactor
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.progress import Progress, silent
from avatar_app.provenance import label_tags
from avatar_app.reports import Percentiles, Row, frames_to_csv
from avatar_app.types import Avatar, AvatarAppError, Frame, Rendered
from avatar_app.video import VideoReader, VideoWriter, check_output

_DRIVER_SIDE = 1920
"""Pixels of the driver's longer side that are used: a face in them is larger than the model's."""


@dataclass(frozen=True)
class Animation:
    """What `animate` left behind: the video, the avatar as it was cut, and the speed."""

    video: Path
    avatar: Avatar
    stats: Stats


def animate(
    source: str | Path,
    driving: Path,
    output: Path,
    *,
    model: str | Path = "fomm-mini",
    device: str = "auto",
    absolute: bool = False,
    best_frame: bool = False,
    crop: bool = True,
    centre_square: bool = False,
    frames_csv: Path | None = None,
    events_jsonl: Path | None = None,
    stats_json: Path | None = None,
    overlay: Path | None = None,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda sentence: None,
    seen: Callable[[Rendered], None] = lambda rendered: None,
) -> Animation:
    """Render the person in `source`, an avatar's name or a photo, moving like the one in `driving`.

    The output has the driver's frame times and its sound. The neutral pose is the driver's in the
    first frame with a face, with `best_frame` in the one most like the photo; `absolute` needs
    none. Until the driver's face is seen the avatar stands still. With `crop` the driver's face is
    followed, without it the centre of the picture is taken; `centre_square` does that to the photo
    where its face cannot be used. `warn` takes sentences about what is not as it should be, `seen`
    every rendered frame. Where `frames_csv`, `events_jsonl` or `overlay`, a copy of the video with
    the flags drawn in, is asked for, every frame is judged by the glitch detector.

    Raises AvatarAppError where the user can mend it, at once where it is the name of an output.
    Files get their names at the end, when they are whole, KeyboardInterrupt or not.
    """
    began = time.perf_counter()
    photo = resolve_avatar(str(source))
    _check_outputs([photo, driving], [output, overlay], [frames_csv, events_jsonl, stats_json])
    with contextlib.ExitStack() as stack:
        reader = stack.enter_context(VideoReader(driving, max_side=_DRIVER_SIDE))
        engine = load_reenactor(model, device, absolute=absolute)
        stack.callback(engine.close)
        finder = FaceFinder()
        avatar = load_avatar(
            photo, engine.size, finder.in_photo, centre_square=centre_square, warn=warn
        )
        engine.set_source(avatar)
        if reader.has_unknown_audio:
            warn(f"the sound of {driving} cannot be decoded; the video is written without it")
        tags = label_tags(engine.model_name)
        judging = Judging()
        if frames_csv or events_jsonl or overlay:
            judging = stack.enter_context(
                Judging.of(avatar, finder, overlay, rate=reader.rate, sound=reader, tags=tags)
            )
        job = _Job(
            engine,
            avatar,
            DriverCrop(engine.size, finder if crop else None),
            absolute,
            seen,
            judging,
        )
        if best_frame and not absolute:
            job.calibrate_at_best(driving, progress)
        start_seconds = time.perf_counter() - began
        with VideoWriter(output, engine.size, engine.size, reader.rate, reader, tags) as writer:
            job.render(reader, writer, progress)
        seconds = time.perf_counter() - began - start_seconds
        for sentence in _faults(reader, job.rows[-1].time):
            warn(sentence)
        stats = job.stats(reader, seconds, start_seconds)
    if frames_csv is not None:
        write_whole(frames_csv, frames_to_csv(job.rows))
    if events_jsonl is not None:
        write_whole(events_jsonl, events_to_jsonl(job.events))
    if stats_json is not None:
        write_json(stats_json, stats)
    return Animation(output, avatar, stats)


class _Job:
    """Renders one driver with one avatar, and keeps count."""

    def __init__(
        self,
        engine: FommReenactor,
        avatar: Avatar,
        crop: DriverCrop,
        absolute: bool,
        seen: Callable[[Rendered], None],
        judging: Judging,
    ) -> None:
        self._judging = judging
        self._engine = engine
        self._avatar = avatar
        self._crop = crop
        self._absolute = absolute
        self._seen = seen
        self._calibrated: Calibrated | None = None
        self.rows: list[Row] = []
        self._laps = Laps()

    def calibrate_at_best(self, driving: Path, progress: Progress) -> None:
        """Go through the driver once to find the pose most like the avatar's, and take it."""
        source = self._engine.keypoints(Frame(self._avatar.image, 0, 0.0))
        best, smallest = None, float("inf")
        with VideoReader(driving, max_side=_DRIVER_SIDE) as reader:
            for frame in reader:
                driver = self._crop.cut(frame)
                if driver is not None:
                    distance = pose_distance(source, self._engine.keypoints(driver))
                    if distance < smallest:
                        best, smallest = driver, distance
                progress(frame.index + 1, reader.frames, "frames compared")
        self._crop.restart()
        if best is None:
            raise _no_face_in(driving)
        self._calibrate(best)

    def render(self, reader: VideoReader, writer: VideoWriter, progress: Progress) -> None:
        """Render all frames; raises AvatarAppError if none of them has a face to follow."""
        frames = iter(reader)
        rendered_any = False
        while True:
            self._laps.begin()
            frame = next(frames, None)
            if frame is None:
                break
            self._laps.lap("decode")
            rendered = self._rendered(frame)
            rendered_any |= rendered is not None
            shown = self._avatar.image if rendered is None else rendered.image
            writer.write(shown, frame.time)
            self._laps.lap("encode")
            verdict = self._judging.judge(frame, rendered)
            self._laps.lap("judge")
            self._judging.draw(frame, shown, verdict)
            self._laps.lap("overlay")
            if verdict is not None:
                row = Row(frame.index, frame.time, verdict.measures, verdict.score, verdict.flags)
            else:
                row = Row(frame.index, frame.time, rendered.measures if rendered else {})
            self._laps.end()
            self.rows.append(row)
            progress(frame.index + 1, reader.frames, "frames")
        if not rendered_any:
            raise _no_face_in(reader.path)

    @property
    def events(self) -> list[Event]:
        """What happened, in terms of the driver's time."""
        events: list[Event] = [AvatarChanged(0.0, self._avatar.name)]
        if self._calibrated:
            events.append(self._calibrated)
        return [*events, *self._judging.finish()]

    def stats(self, reader: VideoReader, seconds: float, start_seconds: float) -> Stats:
        """Return how fast it was, given the seconds for all frames and those before the first."""
        return Stats(
            frames=len(self.rows),
            seconds=round(seconds, 3),
            fps=round(len(self.rows) / seconds, 2),
            start_seconds=round(start_seconds, 3),
            latency_ms=Percentiles.of(self._laps.latencies),
            stages_ms=self._laps.percentiles(),
            device=self._engine.runtime_description,
            device_reason=self._engine.device_reason,
            model=self._engine.model_name,
            model_sha256=self._engine.model_sha256,
            avatar=self._avatar.name,
            driver=str(reader.path),
            driver_width=reader.size_in_file[0],
            driver_height=reader.size_in_file[1],
            driver_fps=round(reader.rate, 3),
            driver_is_truncated=reader.truncated,
            motion="absolute" if self._absolute else "relative",
            calibrated_frame=self._calibrated.index if self._calibrated else None,
        )

    def _rendered(self, frame: Frame) -> Rendered | None:
        driver = self._crop.cut(frame)
        self._laps.lap("crop")
        if driver is None:
            return None
        if self._calibrated is None and not self._absolute:
            self._calibrate(driver)
        rendered = self._engine.animate(driver)
        self._laps.lap("model")
        for stage, milliseconds in rendered.timings.items():
            self._laps.stages[f"model/{stage}"].append(milliseconds)
        self._seen(rendered)
        return rendered

    def _calibrate(self, driver: Frame) -> None:
        self._engine.calibrate(driver)
        self._calibrated = Calibrated(driver.time, driver.index)


def _check_outputs(inputs: list[Path], videos: list[Path | None], files: list[Path | None]) -> None:
    check_distinct(inputs, (*videos, *files))
    for path in videos:
        if path is not None:
            check_output(path)
    check_writable(*files)


def _faults(reader: VideoReader, last: float) -> Iterator[str]:
    """Yield what was wrong with a driver that was read, up to the picture at `last` seconds."""
    if reader.truncated:
        yield f"{reader.path} ends in the middle; it was rendered up to {last:.1f} s"
    if reader.damaged:
        yield (
            f"parts of {reader.path} are damaged: pictures may be missing or distorted; export or "
            "download it again"
        )


def _no_face_in(driving: Path) -> AvatarAppError:
    return AvatarAppError(
        f"no face was found in {driving}; use a video that shows one upright and from the front, "
        "or --no-crop to take the picture as it is"
    )
