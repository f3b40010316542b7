"""What this implementation adds to the published networks."""

from __future__ import annotations

import torch

from avatar_app.fomm.blocks import coordinate_grid
from avatar_app.fomm.networks import (
    ANCHOR_UNIT,
    DenseMotionNetwork,
    Generator,
    KeypointDetector,
    Motion,
    Points,
)

HOURGLASS = {"block_expansion": 4, "max_features": 16, "num_blocks": 2, "scale_factor": 0.5}


def _generator(blend: bool) -> Generator:
    return Generator(3, 3, 4, 16, 1, 1, HOURGLASS, blend=blend).eval()


def _motion(side: int, shift: float = 0) -> Motion:
    grid = coordinate_grid(side, side, torch.zeros(1))[None] + shift
    empty = torch.zeros(1, 1, side, side)
    return Motion(grid, empty + 1, empty)


def test_a_blending_generator_shows_the_moved_source_where_it_draws_nothing() -> None:
    """With a share near 0 the picture is the source: exactly where at rest, and moved."""
    generator = _generator(blend=True)
    torch.nn.init.zeros_(generator.final.weight)
    assert generator.final.bias is not None
    generator.final.bias.data[-1] = -20
    source = torch.rand(1, 3, 32, 32)
    encoded = generator.encode(source)
    with torch.no_grad():
        still = generator.render(encoded, _motion(16))
        moved = generator.render(encoded, _motion(16, shift=3 * 2 / 31))
    torch.testing.assert_close(still, source, atol=1e-4, rtol=0)
    torch.testing.assert_close(moved[..., :-3, :-3], source[..., 3:, 3:], atol=1e-4, rtol=0)
    torch.testing.assert_close(moved[..., -1, -1], source[..., -1, -1], atol=1e-4, rtol=0)


def test_without_blending_there_is_no_further_output() -> None:
    """The layout stays that of published checkpoints, and the source picture is not kept."""
    plain, blending = _generator(blend=False), _generator(blend=True)
    assert plain.final.out_channels == 3
    assert blending.final.out_channels == 4
    assert plain.state_dict().keys() == blending.state_dict().keys()
    assert plain.encode(torch.rand(1, 3, 32, 32)).picture is None


def test_a_part_drawn_alone_equals_that_part_of_the_whole() -> None:
    """Away from the cut, where convolutions see the same: what training on crops relies on."""
    generator = _generator(blend=True)
    encoded = generator.encode(torch.rand(1, 3, 64, 64))
    points = Points(torch.rand(1, 3, 2) - 0.5, torch.eye(2).expand(1, 3, 2, 2))
    with torch.no_grad():
        motion = generator.dense_motion_network(encoded.small, points, points)
        whole = generator.draw(encoded.features, motion)
        part = motion._replace(
            deformation=motion.deformation[:, 8:24, 8:24],
            occlusion_map=motion.occlusion_map[..., 8:24, 8:24],
        )
        alone = generator.draw(encoded.features, part)
    torch.testing.assert_close(
        alone[..., 12:-12, 12:-12], whole[..., 28:36, 28:36], atol=1e-4, rtol=0
    )


def test_an_anchored_keypoint_decides_where_the_picture_right_at_it_comes_from() -> None:
    """However the mask was drawn: two keypoints close together still move two ways."""
    torch.manual_seed(0)
    network = DenseMotionNetwork(2, 3, 4, 16, 2, 0.5, anchored=True).eval()
    assert network.anchors is not None
    network.anchors.gain.data.fill_(40 / ANCHOR_UNIT)
    driving = torch.tensor([[[0.1, 0.0], [0.1, 0.2]]])
    source = torch.tensor([[[0.1, -0.1], [0.1, 0.3]]])  # the lids are further apart
    upright = torch.eye(2).expand(1, 2, 2, 2)
    with torch.no_grad():
        motion = network(
            torch.rand(1, 3, 64, 64), Points(source, upright), Points(driving, upright)
        )
        found = torch.nn.functional.grid_sample(
            motion.deformation.permute(0, 3, 1, 2), driving[:, None], align_corners=True
        )[:, :, 0].mT
    torch.testing.assert_close(found, source, atol=5e-3, rtol=0)


def test_a_folded_detector_sees_what_the_shrunk_picture_has_lost() -> None:
    """Stripes of one pixel vanish at a quarter of the size; stacked as channels they stay."""
    torch.manual_seed(0)
    grey = torch.full((1, 3, 64, 64), 0.5)
    stripes = grey.clone()
    stripes[..., 16:48:2, 16:48], stripes[..., 17:48:2, 16:48] = 0.0, 1.0
    differences = {}
    for fold in (1, 2):
        detector = KeypointDetector(3, 3, 4, 16, 2, 0.1, 0.25, fold=fold).eval()
        with torch.no_grad():
            (points, heatmap), (other, _) = detector(stripes), detector(grey)
        assert heatmap.shape == (1, 3, 10, 10)
        differences[fold] = (points.value - other.value).abs().max().item()
    assert differences[2] > 5 * differences[1]


def test_a_blending_generator_draws_nothing_at_the_very_edge() -> None:
    """Whatever share it asks for: inside it gets it, at the edge the source itself is shown."""
    generator = _generator(blend=True)
    torch.nn.init.zeros_(generator.final.weight)
    assert generator.final.bias is not None
    generator.final.bias.data[:] = 20  # white, everywhere
    source = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        rendered = generator.render(generator.encode(source), _motion(32))
    torch.testing.assert_close(rendered[..., 8:-8, 8:-8], torch.ones(1, 3, 48, 48))
    assert (rendered[..., 0, :] - source[..., 0, :]).abs().max() < 0.07
    assert (rendered[..., :, -1] - source[..., :, -1]).abs().max() < 0.07
