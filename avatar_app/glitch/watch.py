"""Looks at one picture after the other and gives the measures of each: what has a memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from avatar_app.face_signals import fit_skull, read_signals
from avatar_app.glitch.follower import Follower, Sighting
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.measures import SIGNAL_UNITS, TURN, part_name
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.signals import movement, upheaval
from avatar_app.glitch.signals.surroundings import intrusion, outlook
from avatar_app.types import Floats, Frame, Image

_NO_FACE_SCORE = -1.0
_USUAL_SECONDS = 4.0  # what a face usually looks like is a mean over about so long
_TURN_SECONDS = 1.0  # a turn counts so long: coming back, points still slip and little is as usual
_STILL = 0.3  # mean grey levels: less is the same picture again
_SHAKE_OF = 3
_LASTING = 13  # pictures, half a second: what more than half of them show goes on
_USUAL_STEP = 0.04  # seconds: in longer ones more may change
_GRID = 4  # stillness is seen in every fourth pixel
_OFFSET_SECONDS = 5.0
_CLEAR = 1.0  # of dlib's score: with a hand, a mask or a cup before it no face is so clear
_TURNED = 28.0  # degrees: then a face is unlike itself, and unclear, without any cover
_COUNT_SECONDS = 2.0  # between two searches for a second face, which take long


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of one picture: its `measures` by name, and the face or None."""

    measures: Mapping[str, float]
    face: Sighting | None
    signals: Mapping[str, float] = field(default_factory=dict)


