"""What was found in a video: numbers, moments, and the words for them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from avatar_app.events import FlagCleared, FlagRaised, urgency
from avatar_app.inspection.holes import durations
from avatar_app.inspection.moments import Moment, Stretch
from avatar_app.inspection.wording import Wording
from avatar_app.provenance import Label
from avatar_app.reports import Row, Span

SUSPECT_SCORE = 0.85
_SUSPECT_SECONDS, _SUSPECT_OF = 0.6, 3.0
"""What scores so high for so many seconds of so many is worth a look, flagged or not.

Few whole faces do. Over a whole video it would be a matter of its length alone: whole faces score
so high for a second in every two minutes.
"""
_EQUAL = 1e-6


@dataclass(frozen=True, eq=False)
class Inspection:
    """All about one video: `rows` by frame, `events`, `spans` of flags, the worst `moments`.

    `excused` is the longest stretch in which the detector had an excuse for how the face looked.
    `seconds` of video were read, and `judged_seconds` of them had a face to judge. `notes` say
    what could not be judged. `figures` are the detector's own error rates by name, empty where
    nobody measured them. `label` is the file's own, None where it has none. `report` is the written
    file.
    """

    video: Path
    role: str
    seconds: float
    judged_seconds: float
    rows: Sequence[Row]
    events: Sequence[FlagRaised | FlagCleared]
    spans: Sequence[Span]
    moments: Sequence[Moment]
    threshold: float
    notes: Sequence[str]
    about: Mapping[str, str]
    report: Path
    wording: Wording
    excused: Stretch | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    label: Label | None = None

    @property
    def glitches(self) -> list[Span]:
        """The spans of flags that are faults of the picture, and no warnings about a driver."""
        return [span for span in self.spans if not span.flag.is_gate]

    @property
    def is_suspect(self) -> bool:
        """Whether nothing was flagged, and yet the score was high for long."""
        return not self.glitches and self._suspect_seconds() >= _SUSPECT_SECONDS - _EQUAL

    def summary(self) -> list[str]:
        """Return what a person should know, sentence by sentence."""
        return [*self.findings(), *self.error_rates()]

    def findings(self) -> list[str]:
        """Return what was found, sentence by sentence."""
        if not self.judged_seconds:
            return [*self._labelled(), "Nothing could be judged: no face was found."]
        return [*self._labelled(), self._verdict(), *self._where()]

    def error_rates(self) -> list[str]:
        """Return how often the detector errs, as far as anybody measured it."""
        if not self.judged_seconds:
            return []
        if not self.figures:
            return ["How often the detector errs with these weights at this threshold is unknown."]
        return [_rates(self.figures)]

    def at_worst(self, span: Span) -> Mapping[str, float]:
        """Return the measures of the picture in a span that speak most for its reason."""
        within = [row.measures for row in self.rows if span.begin <= row.time < span.end]
        return max(within, key=lambda seen: self.wording.evidence(span.reason, seen), default={})

    def _labelled(self) -> list[str]:
        if self.label is None:
            return []
        return [
            f"The file's own label says: an AI avatar, made with {self.label.app} (model "
            f"{self.label.model}). It is plain text that anybody can write or remove."
        ]

    def _verdict(self) -> str:
        if self.is_suspect:
            return (
                f"Nothing was flagged in {self.judged_seconds:.1f} s with a face, but within "
                f"{_SUSPECT_OF:.0f} s the face looked rather broken for "
                f"{self._suspect_seconds():.1f} s, which whole faces seldom do: look at the "
                "moments."
            )
        if not self.glitches:
            none = f"No glitch was seen in {self.judged_seconds:.1f} s with a face."
            if self.role == "driver":
                return none
            return (
                f"{none} That does not make the video genuine: good fakes show none, and not every "
                "glitch is noticed."
            )
        count = len(_merged(self.glitches))
        what = "one glitch" if count == 1 else f"{count} glitches"
        share = f"{self._glitch_seconds():.1f} of {self.seconds:.1f} s"
        if self.role == "driver":
            return f"The avatar shows {what}: {share}."
        looks = "One moment looks" if count == 1 else f"{count} moments look"
        return (
            f"{looks} like a driven avatar that glitches: {share}. It is a sign and no proof: what "
            "covers a person's face, strong noise and strong compression look alike to the "
            "detector, so look at the moments."
        )

    def _where(self) -> list[str]:
        worst = [moment for moment in self.moments if moment.is_glitch][:1]
        found = [f"The worst is at {clock(moment.verdict.time)}." for moment in worst]
        spans = sorted(self.glitches, key=lambda span: urgency(span.flag))
        said = [self.wording.finding(span.flag, self.at_worst(span)) for span in spans]
        return [" ".join([*dict.fromkeys(said), *found])] if said else []

    def _suspect_seconds(self) -> float:
        """Return for how long the score was high, in those few seconds that have most of it."""
        steps = durations(self.rows, self.seconds)
        is_high = [row.score is not None and row.score >= SUSPECT_SCORE for row in self.rows]
        high = [step * now for step, now in zip(steps, is_high, strict=True)]
        so_far = [0.0, *accumulate(high)]
        times = [row.time for row in self.rows]
        return max(
            (
                so_far[bisect_left(times, begin + _SUSPECT_OF - _EQUAL)] - so_far[first]
                for first, begin in enumerate(times)
            ),
            default=0.0,
        )

    def _glitch_seconds(self) -> float:
        return sum(end - begin for begin, end in _merged(self.glitches))


def clock(time: float) -> str:
    """Return a time in seconds as minutes, seconds and hundredths."""
    minutes, hundredths = divmod(round(100 * time), 6000)
    return f"{minutes}:{hundredths / 100:05.2f}"


def _merged(spans: Sequence[Span]) -> list[tuple[float, float]]:
    """Return when at least one flag was up, (begin, end) in order."""
    merged: list[tuple[float, float]] = []
    for span in sorted(spans, key=lambda one: one.begin):
        if merged and span.begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span.end))
        else:
            merged.append((span.begin, span.end))
    return merged


def _rates(figures: Mapping[str, float]) -> str:
    alarms = round(figures["false_alarms"])
    noticed = (
        ("event_recall", "the glitches it was tested with"),
        ("jaws_found", "jaws that melt in a face still and sharp otherwise"),
        ("foreign_found", "glitches as other kinds of avatars make them"),
    )
    shares = ", ".join(f"{figures[key]:.0%} of {what}" for key, what in noticed if key in figures)
    edge = ""
    if "edge_clips_flagged" in figures:
        edge = (
            f"{figures['edge_clips_flagged']:.0%} of clips of whole faces behind hands, in poor "
            "light or out of the picture, and "
        )
    return (
        f"How far to trust that: the detector noticed {shares}; of kinds that its makers did not "
        f"draw expect fewer. It wrongly flagged {edge}{alarms or 'no'} moment{'s' * (alarms > 1)} "
        f"of {figures['clean_minutes']:.0f} minutes of clean footage (its threshold was chosen "
        "with these in view: expect some)."
    )
