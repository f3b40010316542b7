"""What happens while an avatar runs: flags by name, and events in the past tense.

A flag is a judged kind of visible fault, or a warning that one is near. Events are facts for the
window, the recorder, and files with one JSON object a line.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any


class Severity(Enum):
    """How much a flag matters, the most first: a gate warns before a glitch, a glitch is one."""

    SEVERE = "severe"
    MILD = "mild"
    GATE = "gate"


@dataclass(frozen=True)
class _Kind:
    sentence: str
    severity: Severity
    remedy: str
    finding: str = ""


DEFAULT_FALSE_ALARMS: Mapping[str, float] = MappingProxyType({"driver": 1.0, "video": 5.0})
"""Red flags on clean pictures that are accepted an hour: fewer would miss more glitches.

By the detector's role: whoever wears an avatar is flagged all day, somebody else's video once.
"""


class Flag(Enum):
    """Every kind of flag; its name is what files and scripts see.

    `sentence` says what is wrong, `remedy` what the wearer can do, both to a person; `finding`
    says of anybody's video what was seen, and not that there is an avatar.
    """

    FACE_MISSING = _Kind(
        "The avatar's face cannot be found.",
        Severity.SEVERE,
        "Face the camera, with nothing before you.",
        "The face is lost from the picture.",
    )
    FACE_DISTORTED = _Kind(
        "The avatar's face is distorted.",
        Severity.SEVERE,
        "Return to the neutral pose.",
        "The face looks distorted.",
    )
    IDENTITY_DRIFT = _Kind(
        "The avatar no longer looks like itself.",
        Severity.SEVERE,
        "Turn back to the front.",
        "The face looks like another person's.",
    )
    DRIVER_MISMATCH = _Kind(
        "The avatar does not do what the driver does.",
        Severity.MILD,
        "Sit as at the start; calibrate if it stays.",
    )
    WARP_FOLDED = _Kind(
        "The avatar's picture is folded or torn.",
        Severity.SEVERE,
        "Move less far.",
        "The picture looks folded or torn.",
    )
    BLURRED = _Kind(
        "The avatar's face is smeared.",
        Severity.MILD,
        "Move more slowly.",
        "The face looks smeared.",
    )
    JITTER = _Kind(
        "The avatar trembles.",
        Severity.MILD,
        "Give the camera more light.",
        "The face trembles.",
    )
    FROZEN = _Kind(
        "The avatar stands still.",
        Severity.MILD,
        "Check the camera and the speed.",
        "The picture stands still.",
    )
    DRIVER_MISSING = _Kind(
        "No face is before the camera.", Severity.GATE, "Come back into the picture."
    )
    SECOND_FACE = _Kind(
        "A second face is before the camera.", Severity.GATE, "Let only one person be seen."
    )
    OUT_OF_POSE = _Kind(
        "The driver is turned too far away.", Severity.GATE, "Turn back to the camera."
    )
    LOW_LIGHT = _Kind("It is too dark before the camera.", Severity.GATE, "Switch on a light.")
    OCCLUDED = _Kind(
        "Something covers the driver's face.", Severity.GATE, "Take it away from the face."
    )

    @property
    def sentence(self) -> str:
        """What is wrong, to a person."""
        return self.value.sentence

    @property
    def finding(self) -> str:
        """What is seen in a video of which nothing else is known, to a person."""
        return self.value.finding or self.sentence

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.value.severity

    @property
    def remedy(self) -> str:
        """What the wearer can do about it."""
        return self.value.remedy

    @property
    def is_gate(self) -> bool:
        """Whether it only warns about the driver, and is no fault of the picture yet."""
        return self.severity is Severity.GATE


_BY_SEVERITY = [flag for severity in Severity for flag in Flag if flag.severity is severity]


def urgency(flag: Flag) -> int:
    """Return the place of a flag among all, the most severe first."""
    return _BY_SEVERITY.index(flag)


@dataclass(frozen=True)
class AvatarChanged:
    """From `time` in seconds on, the avatar called `avatar` is shown."""

    time: float
    avatar: str


@dataclass(frozen=True)
class AvatarAdded:
    """A photo was kept as the avatar called `avatar`; it is not shown yet."""

    time: float
    avatar: str


@dataclass(frozen=True)
class Calibrated:
    """The driver's pose in the frame `index` at `time` became the neutral one."""

    time: float
    index: int


