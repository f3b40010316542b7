"""Pairs come from one clip, and points stay on what they mark."""

from __future__ import annotations

import numpy as np
import torch

from avatar_app.fomm.training.data import Clip, ClipSampler

SIZE = 64


def _clip(name: str, colour: int, frames: int = 5) -> Clip:
    """A grey picture with one bright dot; every landmark stands on the dot."""
    rng = np.random.default_rng(colour)
    images = np.full((frames, SIZE, SIZE, 3), colour, np.uint8)
    landmarks = np.empty((frames, 68, 2), np.float32)
    for index in range(frames):
        x, y = rng.integers(24, 40, 2)
        images[index, y - 1 : y + 2, x - 1 : x + 2] = 255
        landmarks[index] = x, y
    return Clip(name, images, landmarks)


def test_landmarks_follow_mirroring_turning_and_shifting() -> None:
    """The brightest spot of every augmented frame lies where its landmarks say."""
    batch = ClipSampler([_clip("one", 40)], torch.device("cpu"), seed=0).pairs(24)
    for images, landmarks in (
        (batch.source, batch.source_landmarks),
        (batch.driving, batch.driving_landmarks),
    ):
        for image, points in zip(images.sum(1), landmarks, strict=True):
            bright = (image - image.median()).clamp(min=0)
            row, column = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
            centre = torch.stack(((bright * column).sum(), (bright * row).sum())) / bright.sum()
            wanted = (points[30] + 1) * (SIZE - 1) / 2
            assert (centre - wanted).abs().max() < 1


def test_both_frames_of_a_pair_come_from_one_clip() -> None:
    """Clips differ in brightness here, and the frames of a pair are recoloured alike."""
    sampler = ClipSampler([_clip("dark", 10), _clip("light", 200)], torch.device("cpu"), seed=1)
    batch = sampler.pairs(16)
    levels = [images.flatten(1).median(dim=1).values for images in (batch.source, batch.driving)]
    torch.testing.assert_close(*levels, atol=0.02, rtol=0)
    assert len({round(float(level), 1) for level in levels[0]}) > 2


def test_the_same_seed_draws_the_same_pairs() -> None:
    """And another seed, or one set later, draws others."""
    clips = [_clip("one", 40), _clip("two", 90)]
    one, two = (ClipSampler(clips, torch.device("cpu"), seed=5) for _ in range(2))
    assert torch.equal(one.pairs(4).source, two.pairs(4).source)
    two.reseed(6)
    assert not torch.equal(one.pairs(4).source, two.pairs(4).source)


def test_only_the_copy_for_detection_is_spoiled() -> None:
    """What the generator must render stays clean."""
    batch = ClipSampler([_clip("one", 40)], torch.device("cpu"), seed=0).pairs(4)
    assert not torch.equal(batch.driving, batch.driving_seen)
    assert batch.driving_seen.min() >= 0
    assert batch.driving_seen.max() <= 1


def test_drivers_share_a_source_and_its_augmentation() -> None:
    """What is encoded once serves several pairs; their drivers differ."""
    sampler = ClipSampler([_clip("one", 40, 30)], torch.device("cpu"), seed=2)
    batch = sampler.pairs(8, drivers=4)
    for start in (0, 4):
        sources = batch.source[start : start + 4]
        assert all(torch.equal(sources[0], source) for source in sources)
        drivers = batch.driving[start : start + 4]
        assert not all(torch.equal(drivers[0], driver) for driver in drivers)
    assert not torch.equal(batch.source[0], batch.source[4])


def test_rare_openings_are_preferred() -> None:
    """With candidates, pairs in which the eyes differ come up far more often than by chance."""
    clip = _clip("one", 40, 40)
    clip.landmarks[:] = clip.landmarks[:1]
    clip.landmarks[:, 36, 0] -= 9  # the outer corners of the eyes
    clip.landmarks[:, 45, 0] += 9
    clip.landmarks[7, [37, 38, 43, 44], 1] -= 4  # one frame with wide open eyes

    def share_of_openings(candidates: int) -> float:
        sampler = ClipSampler([clip], torch.device("cpu"), seed=3)
        batch = sampler.pairs(200, candidates)
        heights = [
            (marks[:, 37] - marks[:, 41]).norm(dim=1)
            for marks in (batch.source_landmarks, batch.driving_landmarks)
        ]
        return float(((heights[0] - heights[1]).abs() > 0.05).float().mean())

    assert share_of_openings(8) > 2 * share_of_openings(1) > 0
