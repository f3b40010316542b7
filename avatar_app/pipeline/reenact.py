"""The reenactor's worker: one picture of the driver in, one of the avatar out."""

from __future__ import annotations

import math

from avatar_app.events import AvatarChanged, Calibrated
from avatar_app.framing import Square, cut
from avatar_app.handoff import Slot
from avatar_app.pipeline.framing import DriverFraming
from avatar_app.pipeline.look import LookJob
from avatar_app.pipeline.parts import LiveReenactor
from avatar_app.pipeline.view import Status, View
from avatar_app.pipeline.wiring import Picture, Post, Wiring
from avatar_app.recording import Moment
from avatar_app.types import Avatar, Frame, KeyPoints, Rendered

_WAIT = 0.25
_THIS_MOMENT = 3.0
"""Seconds until a wish to calibrate is void: who comes back later does not sit as was meant."""
_BETTER = 0.97
"""A frame replaces the neutral pose only where it is clearly more like the avatar."""


class ReenactJob:
    """Owns the model, the avatar's encoding and the calibration.

    `look` makes avatars, in its own thread reached by `post_look`, so that the picture goes on
    meanwhile.
    """

    name = "reenactor"

    def __init__(self, wiring: Wiring, look: LookJob, post_look: Post, post_own: Post) -> None:
        self._wiring = wiring
        self._look = look
        self._post_look = post_look
        self._post_own = post_own
        self._engine: LiveReenactor | None = None
        self._avatar: Avatar | None = None
        self._wanted = wiring.preferences.avatar
        self._shown = ""  # the last that could be shown, by the name it was wanted by
        self._framing = DriverFraming()
        self._calibrate_until = -math.inf
        self._best: float | None = None
        self._source: KeyPoints | None = None
        self._is_failing = False
        self._tries_loading = True
        self._pause: Slot[None] = Slot()

    # What may be posted.

    def load(self) -> None:
        """Open the model of the preferences, in place of the one there is."""
        self._let_go()
        self._tries_loading = True
        self._is_failing = False  # what goes wrong with this one is news

    def set_avatar(self, name: str) -> None:
        """Show another avatar, as soon as it has been made."""
        self._wanted = name
        if self._engine is not None:
            self._ask_for_avatar(self._engine.size)

    def calibrate(self) -> None:
        """Take the next picture's pose for the neutral one."""
        self._calibrate_until = self._wiring.now() + _THIS_MOMENT

    def search(self, on: bool) -> None:
        """Begin or end the search for the frame most like the avatar."""
        self._best = None
        self._wiring.change_state(is_searching=on)

    def restart(self) -> None:
        """Forget the driver: another camera is used."""
        self._framing.restart()
        self._best = None

    @property
    def framing(self) -> DriverFraming:
        """What is cut out, to be moved by hand."""
        return self._framing

    # The worker's side.

    def step(self) -> None:
        """Render the newest picture."""
        if self._engine is None and self._tries_loading:
            self._open()
        frame = self._wiring.to_reenact.take(_WAIT)
        if frame is None:
            return
        follow = self._wiring.preferences.follow_face
        square = self._framing.square(frame, self._wiring.face.value, follow)
        rendered = None
        if square is not None and self._engine is not None and self._avatar is not None:
            rendered = self._rendered(self._engine, frame, square)
        self._hand_on(frame, square, rendered)

    def failed(self, error: Exception) -> None:
        """Report the first of several failures; others see a card until a picture succeeds."""
        self._wiring.to_output.clear()
        if self._avatar is None:
            self._wiring.change_state(is_ready=True)
        if not self._is_failing:
            self._is_failing = True
            self._wiring.change_state(model=Status.FAILED)
            self._wiring.tell_failed(self.name, error, "Rendering the avatar")

    def close(self) -> None:
        """Free the model."""
        self._let_go()

    def wake(self) -> None:
        """End the wait for a picture."""
        self._wiring.to_reenact.wake()

    def _open(self) -> None:
        self._tries_loading = False
        self._wiring.change_state(model=Status.STARTING)
        engine = self._wiring.parts.reenactor(self._wiring.preferences)
        self._engine = engine
        self._is_failing = False
        self._wiring.change_state(
            model=Status.ON,
            model_name=engine.model_name,
            device=engine.runtime_description,
            device_reason=engine.device_reason,
        )
        self._ask_for_avatar(engine.size)

    def _ask_for_avatar(self, size: int) -> None:
        name = self._wanted

        def make() -> None:
            if name != self._wanted or self._wiring.is_closing:
                return  # the next one is wanted already, or none
            avatar = None
            try:
                avatar = self._look.make_avatar(name, size)
            finally:
                if avatar is None:
                    self._wiring.change_state(is_ready=True)
                    self._post_own(lambda: self._give_up(name))
            if avatar is not None:
                self._post_own(lambda: self._show(avatar, name))

        self._post_look(make)

    def _give_up(self, name: str) -> None:
        """Want the last one that could be shown in place of `name`, which could not."""
        if self._wanted != name or self._shown in ("", name):
            return
        self._wanted = self._shown
        if self._avatar is None and self._engine is not None:
            self._ask_for_avatar(self._engine.size)

    def _show(self, avatar: Avatar, name: str) -> None:
        engine = self._engine
        if engine is None or avatar.image.shape[0] != engine.size:
            return  # the model was changed meanwhile, and the avatar asked for again
        try:
            engine.set_source(avatar)
        except Exception:
            self._give_up(name)
            raise
        self._avatar, self._best, self._source = avatar, None, None
        self._shown = name
        self._wiring.change_state(avatar=avatar, is_ready=True)
        self._wiring.tell(AvatarChanged(self._wiring.now(), avatar.name))

    def _rendered(self, engine: LiveReenactor, frame: Frame, square: Square) -> Rendered:
        driver = cut(frame, square, engine.size)
        self._calibrate_where_asked(engine, driver)
        rendered = engine.animate(driver)
        for stage, milliseconds in rendered.timings.items():
            self._wiring.measured(f"{stage}_ms", milliseconds)
        self._wiring.measured("model")
        rendered.image.flags.writeable = False
        if self._is_failing:
            self._is_failing = False
            self._wiring.change_state(model=Status.ON)
        return rendered

    def _calibrate_where_asked(self, engine: LiveReenactor, driver: Frame) -> None:
        is_better = self._wiring.state.value.is_searching and self._is_best(engine, driver)
        is_asked = self._wiring.now() < self._calibrate_until
        if is_asked or is_better or not engine.is_calibrated:
            self._calibrate_until = -math.inf
            engine.calibrate(driver)
            self._post_look(self._look.calibrated)
            self._wiring.change_state(is_calibrated=True)
            calibrated = Calibrated(driver.time, driver.index)
            self._wiring.calibrated.change(lambda _: calibrated)
            self._wiring.tell(calibrated)

    def _is_best(self, engine: LiveReenactor, driver: Frame) -> bool:
        """Return whether no earlier frame of this search was as much like the avatar."""
        assert self._avatar is not None
        if self._source is None:
            self._source = engine.keypoints(Frame(self._avatar.image, 0, 0.0))
        distance = self._wiring.parts.pose_distance(self._source, engine.keypoints(driver))
        is_best = self._best is None or distance < self._best * _BETTER
        if is_best:
            self._best = distance
        return is_best

    def _hand_on(self, frame: Frame, square: Square | None, rendered: Rendered | None) -> None:
        now = self._wiring.now()
        if self._wiring.state.value.is_passing_through:
            passed = Picture(frame.image, frame.index, frame.time, now, is_camera=True)
            self._wiring.to_output.put(passed)
        elif rendered is not None:
            self._wiring.to_output.put(Picture(rendered.image, frame.index, frame.time, now))
        if rendered is not None and self._avatar is not None:
            self._wiring.to_detect.put((self._avatar, rendered))
            # The driver's own picture reaches the recorder only where the driver wants it recorded.
            driver = frame.image if self._wiring.preferences.record_driver else None
            self._wiring.to_record.put(Moment(frame.index, frame.time, rendered.image, driver))
        self._wiring.to_view.put(
            View(
                frame.index,
                frame.time,
                frame.image,
                square,
                None if rendered is None else rendered.image,
                self._wiring.face.value,
                self._wiring.verdict.value,
            )
        )

    def _let_go(self) -> None:
        engine, self._engine, self._avatar = self._engine, None, None
        self._wiring.to_output.clear()
        self._wiring.change_state(avatar=None, is_calibrated=False, model=Status.OFF)
        if engine is not None:
            engine.close()
