"""The job: read a video, judge its face frame by frame, and write what was found."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import avatar_app
from avatar_app.avatars import load_avatar, resolve_avatar
from avatar_app.events import DEFAULT_FALSE_ALARMS, FlagCleared, FlagRaised, events_to_jsonl
from avatar_app.files import check_writable, digest, whole, write_errors
from avatar_app.glitch.calibration import Calibration, load_calibration
from avatar_app.glitch.detector import GlitchDetector, load_detector
from avatar_app.glitch.flags import FlagTracker
from avatar_app.glitch.landmarks import FaceFinder, Point, least_face
from avatar_app.glitch.own import load_own
from avatar_app.glitch.second_opinion import NAME as SECOND_OPINION
from avatar_app.glitch.second_opinion import second_opinion
from avatar_app.handoff import ahead
from avatar_app.inspection.findings import Inspection
from avatar_app.inspection.holes import holes, outside
from avatar_app.inspection.limits import Circumstances, at, judged_seconds, limits
from avatar_app.inspection.moments import Excused, Moment, Moments
from avatar_app.inspection.report import report_html
from avatar_app.inspection.view import SIDE, Cuts, FaceView
from avatar_app.inspection.wording import Wording
from avatar_app.progress import Progress, silent
from avatar_app.provenance import Label, read_label
from avatar_app.reports import Row, frames_to_csv, spans
from avatar_app.types import AvatarAppError, Frame, Image, KeyPoints, Rendered, Verdict
from avatar_app.video import VideoReader

FRAMES, EVENTS, REPORT = "frames.csv", "events.jsonl", "report.html"

_LONGEST_SIDE = 1920
_DRIVER_SIDE = 640
_TOOLS = ("dlib-bin", "opencv-python", "av", "numpy")


def inspect(
    video: Path,
    out: Path,
    *,
    avatar: str | Path | None = None,
    driving: Path | None = None,
    face: Point | None = None,
    false_alarms_per_hour: float | None = None,
    calibration: Path | None = None,
    progress: Progress = silent,
) -> Inspection:
    """Judge a video and write frames.csv, events.jsonl and report.html into the folder `out`.

    By itself the video is judged as a stranger's (role "video"); with `avatar`, a name or a photo,
    and the `driving` video it is judged beside them (role "driver"). Of several faces the largest
    is judged, or the one at `face`, x and y in pixels of the video. `false_alarms_per_hour` and
    `calibration` as with `load_detector`; beside a driver the user's own clean seconds count, too.
    Raises AvatarAppError where the user can mend it.
    """
    if (avatar is None) != (driving is None):
        raise AvatarAppError(
            "An avatar and its driving video belong together; give both, or neither of them."
        )
    check_writable(out / FRAMES, out / EVENTS, out / REPORT)
    began = time.perf_counter()
    role = "video" if driving is None else "driver"
    learned = load_calibration(calibration)
    with ExitStack() as stack:
        reader = stack.enter_context(VideoReader(video, max_side=_LONGEST_SIDE))
        _check_inside(face, reader)
        shrunk = reader.width / reader.size_in_file[0]
        drivers = None
        if driving is not None:
            drivers = stack.enter_context(VideoReader(driving, max_side=_DRIVER_SIDE))
        finder = FaceFinder()
        own = None if driving is None else load_own()
        detector = load_detector(
            role,
            false_alarms_per_hour=false_alarms_per_hour,
            model=calibration,
            own=own,
            finder=finder,
        )
        stack.callback(detector.close)
        if avatar is not None:
            detector.set_source(load_avatar(resolve_avatar(str(avatar)), SIDE, finder.in_photo))
        known = learned.roles[role] if own is None else own.applied(learned.roles[role])
        wording = Wording(role, known.usual)
        view = FaceView(
            FaceFinder(), None if face is None else (shrunk * face[0], shrunk * face[1])
        )
        job = _Job(detector, view, None if drivers is None else _Beside(drivers), wording)
        job.judge(reader, progress)
        if len(job.rows) == 1:  # of which a report would say that no glitch was seen
            raise AvatarAppError(
                f"{video} holds a single picture, which cannot be inspected; give a video."
            )
        job.seen.is_truncated, job.seen.is_damaged = reader.truncated, reader.damaged
        job.seen.changes_size, job.seen.videos = reader.changes_size, reader.videos
        job.seen.faces = [(x / shrunk, y / shrunk) for x, y in view.faces]
        job.seen.chosen, job.seen.widths = face, view.widths
        job.seen.least = least_face(reader.size_in_file)
        label = read_label(reader.path)
        about = _about(reader, label, learned, detector)
        seconds = reader.end
    spent = (time.perf_counter() - began) / len(job.rows)
    if face is not None:
        about["face"] = f"the one at {at(face)}"
    about["time"] = f"{1000 * spent:.1f} ms a frame, all in all"
    # Error rates are known at the usual threshold alone.
    is_usual = false_alarms_per_hour in (None, DEFAULT_FALSE_ALARMS[role])
    figures = learned.figures.get(role, {}) if is_usual else {}
    found = job.inspection(seconds, about, out / REPORT, figures)
    inspection = _asked_again(dataclasses.replace(found, label=label))
    files = {
        FRAMES: frames_to_csv(job.rows),
        EVENTS: events_to_jsonl(inspection.events),
        # A file's name may be no text.
        REPORT: report_html(inspection).encode("utf-8", "backslashreplace"),
    }
    with ExitStack() as stack:  # all of them or none: an older report does not fit a newer table
        for file, content in files.items():
            part = stack.enter_context(whole(out / file))
            with write_errors(out / file):
                part.write_bytes(content)
    return inspection


def _check_inside(place: Point | None, reader: VideoReader) -> None:
    width, height = reader.size_in_file
    if place is not None and not (0 <= place[0] < width and 0 <= place[1] < height):
        raise AvatarAppError(
            f"{at(place)} lies outside the pictures of {reader.path}, which are {width} x "
            f"{height}; give the middle of a face in pixels, from the left and from the top."
        )


def _asked_again(inspection: Inspection) -> Inspection:
    """Ask a second landmark finder about the moments, where the user has one."""
    about = {**inspection.about, "landmarks": "dlib"}
    try:
        second = second_opinion()
    except AvatarAppError as error:  # what dlib saw is worth a report all the same
        about["landmarks"] = f"dlib; {error}"
        second = None
    if second is None:
        return dataclasses.replace(inspection, about=about)
    moments = [
        moment
        if moment.verdict.landmarks is None
        else dataclasses.replace(moment, apart=second.apart(moment.image, moment.verdict.landmarks))
        for moment in inspection.moments
    ]
    about["landmarks"] = f"dlib; in the moments also {SECOND_OPINION}"
    return dataclasses.replace(inspection, moments=moments, about=about)


class _Beside:
    """The driver's frames at the times of another video.

    `end` is the second in which they ended, None as long as they did not.
    """

    def __init__(self, reader: VideoReader) -> None:
        self._reader = reader
        self._frames: Iterator[Frame] = iter(reader)
        self._now = next(self._frames)
        self._next = next(self._frames, None)
        self.end: float | None = None

    @property
    def is_truncated(self) -> bool:
        """Whether they end before the end that their file announces."""
        return self._reader.truncated

    def at(self, time: float) -> Image | None:
        """Return the picture shown at `time` in seconds, which does not fall; None past the end."""
        while self._next is not None and self._next.time <= time + 1e-3:
            self._now, self._next = self._next, next(self._frames, None)
        end = self._now.time + 1 / self._reader.rate
        if self._next is None and end <= time + 1e-3:
            self.end = end
            return None
        return self._now.image


@dataclass(frozen=True, eq=False)
class _View:
    """What a frame shows of the face, (SIDE, SIDE, 3), None where there is nothing to judge."""

    index: int
    time: float
    image: Image | None
    is_cut: bool
    is_empty: bool


class _Job:
    """Judges one video, and keeps what the report needs."""

    def __init__(
        self,
        detector: GlitchDetector,
        face: FaceView,
        drivers: _Beside | None,
        wording: Wording,
    ) -> None:
        self._detector = detector
        self._face = face
        self._drivers = drivers
        self._cuts = Cuts()
        self._tracker = FlagTracker()
        self._wording = wording
        self._moments, self._excused = Moments(wording), Excused()
        self._events: list[FlagRaised | FlagCleared] = []
        self.rows: list[Row] = []
        self.seen = Circumstances()

    def judge(self, reader: VideoReader, progress: Progress) -> None:
        """Judge all frames; those to come are read and searched for the face meanwhile."""
        with closing(ahead(self._views(reader))) as views:
            for view in views:
                self._begin(view)
                if view.image is None:
                    self.rows.append(Row(view.index, view.time, {}))
                else:
                    verdict = self._verdict(view, view.image)
                    self._events += self._tracker.update(verdict)
                    moment = Moment(verdict, view.image)
                    self._moments.add(moment)
                    self._excused.add(moment)
                    self.rows.append(
                        Row(view.index, view.time, verdict.measures, verdict.score, verdict.flags)
                    )
                progress(view.index + 1, reader.frames, "frames")
        self._events += self._tracker.finish(reader.end, self.rows[-1].index)

    def inspection(
        self, seconds: float, about: dict[str, str], report: Path, figures: Mapping[str, float]
    ) -> Inspection:
        """Return all that was found."""
        if self._drivers is not None:
            self.seen.driver_end = self._drivers.end
            self.seen.driver_is_truncated = self._drivers.is_truncated
        role = self._detector.role
        events = outside(self._events, holes(self.rows))
        return Inspection(
            video=Path(about["video"]),
            role=role,
            seconds=seconds,
            judged_seconds=judged_seconds(self.rows, seconds),
            rows=self.rows,
            events=events,
            spans=spans(events, seconds),
            moments=self._moments.worst(),
            threshold=self._detector.threshold,
            notes=tuple(limits(self.rows, seconds, self.seen)),
            about=about,
            report=report,
            wording=self._wording,
            excused=self._excused.longest(),
            figures=figures,
        )

    def _views(self, reader: VideoReader) -> Iterator[_View]:
        """Yield what there is to judge in each frame."""
        for frame in reader:
            self.seen.greys.append(float(frame.image[::8, ::8].mean()))
            # An avatar beside its driver has no scenes.
            is_cut = self._drivers is None and self._cuts.is_cut(frame.image)
            if is_cut:
                self._face.restart()
            is_empty = self._cuts.is_empty
            image = None if is_empty else self._face.cut(frame)
            yield _View(frame.index, frame.time, image, is_cut, is_empty)

    def _begin(self, view: _View) -> None:
        if view.is_cut:
            self.seen.cuts.append(view.time)
            self._detector.forget()
        if view.is_cut or view.is_empty:
            self._events += self._tracker.finish(view.time, view.index)

    def _verdict(self, view: _View, image: Image) -> Verdict:
        driver = None if self._drivers is None else self._drivers.at(view.time)
        if driver is None:
            return self._detector.inspect_frame(Frame(image, view.index, view.time))
        driving = Frame(driver, view.index, view.time)
        unknown = KeyPoints(np.zeros((1, 0, 2), np.float32), np.zeros((1, 0, 2, 2), np.float32))
        return self._detector.inspect(Rendered(driving, image, unknown))


def _about(
    reader: VideoReader, label: Label | None, learned: Calibration, detector: GlitchDetector
) -> dict[str, str]:
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _TOOLS)
    return {
        "video": str(reader.path),
        "sha256": digest(reader.path),
        "pictures": _pictures(reader),
        "the file says of itself": "nothing" if label is None else label.comment,
        "role": detector.role,
        "threshold": f"{detector.threshold:.3f}",
        "weights": learned.path.name,
        "app": f"avatar_app {avatar_app.__version__}, Python {platform.python_version()}",
        "packages": packages,
    }


def _pictures(reader: VideoReader) -> str:
    size = (reader.width, reader.height)
    shrunk = "" if size == reader.size_in_file else f", looked at in {size[0]} x {size[1]}"
    width, height = reader.size_in_file
    return f"{width} x {height}, {reader.rate:.3g} a second{shrunk}"
