"""Clips in memory, and the batches drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from avatar_app.types import Floats, Image

# The landmarks whose distances say how far eyes and mouth are open: upper and lower edges.
_UPPER = [37, 38, 43, 44, 62, 51]
_LOWER = [41, 40, 47, 46, 66, 57]
_EYES = slice(0, 4)
_MOUTH = slice(4, 6)
_OUTER_CORNERS = [36, 45]
_ENOUGH = 4.0  # standard deviations; a larger difference is rather a wrong landmark

# Where each of the 68 landmarks goes when the picture is mirrored.
_MIRRORED = np.concatenate(
    (
        [*range(16, -1, -1), *range(26, 16, -1)],  # jaw, brows
        [*range(27, 31), *range(35, 30, -1)],  # nose
        [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],  # eyes
        [*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)],  # lips
    )
)


@dataclass(frozen=True, eq=False)
class Clip:
    """`frames` (N, S, S, 3) uint8 RGB; `landmarks` (N, 68, 2) in pixels, NaN where unknown."""

    name: str
    frames: Image
    landmarks: Floats


class Batch(NamedTuple):
    """Pairs of frames of one clip each; images (B, 3, S, S) in [0, 1], landmarks in [-1, 1]."""

    source: Tensor
    driving: Tensor
    driving_seen: Tensor  # the driving frame as a poor webcam would give it
    source_landmarks: Tensor  # (B, 68, 2), NaN where unknown
    driving_landmarks: Tensor


class ClipSampler:
    """Draws augmented pairs; everything after the choice of frames happens on `device`."""

    def __init__(self, clips: Iterable[Clip], device: torch.device, seed: int) -> None:
        """Keep the frames on `device` as uint8; all clips are of one size."""
        frames, landmarks = [], []
        for clip in clips:
            frames.append(torch.from_numpy(clip.frames).to(device))
            # As keypoints are: the centres of the corner pixels lie at -1 and 1.
            marks = clip.landmarks * (2 / (clip.frames.shape[1] - 1)) - 1
            landmarks.append(torch.from_numpy(marks).to(device))
        self._frames, self._landmarks = frames, landmarks
        openness = [_openness(clip_landmarks.cpu().numpy()) for clip_landmarks in landmarks]
        # Eyes and mouth count alike: each by how much it changes within a clip as a rule.
        within = np.concatenate([each - np.median(each, axis=0) for each in openness])
        self._openness = [each / (within.std(axis=0) + 1e-6) for each in openness]
        self._mirrored = torch.from_numpy(_MIRRORED).to(device)
        self._device = device
        self._rng = np.random.default_rng(seed)

    def reseed(self, seed: int) -> None:
        """Draw other pairs from now on, for instance after a run was taken up again."""
        self._rng = np.random.default_rng(seed)

    def pairs(self, count: int, candidates: int = 1, drivers: int = 1) -> Batch:
        """`count` pairs, each of two frames from one clip drawn at random.

        Of several `candidates` for every other source, that pair is taken in which eyes or mouth
        are open most differently: blinks are rare, and nothing is learned from two open eyes. So
        many `drivers`, a divisor of `count`, in a row share a source; the further ones are chosen
        from `candidates`, too.
        """
        sources, driving = [], []
        for number in range(count // drivers):
            clip, source, first = self._pair(candidates if number % 2 else 1)
            others = [self._driver(clip, source, candidates) for _ in range(drivers - 1)]
            sources += [(clip, source)] * drivers
            driving += [(clip, index) for index in (first, *others)]
        chosen = [*sources, *driving]
        return self._augment(
            torch.stack([self._frames[clip][index] for clip, index in chosen]),
            torch.stack([self._landmarks[clip][index] for clip, index in chosen]),
            drivers,
        )

    def _pair(self, candidates: int) -> tuple[int, int, int]:
        """A clip, and a source and a driving frame of it."""
        clips = self._rng.integers(len(self._frames), size=candidates)
        pairs = [
            (int(clip), *self._rng.integers(len(self._frames[clip]), size=2)) for clip in clips
        ]
        return max(pairs, key=lambda pair: self._difference(*pair))

    def _driver(self, clip: int, source: int, candidates: int) -> int:
        """A driving frame for a source."""
        frames = self._rng.integers(len(self._frames[clip]), size=candidates).tolist()
        return int(max(frames, key=lambda driving: self._difference(clip, source, driving)))

    def _difference(self, clip: int, source: int, driving: int) -> float:
        openness = self._openness[clip]
        return float(np.abs(openness[source] - openness[driving]).clip(max=_ENOUGH).max())

    def _augment(self, frames: Tensor, landmarks: Tensor, drivers: int) -> Batch:
        """Mirror, move and recolour both frames of a pair alike, and spoil a copy for detection."""
        count = len(frames) // 2
        images = frames.permute(0, 3, 1, 2).float() / 255  # (2 B, 3, S, S)
        affine = self._random_affine(count // drivers).repeat_interleave(drivers, dim=0)
        grid = F.affine_grid(affine.repeat(2, 1, 1), list(images.shape), align_corners=True)
        images = F.grid_sample(images, grid, padding_mode="reflection", align_corners=True)
        # The grid asks where a new pixel comes from; points go the other way.
        linear = torch.linalg.inv(affine[:, :, :2]).repeat(2, 1, 1)  # (2 B, 2, 2)
        shift = affine[:, None, :, 2].repeat(2, 1, 1)
        landmarks = (landmarks - shift) @ linear.mT
        flipped = torch.linalg.det(linear) < 0
        landmarks = torch.where(flipped[:, None, None], landmarks[:, self._mirrored], landmarks)

        images = self._recolour(images, count, drivers)
        source, driving = images[:count], images[count:]
        return Batch(source, driving, self._spoil(driving), landmarks[:count], landmarks[count:])

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        values = self._rng.uniform(low, high, shape).astype(np.float32)
        return torch.from_numpy(values).to(self._device)

    def _random_affine(self, count: int) -> Tensor:
        """(B, 2, 3): mirrored half of the time, a little turned, scaled and shifted."""
        angle = self._uniform(-0.15, 0.15, count)
        scale = self._uniform(0.88, 1.12, count)
        mirror = torch.where(self._uniform(-1, 1, count) < 0, -1.0, 1.0)
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        shift = self._uniform(-0.08, 0.08, 2, count)
        rows = (
            torch.stack((cos * mirror, -sin, shift[0]), dim=-1),
            torch.stack((sin * mirror, cos, shift[1]), dim=-1),
        )
        return torch.stack(rows, dim=1)

    def _recolour(self, images: Tensor, count: int, drivers: int) -> Tensor:
        sources = count // drivers
        gain = self._uniform(0.8, 1.2, sources, 3, 1, 1) * self._uniform(
            0.75, 1.2, sources, 1, 1, 1
        )
        gamma = self._uniform(0.8, 1.25, sources, 1, 1, 1)
        gain, gamma = (
            part.repeat_interleave(drivers, dim=0).repeat(2, 1, 1, 1) for part in (gain, gamma)
        )
        return (images.clamp(1e-4, 1) ** gamma * gain).clamp(0, 1)

    def _spoil(self, images: Tensor) -> Tensor:
        """Light, blur, noise and a covering patch as a webcam may have them."""
        count = len(images)
        light = self._uniform(0.6, 1.3, count, 1, 1, 1) * self._uniform(0.9, 1.1, count, 3, 1, 1)
        images = images * light + self._uniform(-0.08, 0.08, count, 1, 1, 1)
        soft = F.avg_pool2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
        share = self._uniform(-0.5, 1.0, count, 1, 1, 1).clamp(min=0)
        images = torch.lerp(images, soft, share)
        noise = torch.randn_like(images) * self._uniform(-0.02, 0.05, count, 1, 1, 1).clamp(min=0)
        return (images + noise).clamp(0, 1)


def _openness(landmarks: Floats) -> Floats:
    """(N, 2): how far eyes and mouth are open, over the eyes' distance; 0 where unknown."""
    apart = np.linalg.norm(landmarks[:, _UPPER] - landmarks[:, _LOWER], axis=2)
    outer = landmarks[:, _OUTER_CORNERS]
    width = np.linalg.norm(outer[:, :1] - outer[:, 1:], axis=2)
    parts = np.stack((apart[:, _EYES].mean(1), apart[:, _MOUTH].mean(1)), axis=1)
    return np.asarray(np.nan_to_num(parts / (width + 1e-6)), np.float32)
