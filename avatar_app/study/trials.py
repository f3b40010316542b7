"""The plan of a study: which trials there are, and which of them are done together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from avatar_app.perturbations import Case
from avatar_app.perturbations.cases import SOURCE

RELATIVE, ZEROTH, ABSOLUTE = "relative", "zeroth", "absolute"
CALIBRATION, PASTED, PERSON, EDGE = "calibration", "pasted", "person", "edge"

KINDS: dict[str, str] = {
    RELATIVE: "the avatar, driven by first order relative motion: what the app does",
    ZEROTH: "the same with zeroth order motion: keypoints only shift (Monkey-Net)",
    ABSOLUTE: "the same with absolute motion: the avatar takes the driver's place and proportions",
    CALIBRATION: "the case happens only in the frame that is calibrated on",
    PASTED: "control: the case is drawn onto the clean rendering, the avatar itself is intact",
    PERSON: "control: the driver as a real person in a call, no avatar at all",
    EDGE: "validation: the driver really does it, in a clip rendered so",
}

NOTHING, NOTHING_SOURCE = "reencoded", "source_reencoded"
"""The cases of severity 0: driver or avatar as they are, encoded again as a webcam does."""


@dataclass(frozen=True)
class Trial:
    """One cell of the grid; of `KINDS` one `kind`. The avatar is empty for a person."""

    kind: str
    avatar: str
    clip: str
    case: str
    severity: int
    seed: int

    @property
    def picture(self) -> str:
        """The name of its picture, if one is kept."""
        return f"{self.kind}-{self.avatar}-{self.clip}-{self.case}-{self.severity}.jpg"


@dataclass(frozen=True)
class Job:
    """Trials that share one perturbation of one clip (or of avatars): done in one go."""

    clip: str
    case: str
    severity: int
    seed: int
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Grid:
    """What is crossed with what. `compared` and `controlled` are severities of the side studies."""

    avatars: Sequence[str]
    clips: Sequence[str]
    cases: Sequence[Case]
    severities: Sequence[int]
    seeds: Sequence[int]
    compared: Sequence[int]
    controlled: Sequence[int]

    def trials(self) -> Iterator[Trial]:
        """Yield all trials, case by case, the noise floor first."""
        for clip in self.clips:
            for avatar in self.avatars:
                yield Trial(RELATIVE, avatar, clip, NOTHING, 0, 0)
                if any(case.side == SOURCE for case in self.cases):
                    yield Trial(RELATIVE, avatar, clip, NOTHING_SOURCE, 0, 0)
            yield Trial(PERSON, "", clip, NOTHING, 0, 0)
        for case in self.cases:
            for severity in self.severities:
                for seed in self.seeds:
                    for clip in self.clips:
                        yield from self._cell(case, severity, seed, clip)

    def _cell(self, case: Case, severity: int, seed: int, clip: str) -> Iterator[Trial]:
        kinds = [RELATIVE]
        if case.side != SOURCE:
            yield Trial(PERSON, "", clip, case.name, severity, seed)
            if severity in self.compared:
                kinds += [ZEROTH, ABSOLUTE, CALIBRATION]
            if severity in self.controlled:
                kinds.append(PASTED)
        for kind in kinds:
            for avatar in self.avatars:
                yield Trial(kind, avatar, clip, case.name, severity, seed)


def jobs(trials: Iterable[Trial]) -> list[Job]:
    """Put trials together that share a perturbation, in the order they come."""
    together: dict[tuple[str, str, int, int], list[Trial]] = {}
    for trial in trials:
        key = (trial.clip, trial.case, trial.severity, trial.seed)
        together.setdefault(key, []).append(trial)
    return [Job(*key, tuple(members)) for key, members in together.items()]


def trial_id(trial: Trial, contents: Mapping[str, str], settings: Mapping[str, object]) -> str:
    """Return the lasting id of a trial: it changes with whatever the result depends on.

    `contents` are the digests of avatars and clips by name, `settings` the rest.
    """
    about = {
        **asdict(trial),
        "avatar": contents.get(f"avatar/{trial.avatar}", ""),
        "clip": contents[f"clip/{trial.clip}"],
        "settings": settings,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
