"""The detector beside the job: verdicts by frame, the events of flags, and the overlay."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from avatar_app.events import FlagCleared, FlagRaised
from avatar_app.glitch.detector import GlitchDetector, load_detector
from avatar_app.glitch.flags import FlagTracker
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.overlay import draw_verdict, overlay_size
from avatar_app.types import Avatar, Frame, Image, Rendered, Verdict
from avatar_app.video import VideoReader, VideoWriter


class Judging:
    """Judges what is rendered; draws what it sees into the `overlay`, if there is one.

    Without a `detector` nothing is judged. There are `rate` pictures a second.
    """

    def __init__(
        self,
        detector: GlitchDetector | None = None,
        overlay: VideoWriter | None = None,
        rate: float = 25.0,
    ) -> None:
        self._detector = detector
        self._rate = rate
        self._overlay = overlay
        self._tracker = FlagTracker()
        self._last: Frame | None = None
        self._events: list[FlagRaised | FlagCleared] = []

    @classmethod
    @contextlib.contextmanager
    def of(
        cls,
        avatar: Avatar,
        finder: FaceFinder,
        overlay: Path | None,
        *,
        rate: float,
        sound: VideoReader,
        tags: Mapping[str, str],
    ) -> Iterator[Judging]:
        """Judge pictures of `avatar`; `overlay` is the video to write, with what VideoWriter takes.

        Raises AvatarAppError like VideoWriter.
        """
        with contextlib.ExitStack() as stack:
            detector = stack.enter_context(contextlib.closing(load_detector(finder=finder)))
            detector.set_source(avatar)
            drawn = None
            if overlay is not None:
                height, width = overlay_size(*avatar.image.shape[:2])
                drawn = VideoWriter(overlay, width, height, rate, sound, tags)
                stack.enter_context(drawn)
            yield cls(detector, drawn, rate)

    def judge(self, frame: Frame, rendered: Rendered | None) -> Verdict | None:
        """Judge what was `rendered` of `frame`; there is nothing to judge before a driver is."""
        self._last = frame
        if self._detector is None or rendered is None:
            return None
        verdict = self._detector.inspect(rendered)
        self._events += self._tracker.update(verdict)
        return verdict

    def draw(self, frame: Frame, shown: Image, verdict: Verdict | None) -> None:
        """Write what is `shown`, (S, S, 3), with its verdict into the overlay."""
        if self._overlay is not None:
            self._overlay.write(draw_verdict(shown, verdict), frame.time)

    def finish(self) -> list[FlagRaised | FlagCleared]:
        """Return all changes of flags; what still holds is cleared where the last frame ends."""
        if self._last is not None:
            end = self._last.time + 1 / self._rate
            self._events += self._tracker.finish(end, self._last.index)
        return self._events
