"""What the detector is taught and tried on: scenes of several kinds, split by person."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from avatar_app.calibration_run.foreign import OTHERS
from avatar_app.calibration_run.glitches import JAWS, LEARNT, TEST_ONLY, Glitch
from avatar_app.files import read_table
from avatar_app.types import AvatarAppError
from avatar_app.video import VIDEO_SUFFIXES

FIT, TEST = "fit", "test"

FIT_CASES = (
    *("hand_mouth", "hand_half", "card_mouth", "cup_mouth", "surgical_mask", "yaw"),
    *("wide_mouth", "fast_motion", "low_light", "noise", "hair_over_face", "side_light"),
)
TEST_CASES = (
    *("hand_face", "hand_wave", "phone_half", "cloth_face", "sunglasses", "pitch"),
    *("tongue", "camera_shake", "flashing_light", "packet_loss", "hand_eyes", "glare"),
)
"""Edge cases of drivers: the two have none in common."""

GLITCHES: Mapping[str, Glitch] = MappingProxyType({**LEARNT, **TEST_ONLY, **JAWS, **OTHERS})

DRIVEN, OUTPUT, PAINTED, JAW, FOREIGN, CALM, AGAIN, EVENTFUL, REAL = (
    *("driven", "output", "painted", "jaw", "foreign", "calm", "again", "eventful", "real"),
)
"""Kinds of scenes.

DRIVEN: an avatar whose driver is in an edge case. OUTPUT: a glitch drawn onto an avatar. PAINTED:
one drawn onto a clip. JAW: a jaw that melts, drawn onto a clip or a person filmed, for testing only
and counted by itself; FOREIGN: so is a glitch as other kinds of avatars make them. CALM: a clip,
and its avatar. AGAIN: such an avatar once more, judged beside its driver alone, for nothing but its
false alarms. EVENTFUL: a clip of a person in an edge case, whose face is whole. REAL: a person
filmed, for testing only.
"""

AVATAR, FILMED = "avatar", "filmed"
"""What is shown of a CALM clip: its avatar; or the clip as a webcam shows it, else as it is.

