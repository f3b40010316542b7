"""Lets the glitch detector watch a trial, in both roles: the user's own, and a spectator's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from avatar_app.glitch.detector import load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.types import Avatar, Frame, Rendered, Verdict

DRIVER, VIDEO = "driver", "video"


@dataclass(frozen=True)
class Watched:
    """What a detector said of each frame: its score, and the flags that hold, names by `|`."""

    scores: Sequence[float]
    flags: Sequence[str]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Watched:
        """Collect verdicts."""
        told = list(verdicts)
        return cls(
            [round(verdict.score, 4) for verdict in told],
            ["|".join(sorted(flag.name for flag in verdict.flags)) for verdict in told],
        )


class Watchers:
    """A detector for each role. One thread owns it."""

    def __init__(self, finder: FaceFinder) -> None:
        """Open both with a `finder` that may be used by others in between, but not to track."""
        self._driver = load_detector(DRIVER, finder=finder)
        self._video = load_detector(VIDEO, finder=finder)

    def avatar(self, avatar: Avatar, shots: Sequence[Rendered]) -> dict[str, Watched]:
        """Watch renderings in order, in both roles."""
        self._driver.set_source(avatar)
        return {
            DRIVER: Watched.of(self._driver.inspect(shot) for shot in shots),
            VIDEO: self.video([Frame(s.image, s.driving.index, s.driving.time) for s in shots]),
        }

    def video(self, frames: Sequence[Frame]) -> Watched:
        """Watch pictures of which nothing else is known."""
        self._video.forget()
        return Watched.of(self._video.inspect_frame(frame) for frame in frames)

    def close(self) -> None:
        """Free what the detectors hold."""
        self._driver.close()
        self._video.close()
