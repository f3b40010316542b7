"""The one table of edge cases, and how one is applied to a clip."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avatar_app.perturbations import camera, expressions, hands, light, objects, pose, worn
from avatar_app.perturbations.camera import reencoded
from avatar_app.perturbations.envelope import envelope
from avatar_app.perturbations.hands import Pose, hand_to
from avatar_app.perturbations.scene import Effect, Scene
from avatar_app.types import AvatarAppError, Floats, Image

DRIVER, SOURCE = "driver", "source"
SEVERITIES = (1, 2, 3, 4, 5)

Make = Callable[[Scene, float, np.random.Generator], Effect]
"""Prepares a case for a clip at a level in (0, 1], with its own source of chance."""


@dataclass(frozen=True)
class Case:
    """One edge case: its `name`, one `sentence` on it, the `side` it befalls, its `family`."""

    name: str
    sentence: str
    side: str
    family: str
    make: Make


def _driver(family: str, name: str, sentence: str, make: Make) -> Case:
    return Case(name, sentence, DRIVER, family, make)


def _source(name: str, sentence: str, make: Make) -> Case:
    return Case(name, sentence, SOURCE, "source", make)


_FLAT, _SPREAD = Pose(0.1), Pose(0.55)

_TABLE = (
    _driver("hand", "hand_mouth", "A hand covers mouth and chin.",
            hand_to(_FLAT, (0.55, 1.95), (0.10, 1.05), -62, (1.0, 1.15))),
    _driver("hand", "hand_eyes", "A hand covers the eyes.",
            hand_to(_FLAT, (1.45, 0.75), (0.15, 0.05), -66, (1.0, 1.15))),
    _driver("hand", "hand_half", "A hand covers one half of the face.",
            hand_to(_SPREAD, (1.45, 0.75), (0.42, 0.55), 8)),
    _driver("hand", "hand_face", "A hand covers the whole face.",
            hand_to(_SPREAD, (0.15, 2.35), (0.0, 0.62), 5, (1.0, 1.3))),
    _driver("hand", "hand_wave", "A hand waves before the face.", hands.hand_wave),
    _driver("hand", "finger_cheek", "A finger presses into a cheek.", hands.finger_cheek),
    _driver("object", "card_mouth", "A card covers chin and mouth.", objects.card_mouth),
    _driver("object", "phone_half", "A telephone covers half of the face.", objects.phone_half),
    _driver("object", "cup_mouth", "A cup is before the mouth.", objects.cup_mouth),
    _driver("object", "microphone", "A microphone is before the mouth.", objects.microphone),
    _driver("object", "cloth_face", "A cloth is drawn over the face.", objects.cloth_face),
    _driver("worn", "surgical_mask", "A surgical mask covers the lower face.", worn.surgical_mask),
    _driver("worn", "sunglasses", "Sunglasses cover the eyes.", worn.sunglasses),
    _driver("worn", "glare", "Spectacles mirror a bright window.", worn.glare),
    _driver("worn", "hair_over_face", "Hair falls over the face.", worn.hair_over_face),
    _driver("worn", "headphones", "Headphones are put on.", worn.headphones),
    _driver("worn", "stickers", "Stickers are on the face.", worn.stickers),
    _driver("expression", "wide_mouth", "The mouth opens wide.", expressions.wide_mouth),
    _driver("expression", "teeth", "A smile bares the teeth.", expressions.teeth),
    _driver("expression", "tongue", "The tongue comes out.", expressions.tongue),
    _driver("expression", "eyes_closed", "The eyes close.", expressions.eyes_closed),
    _driver("expression", "wink", "One eye closes.", expressions.wink),
    _driver("pose", "yaw", "The head turns to the side.", pose.yaw),
    _driver("pose", "pitch", "The head nods down or looks up.", pose.pitch),
    _driver("pose", "roll", "The head tilts towards a shoulder.", pose.roll),
    _driver("pose", "leave_frame", "The driver leaves the picture.", pose.leave_frame),
    _driver("pose", "distance", "The driver goes away from the camera.", pose.distance),
    _driver("pose", "cropped_forehead", "The head is cut off above.", pose.cropped_forehead),
    _driver("pose", "second_face", "A second face comes into the picture.", pose.second_face),
    _driver("motion", "fast_motion", "The head jerks about.", pose.fast_motion),
    _driver("motion", "camera_shake", "The camera shakes.", pose.camera_shake),
    _driver("light", "low_light", "It is dark, and the picture noisy.", light.low_light),
    _driver("light", "over_exposure", "There is too much light.", light.over_exposure),
    _driver("light", "coloured_light", "The light is coloured.", light.coloured_light),
    _driver("light", "flashing_light", "The light flashes.", light.flashing_light),
    _driver("light", "side_light", "One half of the face is dark.", light.side_light),
    _driver("light", "grey_picture", "The picture has no colours.", light.grey_picture),
    _driver("camera", "noise", "The camera is noisy.", camera.noise),
    _driver("camera", "motion_blur", "The picture is blurred by motion.", camera.motion_blur),
    _driver("camera", "compression", "The picture is compressed.", camera.compression),
    _driver("camera", "packet_loss", "Parts of the picture are lost.", camera.packet_loss),
    _driver("camera", "freeze", "The picture freezes.", camera.freeze),
    _driver("camera", "busy_background", "The background moves.", camera.busy_background),
    _source("source_glasses", "The avatar wears glasses.", worn.glasses),
    _source("source_open_mouth", "The avatar's mouth is open.", expressions.wide_mouth),
    _source("source_teeth", "The avatar smiles with bare teeth.", expressions.teeth),
    _source("source_turned", "The avatar's head is turned.", pose.yaw),
    _source("source_beard", "The avatar has a beard.", worn.beard),
    _source("source_hat", "The avatar wears a cap.", worn.hat),
    _source("source_hand_chin", "The avatar's hand is at the chin.",
            hand_to(_FLAT, (0.6, 2.2), (0.2, 1.35), -40)),
    _source("source_cartoon", "The avatar is a drawing.", camera.cartoon),
    _source("source_small", "The avatar's face is small.", pose.distance),
    _source("source_off_centre", "The avatar's face is off the centre.", pose.off_centre),
    _source("source_low_resolution", "The avatar's picture is small.", camera.low_resolution),
    _source("source_side_light", "Half of the avatar's face is dark.", light.side_light),
    _source("source_two_faces", "The avatar's picture shows two faces.", pose.second_face),
)  # fmt: skip

CASES: dict[str, Case] = {case.name: case for case in _TABLE}


def find_case(name: str) -> Case:
    """Return the case of that name; AvatarAppError names the nearest ones where there is none."""
    if name in CASES:
        return CASES[name]
    near = difflib.get_close_matches(name, CASES)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise AvatarAppError(
        f"There is no case {name}; {hint}`avatar-app study --list` names all of them."
    )


def perturb(
    images: Image,
    landmarks: Floats,
    case: Case | str,
    severity: int,
    seed: int = 0,
    strength: Floats | None = None,
) -> Image:
    """Return a clean clip (N, H, W, 3) uint8 RGB with an edge case happening in it.

    `landmarks` (N, 68, 2) in pixels, NaN where there is no face. `severity` is 1 to 5; 0 is the
    clip encoded again as a webcam does, which every result is. `strength` (N,) in [0, 1] says how
    far the case has come in each frame: by default `envelope(N)`. The same arguments give the same
    pictures, and one seed the same hand, colour and side at all severities. Raises ValueError for
    wrong shapes, an unknown severity, or a clip without any face.
    """
    case = find_case(case) if isinstance(case, str) else case
    if severity not in (0, *SEVERITIES):
        raise ValueError(f"severity: expected 0 to {SEVERITIES[-1]}, got {severity}")
    scene = Scene.of(images, landmarks)
    if strength is None:
        strength = envelope(len(images))
    if strength.shape != (len(images),):
        raise ValueError(f"strength: expected ({len(images)},), got {strength.shape}")
    if severity == 0:
        return np.stack([reencoded(image) for image in images])
    rng = np.random.default_rng((seed, zlib.crc32(case.name.encode())))
    effect = case.make(scene, severity / SEVERITIES[-1], rng)
    return np.stack(
        [
            reencoded(effect(image, index, float(share)) if share > 0 else image)
            for index, (image, share) in enumerate(zip(images, strength, strict=True))
        ]
    )
