"""The fit on made-up measures: what it learns, what it writes, and that it is read back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from avatar_app.calibration_run import fit
from avatar_app.calibration_run.job import _fitted, calibrate
from avatar_app.calibration_run.plan import CALM, EVENTFUL, FIT, PAINTED, TEST, Scene
from avatar_app.calibration_run.studio import NAMES, RATE, Take
from avatar_app.glitch.calibration import ROLES, Usual, load_calibration
from avatar_app.glitch.fusion import TURNED
from avatar_app.glitch.judge import log_odds
from avatar_app.glitch.measures import ALONE, CONTEXT, TURN
from avatar_app.types import AvatarAppError

FRAMES = 60
BREAKS_AT = 30
SIGHT = [NAMES.index(name) for name in (TURN, *CONTEXT)]
TELLING = "bend"


def take(role: str, split: str, person: int, is_broken: bool) -> Take:
    """Return a take in which only one measure tells a glitch, as noisy as the others."""
    chance = np.random.default_rng((person, is_broken, split == FIT))
    measures = chance.normal(size=(FRAMES, len(NAMES))).astype(np.float32)
    measures[chance.random(measures.shape) < 0.05] = np.nan
    measures[:, NAMES.index("face_unseen")] = 0  # seconds: noise would be a face that is gone
    truth = np.zeros(FRAMES, np.int8)
    if is_broken:
        truth[BREAKS_AT:] = 1
        measures[BREAKS_AT:, NAMES.index(TELLING)] += 4
    kind = PAINTED if is_broken else CALM
    what = ("melting", "ghost")[person % 2] if is_broken else ""
    scene = Scene(kind, split, Path(f"{split}-{person}.mp4"), what)
    return Take(scene, role, kind, measures, truth)


def takes(role: str) -> list[Take]:
    """Return ten people, six of them to learn from, each whole and broken."""
    return [
        take(role, FIT if person < 6 else TEST, person, is_broken)
        for person in range(10)
        for is_broken in (False, True)
    ]


def test_the_fit_learns_the_measure_that_tells() -> None:
    """The log-odds rise with it; a missing one is no glitch, and a video has no mismatch."""
    shown = takes("video")
    found = fit.fit(shown, "video", fit.usual(shown, "video"))
    quiet = dict.fromkeys(NAMES, 0.0)
    assert found.fusion.log_odds({**quiet, TELLING: 6.0}) > 1
    assert found.fusion.log_odds(quiet) < 0
    assert found.fusion.log_odds({}) < 0
    assert "mismatch_yaw" not in found.names


def test_what_gets_worse_never_speaks_against_a_glitch() -> None:
    """Weights have one sign, though half of the noise would rather have the other."""
    shown = takes("video")
    found = fit.fit(shown, "video", fit.usual(shown, "video"), penalty=1e-6)
    for name, near, far in zip(found.names, found.near, found.far, strict=True):
        assert max(near, far) <= 0 if name in CONTEXT else min(near, far) >= 0


def test_what_is_judged_alone_has_a_limit_that_calm_footage_hardly_ever_passes() -> None:
    """Beyond all that was seen, the farther the wilder that was."""
    column, limits = NAMES.index("glance_rise"), []
    for wild in (1.0, 3.0):
        shown = takes("video")
        for index, one in enumerate(shown):
            one.measures[:, SIGHT] = 0
            one.measures[:, column] = np.linspace(0, 1, FRAMES) + 9 * (one.truth == 1)
            one.measures[BREAKS_AT - 15, column] = 1 + wild * index / len(shown)
        known = fit.alone(shown, "video", fit.usual(shown, "video"))
        calm = [one for one in shown if one.kind == CALM]
        assert set(known) == set(ALONE)
        assert known["glance_rise"].limit > max(one.measures[:, column].max() for one in calm)
        limits.append(known["glance_rise"].limit)
    assert limits[1] > limits[0] + 1
    assert limits[1] < 9


def test_what_must_last_has_a_limit_by_what_lasts() -> None:
    """A moment in which a face looks broken moves no limit, nor does what is turned far away."""
    column, turn = NAMES.index("artifact"), NAMES.index(TURN)
    limits = []
    for frames, degrees in ((10, 0.0), (30, 50.0), (30, 0.0)):
        shown = [take("video", FIT, person, False) for person in range(8)]
        for one in shown:
            one.measures[:, SIGHT] = 0
            one.measures[:, column] = np.linspace(0, 1, FRAMES)
            one.measures[15 : 15 + frames, column] = 9
            one.measures[15 : 15 + frames, turn] = degrees
        known = {"artifact": Usual(0.5, 1.0)}
        limits.append(fit.alone(shown, "video", known)["artifact"].limit)
    assert max(limits[:2]) < 3
    assert limits[2] > 9


def test_what_is_usual_is_learned_by_how_far_the_face_is_turned() -> None:
    """Turned faces that bend more move the limit for turned faces, and that one only."""
    column, turn = NAMES.index(TELLING), NAMES.index(TURN)
    shown = [take("video", FIT, person, False) for person in range(8)]
    for one in shown:
        one.measures[:, column] = np.linspace(0, 0.1, FRAMES)
        one.measures[BREAKS_AT:, turn] = TURNED
        one.measures[BREAKS_AT:, column] += 1
    found = fit.usual(shown, "video")[TELLING]
    assert found.limit < 0.1
    assert 1 < found.limit_at(TURNED) < 1.2
    few = fit.usual(shown[:3], "video")[TELLING]
    assert few.limit_at(TURNED) == few.limit


def test_of_each_calm_take_the_highest_clean_score_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The median of the draws in which it was left out; other takes do not count."""
    monkeypatch.setattr(fit, "_DRAWS", 3)
    learnt = [one for one in takes("video") if one.scene.split == FIT]
    known = fit.usual(learnt, "video")
    tops, seconds = fit.maxima(learnt, "video", known)
    calm = [one for one in learnt if one.kind == CALM]
    assert seconds == pytest.approx(FRAMES / RATE)
    assert len(tops) == len(calm)
    assert tops == sorted(tops)
    drawn: dict[int, list[float | None]] = {id(one): [] for one in calm}
    for draw in range(3):
        for shown, left_out in fit.folds(learnt, draw):
            fold = fit.fit(shown, "video", known)
            for one in left_out:
                if one.kind == CALM:
                    drawn[id(one)].append(fit.highest(one, fit.scores(one, fold, 0.5)[0]))
    assert tops == pytest.approx(
        sorted(float(np.median(np.array(each, float))) for each in drawn.values())
    )


