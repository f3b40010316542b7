"""What the ruler measures on numbered pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from avatar_app.evaluation.ruler import SPARSE, Ruler
from avatar_app.types import Avatar, Floats, Image
from tests.evaluation.constructed import SIZE, FakeFinder, landmarks, picture, take_of

FACES: list[Floats | None] = [landmarks(yaw=3 * number) for number in range(SPARSE + 2)]


def brightness_apart(references: Sequence[Image], *others: Sequence[Image]) -> list[list[float]]:
    """Stand in for LPIPS: the difference of the mean brightness."""
    rows = [row if len(row) > 1 else list(row) * len(references) for row in others]
    return [
        [float(abs(a.mean() - b.mean())) for a, b in zip(references, row, strict=True)]
        for row in rows
    ]


def test_a_copy_of_the_driver_is_without_fault() -> None:
    """All distances are zero, and each driver's look is the rendered one's."""
    take = take_of(FACES)
    ruler = Ruler(FakeFinder(FACES), brightness_apart)
    found = ruler.reconstruction(take, {"copy": list(take.images)})["copy"]
    assert [record.l1 for record in found] == [0] * len(FACES)
    assert all(r.driver and r.rendered for r in found)
    assert [r.lpips for r in found if r.lpips is not None] == [0, 0]
    assert [r.identity for r in found if r.identity is not None] == [0, 0]


def test_costly_measures_are_taken_in_every_few_frames_only() -> None:
    """LPIPS and identity stand at the same, sparse frames; L1 at all."""
    take = take_of(FACES)
    ruler = Ruler(FakeFinder(FACES), brightness_apart)
    found = ruler.reconstruction(take, {"copy": list(take.images)})["copy"]
    assert [i for i, r in enumerate(found) if r.lpips is not None] == [0, SPARSE]
    assert [i for i, r in enumerate(found) if r.identity is not None] == [0, SPARSE]
    assert all(record.l1 is not None for record in found)


def test_a_still_picture_is_searched_once_and_compared_with_every_frame() -> None:
    """The anchor costs one search; its L1 grows as the numbers go on."""
    take, finder = take_of(FACES), FakeFinder(FACES)
    still = [take.images[0]] * len(FACES)
    found = Ruler(finder, brightness_apart).reconstruction(take, {"still": still})["still"]
    assert finder.searched == [0]
    assert [r.l1 for r in found] == pytest.approx([n / 255 for n in range(len(FACES))])
    assert found[SPARSE].lpips == SPARSE


def test_without_lpips_the_rest_is_measured() -> None:
    """Weights that are missing cost one measure, not the run."""
    take = take_of(FACES)
    ruler = Ruler(FakeFinder(FACES), None)
    found = ruler.reconstruction(take, {"copy": list(take.images)})["copy"]
    assert {record.lpips for record in found} == {None}
    assert found[0].l1 == 0


def test_a_portrait_is_held_against_its_own_photo() -> None:
    """Identity is the distance to the photo's descriptor, not to the driver's."""
    ruler = Ruler(FakeFinder(FACES), None)
    avatar = Avatar("amara", picture(2))
    found = ruler.portrait(take_of(FACES), avatar, [picture(5)] * len(FACES))
    assert found[0].identity == pytest.approx(3)
    assert found[0].l1 is None


def test_jitter_of_a_renderer_that_does_not_move_is_zero() -> None:
    """Landmarks that stand still shake by nothing."""
    ruler = Ruler(FakeFinder([*FACES, *FACES]), None)
    jitter = ruler.jitter(take_of(FACES), lambda shot: picture(1))
    assert jitter is not None
    assert jitter.rendered == pytest.approx(0, abs=1e-3)


def test_jitter_is_the_spread_of_the_landmarks_in_pixels_at_256() -> None:
    """Landmarks that jump by two pixels of 32 between two places shake by eight of 256."""
    known = [landmarks(), landmarks() + np.array((2, 0), np.float32)]
    flip = iter([0, 1] * 8)
    jitter = Ruler(FakeFinder(known), None).jitter(
        take_of([landmarks()]), lambda shot: picture(next(flip))
    )
    assert jitter is not None
    assert jitter.rendered == pytest.approx(256 / SIZE, abs=1e-3)


def test_jitter_is_not_known_where_the_rendered_face_is_lost() -> None:
    """None, and no exception."""
    ruler = Ruler(FakeFinder([*FACES, *[None] * 90]), None)
    assert ruler.jitter(take_of(FACES), lambda shot: picture(90)) is None
