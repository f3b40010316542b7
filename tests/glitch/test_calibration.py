"""The data file of the detector: read, used, and refused where it is something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from avatar_app.glitch.calibration import (
    ROLES,
    RoleCalibration,
    Usual,
    load_calibration,
)
from avatar_app.glitch.fusion import FRONTAL, TURNED, Fusion
from avatar_app.glitch.judge import log_odds
from avatar_app.glitch.measures import CONTEXT, MEASURES, TURN
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError


@pytest.mark.parametrize("role", ROLES)
def test_the_bundled_file_fits_the_measures(role: str) -> None:
    """What travels with the app weighs measures that exist, and knows what is usual of each."""
    calibration = load_calibration().roles[role]
    assert set(calibration.fusion.names) <= set(calibration.usual) <= {*MEASURES, *CONTEXT}
    assert all(usual.median != usual.limit for usual in calibration.usual.values())
    assert np.isfinite(calibration.fusion.log_odds({}))
    for name, near, far in zip(calibration.names, calibration.near, calibration.far, strict=True):
        assert max(near, far) <= 0 if name in CONTEXT else min(near, far) >= 0


def test_a_measure_counts_up_to_its_limit_and_less_beyond() -> None:
    """Log-odds are a sum; beyond the limit the logarithm counts, and a wild measure is clipped."""
    limit = np.array([3.0, -1.0])
    fusion = Fusion(
        ("a", "b"),
        np.array([1.0, 0.0]),
        limit,
        limit,
        np.array([0.5, 1]),
        np.array([0.25, 1]),
        -2.0,
    )
    assert fusion.log_odds({"a": 2.0, "b": -0.5}) == pytest.approx(-2 + 0.25 + 0.5)
    assert fusion.log_odds({"a": 9.0}) == pytest.approx(-2 + 0.5 + 0.25 * np.log(4))
    assert fusion.log_odds({"a": 1e9}) == pytest.approx(-2 + 0.5 + 0.25 * np.log(20))
    assert fusion.log_odds({}) == fusion.log_odds({"a": 0.0, "b": 7.0}) == -2


def test_evidence_points_to_the_side_of_the_limit() -> None:
    """Low sharpness and high folding both speak for a glitch."""
    assert Usual(2.0, 1.0).evidence(0.5) == 1.5
    assert Usual(0.0, 0.1).evidence(0.05) == 0.5


def test_a_turned_face_may_look_stranger() -> None:
    """Evidence falls as the limit moves, the same for the sum and for the reasons."""
    usual = Usual(0.0, 1.0, 3.0)
    turns = (0, FRONTAL, (FRONTAL + TURNED) / 2, TURNED, 80)
    assert [usual.evidence(3.0, turn) for turn in turns] == pytest.approx([3, 3, 1.5, 1, 0.6])
    weights = np.array([1.0])
    calibration = RoleCalibration(("bend",), weights, weights, 0.0, {"bend": usual}, (), 0.5)
    odds = [calibration.fusion.log_odds({"bend": 3.0, TURN: turn}) for turn in turns]
    assert odds == pytest.approx([1 + np.log(3), 1 + np.log(3), 1 + np.log(1.5), 1, 0.6])
    with pytest.raises(ValueError, match="beyond the limit"):
        Usual(0.0, 1.0, 0.5)


def role(maxima: Sequence[float], seconds: float = 60.0) -> RoleCalibration:
    """Return a calibration that only has maxima."""
    return RoleCalibration((), np.zeros(0), np.zeros(0), 0.0, {}, tuple(maxima), 0.7, seconds)


def test_threshold_follows_the_accepted_false_alarms() -> None:
    """Every wish has an effect, also for fewer alarms than the footage can show."""
    few = role([-3.0, -2.5, -2.0, -1.8, -1.0, -0.5])
    wishes = [0.01, 0.1, 0.5, 1, 2, 10, 30, 100]
    found = [few.threshold(wish) for wish in wishes]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)
    assert role([]).threshold(1) == 0.7


def test_a_wish_for_next_to_no_alarms_is_met_too() -> None:
    """However near to none, it gives a threshold: a higher one, and still a score."""
    few = role([-3.0, -2.5, -2.0, -1.8, -1.0, -0.5])
    found = [few.threshold(wish) for wish in (1, 1e-3, 1e-20, 1e-300, 5e-324)]
    assert found == sorted(found)
    assert found[0] < found[-1] < 1


def test_foretold_alarms_come_about_as_often_as_accepted() -> None:
    """Of minutes one in sixty passes the threshold of 1/h, however their maxima fall off."""
    chance = np.random.default_rng(0)
    laws: dict[str, tuple[int, Callable[[int], npt.NDArray[np.float64]]]] = {
        "falls off exponentially, few": (60, lambda size: chance.exponential(size=size)),
        "falls off exponentially": (200, lambda size: chance.exponential(size=size)),
        "falls off slower": (200, lambda size: chance.exponential(size=size) ** 1.3),
        "ends": (200, chance.random),
    }
    for name, (minutes, law) in laws.items():
        limit = log_odds(role(sorted(law(minutes) - 4)).threshold(1))
        assert 0.2 < float((law(60_000) - 4 > limit).mean()) * 60 < 4, name


def test_a_tail_that_ends_is_not_drawn_out() -> None:
    """Many maxima that never pass a bound give a threshold near it, not far beyond."""
    bounded = sorted(np.random.default_rng(1).random(300))
    limit = log_odds(role(bounded).threshold(0.1))
    assert 0.98 < limit < 1.05


def test_shorter_blocks_count_as_what_they_are() -> None:
    """The same maxima from blocks of 3 s allow more alarms an hour, so the threshold rises."""
    tops = [-3.0, -2.0, -1.5, -1.0, -0.5]
    assert role(tops, 3.0).threshold(2) > role(tops).threshold(2)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', '{"format": 2}'])
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
    role = {
        "bias": -1.0,
        "threshold": 0.7,
        "maxima": [0.1, 0.2],
        "block_seconds": 30.0,
        "fusion": {"shake": [3.0, 1.0]},
        "usual": {"shake": [0.0, 0.1]},
    }
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"format": 2, "roles": {name: role for name in ROLES}}))
    calibration = load_calibration(path)
    assert calibration.roles["video"].fusion.log_odds({"shake": 0.05}) == pytest.approx(0.5)
    assert calibration.roles["video"].block_seconds == 30
    assert calibration.roles["driver"].usual["shake"] == Usual(0.0, 0.1)


@pytest.mark.parametrize("key", ["alone", "usual", "fusion", "maxima"])
@pytest.mark.parametrize("content", [5, "hello", ["hello"], {"bend": ["hello"]}])
def test_a_file_spoilt_within_is_refused_in_one_sentence(
    tmp_path: Path, key: str, content: object
) -> None:
    """Whatever stands where limits, weights or numbers should."""
    spoilt = json.loads(bundled("models", "glitch.json").read_text())
    spoilt["roles"]["video"][key] = content
    path = tmp_path / "other.json"
    path.write_text(json.dumps(spoilt))
    with pytest.raises(AvatarAppError, match=r"other\.json.*avatar-app calibrate"):
        load_calibration(path)
