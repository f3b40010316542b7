"""From the measures of a picture to a verdict: a score, and flags that hold with their reasons."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from avatar_app.events import Flag
from avatar_app.glitch.alone import Alone
from avatar_app.glitch.calibration import RoleCalibration
from avatar_app.glitch.flags import Hysteresis
from avatar_app.glitch.fusion import TURNED
from avatar_app.glitch.measures import MEASURES, TURN

_SMOOTHING_SECONDS = 0.12
_START = -3.0  # log-odds of a score of about 0.05: a scene begins without a glitch
_OFF_BELOW = 1.0  # log-odds that the off-threshold lies below the on-threshold
_GONE = "face_unseen"
_GONE_SECONDS = 0.45
"""Without a face for so long is a glitch whatever else is seen, unless it had turned away."""
_LEAST_SECONDS = {_GONE: _GONE_SECONDS, "still": 1.0}
"""What these measures are flagged for takes so long: a picture missed or repeated is neither."""

_TOGETHER = "many measures together, none beyond what is usual"

_GATES: Mapping[Flag, tuple[str, float, float, str]] = {
    Flag.DRIVER_MISSING: ("driver_unseen", 0.5, 0.5, "no face before the camera for {:.1f} s"),
    Flag.SECOND_FACE: ("driver_faces", 2.0, 2.0, "{:.0f} faces before the camera"),
    Flag.OUT_OF_POSE: ("driver_turn", 35.0, 30.0, "the driver's head is turned by {:.0f} degrees"),
    Flag.LOW_LIGHT: ("driver_darkness", 0.85, 0.8, "the driver's face is {:.0%} dark"),
    Flag.OCCLUDED: ("driver_cover", 0.6, 0.45, "part of the driver's face changed by {:.0%}"),
}
"""By gate: its measure, where it warns, where it stops to, and the reason to a person."""


class Judge:
    """Judges the measures of pictures that follow each other.

    Glitches are flagged while the smoothed score is above `threshold`, in (0, 1): those whose
    measures are beyond what is usual, or FACE_DISTORTED where only their sum is. A face that is
    gone for long lifts the score to the threshold, and so does a measure that is one by itself
    (`alone`). Gates are flagged by their own measures.
    """

    def __init__(self, calibration: RoleCalibration, threshold: float) -> None:
        self._calibration, self._alone = calibration, Alone(calibration.alone)
        self._on = log_odds(threshold)
        self._alarm = Hysteresis(self._on, self._on - _OFF_BELOW)
        self._kinds = {flag: Hysteresis(1.0, 0.5) for flag in Flag if not flag.is_gate}
        self._gates = {flag: Hysteresis(on, off) for flag, (_, on, off, _) in _GATES.items()}
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._smooth = _START
        self._alone.forget()
        self._words: dict[Flag, str] = {}
        self._told: dict[Flag, str] = {}
        self._warned: dict[Flag, str] = {}
        for hysteresis in (self._alarm, *self._kinds.values(), *self._gates.values()):
            hysteresis.forget()

    def judge(
        self, measures: Mapping[str, float], time: float, elapsed: float
    ) -> tuple[float, dict[Flag, str]]:
        """Return the score in [0, 1], and the flags that hold at `time` with their reasons.

        `elapsed` is how long the last picture lasted, in seconds.
        """
        share = 1 - math.exp(-elapsed / _SMOOTHING_SECONDS)
        self._smooth += share * (self._calibration.fusion.log_odds(measures) - self._smooth)
        enough = self._alone.update(measures, time)
        if enough or _is_gone(measures):
            self._smooth = max(self._smooth, self._on)
        reasons = self._glitches(measures, time, enough)
        return probability(self._smooth), {**reasons, **self._warnings(measures, time)}

    def _glitches(
        self, measures: Mapping[str, float], time: float, enough: Collection[str]
    ) -> dict[Flag, str]:
        if not self._alarm.update(self._smooth, time):
            self._words.clear()
            self._told.clear()
            for kind in self._kinds.values():
                kind.forget()  # what was beyond its limit before an alarm did not raise it
            return {}
        evidence = self._evidence(measures, enough)
        for flag, kind in self._kinds.items():
            name, strength = evidence.get(flag, ("", 0.0))
            kind.update(strength, time)
            # While a flag holds after its measure fell, what raised it stays its reason.
            if strength >= 1:
                self._words[flag] = self._reason(name, measures)
        raised = [flag for flag, kind in self._kinds.items() if kind.is_raised]
        # An alarm that outlasts all of them is still the one they raised.
        if raised or not self._told:
            self._told = {flag: self._words[flag] for flag in raised}
        return dict(self._told or {Flag.FACE_DISTORTED: _TOGETHER})

    def _evidence(
        self, measures: Mapping[str, float], enough: Collection[str]
    ) -> dict[Flag, tuple[str, float]]:
        """Return for each flag the measure that speaks most for it, and how strongly.

        What is a glitch by itself speaks before all others: it may have raised the alarm alone.
        """
        most: dict[Flag, tuple[bool, float, str]] = {}
        turn = measures.get(TURN, 0.0)
        for name, usual in self._calibration.usual.items():
            if name in measures and name in MEASURES:
                flag, speaks = MEASURES[name].flag, usual.evidence(measures[name], turn)
                if name in _LEAST_SECONDS:
                    speaks = measures[name] / _LEAST_SECONDS[name]
                found = (name in enough, speaks, name)
                most[flag] = max(found, most.get(flag, found))
        return {flag: (name, speaks) for flag, (_, speaks, name) in most.items()}

    def _reason(self, name: str, measures: Mapping[str, float]) -> str:
        measure, usual = MEASURES[name], self._calibration.usual[name]
        where = f" ({measure.part})" if measure.part else ""
        bound = "at most" if usual.limit > usual.median else "at least"
        value, limit = measures[name], usual.limit_at(measures.get(TURN, 0.0))
        return f"{name}: {measure.words}{where} {value:.3g}, usually {bound} {limit:.3g}"

    def _warnings(self, measures: Mapping[str, float], time: float) -> dict[Flag, str]:
        found = {}
        for flag, (name, _, off, reason) in _GATES.items():
            if name in measures and self._gates[flag].update(measures[name], time):
                # A warning that still holds tells what it holds for, not what is there since.
                if measures[name] >= off:
                    self._warned[flag] = reason.format(measures[name])
                found[flag] = self._warned[flag]
        return found


def _is_gone(measures: Mapping[str, float]) -> bool:
    """Return whether a face that did not turn away is not seen for long."""
    return measures.get(_GONE, 0.0) >= _GONE_SECONDS and measures.get(TURN, 0.0) <= TURNED


def probability(odds: float) -> float:
    """Return the probability in (0, 1) that log-odds stand for."""
    return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))


def log_odds(share: float) -> float:
    """Return the log-odds of a probability in (0, 1)."""
    return math.log(share / (1 - share))
