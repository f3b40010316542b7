"""What a trial is measured by."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.perturbations import CASES, envelope
from avatar_app.study.measures import (
    METRICS,
    Beside,
    at_full,
    expected_landmarks,
    eye_width,
    is_movement,
)
from avatar_app.types import Floats
from tests.evaluation.constructed import landmarks

FRAMES = 20


def faces() -> Floats:
    """The same face in every frame."""
    return np.repeat(np.asarray(landmarks(), np.float32)[None], FRAMES, axis=0)


def beside(rendered: Floats, clean: Floats, expected: Floats | None = None) -> Beside:
    """A perturbed rendering beside a clean one, in black pictures."""
    images = np.zeros((FRAMES, 256, 256, 3), np.uint8)
    return Beside(
        images=images,
        landmarks=rendered,
        clean_images=images,
        clean_landmarks=clean,
        expected=clean if expected is None else expected,
        driver=clean,
        fold_share=np.zeros(FRAMES, np.float32),
        calibrated=0,
        strength=envelope(FRAMES),
    )


def test_an_unchanged_rendering_has_no_damage() -> None:
    """Every metric of a rendering beside itself is nothing, and it is as steady as itself."""
    metrics = beside(faces(), faces()).metrics()
    assert metrics.pop("jitter_ratio") == 1
    assert set(metrics.values()) == {0.0}


def test_a_lost_face_counts_an_eye_width_and_is_left_out_of_the_plain_distance() -> None:
    """Half of the frames lost: MFR and failures one half, penalised AKD half an eye width."""
    lost = faces()
    full = at_full(envelope(FRAMES))
    lost[full[::2]] = np.nan
    share = len(full[::2]) / len(full)
    metrics = beside(lost, faces()).metrics()
    assert metrics["mfr"] == metrics["failed"] == pytest.approx(share)
    assert metrics["akd"] == 0
    assert metrics["akd_penalised"] == pytest.approx(share * eye_width(faces()), rel=1e-4)


def test_nothing_is_lost_where_the_clean_rendering_has_no_face_either() -> None:
    """The avatar's ordinary quality cancels out."""
    nobody = np.full_like(faces(), np.nan)
    metrics = beside(nobody, nobody).metrics()
    assert metrics["mfr"] is None
    assert metrics["failed"] is None


def test_meant_movement_is_no_damage() -> None:
    """Landmarks that move as the driver's do, in proportion, are where they should be."""
    clean, driver = faces(), faces() * 2
    moved = driver + 20
    expected = expected_landmarks(clean, moved, driver)
    np.testing.assert_allclose(expected, clean + 10, atol=1e-4)
    metrics = beside(clean + 10, clean, expected).metrics()
    assert metrics["akd"] == pytest.approx(0, abs=1e-4)
    still = beside(clean, clean, expected).metrics()
    assert still["akd"] == pytest.approx(np.hypot(10, 10), rel=1e-4)


def test_trembling_raises_the_jitter_ratio() -> None:
    """Landmarks that shake by a few pixels are many times less steady."""
    shaking = faces() + np.random.default_rng(0).normal(0, 2, (FRAMES, 1, 2)).astype(np.float32)
    ratio = beside(shaking, faces()).metrics()["jitter_ratio"]
    assert ratio is not None
    assert ratio > 5


def test_only_what_the_driver_does_himself_is_movement() -> None:
    """He turns his head and opens his mouth; he does not mean a hand, the dark, or another one."""
    assert is_movement(CASES["yaw"])
    assert is_movement(CASES["wide_mouth"])
    assert not any(is_movement(CASES[name]) for name in ("hand_mouth", "noise", "second_face"))


def test_every_metric_is_told_with_unit_and_definition() -> None:
    """One table tells people what each is."""
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.unit
        assert metric.definition.endswith(".")
