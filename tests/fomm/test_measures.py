"""The model's own failure measures, on cases whose answer is known."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from avatar_app.fomm import measures
from avatar_app.fomm.runtime import Choice, Detection, Picture, start
from avatar_app.types import Floats, KeyPoints
from tests.fomm import golden_case

H = W = 64


def still() -> Floats:
    """The deformation that moves nothing."""
    x, y = np.meshgrid(np.linspace(-1, 1, W), np.linspace(-1, 1, H))
    return np.stack((x, y), axis=-1).astype(np.float32)


def even_heatmap(count: int = 3) -> Floats:
    """A heatmap that knows nothing."""
    return np.full((count, H, W), 1 / (H * W), np.float32)


def sharp_heatmap(count: int = 3) -> Floats:
    """A heatmap that is certain."""
    heatmap = np.zeros((count, H, W), np.float32)
    heatmap[:, 20, 40] = 1
    return heatmap


def turned(angle: float, stretch: float = 1.0) -> Floats:
    """A turn after a stretch along x."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos * stretch, -sin], [sin * stretch, cos]], np.float32)


def test_certain_heatmap() -> None:
    """All in one cell: no spread, no entropy, full peak."""
    heatmap = sharp_heatmap()
    assert measures.heatmap_spread(heatmap) == pytest.approx(0, abs=1e-3)
    assert measures.heatmap_entropy(heatmap) == pytest.approx(0, abs=1e-6)
    assert measures.heatmap_peak(heatmap) == 1


def test_even_heatmap() -> None:
    """Spread over everything: full entropy, the spread of a square."""
    heatmap = even_heatmap()
    assert measures.heatmap_spread(heatmap) == pytest.approx(np.sqrt(2 / 3), abs=0.02)
    assert measures.heatmap_entropy(heatmap) == pytest.approx(1, abs=1e-4)
    assert measures.heatmap_peak(heatmap) == pytest.approx(1 / (H * W))


def test_doubtful_heatmap_is_between() -> None:
    """Two far places share the heatmap: the spread is half their distance, the peak one half."""
    heatmap = np.zeros((1, H, W), np.float32)
    heatmap[0, 10, 0] = heatmap[0, 10, W - 1] = 0.5
    assert measures.heatmap_spread(heatmap) == pytest.approx(1, abs=1e-3)
    assert measures.heatmap_peak(heatmap) == 0.5


@pytest.mark.parametrize(
    ("matrix", "condition"),
    [
        (turned(0.7), 1),
        (turned(-2.0, 3.0), 3),
        (5 * turned(0.3, 1 / 4), 4),
        (np.array([[1, 0], [0, -2]], np.float32), 2),
        (np.array([[1, 1], [1, 1]], np.float32), 1e6),
        (np.zeros((2, 2), np.float32), 1),
    ],
)
def test_worst_condition(matrix: Floats, condition: float) -> None:
    """The ratio of the stretches, whatever the turn and the size; a collapse gives the limit."""
    several = np.stack((np.eye(2, dtype=np.float32), matrix))
    assert measures.worst_condition(several) == pytest.approx(condition, rel=1e-3)


def test_unfolded_deformations() -> None:
    """A picture that is moved, turned and stretched does not fold."""
    for matrix in (turned(0), turned(1.0), turned(0.2, 0.1)):
        assert measures.fold_share(still() @ matrix + np.float32(0.3)) == 0


def test_folded_deformations() -> None:
    """A mirrored picture is folded everywhere, a half mirrored one in that half."""
    mirrored = still() * np.array([-1, 1], np.float32)
    assert measures.fold_share(mirrored) == 1
    half = still()
    half[..., 0] = np.abs(half[..., 0])
    assert measures.fold_share(half) == pytest.approx(0.5, abs=0.02)


def test_out_of_range() -> None:
    """Cells that look outside the source are counted: none, a quarter, all."""
    assert measures.out_of_range_share(still()) == 0
    assert measures.out_of_range_share(still() + np.float32(3)) == 1
    right = still()
    right[..., 0] += 0.5
    assert measures.out_of_range_share(right) == pytest.approx(0.25, abs=0.02)


