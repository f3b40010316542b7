"""The user's own clean seconds: learned, kept, read again, and what they move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.glitch.calibration import RoleCalibration, Usual
from avatar_app.glitch.judge import Judge
from avatar_app.glitch.own import OwnUsual, load_own
from avatar_app.types import AvatarAppError


def calibration() -> RoleCalibration:
    """Return one in which a face's clearness falls from 2 to 1 and its trembling rises to 0.1."""
    usual = {"face_score": Usual(2.0, 1.0), "shake": Usual(0.0, 0.1), "still": Usual(0.0, 2.0, 3.0)}
    weights = np.array([2.0, 2.0])
    return RoleCalibration(("face_score", "shake"), weights, weights, -3.0, usual, (), 0.5)


def rows(clearness: float, shake: float, frames: int = 750) -> list[dict[str, float]]:
    """Return thirty seconds of a face that is like this, with a little chance."""
    chance = np.random.default_rng(0)
    return [
        {
            "face_score": clearness + 0.1 * float(chance.normal()),
            "shake": shake * (1 + 0.2 * float(chance.normal())),
        }
        for _ in range(frames)
    ]


def test_what_is_usual_of_the_user_is_no_longer_evidence() -> None:
    """A face that is always a little unclear is flagged before, and not after learning it."""
    before = calibration()
    after = OwnUsual.of(rows(1.0, 0.05), 30).applied(before)
    mine = {"face_score": 1.0, "shake": 0.05}
    assert before.fusion.log_odds(mine) == pytest.approx(-3 + 2 + 1)
    assert after.fusion.log_odds(mine) < before.fusion.log_odds(mine) - 2
    assert after.usual["still"] == before.usual["still"]


def test_turned_faces_keep_their_room() -> None:
    """The limit of turned faces stays as far beyond that of frontal ones as it was."""
    own = OwnUsual(30, {"still": (0.5, 0.0, 1.5)})
    moved = own.applied(calibration()).usual["still"]
    assert (moved.median, moved.limit) == pytest.approx((0.5, 1.9))
    assert moved.limit_at(90) == pytest.approx(1.9 + 2 * 1.0)


def test_a_flag_that_stood_all_the_time_goes_and_a_real_glitch_stays() -> None:
    """The judge does with the moved calibration what the user wants of it."""
    worn = OwnUsual.of(rows(0.6, 0.09), 30).applied(calibration())
    usual, broken = {"face_score": 0.6, "shake": 0.09}, {"face_score": -1.0, "shake": 0.5}
    for known, measures, is_flagged in (
        (calibration(), usual, True),
        (worn, usual, False),
        (worn, broken, True),
    ):
        judge = Judge(known, 0.5)
        found = [judge.judge(measures, index / 25, 0.04) for index in range(40)]
        assert bool(found[-1][1]) == is_flagged


def test_a_glitch_among_the_seconds_does_not_become_the_rule() -> None:
    """However far the seconds are off, median and limit move only so far."""
    wild = OwnUsual.of(rows(-1.0, 40.0), 30).applied(calibration()).usual["shake"]
    assert wild.median == pytest.approx(0.2)
    assert wild.limit == pytest.approx(0.2 + 0.25)


def test_it_is_kept_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the data folder, and nothing is there before."""
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path))
    assert load_own() is None
    own = OwnUsual.of(rows(1.0, 0.05), 30)
    path = own.save()
    assert tmp_path in path.parents
    kept = load_own()
    assert kept is not None
    assert kept.seconds == 30
    assert kept.measures["shake"] == pytest.approx(own.measures["shake"], rel=1e-3)


def test_too_little_and_another_file_are_refused(tmp_path: Path) -> None:
    """Both in one sentence with the remedy."""
    with pytest.raises(AvatarAppError, match="10 are needed; show it for 30 s"):
        OwnUsual.of(rows(1.0, 0.05, 50), 2)
    path = tmp_path / "detector.json"
    for content in ("", "[]", '{"format": 9}'):
        path.write_text(content)
        with pytest.raises(AvatarAppError, match=r"detector\.json.*calibrate --clean"):
            load_own(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """In a sentence, as for every file of the app."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        OwnUsual.of(rows(1.0, 0.05), 30).save(tmp_path / "file" / "detector.json")