@dataclass(frozen=True)
class FlagRaised:
    """`flag` holds since the frame `index` at `time`; `reason` names measure and part."""

    time: float
    index: int
    flag: Flag
    score: float
    reason: str = ""


@dataclass(frozen=True)
class FlagCleared:
    """`flag`, raised `seconds` ago, holds no longer since the frame `index` at `time`."""

    time: float
    index: int
    flag: Flag
    seconds: float


@dataclass(frozen=True)
class Marked:
    """The user marked this moment."""

    time: float
    note: str = ""


@dataclass(frozen=True)
class RecordingStarted:
    """A session is being written to the folder `path` since `time`."""

    time: float
    path: str


@dataclass(frozen=True)
class RecordingSaved:
    """The session in the folder `path` is whole: `seconds` of video."""

    time: float
    path: str
    seconds: float


@dataclass(frozen=True)
class CameraLost:
    """The camera gives no pictures any more; `reason` is a sentence with a remedy."""

    time: float
    reason: str


@dataclass(frozen=True)
class CameraBack:
    """The camera gives pictures (again): `width` x `height` at `fps`, called `name`."""

    time: float
    name: str
    width: int
    height: int
    fps: float


@dataclass(frozen=True)
class OutputChanged:
    """The virtual camera shows `state` from now on: avatar, held, card, camera or off."""

    time: float
    state: str
    reason: str = ""


@dataclass(frozen=True)
class WorkerFailed:
    """The worker called `worker` met an error; `reason` is a sentence with a remedy."""

    time: float
    worker: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """What the user asked for, `wish` in a few words, could not be done; all goes on as before."""

    time: float
    wish: str
    reason: str


@dataclass(frozen=True)
class Stats:
    """The last second in numbers: rates in frames a second, latencies in milliseconds.

    `latency_*` run from the capture of a frame to its rendering's arrival at the output;
    `stages_ms` are medians by stage; `dropped` and `lost` count since the start.
    """

    time: float
    camera_fps: float
    model_fps: float
    output_fps: float
    detector_fps: float
    latency_p50_ms: float
    latency_p95_ms: float
    dropped: int
    lost: int
    device: str
    device_reason: str
    stages_ms: Mapping[str, float] = field(default_factory=dict)


Event = (
    AvatarChanged
    | AvatarAdded
    | Calibrated
    | FlagRaised
    | FlagCleared
    | Marked
    | RecordingStarted
    | RecordingSaved
    | CameraLost
    | CameraBack
    | OutputChanged
    | WorkerFailed
    | Refused
    | Stats
)

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in Event.__args__}


def event_to_json(event: Event) -> str:
    """Return a line of JSON: the event's name as `event`, then its fields; flags by name."""
    fields = {
        name: value.name if isinstance(value, Flag) else value
        for name, value in dataclasses.asdict(event).items()
    }
    return json.dumps({"event": type(event).__name__, **fields})


def event_from_json(line: str) -> Event:
    """Return the event of such a line. Raises ValueError for anything else."""
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        if "flag" in fields:
            fields["flag"] = Flag[fields["flag"]]
        event: Event = kind(**fields)
        is_one = all(_fits(getattr(event, row.name), row.type) for row in dataclasses.fields(event))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event: {line[:80]!r}") from error
    if not is_one:
        raise ValueError(f"not an event: {line[:80]!r}")
    return event


def _fits(value: object, kind: object) -> bool:
    """Say whether a text is one, and a number a finite one; other kinds make themselves sure."""
    if kind in ("int", "float"):
        return isinstance(value, int | float) and -math.inf < value < math.inf
    return kind != "str" or isinstance(value, str)


def events_to_jsonl(events: Iterable[Event]) -> bytes:
    """Return one JSON object a line in order of time, in UTF-8."""
    ordered = sorted(events, key=lambda event: event.time)
    return "".join(f"{event_to_json(event)}\n" for event in ordered).encode()
