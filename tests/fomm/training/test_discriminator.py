"""The discriminator is the published one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from avatar_app.fomm.training.discriminator import Discriminator

SPEC = json.loads((Path(__file__).parents[1] / "golden" / "state_dict_spec.json").read_text())


@pytest.mark.parametrize("name", SPEC)
def test_discriminator_has_the_published_parameters(name: str) -> None:
    """Every name and shape of the published discriminator, and no other."""
    params = SPEC[name]["model_params"]
    common = {key: params["common_params"][key] for key in ("num_kp", "num_channels")}
    discriminator = Discriminator(**common, **params["discriminator_params"])
    have = {key: list(value.shape) for key, value in discriminator.state_dict().items()}
    assert have == SPEC[name]["discriminator"]


def test_discriminator_judges_patches_of_a_picture() -> None:
    """One realness map and one feature map a block, for pictures with keypoints."""
    discriminator = Discriminator(4, 3, 8, 32, 3, [1])
    ((maps, realness),) = discriminator(torch.rand(2, 3, 64, 64), torch.zeros(2, 4, 2))
    assert len(maps) == 3
    assert realness.shape[:2] == (2, 1)