def test_inside_hull() -> None:
    """The hull of a centred square of half the side covers a quarter of the cells."""
    corners = np.array([[-0.5, -0.5], [0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [0, 0]], np.float32)
    inside = measures.inside_hull(corners, H, W)
    assert inside.mean() == pytest.approx(0.25, abs=0.01)
    assert inside[H // 2, W // 2]
    assert not inside[0, 0]
    assert not inside[H // 2, 0]


def test_hull_is_upright() -> None:
    """Points are x, y and cells row, column: a wide face covers columns."""
    wide = np.array([[-0.9, -0.1], [0.9, -0.1], [0.9, 0.1], [-0.9, 0.1]], np.float32)
    inside = measures.inside_hull(wide, 32, W)
    assert inside.any(axis=0).sum() > 50
    assert inside.any(axis=1).sum() < 6


@pytest.mark.parametrize(
    "points", [[(0, 0)] * 4, [(-1, -1), (0, 0), (1, 1)], [(2, 2), (3, 2), (2, 3)]]
)
def test_hull_without_cells(points: list[tuple[float, float]]) -> None:
    """Points on a spot, a line or outside the picture take the whole of it."""
    assert measures.inside_hull(np.array(points, np.float32), H, W).all()


def a_case(
    *, jacobian: Floats | None = None, occlusion: float = 1.0, residual: float = 0.0
) -> dict[str, float]:
    """The measures of a frame that is fine but for what is given."""
    value = np.array([[[-0.5, -0.5], [0.5, -0.5], [0, 0.5]]], np.float32)
    plain = np.broadcast_to(np.eye(2, dtype=np.float32), (1, 3, 2, 2))
    source = KeyPoints(value, plain)
    pose = KeyPoints(value, plain if jacobian is None else plain @ jacobian)
    picture = Picture(
        np.zeros((256, 256, 3), np.uint8),
        still(),
        np.full((H, W), occlusion, np.float32),
        np.full((H, W), residual, np.float32),
    )
    return measures.measure(Detection(source, sharp_heatmap()), source, pose, picture)


def test_fine_frame() -> None:
    """Where nothing is wrong every fault is zero."""
    found = a_case()
    assert found["jacobian_condition"] == pytest.approx(1)
    assert found["jacobian_determinant"] == pytest.approx(1)
    for name in (
        "jacobian_flipped_share",
        "fold_share",
        "out_of_range_share",
        "occlusion_area",
        "hallucination",
    ):
        assert found[name] == 0


def test_flipped_jacobians() -> None:
    """A mirrored neighbourhood shows in sign and share."""
    found = a_case(jacobian=np.array([[1, 0], [0, -1]], np.float32))
    assert found["jacobian_determinant"] == pytest.approx(-1)
    assert found["jacobian_flipped_share"] == 1


def test_singular_jacobians() -> None:
    """A collapsed neighbourhood is a huge but finite condition."""
    found = a_case(jacobian=np.array([[1, 1], [1, 1]], np.float32))
    assert 1e3 < found["jacobian_condition"] <= 1e6
    assert all(np.isfinite(list(found.values())))


def test_hallucination_needs_both() -> None:
    """Only what is occluded and differs from the moved source is made up."""
    assert a_case(occlusion=0.25)["occlusion_area"] == pytest.approx(0.75)
    assert a_case(occlusion=0.25)["hallucination"] == 0
    assert a_case(residual=0.5)["hallucination"] == 0
    assert a_case(occlusion=0.25, residual=0.5)["hallucination"] == pytest.approx(0.375)


def test_cost(tmp_path: Path) -> None:
    """All measures together take less than a tenth of what a small network needs for a frame."""
    runtime = start(golden_case.live_sized(tmp_path), Choice("torch", "cpu", ""), "float32")
    image = golden_case.Golden("vox-adv-256").image("driving")
    source = runtime.encode(image)
    frames, laps = [], []
    for _ in range(5):
        began = time.perf_counter()
        detection = runtime.detect(image)
        picture = runtime.render(source, detection.keypoints)
        rendered = time.perf_counter()
        measures.measure(detection, source.keypoints, detection.keypoints, picture)
        laps.append(time.perf_counter() - rendered)
        frames.append(rendered - began)
    assert min(laps) < min(frames) / 10
