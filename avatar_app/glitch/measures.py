"""Every measure by name: what it is in words, which flag it speaks for, which part of the face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from avatar_app.events import Flag
from avatar_app.glitch.signals.chip import PARTS

SIGNAL_UNITS: Mapping[str, float] = MappingProxyType(
    {"yaw": 10.0, "pitch": 10.0, "roll": 10.0, "mouth": 0.1, "eyes": 0.05}
)
"""By signal of a face: a difference that anybody sees. Mismatches are told in these."""


@dataclass(frozen=True)
class Measure:
    """`words` to a person, the `flag` it is evidence for, the `part` of the face it looks at."""

    words: str
    flag: Flag
    part: str = ""


def _by_part(prefix: str, words: str, flag: Flag) -> dict[str, Measure]:
    return {part_name(prefix, part): Measure(words, flag, part) for part in PARTS}


@cache
def part_name(prefix: str, part: str) -> str:
    """Return the name of a measure of one part of the face, as files show it."""
    return f"{prefix}_{part.replace(' ', '_')}"


PICTURE: Mapping[str, Measure] = MappingProxyType(
    {
        "face_score": Measure("clearness of the face", Flag.FACE_DISTORTED),
        "face_unseen": Measure("seconds without a face", Flag.FACE_MISSING),
        "skull_misfit": Measure("misplaced nose or eyes", Flag.FACE_DISTORTED),
        "deformation": Measure("sudden change of shape", Flag.FACE_DISTORTED),
        "shake": Measure("sudden jerk of the whole face", Flag.JITTER),
        "twitch": Measure("sudden jerk within the face", Flag.JITTER),
        "tremor": Measure("lasting tremble within the face", Flag.JITTER),
        "misplaced": Measure("mouth or brows in another place", Flag.FACE_DISTORTED),
        "tint": Measure("another colour of the face alone", Flag.FACE_DISTORTED),
        "sharpness": Measure("fine detail", Flag.BLURRED),
        "black_share": Measure("black at the border", Flag.WARP_FOLDED),
        "still": Measure("seconds without any change", Flag.FROZEN),
        "bend": Measure("bending of the face", Flag.FACE_DISTORTED),
        "folded": Measure("share of the face turned over", Flag.WARP_FOLDED),
        "unexplained": Measure("what no movement explains", Flag.FACE_DISTORTED),
        "tear": Measure("a new edge across the face", Flag.WARP_FOLDED),
        "restless": Measure("flash of the face", Flag.JITTER),
        "flutter": Measure("lasting flicker of the face", Flag.JITTER),
        **_by_part("smear", "less detail than usual", Flag.BLURRED),
        "grain": Measure("more detail than usual in the face alone", Flag.FACE_DISTORTED),
        **_by_part("change", "sudden change", Flag.FACE_DISTORTED),
        **_by_part("strange", "unusual look", Flag.FACE_DISTORTED),
        "artifact": Measure("a broken look", Flag.FACE_DISTORTED),
        **_by_part("artifact", "a broken look", Flag.FACE_DISTORTED),
        "artifact_rise": Measure("a more broken look than before", Flag.FACE_DISTORTED),
        **_by_part("artifact_rise", "a more broken look than before", Flag.FACE_DISTORTED),
        "glance": Measure("a broken look at a glance", Flag.FACE_DISTORTED),
        "glance_rise": Measure("at a glance a more broken look than before", Flag.FACE_DISTORTED),
    }
)
"""Of a picture alone: both roles."""

IDENTITY: Mapping[str, Measure] = MappingProxyType(
    {"identity": Measure("distance to the person", Flag.IDENTITY_DRIFT)}
)
"""Of a picture now and then, as it takes long."""

AVATAR: Mapping[str, Measure] = MappingProxyType(
    {
        **{
            f"mismatch_{name}": Measure(f"{name} unlike the driver's", Flag.DRIVER_MISMATCH)
            for name in SIGNAL_UNITS
        },
        "heatmap_spread": Measure("spread of the keypoints", Flag.FACE_DISTORTED),
        "heatmap_peak": Measure("certainty of the keypoints", Flag.FACE_DISTORTED),
        "heatmap_entropy": Measure("uncertainty of the keypoints", Flag.FACE_DISTORTED),
        "jacobian_condition": Measure("squeezing at a keypoint", Flag.WARP_FOLDED),
        "jacobian_determinant": Measure("area kept at a keypoint", Flag.WARP_FOLDED),
        "jacobian_flipped_share": Measure("keypoints turned over", Flag.WARP_FOLDED),
        "fold_share": Measure("share of the picture that folds", Flag.WARP_FOLDED),
        "out_of_range_share": Measure("share from outside the photo", Flag.WARP_FOLDED),
        "occlusion_area": Measure("share of the face made up", Flag.FACE_DISTORTED),
        "hallucination": Measure("amount made up", Flag.FACE_DISTORTED),
    }
)
"""Of an avatar beside its driver: only where both are known."""

MEASURES: Mapping[str, Measure] = MappingProxyType({**PICTURE, **IDENTITY, **AVATAR})
"""All that speak for a glitch."""

FALLING = frozenset(("face_score", "sharpness", "heatmap_peak", "jacobian_determinant"))
"""Those that fall where a glitch is; the others rise."""


class Lone(NamedTuple):
    """When a measure is a glitch by itself.

    It must stay for so many `seconds` beyond a limit that calm footage passes once in so many
    `hours`.
    """

    seconds: float = 0.0
    hours: float = 5.0


_AT_ONCE, _FOR_LONG = Lone(), Lone(seconds=1.0, hours=20.0)

ALONE: Mapping[str, Lone] = MappingProxyType(
    {
        **dict.fromkeys(("glance_rise", "tint"), _AT_ONCE),
        **{part_name("artifact_rise", part): _AT_ONCE for part in ("eyes", "nose", "mouth")},
        **dict.fromkeys(("artifact", "artifact_nose", "artifact_chin"), _FOR_LONG),
        **{part_name("smear", part): _FOR_LONG for part in ("nose", "mouth")},
        "grain": Lone(seconds=0.2, hours=20.0),
        "identity": Lone(hours=500.0),  # what it is of one person over days nobody measured
    }
)
"""Each is a glitch by itself, too.

