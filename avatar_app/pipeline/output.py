"""The output's worker: a steady sender that repeats the last picture, and counts every second.

It is the one worker that never waits for another, so it also notices where one hangs.
"""

from __future__ import annotations

from avatar_app.devices.composition import AI_LABEL, CAMERA_LABEL, card, compose
from avatar_app.devices.virtual_camera import NONE, OUTPUT_FPS
from avatar_app.devices.webcam import spoken
from avatar_app.events import CameraLost, OutputChanged
from avatar_app.handoff import Slot
from avatar_app.pipeline.beat import Beat
from avatar_app.pipeline.gate import Choice, Gate
from avatar_app.pipeline.speed import LATENCY, Tally, stats
from avatar_app.pipeline.view import Shown, State, Status
from avatar_app.pipeline.wiring import Picture, Wiring
from avatar_app.types import Image, Output

_MADE_GOOD = 0.5  # seconds


class OutputJob:
    """Owns the virtual camera; sends what the gate chooses, thirty times a second."""

    name = "output"

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._output: Output | None = None
        self._delays = wiring.parts.delays
        self._gate = Gate(self._delays.stale)
        self._pause: Slot[None] = Slot()
        now = wiring.now()
        self._beat = Beat(OUTPUT_FPS, now, _MADE_GOOD)
        self._heard = self._counted_at = now
        self._sent_at: float | None = None
        self._try_at = now
        self._has_failed = False
        self.tally = Tally()
        self._sent: Picture | None = None
        self._composed: tuple[Picture, str, bool, Image] | None = None

    def reopen(self) -> None:
        """Send to the virtual camera that the preferences name now."""
        self._let_go(Status.OFF)
        self._has_failed = False
        self._try_at = self._wiring.now()

    def step(self) -> None:
        """Wait for the next beat, then send."""
        now = self._wiring.now()
        early = self._beat.wait(now)
        if early > 0:
            self._pause.take(early)
            now = self._wiring.now()
            if self._beat.wait(now) > 0:
                return  # woken for a command
        self._beat.strike(now)
        if self._output is None and now >= self._try_at:
            self._open(now)
        self._send(now)
        self._beat.took(now, self._wiring.now())
        self._watch(now)

    def failed(self, error: Exception) -> None:
        """Give the virtual camera up for now; the preview goes on."""
        self._let_go(Status.FAILED)
        self._try_at = self._wiring.now() + self._delays.output
        if not self._has_failed:
            self._has_failed = True
            reason = self._wiring.tell_failed(self.name, error, "The virtual camera")
            self._show(Choice(Shown.OFF, reason=reason))

    def close(self) -> None:
        """Sum up what is left, and let the device go."""
        seconds = self._wiring.now() - self._counted_at
        if seconds > 0:
            self._sum_up(seconds)
        self._let_go(Status.OFF)

    def wake(self) -> None:
        """End the wait for the next beat."""
        self._pause.wake()

    def _open(self, now: float) -> None:
        self._output = self._wiring.parts.output(self._wiring.preferences)
        self._wiring.change_state(output_name=self._output.name)

    def _send(self, now: float) -> None:
        state = self._wiring.state.value
        picture = self._wiring.to_output.peek()
        choice = self._gate.choose(state, picture, self._wiring.verdict.value, now)
        output = self._output
        if output is None:
            self._count_arrival(choice, now)
            return
        if state.preferences.virtual_camera == NONE:
            self._show(Choice(Shown.OFF))
        else:
            output.write(self._image(choice, output))
            self._took_a_picture()
            self._show(choice)
        sent_at = self._wiring.now()
        self._wiring.measured("output")
        if self._sent_at is not None:
            self._wiring.measured("beat_ms", (sent_at - self._sent_at) * 1000)
        self._sent_at = sent_at
        self._count_arrival(choice, sent_at)

    def _took_a_picture(self) -> None:
        self._has_failed = False
        if self._wiring.state.value.output is not Status.ON:
            self._wiring.change_state(output=Status.ON)

    def _image(self, choice: Choice, output: Output) -> Image:
        picture = choice.picture
        if picture is None:
            return card(output.height, output.width, choice.sentence)
        preferences = self._wiring.preferences
        label = CAMERA_LABEL if picture.is_camera else AI_LABEL if preferences.label else ""
        mirror = preferences.mirror_output
        if self._composed is None or self._composed[:3] != (picture, label, mirror):
            image = compose(picture.image, output.height, output.width, label, mirror)
            self._composed = (picture, label, mirror, image)
        return self._composed[3]

    def _show(self, choice: Choice) -> None:
        if self._wiring.state.value.shown is not choice.shown:
            self._wiring.change_state(shown=choice.shown)
            self._wiring.tell(OutputChanged(self._wiring.now(), choice.shown.value, choice.reason))

    def _count_arrival(self, choice: Choice, now: float) -> None:
        picture = choice.picture
        if picture is not None and picture is not self._sent and choice.shown is not Shown.HELD:
            self._sent = picture
            self._wiring.measured(LATENCY, (now - picture.captured) * 1000)

    def _watch(self, now: float) -> None:
        """Once a second: sum up, and name a camera that hangs."""
        seconds = now - self._counted_at
        if seconds < self._delays.stats:
            return
        self._counted_at = now
        samples = self._sum_up(seconds)
        state = self._wiring.state.value
        dropped = self._wiring.to_reenact.dropped
        lost = self._wiring.to_record.lost
        self._wiring.tell(stats(now, seconds, samples, state, dropped, lost))
        if any(name == "camera" for name, _ in samples):
            self._heard = now
        self._watch_camera(state, now)

    def _sum_up(self, seconds: float) -> list[tuple[str, float]]:
        samples = self._wiring.samples.drain()
        self.tally.add(seconds, samples)
        return samples

    def _watch_camera(self, state: State, now: float) -> None:
        """Name one that hangs; until all is loaded, opening it may take longer."""
        if state.camera is Status.ON:
            patience = self._delays.silence
            what = f"{state.camera_name} hangs and gives no pictures"
            remedy = "take it out and put it in again."
        elif state.camera is Status.STARTING and state.is_ready:
            patience = self._delays.opening
            what = f"The camera {spoken(state.preferences.camera)} does not answer"
            remedy = "check that it is connected and its address is right, or choose another one."
        else:
            self._heard = now
            return
        if now - self._heard > patience:
            self._wiring.change_state(camera=Status.LOST)
            self._wiring.tell(CameraLost(now, f"{what}; {remedy}"))

    def _let_go(self, status: Status) -> None:
        output, self._output, self._composed = self._output, None, None
        self._sent_at = None
        self._wiring.change_state(output=status, output_name="")
        if output is not None:
            output.close()
