"""Whether landmarks settle, on bundled portraits whose jaw was melted."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_app.calibration_run.glitches import JAWS, Shot, break_face
from avatar_app.glitch.landmarks import Box, FaceFinder
from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.chip import upright
from avatar_app.glitch.signals.settling import unsettled
from avatar_app.settings import bundled
from avatar_app.types import Floats, Image


def seen(finder: FaceFinder, image: Image, box: Box) -> Floats:
    """Return how far apart the fits to the face in a box end, of mouth and jaw."""
    place = upright(finder.fit(image, box))
    return unsettled(finder.fit_as_it_is, sight.grey(sight.turned(image, place)).astype(np.uint8))


def test_landmarks_settle_on_whole_faces_and_not_on_melted_jaws() -> None:
    """Sagging or rippling, mouth and jaw of every portrait settle less than those of any whole."""
    finder, whole, melted = FaceFinder(), [], []
    for name in ("amara", "mateo", "mei", "kenji"):
        image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
        assert image is not None
        rgb = np.asarray(cv2.cvtColor(cv2.resize(image, (256, 256)), cv2.COLOR_BGR2RGB), np.uint8)
        face = finder.find(rgb)[0]
        landmarks = face.landmarks[None]
        shot = Shot(rgb[None], landmarks, rgb, landmarks[0], np.random.default_rng(0))
        whole.append(seen(finder, rgb, face.box))
        for kind in set(JAWS) & {"sagging", "rippling"}:
            broken = break_face(shot, kind, np.ones(1, np.float32))[0]
            melted.append(seen(finder, broken, face.box))
    usual = np.max(whole, axis=0)
    assert (np.median(melted, axis=0) > usual + np.log(2)).all()
    assert (usual < np.log(0.06)).all()


def test_by_how_much_both_fits_differ_is_told_of_mouth_and_jaw() -> None:
    """Where they agree, the least that counts; moved by a tenth of the eyes' distance, that."""
    points, calls = np.zeros((68, 2), np.float32), []

    def fit(_: Image, box: tuple[float, float, float, float]) -> Floats:
        calls.append(box)
        moved = np.zeros((68, 2), np.float32)
        moved[48:68, 0] = 4.4 * (len(calls) == 4)
        return points + moved

    view = np.zeros((192, 192), np.uint8)
    mouth, jaw = unsettled(fit, view)
    assert mouth == jaw < np.log(0.01)
    mouth, still = unsettled(fit, view)
    assert np.isclose(mouth, np.log(0.1))
    assert still == jaw
    assert calls[0] != calls[1]
