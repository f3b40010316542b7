"""What the workers share: slots between them, cells that all may read, and where events go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from avatar_app.events import Calibrated, Event, WorkerFailed
from avatar_app.handoff import Backlog, Cell, Slot
from avatar_app.pipeline.parts import Parts
from avatar_app.pipeline.view import DriverFace, State, View
from avatar_app.pipeline.worker import sentence
from avatar_app.preferences import Preferences
from avatar_app.recording import Moment
from avatar_app.types import Avatar, Frame, Image, Rendered, Verdict

_EVENTS = 10_000  # hours of them, where nobody takes any
_SAMPLES = 5_000
_MOMENTS = 64_000_000  # bytes: some seconds in which the disk may be busy


@dataclass(frozen=True, eq=False)
class Picture:
    """What the output may show: (H, W, 3) uint8 RGB of the driver's picture taken at `captured`.

    `rendered` is when it was made. `is_camera` marks the camera's own picture, which is only there
    while it may be passed through.
    """

    image: Image
    index: int
    captured: float
    rendered: float
    is_camera: bool = False


@dataclass
class Wiring:
    """Everything between the workers. Each slot has one giver and one taker."""

    parts: Parts
    state: Cell[State]
    to_reenact: Slot[Frame] = field(default_factory=Slot)
    to_look: Slot[Frame] = field(default_factory=Slot)
    to_detect: Slot[tuple[Avatar, Rendered]] = field(default_factory=Slot)
    to_output: Slot[Picture] = field(default_factory=Slot)
    to_view: Slot[View] = field(default_factory=Slot)
    to_record: Backlog[Moment] = field(
        default_factory=lambda: Backlog(_MOMENTS, lambda moment: moment.size)
    )
    to_note: Backlog[Event] = field(default_factory=lambda: Backlog(_EVENTS))
    face: Cell[DriverFace | None] = field(default_factory=lambda: Cell(None))
    calibrated: Cell[Calibrated] = field(default_factory=lambda: Cell(Calibrated(0.0, 0)))
    verdict: Cell[Verdict | None] = field(default_factory=lambda: Cell(None))
    events: Backlog[Event] = field(default_factory=lambda: Backlog(_EVENTS))
    samples: Backlog[tuple[str, float]] = field(default_factory=lambda: Backlog(_SAMPLES))
    is_closing: bool = False

    @property
    def preferences(self) -> Preferences:
        """Those that hold now."""
        return self.state.value.preferences

    def now(self) -> float:
        """Seconds, rising."""
        return self.parts.clock()

    def tell(self, event: Event) -> None:
        """Let everybody know: whoever looks on, and the recorder."""
        self.events.put(event)
        self.to_note.put(event)

    def tell_failed(self, worker: str, error: Exception, what: str) -> str:
        """Tell that a worker met an error in `what` it does; return the sentence about it."""
        reason = sentence(error, what)
        self.tell(WorkerFailed(self.now(), worker, reason))
        return reason

    def change_state(self, **changes: Any) -> None:
        """Replace parts of the state."""
        self.state.change(lambda state: dataclasses.replace(state, **changes))

    def measured(self, what: str, value: float = 1.0) -> None:
        """Note a number for the next `Stats`."""
        self.samples.put((what, value))

    def close(self) -> None:
        """Let every waiting taker go, and begin nothing long any more."""
        self.is_closing = True
        for slot in (self.to_reenact, self.to_look, self.to_detect, self.to_output):
            slot.close()


Post = Callable[[Callable[[], None]], None]
"""Runs a closure in another worker's thread."""