A face that looks somewhat broken, or smeared, for long is one as well as one that looks very broken
at once. Of what suddenly looks more broken those parts count that lie amid the face: walls and hair
come and go at its rim. Where a face is not seen well there are other reasons, and none of them
counts.
"""

SEEN_SECONDS = 0.5
"""A face must have been seen well for so long: what comes before it flickers."""

COVERED = "covered"
"""The share of a face that lies behind something, or outside the picture."""

COVERED_FACE = 0.15
"""The share from which on the look of the whole face says nothing."""

BESIDE = ("beside_light", "beside_blur", "beside_grain", "beside_change")
"""How much of what lies beside the face is unlike usual: a camera spoils more than a face."""

_FAR_TURNED = 45.0  # degrees
_SPOILT = {"beside_light": 0.35, "beside_blur": 0.25, "beside_grain": 0.35}


def is_spoilt(measures: Mapping[str, float]) -> bool:
    """Return whether light or camera changed so much, also beside the face, that it may be lost."""
    return any(measures.get(name, 0.0) > limit for name, limit in _SPOILT.items())


CAMERA = tuple(_SPOILT)
"""Those of them that light and camera change, and hardly anything else."""

ENTERED = "entered"
"""How much of something that came before the face is seen beside it, over the face's area."""

ENTERED_FACE = 0.1
"""The amount from which on it explains that a face looks more broken than before."""


def is_bare(measures: Mapping[str, float]) -> bool:
    """Return whether a face is seen as usual: uncovered, with light and camera unspoilt."""
    covered, entered = measures.get(COVERED, 0.0), measures.get(ENTERED, 0.0)
    return covered <= COVERED_FACE and entered <= ENTERED_FACE and not is_spoilt(measures)


def is_seen_well(measures: Mapping[str, float]) -> bool:
    """Return whether a face is bare, and not turned so far that nobody knows what is usual."""
    return measures.get(TURN, 0.0) <= _FAR_TURNED and is_bare(measures)


CONTEXT = (COVERED, *BESIDE, ENTERED)
"""Of what is before the face and beside it: it speaks against a glitch."""

FROM_VIDEO = ("grain",)
"""Measured from a video alone: only there it is looked at what lies beside a face."""

TURN = "turn"
"""By how many degrees the face is turned away. What is usual depends on it: no evidence itself."""

GATES = ("driver_unseen", "driver_faces", "driver_turn", "driver_darkness", "driver_cover")
"""Of the driver: they warn before a glitch and are none."""
