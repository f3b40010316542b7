"""Watches the driver beside the avatar: what may go wrong next, and what the avatar does not do."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from avatar_app.face_signals import read_signals
from avatar_app.glitch.follower import Follower, Sighting
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.measures import SIGNAL_UNITS
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.turns import Turn
from avatar_app.glitch.watch import USUAL_SECONDS, Observation, turn_of
from avatar_app.types import Floats, Frame

_OFFSET_SECONDS = 5.0
_CLEAR = 1.0  # of dlib's score: with a hand, a mask or a cup before it no face is so clear
_TURNED = 28.0  # degrees: then a face is unlike itself, and unclear, without any cover
_COUNT_SECONDS = 2.0  # between two searches for a second face, which take long


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
        self._gates: dict[str, float] = {}
        self._signals: Mapping[str, float] = {}
        self._is_new = False
        self._compared_at = 0.0
        self._offsets: dict[str, float] = {}
        self._mismatch: dict[str, float] = {}

    def recalibrate(self) -> None:
        """Take what avatar and driver differ by when next compared for usual."""
        self._offsets, self._mismatch = {}, {}

    def look(self, frame: Frame, turn: Turn) -> Observation:
        """Measure the next driving frame: the gates, by name.

        What is not looked at in this `turn` holds from before.
        """
        face = self._follower.follow(frame.image, turn.driver_search, turn.driver_fit)
        self._count_faces(frame)
        if self._seen_at is None or (face is not None and face.unseen == 0):
            self._seen_at = frame.time
        measures = {
            "driver_unseen": frame.time - self._seen_at,
            "driver_faces": float(self._faces),
        }
        if face is None:
            self._gates = {}
            measures["driver_darkness"] = 1 - float(frame.image[::8, ::8].mean()) / 255
            return Observation(measures, None)
        self._is_new = turn.driver_fit or not self._gates
        if self._is_new:
            self._gates, self._signals = self._measured(frame, face)
        return Observation(measures | self._gates, face, self._signals)

    def _measured(self, frame: Frame, face: Sighting) -> tuple[dict[str, float], dict[str, float]]:
        """Return the gates and the signals of a face whose landmarks belong to this frame."""
        elapsed, self._time = max(0.0, frame.time - self._time), frame.time
        signals = read_signals(face.landmarks)
        chip = chips.chip(frame.image, chips.upright(face.landmarks))
        turned, cover = turn_of(signals), self._cover(chip, elapsed)
        is_clear = face.score >= _CLEAR or turned >= _TURNED
        gates = {
            "driver_turn": turned,
            "driver_darkness": 1 - chips.brightness(chip),
            "driver_cover": 0.0 if is_clear else cover,
        }
        return gates, signals

    def compare(self, driver: Observation, avatar: Observation) -> dict[str, float]:
        """Return by how much the avatar does something else than the driver, by signal.

        In `SIGNAL_UNITS`, less what it is all the time (another person has other proportions).
        Nothing where one of them has no face. While what the driver does holds from before, so
        does what this returned: the avatar goes on meanwhile.
        """
        if not driver.signals or not avatar.signals:
            self._mismatch = {}
        elif self._is_new:
            self._mismatch = self._compared(driver.signals, avatar.signals)
        return self._mismatch

    def _compared(
        self, driver: Mapping[str, float], avatar: Mapping[str, float]
    ) -> dict[str, float]:
        rate = min(1.0, (self._time - self._compared_at) / _OFFSET_SECONDS)
        self._compared_at = self._time
        mismatch = {}
        for name, unit in SIGNAL_UNITS.items():
            apart = (avatar[name] - driver[name]) / unit
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
        self._usual = usual + np.float32(min(1.0, elapsed / USUAL_SECONDS)) * (small - usual)
        return sorted(chips.strangeness(small, usual).values())[-2]
