"""A pipeline that shows what a test puts into it and remembers what it was asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from avatar_app.events import AvatarChanged, Event, Flag
from avatar_app.gui.window import Window
from avatar_app.guide import Arrow, Guide, Hint
from avatar_app.handoff import Backlog, Slot
from avatar_app.pipeline import DriverFace, State, Status, View, commands
from avatar_app.preferences import Preferences
from avatar_app.types import Avatar, Image, Verdict


def picture(value: int, height: int = 64, width: int = 64) -> Image:
    """A picture of one grey."""
    return np.full((height, width, 3), value, np.uint8)


def running_state(**changes: Any) -> State:
    """How things stand when all is well and nobody watches."""
    state = State(
        Preferences(camera="demo"),
        camera=Status.ON,
        camera_name="a camera",
        model=Status.ON,
        model_name="fomm-mini",
        device="a device",
        device_reason="it is a test",
        detector=Status.ON,
        avatar=Avatar("mei", picture(120)),
        is_calibrated=True,
    )
    return dataclasses.replace(state, **changes)


class FakePipeline:
    """Has the pipeline's face, and no threads."""

    def __init__(self, state: State | None = None) -> None:
        self.to_view: Slot[View] = Slot()
        self.events: Backlog[Event] = Backlog(1000)
        self.state = state or running_state()
        self.posted: list[commands.Command] = []

    def post(self, command: commands.Command) -> None:
        """Remember what was asked."""
        self.posted.append(command)

    def change(self, **changes: Any) -> None:
        """Let things stand otherwise."""
        self.state = dataclasses.replace(self.state, **changes)

    def asked(self, kind: type[Any]) -> list[Any]:
        """Return what was asked of this kind."""
        return [command for command in self.posted if isinstance(command, kind)]


def choose(window: Window, pipeline: FakePipeline, name: str) -> None:
    """Choose an avatar, and let it be shown."""
    window.control.choose_avatar(name)
    pipeline.events.put(AvatarChanged(1.0, name))
    window.refresh()


def view(
    time: float = 1.0,
    *,
    flags: dict[Flag, str] | None = None,
    guide: Guide | None = None,
    has_drifted: bool = False,
    avatar: Image | None = None,
) -> View:
    """One moment with a face, and a verdict where flags are given."""
    verdict = None
    if flags is not None:
        verdict = Verdict(1, time, 0.7 if flags else 0.1, frozenset(flags), flags)
    face = DriverFace(1, time, None, guide, has_drifted)
    shown = picture(90) if avatar is None else avatar
    return View(1, time, picture(200, 120, 160), None, shown, face, verdict)


ALIKE = Guide(0.97, (), {})
TURNED = Guide(0.6, (Hint("yaw", 2.0, Arrow.LEFT, "Turn your head to the left."),), {"yaw": -2.0})
