"""What others get: the avatar on its ground, the label, the card."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.devices.composition import AI_LABEL, card, compose

AVATAR = np.full((64, 64, 3), 200, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (720, 1280), (512, 512)])
def test_the_avatar_fills_the_height_and_keeps_its_shape(height: int, width: int) -> None:
    """It stands in the middle, and beside it is something darker, no black bar."""
    whole = compose(AVATAR, height, width)
    assert whole.shape == (height, width, 3)
    assert (whole[:, (width - height) // 2 + 2 : (width + height) // 2 - 2] == 200).all()
    if width > height:
        ground = whole[:, : (width - height) // 2 - 2]
        assert 20 < ground.min() <= ground.max() < 150


def test_the_label_can_be_read_and_is_never_mirrored() -> None:
    """It lies in the lower left corner whatever the picture does."""
    plain, labelled = compose(AVATAR, 480, 640), compose(AVATAR, 480, 640, AI_LABEL)
    changed = (plain != labelled).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.min() > 420
    assert columns.max() < 160
    assert labelled[changed].max() > 200  # letters
    assert labelled[changed].min() < 60  # on dark
    mirrored = compose(AVATAR, 480, 640, AI_LABEL, mirror=True)
    assert (mirrored[changed] == labelled[changed]).all()


def test_mirroring_turns_the_picture() -> None:
    """Left becomes right."""
    half = AVATAR.copy()
    half[:, :32] = 20
    assert compose(half, 512, 512)[0, 0, 0] == 20
    assert compose(half, 512, 512, mirror=True)[0, 0, 0] == 200


def test_a_picture_too_small_for_its_label_goes_without() -> None:
    """Nothing breaks at a size nobody uses."""
    assert compose(AVATAR, 16, 16, AI_LABEL).shape == (16, 16, 3)


def test_the_card_says_its_sentence() -> None:
    """Another sentence is another picture; it cannot be written to, as it is kept."""
    one, other = card(480, 640, "Just a moment"), card(480, 640, "Taking a break")
    assert one.shape == (480, 640, 3)
    assert (one != other).any()
    assert not one.flags.writeable
    assert one.max() > 200
