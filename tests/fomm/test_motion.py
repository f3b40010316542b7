"""The algebra of motion transfer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from avatar_app.fomm import motion
from avatar_app.types import Floats, KeyPoints

GOLDEN = Path(__file__).parent / "golden"
COUNT = 6

_values = arrays.arrays(np.float32, (1, COUNT, 2), elements=st.floats(-0.1875, 0.1875, width=32))
_shears = arrays.arrays(np.float32, (1, COUNT, 2, 2), elements=st.floats(-0.375, 0.375, width=32))
_factors = st.floats(0.25, 4)
few = settings(max_examples=30, deadline=None)


def floats(nested: Sequence[object]) -> Floats:
    """The nested numbers as an array."""
    return np.array(nested, np.float32)


@st.composite
def keypoints(draw: st.DrawFn) -> KeyPoints:
    """A face: points spread over an area, local affine parts that can be inverted."""
    corners = floats([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [0, 0], [0.25, 0]])
    value = np.add(corners, draw(_values), dtype=np.float32)
    return KeyPoints(value, np.eye(2, dtype=np.float32) + draw(_shears))


def moved(points: KeyPoints, scale: float = 1.0, shift: float = 0.0) -> KeyPoints:
    """The same pose elsewhere and at another size."""
    value = points.value * np.float32(scale) + np.float32(shift)
    return KeyPoints(value, points.jacobian)


@few
@given(keypoints(), keypoints(), st.booleans())
def test_initial_pose_gives_source(source: KeyPoints, initial: KeyPoints, adapt: bool) -> None:
    """The neutral pose means the avatar's own, whatever the two faces look like."""
    given_back = motion.relative_transfer(source, initial, adapt_scale=adapt)(initial)
    np.testing.assert_allclose(given_back.value, source.value, atol=1e-5)
    np.testing.assert_allclose(given_back.jacobian, source.jacobian, atol=1e-4)


@few
@given(keypoints(), keypoints())
def test_absolute_transfer_is_identity(source: KeyPoints, driving: KeyPoints) -> None:
    """Absolute motion hands the driver's keypoints through."""
    out = motion.absolute_transfer(source)(driving)
    np.testing.assert_array_equal(out.value, driving.value)
    np.testing.assert_array_equal(out.jacobian, driving.jacobian)


@few
@given(keypoints(), keypoints(), keypoints(), st.floats(-0.5, 0.5))
def test_place_of_driver_does_not_matter(
    source: KeyPoints, initial: KeyPoints, driving: KeyPoints, shift: float
) -> None:
    """A driver who sits elsewhere in the picture all the time gives the same avatar."""
    here = motion.relative_transfer(source, initial)(driving)
    there = motion.relative_transfer(source, moved(initial, shift=shift))(
        moved(driving, shift=shift)
    )
    np.testing.assert_allclose(here.value, there.value, atol=1e-4)


@few
@given(keypoints(), keypoints(), keypoints(), _factors)
def test_size_of_driver_does_not_matter(
    source: KeyPoints, initial: KeyPoints, driving: KeyPoints, factor: float
) -> None:
    """A driver nearer to the camera gives the same avatar, because movements are scaled."""
    near = motion.relative_transfer(source, initial)(driving)
    far = motion.relative_transfer(source, moved(initial, factor))(moved(driving, factor))
    np.testing.assert_allclose(near.value, far.value, atol=1e-3)


@few
@given(keypoints(), keypoints(), st.floats(-0.5, 0.5))
def test_shift_of_driver_is_scaled(source: KeyPoints, initial: KeyPoints, shift: float) -> None:
    """A shift of the driver shifts the avatar by as much times the movement scale."""
    out = motion.relative_transfer(source, initial)(moved(initial, shift=shift))
    expected = source.value + motion.movement_scale(source, initial) * shift
    np.testing.assert_allclose(out.value, expected, atol=1e-4)


@few
@given(keypoints(), keypoints(), keypoints())
def test_first_order_turns_neighbourhoods_as_the_driver_does(
    source: KeyPoints, initial: KeyPoints, driving: KeyPoints
) -> None:
    """The local affine part follows J_driving @ inv(J_initial) @ J_source."""
    out = motion.relative_transfer(source, initial)(driving)
    expected = driving.jacobian @ np.linalg.inv(initial.jacobian) @ source.jacobian
    np.testing.assert_allclose(out.jacobian, expected, atol=1e-3)


@few
@given(keypoints(), keypoints(), keypoints(), st.booleans())
def test_zeroth_order_only_shifts(
    source: KeyPoints, initial: KeyPoints, driving: KeyPoints, absolute: bool
) -> None:
    """Without first order the affine parts of source and rendered pose cancel, as in Monkey-Net."""
    if absolute:
        transfer = motion.absolute_transfer(source, first_order=False)
    else:
        transfer = motion.relative_transfer(source, initial, first_order=False)
    relative = source.jacobian @ motion.inverse(transfer(driving).jacobian)
    np.testing.assert_allclose(relative, np.broadcast_to(np.eye(2), relative.shape), atol=1e-4)


