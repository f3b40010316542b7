"""Losses are zero where nothing is wrong and know which way is better."""

from __future__ import annotations

import torch

from avatar_app.fomm.blocks import coordinate_grid
from avatar_app.fomm.networks import Points
from avatar_app.fomm.training.config import KEYPOINT_LANDMARKS
from avatar_app.fomm.training.losses import (
    RandomWarp,
    equivariance,
    landmark_flow,
    landmark_keypoints,
)


def _warp(batch: int = 2) -> RandomWarp:
    return RandomWarp(torch.zeros(batch, 1), torch.Generator().manual_seed(3))


def test_jacobian_of_a_warp_is_its_slope() -> None:
    """The closed form agrees with finite differences."""
    transform = _warp()
    points = torch.rand(2, 6, 2) * 1.6 - 0.8
    step = 1e-2
    for axis in range(2):
        offset = torch.zeros(2)
        offset[axis] = step
        slope = (transform.points(points + offset) - transform.points(points - offset)) / (2 * step)
        torch.testing.assert_close(
            transform.jacobian(points)[..., axis], slope, atol=2e-3, rtol=1e-2
        )


def test_keypoints_that_move_with_the_picture_are_equivariant() -> None:
    """No loss for points found where the warp put them; a loss for points that stayed."""
    transform = _warp()
    warped = Points(torch.rand(2, 4, 2) - 0.5, torch.eye(2).expand(2, 4, 2, 2))
    value = transform.points(warped.value)
    moved = Points(value, transform.jacobian(warped.value))
    for loss in equivariance(moved, warped, transform):
        assert loss < 1e-5
    assert equivariance(Points(value + 0.1, moved.jacobian), warped, transform)[0] > 0.09


def test_a_warped_picture_shows_each_point_where_the_warp_says() -> None:
    """`image` samples at `points`: a picture of its own coordinates becomes the warp's values."""
    transform = _warp(1)
    ramp = coordinate_grid(64, 64, torch.zeros(1)).permute(2, 0, 1)[None]
    warped = transform.image(ramp)
    points = coordinate_grid(64, 64, torch.zeros(1)).flatten(0, 1)[None]
    wanted = transform.points(points).unflatten(1, (64, 64)).permute(0, 3, 1, 2)
    inside = wanted.abs().amax(1, keepdim=True) < 0.9
    assert ((warped - wanted).abs() * inside).max() < 0.01


def test_named_keypoints_on_their_landmarks_cost_nothing() -> None:
    """And a frame without a known face costs nothing either, whatever its keypoints do."""
    landmarks = torch.rand(2, 68, 2)
    value = torch.stack([landmarks[:, list(group)].mean(1) for group in KEYPOINT_LANDMARKS], dim=1)
    points = Points(value, torch.eye(2).expand(2, len(KEYPOINT_LANDMARKS), 2, 2))
    assert landmark_keypoints(points, landmarks) < 1e-6
    assert landmark_keypoints(points._replace(value=value + 0.1), landmarks) > 0.09
    landmarks[:] = torch.nan
    assert landmark_keypoints(points, landmarks) == 0


def test_flow_from_driver_to_source_is_judged_at_the_driving_landmarks() -> None:
    """A deformation that shifts everything by what the landmarks were shifted costs nothing."""
    driving = torch.rand(1, 68, 2) - 0.5
    grid = coordinate_grid(32, 32, driving)[None]
    shift = torch.tensor([0.1, -0.05])
    assert landmark_flow(grid + shift, driving + shift, driving) < 1e-5
    assert landmark_flow(grid, driving + shift, driving) > 0.05
    assert landmark_flow(grid, driving * torch.nan, driving) == 0
