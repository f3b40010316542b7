"""What was found in a video: numbers, moments, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avatar_app.events import Flag, FlagCleared, FlagRaised, urgency
from avatar_app.provenance import Label
from avatar_app.reports import Row, Span
from avatar_app.types import Image, Verdict

_MOST_MOMENTS = 6
_KEPT = 24
_SHOWN_SCORE = 0.5  # a flag holds for a while after: such pictures are no worst moments
_SUSPECT_SCORE, _SUSPECT_SECONDS = 0.85, 0.5
"""What stays so high for so long is worth a look, flagged or not: few whole faces do."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A judged picture worth showing: `image` (S, S, 3) uint8 RGB as it was judged.

    `apart` is how far a second finder sees the landmarks elsewhere, in eye distances; None where
    nobody asked it.
    """

    verdict: Verdict
    image: Image
    apart: float | None = None

    @property
    def is_glitch(self) -> bool:
        """Whether a glitch was flagged in it."""
        return any(not flag.is_gate for flag in self.verdict.flags)


class Moments:
    """Keeps the worst picture of each second, and of those the worst."""

    def __init__(self) -> None:
        self._by_second: dict[int, Moment] = {}

    def add(self, moment: Moment) -> None:
        """Take one more picture."""
        second = int(moment.verdict.time)
        best = self._by_second.get(second)
        if best is None or _rank(moment) > _rank(best):
            self._by_second[second] = moment
        if len(self._by_second) > _KEPT:
            del self._by_second[min(self._by_second, key=lambda at: _rank(self._by_second[at]))]

    def worst(self) -> list[Moment]:
        """Return the flagged ones, or where nothing was flagged the highest scores; worst first."""
        ranked = sorted(self._by_second.values(), key=_rank, reverse=True)
        flagged = [
            moment for moment in ranked if moment.is_glitch and moment.verdict.score >= _SHOWN_SCORE
        ]
        return flagged[:_MOST_MOMENTS] or ranked[: _MOST_MOMENTS // 2]


def _rank(moment: Moment) -> tuple[bool, float]:
    return moment.is_glitch, moment.verdict.score


@dataclass(frozen=True, eq=False)
class Inspection:
    """All about one video: `rows` by frame, `events`, `spans` of flags, the worst `moments`.

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
    figures: Mapping[str, float] = field(default_factory=dict)
    label: Label | None = None

    @property
    def glitches(self) -> list[Span]:
        """The spans of flags that are faults of the picture, and no warnings about a driver."""
        return [span for span in self.spans if not span.flag.is_gate]

    @property
    def is_suspect(self) -> bool:
        """Whether nothing was flagged, and yet the score was high for long."""
        return not self.glitches and self._suspect_seconds() >= _SUSPECT_SECONDS

    def summary(self) -> list[str]:
        """Return what a person should know, sentence by sentence."""
        if not self.judged_seconds:
            return [*self._labelled(), "Nothing could be judged: no face was found in this video."]
        return [*self._labelled(), self._verdict(), *self._where(), self._error_rates()]

    def words(self, flag: Flag) -> str:
        """Return what a flag says here: of a stranger's video not that there is an avatar."""
        return flag.sentence if self.role == "driver" else flag.finding

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
                f"Nothing was flagged in {self.judged_seconds:.1f} s with a face, but the score "
                f"stayed above {_SUSPECT_SCORE} for {self._suspect_seconds():.1f} s, which whole "
                "faces seldom do: look at the moments."
            )
        if not self.glitches:
            none = f"No glitch was seen in {self.judged_seconds:.1f} s with a face."
            return none if self.role == "driver" else f"{none} That does not make it genuine."
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
        flags = sorted({span.flag for span in self.glitches}, key=urgency)
        return [" ".join([*map(self.words, flags), *found])] if flags else []

    def _suspect_seconds(self) -> float:
        """Return how long the score stayed high at most."""
        longest, since = 0.0, None
        for row in self.rows:
            if row.score is None or row.score < _SUSPECT_SCORE:
                since = None
                continue
            since = row.time if since is None else since
            longest = max(longest, row.time - since)
        return longest

    def _glitch_seconds(self) -> float:
        return sum(end - begin for begin, end in _merged(self.glitches))

    def _error_rates(self) -> str:
        if not self.figures:
            return "How often the detector errs with these weights at this threshold is not known."
        alarms = round(self.figures["false_alarms"])
        rates = (
            "How far to trust that: of the glitches it was tested with the detector noticed "
            f"{self.figures['event_recall']:.0%}; in {self.figures['clean_minutes']:.0f} minutes "
            f"of clean test footage it raised {alarms or 'no'} false alarm{'s' * (alarms > 1)} "
            "(its threshold was chosen with these in view: expect some)."
        )
        if (jaws := self.figures.get("jaws_found")) is not None:
            rates += (
                f" Of jaws that melt in a face still and sharp otherwise it noticed {jaws:.0%}."
            )
        if (foreign := self.figures.get("foreign_found")) is not None:
            rates += f" Of glitches as other kinds of avatars make them it noticed {foreign:.0%}."
        if (edges := self.figures.get("edge_clips_flagged")) is not None:
            rates += (
                " Of clips of people behind hands, in poor light or out of the picture, whose "
                f"faces are whole, it flagged {edges:.0%}."
            )
        return rates


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
