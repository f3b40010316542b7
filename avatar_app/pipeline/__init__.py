"""The app at work: the only place with threads.

A window or a script makes a `Pipeline`, takes `View`s from its slot and events from its backlog,
and posts `commands`.
"""

from avatar_app.pipeline.parts import Delays, Parts
from avatar_app.pipeline.pipeline import Pipeline
from avatar_app.pipeline.speed import Summary
from avatar_app.pipeline.view import DriverFace, Shown, State, Status, View

__all__ = [
    "Delays",
    "DriverFace",
    "Parts",
    "Pipeline",
    "Shown",
    "State",
    "Status",
    "Summary",
    "View",
]
