"""The face cut out upright, and what its texture tells."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from avatar_app.glitch.signals import chip as chips
from avatar_app.types import Floats
from tests.evaluation.constructed import landmarks


def pattern() -> Floats:
    """Return a chip with detail everywhere."""
    noise = np.random.default_rng(0).uniform(0, 255, (chips.SIDE, chips.SIDE))
    return np.asarray(cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 1), np.float32)


@pytest.mark.parametrize(("roll", "unit", "centre"), [(0, 60, (128, 128)), (25, 90, (100, 140))])
def test_eye_corners_come_to_lie_in_one_place(
    roll: float, unit: float, centre: tuple[float, float]
) -> None:
    """Wherever the face is, however large and tilted, its eyes end where they always do."""
    points = landmarks(roll=roll, unit=unit, centre=centre)
    turn = chips.upright(points)
    eyes = points[[36, 45]] @ turn[:, :2].T + turn[:, 2]
    expected = landmarks()
    usual = chips.upright(expected)
    assert np.allclose(eyes, expected[[36, 45]] @ usual[:, :2].T + usual[:, 2], atol=0.5)


def test_another_light_on_the_face_alone_is_a_tint() -> None:
    """Warmer light on everything is none, nor is a darker picture; a blue face is."""
    rng = np.random.default_rng(0)
    picture = np.asarray(rng.integers(80, 160, (256, 256, 3)), np.uint8)
    place = chips.upright(landmarks())
    usual = chips.tints(picture, place)
    warm, dark = picture * np.array([1.2, 1, 0.9]), picture * 0.7
    face = picture.astype(np.float32)
    face[60:200, 60:200] *= (0.75, 0.95, 1.2)

    def tint(image: npt.NDArray[np.generic]) -> float:
        return chips.tint(chips.tints(np.asarray(image, np.uint8), place), usual)

    assert tint(picture) == pytest.approx(0)
    assert abs(tint(warm)) < 0.01
    assert abs(tint(dark)) < 0.01
    assert tint(face) > 0.05
    assert tint(np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)) == 0


@pytest.mark.parametrize("wall", [(120, 120, 120), (150, 120, 90)])
def test_colours_that_fade_or_come_back_in_all_of_the_picture_are_no_tint(
    wall: tuple[int, int, int],
) -> None:
    """A camera does that, before a grey wall too; a face that turns grey alone is another thing."""
    picture = np.full((256, 256, 3), wall, np.float32)
    picture[40:220, 40:220] = (170, 120, 100)
    grey = picture.mean(axis=2, keepdims=True)
    faded, pale_face = 0.4 * picture + 0.6 * grey, picture.copy()
    pale_face[60:200, 60:200] = faded[60:200, 60:200]
    place = chips.upright(landmarks())
    usual, fading, gone, alone = (
        chips.tints(np.asarray(one, np.uint8), place)
        for one in (picture, faded, np.broadcast_to(grey, picture.shape), pale_face)
    )
    assert chips.tint(fading, usual) == 0
    assert chips.tint(gone, usual) == chips.tint(usual, gone) == 0
    has_colour = wall[0] != wall[2]
    assert (chips.tint(usual, fading) == 0) == has_colour
    assert (chips.tint(alone, usual) > 0.05) == has_colour
    # Before a grey wall nobody knows whose doing it is that colours are gone; a face that turns
    # redder is its own.


@pytest.mark.parametrize("size", [1, 2, 7, 1728])
def test_what_a_share_of_values_lies_below_is_as_numpy_says(size: int) -> None:
    """Of one value, of an even and of an odd number of them, in whatever shape."""
    values = np.random.default_rng(size).normal(size=(size, 1)).astype(np.float32)
    for share in (0.0, 0.5, 0.95, 1.0):
        assert chips.quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)
    assert chips.median(values) == pytest.approx(np.median(values), abs=1e-6)


def test_what_changes_is_named_by_its_part() -> None:
    """A melted mouth changes the mouth most and leaves the eyes alone."""
    before = pattern()
    after = before.copy()
    rows, columns = chips.PARTS["mouth"]
    after[rows, columns] = 255 - after[rows, columns]
    for found in (chips.changes(after, before), chips.strangeness(after, before)):
        assert max(found, key=lambda part: found[part]) == "mouth"
        assert found["eyes"] == pytest.approx(0, abs=0.01)
        assert found["mouth"] > 0.3


def test_light_is_no_strangeness() -> None:
    """The same face brighter and with more contrast looks as ever."""
    face = pattern()
    assert max(chips.strangeness(face * 0.5 + 40, face).values()) < 0.01


def test_smearing_costs_sharpness() -> None:
    """Each blur takes fine detail, and darkness alone takes next to none."""
    face = pattern()
    blurred = np.asarray(cv2.GaussianBlur(face, (0, 0), 2), np.float32)
    assert chips.sharpness(blurred) < chips.sharpness(face) - 1
    assert chips.sharpness(face * 0.5) == pytest.approx(chips.sharpness(face), abs=0.1)


def test_black_counts_at_the_rim_only() -> None:
    """A black bar along one side is a fault of the warp; black hair in the middle is none."""
    image = np.full((64, 64, 3), 120, np.uint8)
    image[20:40, 20:40] = 0
    assert chips.black_share(image) == 0
    image[:, :8] = 0
    assert 0.2 < chips.black_share(image) < 0.4


def test_parts_are_measured_as_numpy_measures_them() -> None:
    """Their means, and their correlation with what is usual; a plain part is unlike anything."""
    face = pattern()
    usual = np.asarray(0.7 * face + 0.3 * np.roll(face, 1, axis=0), np.float32)
    face[chips.PARTS["chin"]] = 90
    means, strange = chips.part_means(face), chips.strangeness(face, usual)
    for part, cells in chips.PARTS.items():
        assert means[part] == pytest.approx(face[cells].mean(), rel=1e-6)
        if part != "chin":
            spread = float(face[cells].std()) * float(usual[cells].std())
            alike = float(np.corrcoef(face[cells].ravel(), usual[cells].ravel())[0, 1])
            assert strange[part] == pytest.approx(1 - alike * spread / (spread + 1), abs=1e-5)
    assert strange["chin"] == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("shape", [(64, 64), (40, 90), (33, 48), (5, 4)])
def test_each_pixel_of_the_rim_counts_once(shape: tuple[int, int]) -> None:
    """Black is what is dark in all of its colours."""
    image = np.random.default_rng(0).integers(0, 12, (*shape, 3), dtype=np.uint8)
    rim = max(2, min(shape) // 16)
    is_rim = np.ones(shape, bool)
    is_rim[rim:-rim, rim:-rim] = False
    expected = (image.max(axis=2) <= 6)[is_rim].mean()
    assert chips.black_share(image) == pytest.approx(expected)
    image.setflags(write=False)
    assert chips.black_share(image) == pytest.approx(expected)
