"""What looks broken at a glance, on bundled portraits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.calibration_run.glitches import JAWS, Shot, break_face
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import networks, sight
from avatar_app.glitch.signals.chip import upright
from avatar_app.glitch.signals.glance import LAYERS, GlanceNetwork, bundled_glance, contrasted
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError


def test_every_jaw_that_melts_looks_more_so_than_the_whole_face() -> None:
    """However it does, and by log-odds of 2 at least in most portraits."""
    finder, network, more = FaceFinder(), bundled_glance(), []
    for name in ("amara", "mateo", "mei", "kenji"):
        image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
        assert image is not None
        rgb = np.asarray(cv2.cvtColor(cv2.resize(image, (256, 256)), cv2.COLOR_BGR2RGB), np.uint8)
        landmarks = finder.find(rgb)[0].landmarks
        place = upright(landmarks)
        whole = sight.view(rgb, place)[sight.FACE]
        usual = network.odds(whole, whole)
        shot = Shot(rgb[None], landmarks[None], rgb, landmarks, np.random.default_rng(0))
        for kind in JAWS:
            broken = break_face(shot, JAWS[kind], np.ones(1, np.float32))[0]
            now = sight.view(broken, place)[sight.FACE]
            more.append(network.odds(now, whole) - usual)
    assert min(more) > 0
    assert np.median(more) > 2


def test_brightness_and_contrast_change_nothing() -> None:
    """The network sees the face in the contrast of the usual one."""
    chance = np.random.default_rng(0)
    now, usual = (chance.uniform(60, 200, (112, 96)).astype(np.float32) for _ in range(2))
    seen = contrasted(now, usual)
    assert seen.shape == (2, 112, 96)
    np.testing.assert_allclose(contrasted(now + 30, usual + 30), seen, atol=1e-4)
    np.testing.assert_allclose(contrasted(now + 30, usual)[1], seen[1], atol=1e-6)
    assert np.abs(contrasted(1.25 * now, 1.25 * usual) - seen).max() < 0.1


def test_what_is_no_such_network_is_said_so(tmp_path: Path) -> None:
    """Text, and a network of other layers: one sentence."""
    path = tmp_path / "net.npz"
    path.write_text("no network")
    with pytest.raises(AvatarAppError, match="holds no network"):
        GlanceNetwork.load(path)
    networks.save([(np.zeros((3, 3), np.float32), np.zeros(3, np.float32))] * len(LAYERS), path)
    with pytest.raises(AvatarAppError, match="holds no network"):
        GlanceNetwork.load(path)
