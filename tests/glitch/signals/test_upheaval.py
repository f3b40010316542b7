"""Each measure on a face that was bent, covered, torn or shaken on purpose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import upheaval
from avatar_app.glitch.signals.chip import chip, upright
from avatar_app.settings import bundled
from avatar_app.types import Floats


@pytest.fixture(scope="module")
def face() -> Floats:
    """Return the chip of a bundled portrait."""
    image = cv2.imread(str(bundled("assets", "avatars", "amara.png")))
    assert image is not None
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return chip(rgb, upright(FaceFinder().find(rgb)[0].landmarks))


def test_a_face_as_usual_is_neither_bent_nor_replaced(face: Floats) -> None:
    """Compared with itself nothing is bent, folded, left over, torn or restless."""
    warped = upheaval.warping(face, face)
    assert warped.bend < 0.05
    assert warped.folded == 0
    assert warped.unexplained < 0.02
    edges = upheaval.edges(face)
    assert upheaval.tear(edges, edges) <= 0
    assert upheaval.restlessness(face, face, face) == 0


def test_a_bend_is_explained_and_a_cover_is_not(face: Floats) -> None:
    """A melted face is bent more than one behind a card, and less of it is left unexplained."""
    y, x = np.mgrid[:96, :96].astype(np.float32)
    down = 5 * np.exp(-((x - 48) ** 2 + (y - 70) ** 2) / 300) * np.sin(x / 4)
    melted = np.asarray(cv2.remap(face, x, y - down, cv2.INTER_LINEAR), np.float32)
    covered = face.copy()
    covered[50:, 20:76] = 235 + 3 * np.sin(x[50:, 20:76])
    bent, hidden = upheaval.warping(melted, face), upheaval.warping(covered, face)
    assert bent.bend > 0.1
    assert hidden.unexplained > 2 * bent.unexplained


def test_a_new_edge_is_a_tear_and_a_moved_one_is_not(face: Floats) -> None:
    """A strip shifted sideways leaves an edge where there was none."""
    torn = face.copy()
    torn[46:58] = np.roll(face[46:58], 14, axis=1)
    edges = upheaval.edges(face)
    moved = upheaval.tear(upheaval.edges(np.roll(face, 2, axis=0)), edges)
    assert upheaval.tear(upheaval.edges(torn), edges) > moved + 0.05


def test_less_detail_than_usual_is_a_smear_where_it_is(face: Floats) -> None:
    """Only the blurred part loses detail."""
    soft = face.copy()
    soft[58:82] = cv2.GaussianBlur(face, (0, 0), 2)[58:82]
    smears = upheaval.smear(upheaval.detail(soft), upheaval.detail(face))
    assert smears["mouth"] > 1
    assert abs(smears["brows"]) < 0.1


def test_flickering_is_restless_and_fading_is_not(face: Floats) -> None:
    """Even change gives nothing; there and back gives much."""
    assert upheaval.restlessness(face, face * 0.9, face * 0.8) < 0.01
    assert upheaval.restlessness(face, face * 0.7, face) > 0.2


def test_edges_are_means_of_steps(face: Floats) -> None:
    """From row to row, then from column to column; a tear is held against those near it."""
    inside = face[16:90, 10:86].astype(np.float64)
    rows = np.abs(np.diff(inside, axis=0)).mean(axis=1)
    columns = np.abs(np.diff(inside, axis=1)).mean(axis=0)
    edges = upheaval.edges(face)
    np.testing.assert_allclose(edges, np.r_[rows, columns] / (face.std() + 8), rtol=1e-5)
    usual = np.random.default_rng(0).uniform(size=edges.shape).astype(np.float32)
    near = [
        max(part[max(0, i - 3) : i + 4])
        for part in (usual[: len(rows)], usual[len(rows) :])
        for i in range(len(part))
    ]
    assert upheaval.tear(edges, usual) == pytest.approx((edges - near).max())


def test_a_flow_bends_by_its_slopes() -> None:
    """A flow that grows evenly bends everywhere alike; one that turns areas over folds them."""
    y, x = np.mgrid[:96, :96].astype(np.float32)
    growth, areas = upheaval._bends(np.stack((0.1 * x + 0.2 * y, 0.3 * x - 1.5 * y), axis=2))
    assert growth.shape == areas.shape == (74, 76)
    np.testing.assert_allclose(growth, np.sqrt(0.1**2 + 0.2**2 + 0.3**2 + 1.5**2), rtol=1e-4)
    np.testing.assert_allclose(areas, 1.1 * -0.5 - 0.3 * 0.2, rtol=1e-4)
