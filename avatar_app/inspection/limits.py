"""What of a video could not be judged, or less surely, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from avatar_app.glitch.fusion import TURNED
from avatar_app.glitch.landmarks import Point
from avatar_app.glitch.measures import (
    CAMERA,
    COVERED,
    COVERED_FACE,
    ENTERED,
    ENTERED_FACE,
    TURN,
    is_spoilt,
)
from avatar_app.inspection.holes import Hole, durations, holes
from avatar_app.reports import Row

_FEW_SECONDS = 1.0
_SLOW, _FAST = 15.0, 65.0  # frames a second
_SMALL = 80.0  # pixels: what the detector's faces have at least
_DARK = 10.0  # mean grey level
_UNEVEN = 2.0
_LONG = 0.3  # seconds
_NAMED = 5
_FACE = "skull_misfit"  # is measured wherever there is a face
_STILL = "still"
_DISTURBED = dict(
    zip(
        CAMERA,
        (
            "its light changed",
            "it lost detail, as from blur or strong compression",
            "it was full of specks or blocks, as from noise or lost data",
        ),
        strict=True,
    )
)
_DRIVER, _DRIVERS_FACE = "driver_unseen", "driver_turn"  # where there is a driver; and a face of it


@dataclass
class Circumstances:
    """What came to light while a video was read, the first of the `videos` in its file.

    `faces` are the places of the most that were seen at once, first of the one that was judged,
    `chosen` the place of the one that was asked for, `least` the size of the smallest that would
    have been found, in pixels. `driver_end` is the second of it in which its driver ended, None
    where that did not.
    """

    is_truncated: bool = False
    is_damaged: bool = False
    changes_size: bool = False
    videos: int = 1
    faces: Sequence[Point] = ()
    chosen: Point | None = None
    least: float = _SMALL
    widths: Sequence[float] = ()
    cuts: list[float] = field(default_factory=list)
    greys: list[float] = field(default_factory=list)
    driver_end: float | None = None
    driver_is_truncated: bool = False


def judged_seconds(rows: Sequence[Row], seconds: float) -> float:
    """Return for how long of a video of so many seconds there was a face to judge."""
    return _seconds(rows, seconds, _has_face)


def limits(rows: Sequence[Row], seconds: float, seen: Circumstances) -> Iterator[str]:
    """Yield a sentence for each thing that limits what can be said of a video."""
    yield from _of_file(rows, seen)
    if seconds < _FEW_SECONDS:
        yield f"The video is only {seconds:.2f} s long: too short for what shows over time."
    yield from _of_rate(rows)
    dark = sum(grey < _DARK for grey in seen.greys)
    if dark:
        yield f"{dark} of {len(rows)} frames are black or nearly so."
    yield from _of_what_was_seen(rows, seconds, seen)
    yield from _of_faces(seen)
    yield from _of_driver(rows, seconds, seen)
    if seen.cuts:
        by_place = "" if seen.chosen is None else f", in each the face at {at(seen.chosen)}"
        yield f"The scene changes ({_named(seen.cuts)}): each scene was judged by itself{by_place}."


def _of_file(rows: Sequence[Row], seen: Circumstances) -> Iterator[str]:
    if seen.videos > 1:
        yield f"The file holds {seen.videos} videos side by side: only the first was judged."
    if seen.is_truncated:
        yield f"The file ends in the middle: it was judged up to {rows[-1].time:.1f} s."
    if seen.is_damaged:
        yield (
            "Parts of the file are damaged: pictures may be missing or distorted, which is no "
            "avatar's doing."
        )
    if seen.changes_size:
        yield "The size of the pictures changes: the later ones were fitted into the first one's."


def _of_what_was_seen(rows: Sequence[Row], seconds: float, seen: Circumstances) -> Iterator[str]:
    unseen = _seconds(rows, seconds, lambda measures: not _has_face(measures))
    if not any(_has_face(row.measures) for row in rows):
        yield (
            f"A face smaller than about {seen.least:.0f} pixels, or one that lies on its side or "
            "stands on its head, would not have been found."
        )
    elif unseen >= _LONG:
        yield f"For {unseen:.1f} s no face was seen."
    covered = _seconds(rows, seconds, is_covered)
    if covered >= _LONG:
        yield (
            f"For {covered:.1f} s the face or part of it was taken to be behind something or "
            "outside the picture: what it looks like there counts less, or not at all."
        )
    turned = _seconds(rows, seconds, _is_turned)
    if turned >= _LONG:
        yield (
            f"For {turned:.1f} s the face was turned far away, or had just been: a fault is hardly "
            "told from the turn then."
        )
    still = _still_seconds(rows)
    if still:
        yield (
            f"For {still:.1f} s the picture did not change: what shows over time could not be "
            "judged there."
        )
    spoilt = _seconds(rows, seconds, is_spoilt)
    if spoilt >= _LONG:
        causes = [
            words
            for name, words in _DISTURBED.items()
            if any(is_spoilt({name: row.measures.get(name, 0.0)}) for row in rows)
        ]
        yield (
            f"For {spoilt:.1f} s the whole picture was disturbed, and not the face alone "
            f"({'; '.join(causes)}): what light, camera or connection do is no glitch, so less "
            "counted as one meanwhile."
        )


def _has_face(measures: Mapping[str, float]) -> bool:
    return _FACE in measures


def is_covered(measures: Mapping[str, float]) -> bool:
    """Return whether a face was taken to be behind something."""
    return measures.get(COVERED, 0.0) > COVERED_FACE or measures.get(ENTERED, 0.0) > ENTERED_FACE


def _is_turned(measures: Mapping[str, float]) -> bool:
    return _has_face(measures) and measures.get(TURN, 0.0) > TURNED


def _still_seconds(rows: Sequence[Row]) -> float:
    """Return for how long in all a face was seen to stand still for a second and longer."""
    faces = [row.measures if _has_face(row.measures) else {} for row in rows]
    still = [measures.get(_STILL, 0.0) for measures in faces]
    lasts = [
        row for row, (now, after) in zip(rows, pairwise((*still, 0.0)), strict=True) if after < now
    ]
    missing = holes(rows)
    seen = [row.measures[_STILL] - _missing_in(row, missing) for row in lasts]
    return sum(now for now in seen if now >= _FEW_SECONDS)


def _missing_in(row: Row, missing: Sequence[Hole]) -> float:
    """Return for how long there were no pictures while nothing changed before this one."""
    since = row.time - row.measures[_STILL]
    return sum(hole.seconds for hole in missing if since < hole.after.time <= row.time)


def _seconds(
    rows: Sequence[Row], seconds: float, holds: Callable[[Mapping[str, float]], bool]
) -> float:
    """Return for how long of a video of so many seconds something holds of the measures."""
    steps = durations(rows, seconds)
    return sum(step for row, step in zip(rows, steps, strict=True) if holds(row.measures))


def _of_holes(rows: Sequence[Row]) -> Iterator[str]:
    found = holes(rows)
    if found:
        missing = sum(hole.seconds for hole in found)
        when = _named([hole.begin for hole in found])
        yield f"For {missing:.1f} s (at {when}) there are no pictures: nothing was judged."


def _named(times: Sequence[float]) -> str:
    """Return the first few of some times."""
    when = ", ".join(f"{time:.1f} s" for time in times[:_NAMED])
    return f"{when} ..." if len(times) > _NAMED else when


def _of_rate(rows: Sequence[Row]) -> Iterator[str]:
    if len(rows) < 3:
        return
    steps = np.diff([row.time for row in rows])
    usual = float(np.median(steps))
    yield from _of_holes(rows)
    rate = 1 / usual
    if rate < _SLOW:
        yield (
            f"At {_per_second(usual)} frames a second, trembling and sudden changes are hardly "
            "seen, and whole faces may be flagged."
        )
    if rate > _FAST:
        yield f"At {_per_second(usual)} frames a second, changes from frame to frame look smaller."
    low, high = np.percentile(steps, (5, 95))
    if high > _UNEVEN * max(float(low), 1e-3):
        slow, fast = _per_second(float(high)), _per_second(float(low))
        yield f"The rate varies: from {slow} to {fast} frames a second."


def _per_second(step: float) -> str:
    """Return how many there are of what lasts so many seconds: never none."""
    rate = 1 / max(step, 1e-3)
    return f"{rate:.0f}" if rate >= 1 else f"{rate:.1g}"


def _of_faces(seen: Circumstances) -> Iterator[str]:
    count = len(seen.faces)
    if seen.chosen is None and count > 1:
        others = " or ".join(f"--face {at(place)}" for place in seen.faces[1 : 1 + _NAMED])
        yield (
            f"There are up to {count} faces: only the one at {at(seen.faces[0])} was judged. "
            f"Another one is judged with {others}."
        )
    elif seen.chosen is not None and not seen.widths:
        places = " and ".join(map(at, seen.faces[:_NAMED]))
        others = f"; faces lie at {places}" if places else ""
        yield f"No face was found at {at(seen.chosen)}{others}."
    elif seen.chosen is not None and count > 1:
        yield f"There are up to {count} faces: only the one at {at(seen.chosen)} was judged."
    width = float(np.median(seen.widths)) if seen.widths else _SMALL
    if width < _SMALL:
        yield f"The face is only {width:.0f} pixels wide: small faults cannot be seen."


def at(place: Point) -> str:
    """Return a place as the option takes it: x,y in whole pixels."""
    return ",".join(f"{round(part)}" for part in place)


def _of_driver(rows: Sequence[Row], seconds: float, seen: Circumstances) -> Iterator[str]:
    if seen.driver_end is not None:
        ends = "breaks off" if seen.driver_is_truncated else "ends"
        yield (
            f"The driver's video {ends} at {seen.driver_end:.1f} s: the avatar was not compared "
            "with it after that."
        )
    unseen = _seconds(rows, seconds, lambda found: _DRIVER in found and _DRIVERS_FACE not in found)
    if unseen >= _LONG:
        yield (
            f"For {unseen:.1f} s no face of the driver was seen: the avatar was not compared with "
            "it then."
        )
