"""The glitch detector: looks at every picture of an avatar and says what is wrong with it.

Two roles. "driver" is the avatar's own user: the driving frame and what the model says of itself
are known. "video" is somebody who sees only the pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from avatar_app.events import DEFAULT_FALSE_ALARMS
from avatar_app.glitch.calibration import ROLES, RoleCalibration, load_calibration
from avatar_app.glitch.driver import DriverWatch
from avatar_app.glitch.follower import Follower, Sighting
from avatar_app.glitch.judge import Judge
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.own import OwnUsual
from avatar_app.glitch.turns import BESIDE_DRIVER, FROM_VIDEO, Turns
from avatar_app.glitch.watch import Observation, PictureWatch
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame, Image, Rendered, Verdict

_IDENTITY_SECONDS = 1.0  # between two looks at who it is, which take as long as all the rest


def load_detector(
    role: str = "driver",
    *,
    false_alarms_per_hour: float | None = None,
    model: Path | None = None,
    own: OwnUsual | None = None,
    finder: FaceFinder | None = None,
) -> GlitchDetector:
    """Open a detector for a `role` of `ROLES` with the calibration that travels with the app.

    `false_alarms_per_hour`: how many are accepted on clean pictures, by default those of
    `DEFAULT_FALSE_ALARMS`. `model` is a file that `calibrate` wrote, `own` what is usual of this
    user, if that was learned. A `finder` may be shared by what the same thread does. Raises
    AvatarAppError where the file cannot be read, ValueError for another role.
    """
    if role not in ROLES:
        raise ValueError(f"load_detector: expected one of {', '.join(ROLES)}, got {role!r}")
    accepted = (
        DEFAULT_FALSE_ALARMS[role] if false_alarms_per_hour is None else false_alarms_per_hour
    )
    if not accepted > 0:
        raise AvatarAppError(
            f"{accepted:g} false alarms an hour cannot be promised; accept more than 0."
        )
    calibration = load_calibration(model).roles[role]
    threshold = calibration.threshold(accepted)
    if own is not None:
        calibration = own.applied(calibration)
    return GlitchDetector(role, calibration, threshold, finder)


class GlitchDetector:
    """`Detector` for one avatar, or for one video. Not thread-safe: one thread owns it.

    Meant to take at most 8 ms for 256 x 256 on one core, except now and then, when it also
    identifies the person or counts the driver's faces. `threshold` is the score in (0, 1) from
    which on a glitch is flagged.
    """

    def __init__(
        self,
        role: str,
        calibration: RoleCalibration,
        threshold: float,
        finder: FaceFinder | None = None,
    ) -> None:
        self.role = role
        self.threshold = threshold
        self._judge = Judge(calibration, threshold)
        self._person: Floats | None = None
        self._finder: FaceFinder | None = finder or FaceFinder()
        is_alone = role == "video"
        self._pictures = PictureWatch(Follower(self._finder), is_alone)
        self._driver = DriverWatch(Follower(self._finder), self._finder)
        self._turns = Turns(FROM_VIDEO if is_alone else BESIDE_DRIVER)
        self.forget()

    def set_source(self, avatar: Avatar) -> None:
        """Judge pictures of `avatar` from now on; what was seen before is forgotten."""
        finder = self._running()
        self.forget()
        face = next(iter(finder.find(avatar.image)), None)
        self._person = None if face is None else finder.descriptor(avatar.image, face)

    def recalibrate(self) -> None:
        """Learn again how avatar and driver differ: the driver's neutral pose was taken anew.

        That the avatar jumps into its new pose is no glitch.
        """
        self._pictures.expect_jump()
        self._driver.recalibrate()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene, and shows whom it shows."""
        self._pictures.forget()
        self._driver.forget()
        self._judge.forget()
        self._turns.forget()
        self._person = None
        self._identity: dict[str, float] = {}
        self._identity_at = 0.0
        self._time: float | None = None

    def inspect(self, rendered: Rendered) -> Verdict:
        """Judge one rendered picture; those of a driver come in order.

        In the role "video" only the picture is looked at. Raises ValueError after `close`.
        """
        driving = rendered.driving
        if self.role == "video":
            return self.inspect_frame(Frame(rendered.image, driving.index, driving.time))
        elapsed = self._elapsed(driving.time)
        turn = self._turns.next(elapsed)
        seen = self._pictures.look(rendered.image, driving.time, turn)
        driver = self._driver.look(driving, turn)
        measures = {
            **rendered.measures,
            **seen.measures,
            **self._driver.compare(driver, seen),
            **self._who(rendered.image, seen.face, driving.time),
            **driver.measures,
        }
        return self._verdict(driving, measures, seen, elapsed)

    def inspect_frame(self, frame: Frame) -> Verdict:
        """Judge one picture of which nothing else is known, not even a driver; they come in order.

        Raises ValueError after `close`.
        """
        elapsed = self._elapsed(frame.time)
        seen = self._pictures.look(frame.image, frame.time, self._turns.next(elapsed))
        measures = {**seen.measures, **self._who(frame.image, seen.face, frame.time)}
        return self._verdict(frame, measures, seen, elapsed)

    def close(self) -> None:
        """Free what it holds; further calls are an error."""
        self._finder = None

    def _running(self) -> FaceFinder:
        if self._finder is None:
            raise ValueError("the detector is closed; load another one")
        return self._finder

    def _elapsed(self, time: float) -> float:
        """Return the seconds since the picture before; 0 for the first."""
        self._running()
        before, self._time = self._time, time
        return 0.0 if before is None else max(0.0, time - before)

    def _who(self, image: Image, face: Sighting | None, time: float) -> dict[str, float]:
        """Return the distance to the person it is meant to be, looked at now and then."""
        if face is not None and face.unseen == 0 and time >= self._identity_at:
            self._identity_at = time + _IDENTITY_SECONDS
            found = self._running().descriptor(image, face.face)
            if self._person is None:
                self._person = found
            self._identity = {"identity": float(np.linalg.norm(found - self._person))}
        return dict(self._identity)

    def _verdict(
        self, frame: Frame, measures: Mapping[str, float], seen: Observation, elapsed: float
    ) -> Verdict:
        score, reasons = self._judge.judge(measures, frame.time, elapsed)
        return Verdict(
            index=frame.index,
            time=frame.time,
            score=score,
            flags=frozenset(reasons),
            reasons=reasons,
            measures=measures,
            landmarks=None if seen.face is None else seen.face.landmarks,
        )
