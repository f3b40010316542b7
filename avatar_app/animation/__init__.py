"""Photo and video in, video out."""

from avatar_app.animation.demo import Demo, demo
from avatar_app.animation.job import Animation, animate
from avatar_app.animation.report import Stats

__all__ = ["Animation", "Demo", "Stats", "animate", "demo"]
