"""What this implementation adds to the published networks."""

from __future__ import annotations

import torch

from avatar_app.fomm.blocks import coordinate_grid
from avatar_app.fomm.networks import Generator, Motion, Points

HOURGLASS = {"block_expansion": 4, "max_features": 16, "num_blocks": 2, "scale_factor": 0.5}


def _generator(blend: bool) -> Generator:
    return Generator(3, 3, 4, 16, 1, 1, HOURGLASS, blend=blend).eval()


def _still(side: int) -> Motion:
    grid = coordinate_grid(side, side, torch.zeros(1))[None]
    # The sampling grid of PyTorch ends at the pixels' edges, coordinates end at their centres.
    empty = torch.zeros(1, 1, side, side)
    return Motion(grid * (side - 1) / side, empty + 1, empty, empty)


def test_a_blending_generator_shows_the_moved_source_where_it_draws_nothing() -> None:
    """With the share of drawn pixels near 0 the picture is the source, moved."""
    generator = _generator(blend=True)
    torch.nn.init.zeros_(generator.final.weight)
    generator.final.bias.data[-1] = -20
    source = torch.rand(1, 3, 32, 32)
    encoded = generator.encode(source)
    with torch.no_grad():
        still = generator.paint(encoded, _still(16))
        shifted = generator.paint(
            encoded, _still(16)._replace(deformation=_still(16).deformation + 4 / 32)
        )
    inside = slice(2, -2)
    torch.testing.assert_close(
        still[..., inside, inside], source[..., inside, inside], atol=1e-4, rtol=0
    )
    torch.testing.assert_close(shifted[..., 3:-5, 3:-5], source[..., 5:-3, 5:-3], atol=1e-4, rtol=0)


def test_without_blending_there_is_no_further_output() -> None:
    """The layout stays that of published checkpoints, and the source picture is not kept."""
    plain, blending = _generator(blend=False), _generator(blend=True)
    assert plain.final.out_channels == 3
    assert blending.final.out_channels == 4
    assert plain.state_dict().keys() == blending.state_dict().keys()
    assert plain.encode(torch.rand(1, 3, 32, 32)).picture is None


def test_a_part_painted_alone_equals_that_part_of_the_whole() -> None:
    """Away from the cut, where convolutions see the same: what training on crops relies on."""
    generator = _generator(blend=True)
    encoded = generator.encode(torch.rand(1, 3, 64, 64))
    points = Points(torch.rand(1, 3, 2) - 0.5, torch.eye(2).expand(1, 3, 2, 2))
    with torch.no_grad():
        motion = generator.dense_motion_network(encoded.small, points, points)
        whole = generator.render(encoded, motion)
        part = motion._replace(
            deformation=motion.deformation[:, 8:24, 8:24],
            occlusion_map=motion.occlusion_map[..., 8:24, 8:24],
        )
        alone = generator.paint(encoded, part)
    torch.testing.assert_close(
        alone[..., 12:-12, 12:-12], whole[..., 28:36, 28:36], atol=1e-4, rtol=0
    )