def test_what_is_beside_a_glitch_is_no_false_alarm() -> None:
    """An avatar that breaks in calm footage: its frames count up to half a second before."""
    one = take("video", FIT, 0, is_broken=False)
    broken = dataclasses.replace(one, truth=np.repeat(np.array([0, 1, 0], np.int8), (20, 5, 35)))
    score = np.full(FRAMES, 0.2)
    score[[19, 24, 30]] = 0.9
    score[50] = 0.4
    assert fit.highest(broken, score) == pytest.approx(log_odds(0.4))
    nothing = dataclasses.replace(one, truth=np.ones(FRAMES, np.int8))
    assert fit.highest(nothing, score) is None


def test_the_file_says_the_same_as_the_fit(tmp_path: Path) -> None:
    """What is written is read as the detector's calibration, with the figures of the test split."""
    both = [one for role in ROLES for one in takes(role)]
    result = _fitted(both, tmp_path / "glitch.json", tmp_path / "curves.png", 0.0)
    written = load_calibration(tmp_path / "glitch.json")
    assert written.figures["video"]["event_recall"] == result.figures["video"].events.recall >= 0.5
    assert result.figures["video"].auc > 0.95
    assert result.figures["video, dlib-hog"].auc < 0.6
    assert 0 < written.roles["video"].threshold(2) < 1
    assert written.roles["video"].alone.keys() == set(ALONE)
    assert written.roles["driver"].alone.keys() == set(ALONE) - {"identity", "grain"}
    assert (tmp_path / "curves.png").stat().st_size > 10_000
    content = json.loads((tmp_path / "glitch.json").read_text())
    assert content["fusions"].keys() == set(ROLES)


def test_weights_that_are_there_are_measured_and_kept(tmp_path: Path) -> None:
    """Nothing is fitted: the same weights, now with their figures."""
    both = [one for role in ROLES for one in takes(role)]
    before = load_calibration()
    _fitted(both, tmp_path / "glitch.json", None, 0.0, before)
    after = load_calibration(tmp_path / "glitch.json")
    assert after.figures["video"].keys() == {*after.figures["driver"]} != set()
    for role in ROLES:
        measures = {TELLING: 1.0, "face_unseen": 2.0}
        kept, given = (both.roles[role].fusion.log_odds(measures) for both in (after, before))
        assert kept == pytest.approx(given, rel=1e-3)
        assert after.roles[role].alone == before.roles[role].alone


def test_weights_that_cannot_be_read_are_told_before_anything_is_played(tmp_path: Path) -> None:
    """Playing takes hours; here there is not even a clip."""
    weights = tmp_path / "weights.json"
    weights.write_text("hello")
    with pytest.raises(AvatarAppError, match=r"weights\.json"):
        calibrate(tmp_path / "none", tmp_path / "out.json", weights=weights)


def test_the_curves_do_not_replace_what_was_fitted(tmp_path: Path) -> None:
    """Two files of one name are refused before anything is played."""
    out = tmp_path / "out.json"
    with pytest.raises(AvatarAppError, match=r"out\.json is used twice"):
        calibrate(tmp_path / "none", out, curves=out)


def test_no_person_and_no_kind_is_on_both_sides_of_a_fold() -> None:
    """What is tried was not learnt, neither who it is nor what happens."""
    learnt = [one for one in takes("video") if one.scene.split == FIT]
    draws = []
    for draw in range(2):
        for shown, left_out in fit.folds(learnt, draw):
            assert not {one.scene.clip for one in shown} & {one.scene.clip for one in left_out}
            draws.append({one.scene.clip for one in left_out})
        assert sum(map(len, draws[-fit.FOLDS :])) == len({one.scene.clip for one in learnt})
    assert draws[: fit.FOLDS] != draws[fit.FOLDS :]


def test_people_in_edge_cases_weigh_four_times_as_much_as_calm_ones() -> None:
    """Whatever their number; clean and broken frames weigh as much as each other."""
    truth = np.array([0] * 6 + [1] * 2, np.int8)
    groups = np.array([CALM] * 4 + [EVENTFUL] * 2 + ["painted-torn"] * 2)
    weights = fit._balanced(truth, groups)
    assert weights[4:6].sum() == pytest.approx(4 * weights[:4].sum())
    assert weights[:6].sum() == pytest.approx(weights[6:].sum()) == pytest.approx(0.5)
