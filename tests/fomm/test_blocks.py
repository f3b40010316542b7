"""The fast forms of convolutions equal the plain ones; singular matrices break nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avatar_app.fomm.blocks import (
    SettledUpBlock,
    UpBlock,
    convolve_by_fours,
    convolve_doubled,
    convolve_together,
    inverse_2x2,
    product_2x2,
)


@pytest.mark.parametrize(("channels", "outputs", "side"), [(5, 7, 6), (3, 2, 9)])
def test_convolving_the_doubled_picture_needs_no_doubled_picture(
    channels: int, outputs: int, side: int
) -> None:
    """Equal, borders included, to nearest-neighbour doubling and then convolving."""
    convolution = nn.Conv2d(channels, outputs, 3, padding=1)
    x = torch.randn(2, channels, side, side + 1)
    plain = convolution(F.interpolate(x, scale_factor=2.0))
    torch.testing.assert_close(convolve_doubled(x, convolution), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("channels", "outputs", "side"), [(5, 7, 6), (3, 2, 9)])
def test_a_settled_block_equals_the_one_it_was(channels: int, outputs: int, side: int) -> None:
    """Borders and the statistics of its batch norm included."""
    block = UpBlock(channels, outputs).eval()
    for numbers in (block.norm.running_mean, block.norm.weight, block.norm.bias):
        assert numbers is not None
        nn.init.normal_(numbers)
    assert block.norm.running_var is not None
    nn.init.uniform_(block.norm.running_var, 0.5, 2)
    x = torch.randn(2, channels, side, side + 1)
    torch.testing.assert_close(SettledUpBlock(block)(x), block(x), atol=1e-5, rtol=1e-5)


def test_convolving_by_fours_equals_the_plain_convolution() -> None:
    """Equal, borders included, for the 7 x 7 kernel of the last layer."""
    convolution = nn.Conv2d(6, 3, 7, padding=3)
    x = torch.randn(2, 6, 10, 12)
    torch.testing.assert_close(
        convolve_by_fours(x, convolution), convolution(x), atol=1e-5, rtol=1e-5
    )


def test_convolving_together_equals_one_by_one() -> None:
    """Each gets its own outputs back."""
    pair = nn.Conv2d(4, 5, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
    x = torch.randn(2, 4, 8, 8)
    for together, convolution in zip(convolve_together(x, *pair), pair, strict=True):
        torch.testing.assert_close(together, convolution(x), atol=1e-5, rtol=1e-5)


def test_inverse_of_a_singular_matrix_stays_finite() -> None:
    """A collapsed jacobian breaks the picture, not the program."""
    assert inverse_2x2(torch.zeros(1, 2, 2)).isfinite().all()
    matrix = torch.tensor([[2.0, 1.0], [0.5, -3.0]])
    np.testing.assert_allclose(product_2x2(matrix, inverse_2x2(matrix)), np.eye(2), atol=1e-6)
