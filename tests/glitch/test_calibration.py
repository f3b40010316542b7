"""The data file of the detector: read, used, and refused where it is something else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from avatar_app.glitch.calibration import (
    ROLES,
    RoleCalibration,
    Usual,
    load_calibration,
)
from avatar_app.glitch.fusion import Boosted, Fusion
from avatar_app.glitch.measures import MEASURES
from avatar_app.types import AvatarAppError


@pytest.mark.parametrize("role", ROLES)
def test_the_bundled_file_fits_the_measures(role: str) -> None:
    """What travels with the app weighs measures that exist, and knows what is usual of each."""
    calibration = load_calibration().roles[role]
    assert set(calibration.fusion.names) <= set(calibration.usual) <= set(MEASURES)
    assert all(usual.median != usual.limit for usual in calibration.usual.values())
    assert np.isfinite(calibration.fusion.centre).all()


def test_a_measure_counts_with_its_weight_and_only_so_far() -> None:
    """Log-odds are a weighted sum; a wild measure is clipped, a missing one is usual."""
    fusion = Fusion(("a", "b"), np.array([1.0, 0]), np.array([2.0, 1]), np.array([0.5, -1]), -2.0)
    assert fusion.log_odds({"a": 3.0, "b": 0.5}) == pytest.approx(-2 + 0.5 - 0.5)
    assert fusion.log_odds({"a": 1e9}) == pytest.approx(-2 + 0.5 * 6)
    assert fusion.log_odds({}) == -2


def test_trees_answer_by_the_branches_a_measure_takes() -> None:
    """Two levels of questions, four answers; a missing measure counts as usual."""
    trees = Boosted(
        ("a", "b"),
        np.array([0.0, 5.0]),
        np.array([[0, 1, 1]]),
        np.array([[1.0, 2.0, 3.0]]),
        np.array([[-2.0, -1.0, 1.0, 2.0]]),
        0.5,
    )
    assert trees.log_odds({"a": 0.0, "b": 2.0}) == -1.5
    assert trees.log_odds({"a": 0.0, "b": 2.1}) == -0.5
    assert trees.log_odds({"a": 2.0, "b": 3.0}) == 1.5
    assert trees.log_odds({"a": 2.0}) == 2.5


def test_evidence_points_to_the_side_of_the_limit() -> None:
    """Low sharpness and high folding both speak for a glitch."""
    assert Usual(2.0, 1.0).evidence(0.5) == 1.5
    assert Usual(0.0, 0.1).evidence(0.05) == 0.5


def test_threshold_follows_the_accepted_false_alarms() -> None:
    """One an hour is one block of a minute in sixty; fewer need a higher threshold."""
    fusion = Fusion((), np.zeros(0), np.zeros(0), np.zeros(0), 0.0)
    role = RoleCalibration(fusion, {}, tuple(np.linspace(0, 0.9, 601)), 0.5)
    assert role.threshold(1) == pytest.approx(0.9 * np.exp(-1 / 60))
    assert role.threshold(0.1) > role.threshold(1) > role.threshold(10)
    assert RoleCalibration(fusion, {}, (), 0.5).threshold(1) == 0.5


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 1}'])
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    """A file that is no calibration is named, with the command that makes one."""
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(AvatarAppError, match=r"other\.json.*avatar-app calibrate"):
        load_calibration(path)
    with pytest.raises(AvatarAppError, match="missing"):
        load_calibration(tmp_path / "missing.json")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """The numbers of the file are those that judge."""
    row = {"centre": 1.0, "scale": 2.0, "weight": 3.0}
    role = {
        "bias": -1.0,
        "threshold": 0.7,
        "maxima": [0.1, 0.2],
        "fusion": {"shake": row},
        "usual": {"shake": [0.0, 0.1]},
    }
    path = tmp_path / "own.json"
    path.write_text(
        json.dumps({"format": 1, "provisional": False, "roles": {name: role for name in ROLES}})
    )
    calibration = load_calibration(path)
    assert not calibration.is_provisional
    assert calibration.roles["video"].fusion.log_odds({"shake": 3.0}) == pytest.approx(2)
    assert calibration.roles["driver"].usual["shake"] == Usual(0.0, 0.1)