Seed 0 of an avatar is driven by the clip itself, others by what webcams show of it.
"""

_FIT_PEOPLE = 150  # of those a model learnt from; the detector's network learns from the others
_TORN = frozenset(("synth_000219", "synth_000327"))
"""Of those two the clip itself is broken: teeth show through a cheek, a mouth tears to the chin."""
_FEWEST_PUPILS = 24
_EDGE_PEOPLE = {FIT: "a", TEST: "b"}
_TIMES_ANIMATED = {FIT: 2, TEST: 3}
_TIMES_FILMED = {FIT: 2, TEST: 13}
_TIMES_REAL = 26


@dataclass(frozen=True)
class Scene:
    """One scene: its `kind`, the `split`, the clip, and what happens (`what`) how much (1 to 5)."""

    kind: str
    split: str
    clip: Path
    what: str = ""
    severity: int = 0
    seed: int = 0

    @property
    def name(self) -> str:
        """What files call it."""
        what = self.what or "as-is"
        return "-".join((self.kind, self.clip.stem, what, str(self.severity), str(self.seed)))


def plan(clips: Path, avatars: int, videos: int, again: int = 0) -> list[Scene]:
    """Return all scenes of the folder `clips`, the test split's last.

    Its sub-folder "synthetic" holds clips with an index.csv (the splits val and test are used, and
    those a model learnt from only as people before a camera), "edge" eventful ones, by the persons
    a (fit) and b (test), and "real" people. `avatars` and `videos` say how many clips of a split
    are animated in edge cases, and broken by hand; all are animated undisturbed, those of the
    test split `again` so many times.
    Raises AvatarAppError where there are too few.
    """
    scenes: list[Scene] = []
    for split, part, cases, glitches in (
        (FIT, "val", FIT_CASES, tuple(LEARNT)),
        (TEST, "test", TEST_CASES, tuple(TEST_ONLY)),
    ):
        people = _people(clips / "synthetic", part)
        animated, watched = people[:avatars], people[-videos:]
        scenes += _animated(split, animated, cases, glitches)
        scenes += [Scene(CALM, split, clip, AVATAR) for clip in people[avatars:]]
        scenes += _often(split, people, AVATAR, range(1, _TIMES_ANIMATED[split]))
        scenes += [Scene(CALM, split, clip) for clip in people]
        scenes += _often(split, people, FILMED, range(_TIMES_FILMED[split]))
        scenes += _watched(split, watched, cases, glitches)
        if split == TEST:
            seeds = range(_TIMES_ANIMATED[TEST], _TIMES_ANIMATED[TEST] + again)
            scenes += [Scene(AGAIN, TEST, clip, AVATAR, seed=n) for clip in people for n in seeds]
            scenes += _apart([*watched, *_videos(clips / "real")])
    others = _people(clips / "synthetic", "train", 0)[:_FIT_PEOPLE]
    others = [clip for clip in others if clip.stem not in _TORN]
    scenes += _often(FIT, others, FILMED, range(_TIMES_FILMED[FIT]))
    return scenes + list(_footage(clips, 2 * videos))


def pupils(clips: Path) -> list[Path]:
    """Return the clips of people that the detector's network learns from.

    None of them is in `plan`. Raises AvatarAppError where there are too few.
    """
    found = _people(clips / "synthetic", "train", 0)[_FIT_PEOPLE:]
    if len(found) < _FEWEST_PUPILS:
        raise AvatarAppError(
            f"{clips}/synthetic/index.csv names {len(found)} clips of the split train beyond the "
            f"first {_FIT_PEOPLE}; {_FEWEST_PUPILS} are needed to learn from."
        )
    return found


def learnt_edges(edge: Path) -> list[Path]:
    """Return the clips of the folder `edge` that may be learnt from: those of the person a."""
    return [clip for clip in _videos(edge) if clip.name.startswith(_EDGE_PEOPLE[FIT])]


def _often(split: str, people: Sequence[Path], what: str, seeds: Iterable[int]) -> list[Scene]:
    return [Scene(CALM, split, clip, what, seed=seed) for clip in people for seed in seeds]


def _animated(
    split: str, people: Sequence[Path], cases: Sequence[str], glitches: Sequence[str]
) -> Iterator[Scene]:
    for number, clip in enumerate(people):
        yield Scene(CALM, split, clip, AVATAR)
        for turn in range(2):
            case = cases[(2 * number + turn) % len(cases)]
            yield Scene(DRIVEN, split, clip, case, 4 + turn, number)
        yield Scene(OUTPUT, split, clip, glitches[number % len(glitches)], 4, number)


def _watched(
    split: str, people: Sequence[Path], cases: Sequence[str], glitches: Sequence[str]
) -> Iterator[Scene]:
    for number, clip in enumerate(people):
        for turn in range(2):
            what = glitches[(2 * number + turn) % len(glitches)]
            yield Scene(PAINTED, split, clip, what, 3 + turn + number % 2, number)
            case = cases[(2 * number + turn) % len(cases)]
            yield Scene(EVENTFUL, split, clip, case, 3 + turn, number)


def _footage(clips: Path, most: int) -> Iterator[Scene]:
    for split, person in _EDGE_PEOPLE.items():
        found = [clip for clip in _videos(clips / "edge") if clip.name.startswith(person)]
        for clip in found[:: max(1, len(found) // most)]:
            yield Scene(EVENTFUL, split, clip)
    for clip in _videos(clips / "real"):
        for seed in range(_TIMES_REAL):
            yield Scene(REAL, TEST, clip, seed=seed)


def _apart(people: Sequence[Path]) -> Iterator[Scene]:
    for number, clip in enumerate(people):
        for kind, glitches in ((JAW, JAWS), (FOREIGN, OTHERS)):
            for what in glitches:
                yield Scene(kind, TEST, clip, what, 5, number)


def _videos(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)


def _people(folder: Path, split: str, least: int = 2) -> list[Path]:
    index = folder / "index.csv"
    if not index.is_file():
        raise AvatarAppError(f"There is no {index}; name a folder whose synthetic/ has one.")
    rows = read_table(index)
    if rows and not {"file", "split"} <= rows[0].keys():
        raise AvatarAppError(f"{index} must have the columns file and split.")
    found = [folder / row["file"] for row in rows if row["split"] == split]
    if len(found) < least:
        raise AvatarAppError(
            f"{index} names too few clips of the split {split}: {least} are needed."
        )
    random.Random(0).shuffle(found)
    return found