@few
@given(keypoints(), keypoints(), _factors)
def test_movement_scale_follows_sizes(source: KeyPoints, initial: KeyPoints, factor: float) -> None:
    """Twice the avatar's face doubles movements, twice the driver's halves them."""
    scale = motion.movement_scale(source, initial)
    assert motion.movement_scale(moved(source, factor), initial) == pytest.approx(
        scale * factor, rel=1e-3
    )
    assert motion.movement_scale(source, moved(initial, factor)) == pytest.approx(
        scale / factor, rel=1e-3
    )
    assert motion.movement_scale(source, source) == pytest.approx(1)


def test_driver_without_area_keeps_scale_one() -> None:
    """Keypoints that fall together do not blow the movements up."""
    spot = KeyPoints(np.zeros((1, 4, 2), np.float32), np.zeros((1, 4, 2, 2), np.float32))
    wide = KeyPoints(floats([[[0, 0], [1, 0], [1, 1], [0, 1]]]), spot.jacobian)
    assert motion.movement_scale(wide, spot) == 1.0


def test_singular_calibration_stays_finite() -> None:
    """A neutral pose with singular jacobians gives finite keypoints instead of an error."""
    value = floats([[[0, 0], [1, 0], [0, 1]]])
    singular = KeyPoints(value, np.zeros((1, 3, 2, 2), np.float32))
    regular = KeyPoints(value, np.eye(2, dtype=np.float32) + singular.jacobian)
    out = motion.relative_transfer(regular, singular)(regular)
    assert np.isfinite(out.jacobian).all()


@few
@given(
    arrays.arrays(np.float32, (2, 2), elements=st.floats(-10, 10, width=32)),
)
def test_inverse_is_finite_and_right(matrix: Floats) -> None:
    """The guarded inverse equals the true one wherever that is well behaved."""
    inverted = motion.inverse(matrix)
    assert np.isfinite(inverted).all()
    if abs(motion.determinant(matrix)) > 0.1:
        np.testing.assert_allclose(inverted @ matrix, np.eye(2), atol=2e-3)


@few
@given(arrays.arrays(np.float32, (9, 2), elements=st.floats(-1, 1, width=16)))
def test_hull_holds_every_point(points: Floats) -> None:
    """No point lies outside the hull, and inner points do not change its area."""
    corners = motion.hull(points).astype(np.float64)
    if len(corners) < 3:
        assert motion.hull_area(points) == 0
        return
    edges = np.roll(corners, -1, axis=0) - corners
    away = points[:, None].astype(np.float64) - corners
    assert (edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0] >= -1e-6).all()
    middle = points.mean(axis=0, keepdims=True)
    area = motion.hull_area(np.concatenate((points, middle)))
    assert area == pytest.approx(motion.hull_area(points), abs=1e-6)


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([(0, 0), (2, 0), (2, 2), (0, 2)], 4),
        ([(0, 0), (2, 0), (2, 2), (0, 2), (1, 1), (1, 0)], 4),
        ([(0, 0), (4, 0), (0, 3)], 6),
        ([(0, 0), (1, 1), (2, 2)], 0),
        ([(5, 5), (5, 5), (5, 5)], 0),
        ([(-0.0, 0), (0, 0), (0, 0)], 0),
    ],
)
def test_hull_area(points: list[tuple[float, float]], area: float) -> None:
    """Known shapes have their known areas."""
    assert motion.hull_area(floats(points)) == pytest.approx(area)


@few
@given(keypoints(), keypoints(), _factors, st.floats(-1, 1))
def test_pose_distance_ignores_place_and_size(
    a: KeyPoints, b: KeyPoints, factor: float, shift: float
) -> None:
    """The distance sees the pose alone, is symmetric, and is zero for equal poses."""
    distance = motion.pose_distance(a, b)
    assert motion.pose_distance(b, a) == pytest.approx(distance)
    assert motion.pose_distance(a, moved(b, factor, shift)) == pytest.approx(distance, abs=1e-3)
    assert motion.pose_distance(a, moved(a, factor, shift)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", ["tiny-64", "vox-adv-256"])
def test_golden_relative_keypoints(name: str) -> None:
    """The published implementation's relative keypoints, with its movement scale, to 1e-4."""
    golden = np.load(GOLDEN / f"golden_{name}.npz")
    source, initial, driving = (
        KeyPoints(golden[f"kp_{which}_value"], golden[f"kp_{which}_jacobian"])
        for which in ("source", "initial", "driving")
    )
    transfer = motion.relative_transfer(source, initial)
    assert transfer.scale == pytest.approx(float(golden["movement_scale"]), abs=1e-5)
    out = transfer(driving)
    np.testing.assert_allclose(out.value, golden["kp_relative_value"], atol=1e-4)
    np.testing.assert_allclose(out.jacobian, golden["kp_relative_jacobian"], atol=1e-4)
