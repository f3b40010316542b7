"""Words for a person: what a flag says of a video, why it was raised, and how strongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from avatar_app.events import Flag
from avatar_app.glitch.calibration import Usual
from avatar_app.glitch.measures import MEASURES, TURN, part_name
from avatar_app.types import Verdict

_LITTLE, _FAR = 1.5, 10.0  # times what is usual at most
_ANOTHER = 0.6  # dlib's descriptors of one person lie nearer, as a rule
_IDENTITY = "identity"
_LESS_ALIKE = "The face looks less like the person before."

_SENTENCES: Mapping[str, str] = {
    "face_score": "What is left is hardly recognisable as a face",
    "face_unseen": "No face is found",
    "skull_misfit": "Nose or eyes sit in the wrong place",
    "deformation": "The face suddenly changes its shape",
    "shake": "The whole face jerks",
    "twitch": "Parts of the face jerk",
    "tremor": "Parts of the face go on trembling",
    "misplaced": "Mouth or brows sit elsewhere than before",
    "tint": "The face has another colour than before, and what is around it has not",
    "grain": "The face has a texture that was not there before",
    "sharpness": "The face has lost its fine detail",
    "black_share": "The picture is black at its border",
    "still": "The picture does not change",
    "bend": "The face is bent out of shape",
    "folded": "Parts of the face are folded over",
    "unexplained": "The face changes in a way that no movement explains",
    "tear": "An edge runs across the face that was not there before",
    "restless": "The face flashes",
    "flutter": "The face goes on flickering",
    "smear": "The face has lost detail",
    "change": "The face suddenly changes",
    "strange": "The face looks unlike before",
    "artifact": "The face looks broken",
    "artifact_rise": "The face suddenly looks broken",
    "glance": "The face looks broken as a whole",
    "glance_rise": "The face suddenly looks broken as a whole",
    _IDENTITY: "The face looks less like the person before",
    "mismatch_yaw": "The head does not turn as the driver's does",
    "mismatch_pitch": "The head does not nod as the driver's does",
    "mismatch_roll": "The head does not tilt as the driver's does",
    "mismatch_mouth": "The mouth does not open as the driver's does",
    "mismatch_eyes": "The eyes do not open as the driver's do",
    "heatmap_spread": "The model no longer knows well where the driver's face is",
    "heatmap_peak": "The model no longer knows well where the driver's face is",
    "heatmap_entropy": "The model no longer knows well where the driver's face is",
    "jacobian_condition": "The avatar's picture is squeezed",
    "jacobian_determinant": "The avatar's picture is squeezed",
    "jacobian_flipped_share": "Parts of the avatar's picture are turned over",
    "fold_share": "Parts of the avatar's picture are folded over",
    "out_of_range_share": "The avatar's picture is drawn from outside the photo",
    "occlusion_area": "Much of the face is made up by the model",
    "hallucination": "Much of the face is made up by the model",
}
"""By measure, or kind of measure where there is one for each part of the face."""

_IN_SECONDS = frozenset(("face_unseen", "still"))  # they say how long, and not how badly


@dataclass(frozen=True)
class Wording:
    """The words for one video: judged in a `role`, with what is `usual` of each measure.

    A `reason` is a flag's as the detector gives it: the name of a measure, a colon, and numbers;
    or words, where it has no measure.
    """

    role: str
    usual: Mapping[str, Usual]

    def finding(self, flag: Flag, measures: Mapping[str, float]) -> str:
        """Return what a flag says here: of a stranger's video not that there is an avatar.

        Another person is spoken of only where the face is far from the one before.
        """
        if self.role == "driver":
            return flag.sentence
        if flag is Flag.IDENTITY_DRIFT and measures.get(_IDENTITY, 0.0) <= _ANOTHER:
            return _LESS_ALIKE
        return flag.finding

    def evidence(self, reason: str, measures: Mapping[str, float]) -> float:
        """Return how far the reason's measure is from usual: 1 is the limit; 0 if it has none."""
        name = measure_of(reason)
        if name not in self.usual or name not in measures:
            return 0.0
        return self.usual[name].evidence(measures[name], measures.get(TURN, 0.0))

    def strength(self, verdict: Verdict) -> float:
        """Return the evidence of the strongest of a verdict's reasons that are glitches."""
        return max(
            (
                self.evidence(reason, verdict.measures)
                for flag, reason in verdict.reasons.items()
                if not flag.is_gate and measure_of(reason) not in _IN_SECONDS
            ),
            default=0.0,
        )

    def unflagged(self, measures: Mapping[str, float]) -> str:
        """Return what speaks most for a glitch in a picture without a flag, if anything does."""
        names = [f"{name}:" for name in MEASURES if name not in _IN_SECONDS]
        most = max(names, key=lambda name: self.evidence(name, measures))
        if self.evidence(most, measures) < 1:
            return "Not flagged: nothing is beyond what is usual."
        said = self.sentence(MEASURES[measure_of(most)].flag, most, measures)
        return f"Not flagged. What stands out most: {said[:1].lower()}{said[1:]}"

    def sentence(self, flag: Flag, reason: str, measures: Mapping[str, float]) -> str:
        """Return why a flag is up: what was seen, where, and how far it is from usual."""
        name = measure_of(reason)
        if name not in MEASURES:
            return f"{self.finding(flag, measures)} {_capital(reason or 'many measures together')}."
        said = self.finding(flag, measures).rstrip(".") if name == _IDENTITY else _said(name)
        if name in _IN_SECONDS:
            return f"{said} for {measures.get(name, 0.0):.1f} s."
        return f"{said}{_degree(self.evidence(reason, measures))}."


def measure_of(reason: str) -> str:
    """Return the name of a reason's measure; where it has none, something else."""
    return reason.partition(":")[0]


def parts_of(verdict: Verdict) -> list[str]:
    """Return the parts of the face that a verdict's reasons speak of, each once."""
    names = [measure_of(reason) for reason in verdict.reasons.values()]
    parts = [MEASURES[name].part for name in names if name in MEASURES]
    return [part for part in dict.fromkeys(parts) if part]


def _said(name: str) -> str:
    part = MEASURES[name].part
    kind = name.removesuffix(part_name("", part)) if part else name
    return f"{_SENTENCES[kind]} around the {part}" if part else _SENTENCES[kind]


def _degree(evidence: float) -> str:
    if evidence < 1:
        return ""
    if evidence < _LITTLE:
        return ": a little beyond what is usual at most"
    if evidence < _FAR:
        return f": {max(2, round(evidence))} times what is usual at most"
    return ": far beyond what is usual"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
