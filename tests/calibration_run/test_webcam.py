"""Clips as a webcam shows them."""

from __future__ import annotations

import numpy as np

from avatar_app.calibration_run.webcam import as_filmed


def test_a_filmed_clip_is_another_one_of_the_same_form() -> None:
    """The same seed gives the same, another one something else; nothing is drawn into it."""
    clip = np.full((6, 64, 64, 3), 120, np.uint8)
    clip[:, 20:40, 8:30] = 200
    once, again, other = (as_filmed(clip, seed) for seed in (1, 1, 2))
    assert once.shape == clip.shape
    assert once.dtype == np.uint8
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert abs(float(once.mean()) / float(clip.mean()) - 1) < 0.5


def test_without_roughness_it_is_only_mirrored_framed_and_lit() -> None:
    """A grey picture stays even: no grain, no compression."""
    clip = np.full((2, 64, 64, 3), 120, np.uint8)
    assert len(np.unique(as_filmed(clip, 3, is_rough=False))) == 1
    assert len(np.unique(as_filmed(clip, 3))) > 1