class PictureWatch:
    """Measures the face in pictures that follow each other. Not thread-safe.

    With `context` also what is beside it.
    """

    def __init__(self, follower: Follower, context: bool = False) -> None:
        self._follower = follower
        self._context = context
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._follower.forget()
        self._landmarks: deque[Floats] = deque(maxlen=_SHAKE_OF)
        self._chip: Floats | None = None
        self._usual: Floats | None = None
        self._chips: deque[Floats] = deque(maxlen=_SHAKE_OF)
        self._places: Floats | None = None
        self._tints: Floats | None = None
        self._shakes: deque[float] = deque(maxlen=_LASTING)
        self._flashes: deque[float] = deque(maxlen=_LASTING)
        self._edges: Floats | None = None
        self._detail: dict[str, float] | None = None
        self._grid: Floats | None = None
        self._around: Floats | None = None
        self._turns: deque[tuple[float, float]] = deque()
        self._seen_at: float | None = None
        self._changed_at = self._time = 0.0

    def expect_jump(self) -> None:
        """Compare the next picture with what is usual, but not with the one before it."""
        self._landmarks.clear()
        self._chips.clear()
        self._chip = None

    def look(self, image: Image, time: float) -> Observation:
        """Measure the next picture, (H, W, 3) uint8 RGB, at `time` in seconds."""
        elapsed = max(0.0, time - self._time)
        self._time = time
        face = self._follower.follow(image)
        if self._seen_at is None or (face is not None and face.unseen == 0):
            self._seen_at = time
        measures = {
            "face_score": _NO_FACE_SCORE if face is None else face.score,
            "face_unseen": time - self._seen_at,
            "black_share": chips.black_share(image),
            "still": self._still(image, time),
        }
        if face is None:
            self.expect_jump()
            # Who turned away and is lost is not missing: the turn that was seen last still holds.
            return Observation({**measures, TURN: self._turned(time)}, None)
        if self._context:
            measures["around"] = self._beside(image, face, elapsed)
        measures |= self._texture(chips.chip(image, face.landmarks), elapsed)
        measures |= self._geometry(face.landmarks, elapsed)
        measures |= self._whereabouts(image, face.landmarks, elapsed)
        skull = fit_skull(face.landmarks)
        measures["skull_misfit"] = skull.misfit
        signals = read_signals(face.landmarks, skull)
        measures[TURN] = self._turned(time, _turn(signals))
        return Observation(measures, face, signals)

    def _turned(self, time: float, turn: float | None = None) -> float:
        """Take the turn seen now, if any; return the largest within the last second of it."""
        if turn is not None:
            self._turns.append((time, turn))
            while self._turns[0][0] < time - _TURN_SECONDS:
                self._turns.popleft()
        return max((turn for _, turn in self._turns), default=0.0)

    def _still(self, image: Image, time: float) -> float:
        """Return the seconds since the picture last changed."""
        grid = image[::_GRID, ::_GRID, 1].astype(np.float32)
        before, self._grid = self._grid, grid
        if before is None or before.shape != grid.shape or np.abs(grid - before).mean() > _STILL:
            self._changed_at = time
        return time - self._changed_at

    def _beside(self, image: Image, face: Sighting, elapsed: float) -> float:
        """Return how much around the face is unlike what it usually is."""
        now = outlook(image)
        usual = now if self._around is None else self._around
        self._around = usual + np.float32(min(1.0, elapsed / _USUAL_SECONDS)) * (now - usual)
        return intrusion(now, usual, face.landmarks, image.shape)

    def _texture(self, face: Floats, elapsed: float) -> dict[str, float]:
        before = face if self._chip is None else self._chip
        usual = face if self._usual is None else self._usual
        self._chip = face
        self._usual = usual + np.float32(min(1.0, elapsed / _USUAL_SECONDS)) * (face - usual)
        pace = _pace(elapsed)
        changes, strange = chips.changes(face, before), chips.strangeness(face, usual)
        return {
            **self._upheaval(face, usual, elapsed),
            "sharpness": chips.sharpness(face),
            **{part_name("change", part): value / pace for part, value in changes.items()},
            **{part_name("strange", part): value for part, value in strange.items()},
        }

    def _upheaval(self, face: Floats, usual: Floats, elapsed: float) -> dict[str, float]:
        share = np.float32(min(1.0, elapsed / _USUAL_SECONDS))
        edges, fine = upheaval.edges(face), upheaval.detail(face)
        usual_edges = edges if self._edges is None else self._edges
        usual_fine = fine if self._detail is None else self._detail
        self._edges = usual_edges + share * (edges - usual_edges)
        self._detail = {
            part: known + float(share) * (fine[part] - known) for part, known in usual_fine.items()
        }
        warped = upheaval.warping(face, usual)
        smears = upheaval.smear(fine, usual_fine)
        self._chips.append(face)
        measures = {
            "bend": warped.bend,
            "folded": warped.folded,
            "unexplained": warped.unexplained,
            "tear": upheaval.tear(edges, usual_edges),
            **{part_name("smear", part): value for part, value in smears.items()},
        }
        if len(self._chips) == _SHAKE_OF:
            measures["restless"] = upheaval.restlessness(*self._chips) / _pace(elapsed)
            measures["flutter"] = _lasting(self._flashes, measures["restless"])
        return measures

    def _whereabouts(self, image: Image, landmarks: Floats, elapsed: float) -> dict[str, float]:
        place, share = chips.upright(landmarks), np.float32(min(1.0, elapsed / _USUAL_SECONDS))
        places = movement.places(landmarks, place)
        tints = chips.tints(image, place)
        usual_places = places if self._places is None else self._places
        usual_tints = tints if self._tints is None else self._tints
        self._places = usual_places + share * (places - usual_places)
        self._tints = usual_tints + share * (tints - usual_tints)
        return {
            "misplaced": float(np.linalg.norm(places - usual_places, axis=1).max()) / chips.SIDE,
            "tint": chips.tint(tints, usual_tints),
        }

    def _geometry(self, landmarks: Floats, elapsed: float) -> dict[str, float]:
        self._landmarks.append(landmarks)
        measures = {}
        if len(self._landmarks) == _SHAKE_OF:
            measures["shake"] = movement.shake(self._landmarks) / _pace(elapsed)
            measures["tremor"] = _lasting(self._shakes, measures["shake"])
            step = movement.deformation(self._landmarks[-2], landmarks)
            measures["deformation"] = step / _pace(elapsed)
        return measures


