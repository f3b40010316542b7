"""The network that says whether a face looks broken: trained, written, and read by numpy alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from avatar_app.calibration_run import glance_network, spoiling
from avatar_app.calibration_run.glance_network import (
    GlanceBatches,
    WholeFace,
    train_glance,
    weights_of,
)
from avatar_app.calibration_run.lessons import NO, UNKNOWN, YES
from avatar_app.glitch.signals.glance import GlanceNetwork, contrasted
from avatar_app.glitch.signals.shapefree import SHAPE
from avatar_app.glitch.signals.sight import FACE
from avatar_app.types import AvatarAppError
from tests.calibration_run.made_up import (
    PEOPLE,
    let_steps_take,
    made_up,
    normalise_somehow,
    play_made_up,
)


def test_what_is_learned_is_written_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few steps faces that melt are told from whole ones of people never seen."""
    played = play_made_up(monkeypatch)
    let_steps_take(0.15, monkeypatch)
    monkeypatch.setattr(glance_network, "_BATCH", 24)
    monkeypatch.setattr(glance_network, "_TRIED", 480)
    trained = train_glance(
        tmp_path, tmp_path / "net.npz", minutes=0.3, device="cpu", maps=tmp_path / "faces.png"
    )
    assert trained.path == tmp_path / "net.npz"
    assert trained.lessons == 8 * (PEOPLE - 12)
    assert trained.steps == pytest.approx(120, abs=1)
    assert trained.auc > 0.8
    assert 0 < trained.hits["broken"] < 1
    picture = cv2.imread(str(tmp_path / "faces.png"))
    assert picture is not None
    assert min(picture.shape[:2]) > 200
    network, chance = GlanceNetwork.load(trained.path), np.random.default_rng(1)
    more = []
    for index in range(8 * (PEOPLE - 12), 8 * PEOPLE, 2):
        view, usual = played.view[index].astype(np.float32), played.usual[index].astype(np.float32)
        whole = network.odds(view[FACE], usual)
        spoiling.melted(view, SHAPE.copy(), np.zeros((2, 14, 12), np.uint8), chance)
        more.append(network.odds(view[FACE], usual) - whole)
    assert np.mean(more) > 0.5


def test_numpy_computes_what_torch_does() -> None:
    """With normalisation folded in; the same to rounding."""
    torch.manual_seed(0)
    built = WholeFace()
    normalise_somehow(built)
    chance = np.random.default_rng(1)
    now, usual = (chance.uniform(0, 255, (112, 96)).astype(np.float32) for _ in range(2))
    seen = torch.from_numpy(contrasted(now, usual)[None])
    with torch.no_grad():
        expected = float(built(seen)[0])
    assert GlanceNetwork(weights_of(built)).odds(now, usual) == pytest.approx(expected, abs=1e-4)


def test_a_lesson_is_broken_where_enough_of_its_face_is() -> None:
    """Of which little is broken it is not called whole either."""
    lessons = made_up()
    drawn = GlanceBatches(lessons).draw(600)
    assert drawn.seen.shape == (600, 2, 112, 96)
    assert set(drawn.truth.tolist()) == {YES, NO, UNKNOWN}
    lessons.broken[:] = NO
    lessons.broken[:, 9, 4:6] = YES
    little = GlanceBatches(lessons).draw(100).truth
    lessons.broken[:, 8:10, 4:8] = YES
    much = GlanceBatches(lessons).draw(100).truth
    assert (little == UNKNOWN).sum() > 30
    assert (much == YES).sum() > (little == YES).sum() + 20
    now, usual = drawn.seen[:, 0], drawn.seen[:, 1]
    apart = (now - usual).abs().mean(dim=(1, 2))
    assert apart[drawn.truth == YES].mean() > apart[drawn.truth == NO].mean()


def test_no_time_and_no_place_are_one_sentence(tmp_path: Path) -> None:
    """Before anything is played."""
    with pytest.raises(AvatarAppError, match="0 minutes are no time"):
        train_glance(tmp_path, tmp_path / "net.npz", minutes=0)
    (tmp_path / "file").touch()
    with pytest.raises(AvatarAppError, match=r"net\.npz"):
        train_glance(tmp_path, tmp_path / "file" / "net.npz", minutes=1)
