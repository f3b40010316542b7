"""The detector's worker: judges the newest rendering, and says when flags rise and fall."""

from __future__ import annotations

from avatar_app.glitch.flags import FlagTracker
from avatar_app.pipeline.view import Status
from avatar_app.pipeline.wiring import Wiring
from avatar_app.types import Avatar, Detector, Rendered

_WAIT = 0.25
_FAILURES = 3  # in a row, until it is switched off
_TRUSTED = 100  # pictures judged, after which earlier failures are forgotten


class DetectJob:
    """Judges pictures as fast as it can; the picture never waits for it.

    A detector that raises gives way to a new one, as one picture may have been too much for it; one
    that keeps raising is switched off: no verdict is better than a stale one.
    """

    name = "detector"

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._detector: Detector | None = None
        self._avatar: Avatar | None = None
        self._flags = FlagTracker()
        self._is_wanted = wiring.preferences.detector
        self._failures = 0
        self._judged = 0
        self._last = (0.0, 0)
        self._taken_at = 0.0
        self._calibrated = wiring.calibrated.value

    def reload(self) -> None:
        """Judge, or do not, as the preferences say now."""
        self._let_go(Status.OFF)
        self._failures = 0
        self._is_wanted = self._wiring.preferences.detector

    def step(self) -> None:
        """Judge the newest picture."""
        if self._is_wanted and self._detector is None:
            self._open()
        taken, detector = self._wiring.to_detect.take(_WAIT), self._detector
        if taken is None or detector is None:
            self._let_flags_fall()
            return
        self._taken_at = self._wiring.now()
        avatar, rendered = taken  # not the state's avatar, which may be a newer one
        if avatar is not self._avatar:
            detector.set_source(avatar)
            self._avatar = avatar
        self._tell_of_calibration(detector, rendered)
        began = self._wiring.now()
        verdict = detector.inspect(rendered)
        self._wiring.measured("detector")
        self._wiring.measured("inspect_ms", (self._wiring.now() - began) * 1000)
        self._last = verdict.time, verdict.index
        self._judged += 1
        if self._judged >= _TRUSTED:
            self._failures = 0
        self._wiring.verdict.change(lambda _: verdict)
        for event in self._flags.update(verdict):
            self._wiring.tell(event)

    def failed(self, error: Exception) -> None:
        """Try another detector, and after some failures in a row none; the picture goes on."""
        self._failures += 1
        is_over = self._failures > _FAILURES
        self._let_go(Status.FAILED if is_over else Status.STARTING)
        self._is_wanted = not is_over
        if self._failures == 1 or is_over:
            self._wiring.tell_failed(self.name, error, "Judging the avatar")

    def close(self) -> None:
        """Free the detector."""
        self._let_go(Status.OFF)

    def wake(self) -> None:
        """End the wait for a picture."""
        self._wiring.to_detect.wake()

    def _tell_of_calibration(self, detector: Detector, rendered: Rendered) -> None:
        """Tell it between the last picture of the old neutral pose and the first of the new one."""
        calibrated = self._wiring.calibrated.value
        if calibrated is not self._calibrated and rendered.driving.time >= calibrated.time:
            self._calibrated = calibrated
            detector.recalibrate()

    def _let_flags_fall(self) -> None:
        """End those of a picture that is too old to be shown: no other will end them.

        The verdict stays: what it holds back is not to be seen before the next one is there.
        """
        if self._wiring.now() - self._taken_at > self._wiring.parts.delays.stale:
            for event in self._flags.finish(*self._last):
                self._wiring.tell(event)

    def _open(self) -> None:
        self._is_wanted, self._judged = False, 0
        self._wiring.change_state(detector=Status.STARTING)
        self._detector = self._wiring.parts.detector(self._wiring.preferences)
        status = Status.OFF if self._detector is None else Status.ON
        self._wiring.change_state(detector=status)

    def _let_go(self, status: Status) -> None:
        detector, self._detector, self._avatar = self._detector, None, None
        self._wiring.change_state(detector=status)
        self._wiring.verdict.change(lambda _: None)
        for event in self._flags.finish(*self._last):
            self._wiring.tell(event)
        if detector is not None:
            detector.close()