class DriverWatch:
    """Measures what the driver does: whether that can go well, and whether the avatar does it too.

    Not thread-safe.
    """

    def __init__(self, follower: Follower, finder: FaceFinder) -> None:
        self._follower = follower
        self._finder = finder
        self.forget()

    def forget(self) -> None:
        """Start afresh: another driver, or another avatar."""
        self._follower.forget()
        self._seen_at: float | None = None
        self._usual: Floats | None = None
        self._faces = 1
        self._count_at: float | None = None
        self._time = 0.0
        self._offsets: dict[str, float] = {}

    def recalibrate(self) -> None:
        """Take what avatar and driver differ by in the next frame for usual."""
        self._offsets = {}

    def look(self, frame: Frame) -> Observation:
        """Measure the next driving frame: the gates, by name."""
        elapsed, self._time = max(0.0, frame.time - self._time), frame.time
        face = self._follower.follow(frame.image)
        self._count_faces(frame)
        if self._seen_at is None or (face is not None and face.unseen == 0):
            self._seen_at = frame.time
        measures = {
            "driver_unseen": frame.time - self._seen_at,
            "driver_faces": float(self._faces),
        }
        if face is None:
            measures["driver_darkness"] = 1 - float(frame.image[::8, ::8].mean()) / 255
            return Observation(measures, None)
        signals = read_signals(face.landmarks)
        chip = chips.chip(frame.image, face.landmarks)
        turn, cover = _turn(signals), self._cover(chip, elapsed)
        is_clear = face.score >= _CLEAR or turn >= _TURNED
        measures |= {
            "driver_turn": turn,
            "driver_darkness": 1 - chips.brightness(chip),
            "driver_cover": 0.0 if is_clear else cover,
        }
        return Observation(measures, face, signals)

    def compare(self, driver: Observation, avatar: Observation, elapsed: float) -> dict[str, float]:
        """Return by how much the avatar does something else than the driver, by signal.

        In `SIGNAL_UNITS`, less what it is all the time (another person has other proportions).
        Nothing where one of them has no face.
        """
        if not driver.signals or not avatar.signals:
            return {}
        rate = min(1.0, elapsed / _OFFSET_SECONDS)
        mismatch = {}
        for name, unit in SIGNAL_UNITS.items():
            apart = (avatar.signals[name] - driver.signals[name]) / unit
            offset = self._offsets.setdefault(name, apart)
            mismatch[f"mismatch_{name}"] = abs(apart - offset)
            self._offsets[name] = offset + rate * float(np.clip(apart - offset, -1, 1))
        return mismatch

    def _count_faces(self, frame: Frame) -> None:
        if self._count_at is None:  # not at once: a beginning is slow enough
            self._count_at = frame.time + _COUNT_SECONDS / 2
        if frame.time >= self._count_at:
            self._count_at = frame.time + _COUNT_SECONDS
            self._faces = len(self._finder.find(frame.image))

    def _cover(self, chip: Floats, elapsed: float) -> float:
        """Return how unusual the second strangest part of the face is: 0 as ever, 1 another thing.

        A mouth that talks or eyes that close are one part; what covers a face covers two.
        """
        small = np.asarray(cv2.GaussianBlur(chip, (0, 0), 3), np.float32)
        usual = small if self._usual is None else self._usual
        self._usual = usual + np.float32(min(1.0, elapsed / _USUAL_SECONDS)) * (small - usual)
        return sorted(chips.strangeness(small, usual).values())[-2]


def _lasting(before: deque[float], value: float) -> float:
    """Add a value to those before; return what more than half of them reach, 0 while few."""
    before.append(value)
    few = [0.0] * (_LASTING - len(before))
    return sorted([*few, *before])[_LASTING // 2]


def _turn(signals: Mapping[str, float]) -> float:
    """Return by how many degrees a face is turned away from the camera."""
    return max(abs(signals["yaw"]), abs(signals["pitch"]))


def _pace(elapsed: float) -> float:
    """Return how many usual steps `elapsed` seconds are, at least 1."""
    return max(1.0, elapsed / _USUAL_STEP)
