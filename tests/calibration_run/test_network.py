"""The network of the detector: trained on faces made up here, written, and read by numpy alone."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from avatar_app.calibration_run import network
from avatar_app.calibration_run.lessons import Lessons
from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.artifacts import ArtifactNetwork, contrasted
from avatar_app.glitch.signals.shapefree import SHAPE
from avatar_app.types import AvatarAppError

PEOPLE = 30


def made_up() -> Lessons:
    """Return people, smooth noise each, of whom every second picture has stripes in a corner."""
    chance = np.random.default_rng(0)
    views, usual, around, broken, person, kind = [], [], [], [], [], []
    for who in range(PEOPLE):
        view = np.kron(chance.uniform(60, 190, (24, 24)), np.ones((8, 8))).astype(np.float32)
        for index in range(8):
            picture = view + chance.normal(0, 3, view.shape)
            cells = np.zeros((12, 12), np.uint8)
            if index % 2:
                picture[48:80, 48:80] = 128 + 90 * np.sin(np.arange(32) * 1.5)
                cells[:4, :4] = 1
            views.append(np.clip(picture, 0, 255).astype(np.uint8))
            usual.append(view[sight.MIDDLE, sight.MIDDLE].astype(np.uint8))
            around.append(sight.around(view).astype(np.float16))
            broken.append(cells)
            person.append(who)
            kind.append("painted-stripes" if index % 2 else "calm")
    return Lessons(
        np.stack(views),
        np.repeat(SHAPE[None], len(views), axis=0).astype(np.float16),
        np.stack(usual),
        np.stack(usual),
        np.stack(around),
        np.stack(broken),
        np.zeros((len(views), 12, 12), np.uint8),
        np.array(person, np.int32),
        np.array(kind),
    )


def test_what_is_learned_is_written_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few seconds stripes are told from faces of people never seen."""
    lessons = made_up()
    monkeypatch.setattr(network, "pupils", lambda _clips: [])
    monkeypatch.setattr(network, "gather", lambda *_: lessons)
    trained = network.train_network(
        tmp_path, tmp_path / "net.npz", minutes=0.2, device="cpu", maps=tmp_path / "maps.png"
    )
    assert trained.path == tmp_path / "net.npz"
    assert trained.lessons == 8 * (PEOPLE - 12)
    assert trained.steps > 5
    assert trained.auc > 0.8
    assert set(trained.hits) == {"painted-stripes"}
    picture = cv2.imread(str(tmp_path / "maps.png"))
    assert picture is not None
    assert min(picture.shape[:2]) > 200
    read = ArtifactNetwork.load(trained.path)
    striped = [read.maps(*lessons.faces(index)) for index in (1, 3, 5)]
    assert np.mean([odds[0, :4, :4].mean() - odds[0, 6:, 6:].mean() for odds in striped]) > 0.5


def test_numpy_computes_what_torch_does() -> None:
    """With normalisation folded in; the same maps to rounding."""
    torch.manual_seed(0)
    built = network.MapNetwork()
    for part in built.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            torch.nn.init.normal_(part.running_mean)
            torch.nn.init.uniform_(part.running_var, 0.5, 2)
    built.eval()
    chance = np.random.default_rng(1)
    now, usual = (
        sight.look(chance.uniform(0, 255, (192, 192)).astype(np.float32), SHAPE) for _ in range(2)
    )
    seen = [torch.from_numpy(one.transpose(2, 0, 1)[None]) for one in contrasted(now, usual)]
    with torch.no_grad():
        expected = built(*seen)[0]
    found = ArtifactNetwork(network.weights_of(built)).maps(now, usual)
    assert found.shape == (2, 12, 12)
    assert found.std() > 0.01
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_no_time_is_too_little(tmp_path: Path) -> None:
    """One sentence, before anything is played."""
    with pytest.raises(AvatarAppError, match="0 minutes are no time"):
        network.train_network(tmp_path, tmp_path / "net.npz", minutes=0)


def test_too_few_people_are_too_few(tmp_path: Path) -> None:
    """One sentence, before anything is played."""
    folder = tmp_path / "synthetic"
    folder.mkdir()
    (folder / "index.csv").write_text("file,split\n" + "x.mp4,train\n" * 160)
    with pytest.raises(AvatarAppError, match=r"names 10 clips .* 24 are needed"):
        network.train_network(tmp_path, tmp_path / "net.npz", minutes=1)
