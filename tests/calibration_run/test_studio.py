"""Scenes played from the clip that comes along, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_app.calibration_run.plan import AGAIN, AVATAR, CALM, FIT, TEST, Scene
from avatar_app.calibration_run.studio import NAMES, Studio
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.settings import bundled

SCENE = Scene(CALM, FIT, bundled("assets", "demo", "webcam.mp4"))


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """Return one that keeps what it measured in a folder, and plays a second of each clip."""
    monkeypatch.setattr("avatar_app.calibration_run.studio._CALM_FRAMES", 25)
    engine = load_reenactor("fomm-mini", "cpu", absolute=True)
    opened = Studio(engine, tmp_path)
    yield opened
    opened.close()
    engine.close()


def test_measures_of_another_version_are_taken_again(studio: Studio, tmp_path: Path) -> None:
    """What is kept is used while the measures are the same ones, and else played once more."""
    [first] = studio.takes(SCENE)
    assert first.measures.shape[1] == len(NAMES)
    file = tmp_path / f"{SCENE.name}.npz"
    with np.load(file) as stored:
        kept = dict(stored)
    [key] = [key for key in kept if key.endswith("|measures")]
    np.savez(file, **{**kept, key: kept[key] + 1})
    [again] = studio.takes(SCENE)
    np.testing.assert_allclose(again.measures, first.measures + 1)
    np.savez(file, **{**kept, key: kept[key][:, 1:]})
    [anew] = studio.takes(SCENE)
    np.testing.assert_allclose(anew.measures, first.measures)


@pytest.mark.parametrize("left", [0, 100, 1000])
def test_a_damaged_take_is_played_again(studio: Studio, tmp_path: Path, left: int) -> None:
    """As a full disk or a killed process may leave it."""
    [first] = studio.takes(SCENE)
    file = tmp_path / f"{SCENE.name}.npz"
    file.write_bytes(file.read_bytes()[:left])
    [again] = studio.takes(SCENE)
    np.testing.assert_allclose(again.measures, first.measures)


def test_an_avatar_played_again_is_judged_beside_its_driver_alone(studio: Studio) -> None:
    """As the calm avatar of that seed is; the video alone has footage enough."""
    [again] = studio.takes(Scene(AGAIN, TEST, SCENE.clip, AVATAR, seed=3))
    calm, _ = studio.takes(Scene(CALM, TEST, SCENE.clip, AVATAR, seed=3))
    assert (again.role, again.kind, calm.role) == ("driver", AGAIN, "driver")
    np.testing.assert_allclose(again.measures, calm.measures, atol=1e-5)
    np.testing.assert_array_equal(again.truth, calm.truth)
