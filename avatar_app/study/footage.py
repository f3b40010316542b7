"""Renderings of a whole take: pictures, faces, and what the model said, kept for all trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from avatar_app.fomm.reenactor import FommReenactor
from avatar_app.glitch.landmarks import Face, FaceFinder
from avatar_app.study.takes import Take, pack, unpack
from avatar_app.types import Avatar, Floats, Frame, Image, KeyPoints, Rendered

NO_FACE = -1.0
"""The score of a picture in which dlib finds no face."""

NOBODY = np.full((68, 2), np.nan, np.float32)


@dataclass(frozen=True, eq=False)
class Shot:
    """One rendered picture and the best face in it, or None."""

    rendered: Rendered
    face: Face | None

    @property
    def landmarks(self) -> Floats:
        """(68, 2), NaN without a face."""
        return NOBODY if self.face is None else self.face.landmarks

    @property
    def score(self) -> float:
        """Dlib's score of the face."""
        return NO_FACE if self.face is None else self.face.score


@dataclass(frozen=True, eq=False)
class Footage:
    """The shots of N frames as arrays; `measures` (N, M) in the order of `names` (M,).

    `images` (N, S, S, 3); `landmarks` (N, 68, 2), NaN without a face; `scores` (N,) and `boxes`
    (N, 4) of the faces; `values` (N, K, 2) and `jacobians` (N, K, 2, 2) of the keypoints.
    """

    images: Image
    landmarks: Floats
    scores: Floats
    boxes: Floats
    names: np.ndarray
    measures: Floats
    values: Floats
    jacobians: Floats

    @classmethod
    def of(cls, shots: Sequence[Shot]) -> Footage:
        """Collect shots."""
        names = list(shots[0].rendered.measures)
        boxes = [(np.nan,) * 4 if shot.face is None else shot.face.box for shot in shots]
        rendered = [shot.rendered for shot in shots]
        return cls(
            images=np.stack([one.image for one in rendered]),
            landmarks=np.stack([shot.landmarks for shot in shots]),
            scores=np.array([shot.score for shot in shots], np.float32),
            boxes=np.array(boxes, np.float32),
            names=np.array(names),
            measures=np.array([[one.measures[name] for name in names] for one in rendered],
                              np.float32),
            values=np.concatenate([one.keypoints.value for one in rendered]),
            jacobians=np.concatenate([one.keypoints.jacobian for one in rendered]),
        )  # fmt: skip

    def shot(self, index: int, driving: Frame) -> Shot:
        """Return the shot of frame `index` again, as rendered for `driving`."""
        face = None
        if self.scores[index] > NO_FACE:
            left, top, right, bottom = map(float, self.boxes[index])
            box = (left, top, right, bottom)
            face = Face(box, float(self.scores[index]), self.landmarks[index])
        keypoints = KeyPoints(self.values[index][None], self.jacobians[index][None])
        return Shot(Rendered(driving, self.images[index], keypoints, self.measures_of(index)), face)

    def measures_of(self, index: int) -> Mapping[str, float]:
        """Return the model's own measures of frame `index` by name."""
        return dict(zip(map(str, self.names), map(float, self.measures[index]), strict=True))


@dataclass(frozen=True, eq=False)
class Stage:
    """An avatar and a take with all renderings that trials are held against.

    `calibrated` is the frame in which the driver looks most like the avatar. `clean` is rendered
    from the take, `floor` from the take encoded again, both as the app does it; `zeroth` and
    `absolute` from the take by those rules. `person` (128,) is the avatar's descriptor, empty where
    it cannot be told; `people` (N, 128) those of the clean rendering, NaN but for a few frames.
    """

    calibrated: int
    clean: Footage
    floor: Footage
    zeroth: Footage
    absolute: Footage
    person: Floats
    people: Floats

    def packed(self) -> bytes:
        """Return it as bytes, for another process."""
        arrays: dict[str, np.ndarray | np.generic] = {}
        for part in _PARTS:
            footage = getattr(self, part)
            arrays |= {f"{part}.{one.name}": getattr(footage, one.name) for one in fields(Footage)}
        return pack(
            calibrated=np.int64(self.calibrated), person=self.person, people=self.people, **arrays
        )

    @classmethod
    def unpacked(cls, content: bytes) -> Stage:
        """Restore what `packed` gave."""
        arrays = unpack(content)
        parts = {
            part: Footage(**{one.name: arrays[f"{part}.{one.name}"] for one in fields(Footage)})
            for part in _PARTS
        }
        return cls(int(arrays["calibrated"]), **parts, person=arrays["person"],
                   people=arrays["people"])  # fmt: skip


_PARTS = ("clean", "floor", "zeroth", "absolute")


class Studio:
    """What shoots: a reenactor for each rule, all through one runtime, and a face finder."""

    def __init__(self, engine: FommReenactor, finder: FaceFinder) -> None:
        self.finder = finder
        self.relative = engine
        self.zeroth = engine.with_rule(first_order=False)
        self.absolute = engine.with_rule(absolute=True)

    def shoot(self, engine: FommReenactor, frame: Frame, small: bool = False) -> Shot:
        """Render one frame and look for the face in it, for a `small` one too."""
        rendered = engine.animate(frame)
        return Shot(rendered, self.look(rendered.image, small))

    def look(self, image: Image, small: bool = False) -> Face | None:
        """Return the best face in a picture, or None; `small` ones too takes five times as long."""
        faces = self.finder.find(image)
        if not faces and small:
            faces = self.finder.find(image, upsample=1)
        return next(iter(faces), None)

    def film(
        self, engine: FommReenactor, avatar: Avatar, calibration: Frame, frames: Sequence[Frame]
    ) -> Footage:
        """Render `frames` with `avatar`, calibrated on `calibration`."""
        engine.set_source(avatar)
        engine.calibrate(calibration)
        return Footage.of([self.shoot(engine, frame) for frame in frames])

    def descriptor(self, image: Image, face: Face | None) -> Floats:
        """Return the face's descriptor (128,), NaN without a face."""
        if face is None:
            return np.full(128, np.nan, np.float32)
        return self.finder.descriptor(image, face)

    def close(self) -> None:
        """Free the runtime."""
        self.relative.close()


def take_frames(take: Take, images: Image | None = None) -> list[Frame]:
    """Return the frames of a take, or of other pictures in their place."""
    pictures = take.images if images is None else images
    return [take.frame(index, image) for index, image in enumerate(pictures)]
