"""The network of the detector: trained on faces made up here, written, and read by numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from avatar_app.calibration_run import map_network, network
from avatar_app.calibration_run.lessons import Lessons
from avatar_app.glitch.signals import sight
from avatar_app.glitch.signals.artifacts import FILE, ArtifactNetwork, bundled_network, contrasted
from avatar_app.glitch.signals.shapefree import SHAPE
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError
from tests.calibration_run.made_up import (
    PEOPLE,
    let_steps_take,
    made_up,
    normalise_somehow,
    play_made_up,
)


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> Lessons:
    """Return lessons made up here; training plays no others."""
    monkeypatch.setattr(network, "_BATCH", 24)
    return play_made_up(monkeypatch)


def test_what_is_learned_is_written_and_read_again(
    tmp_path: Path, lessons: Lessons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few steps stripes are told from faces of people never seen."""
    let_steps_take(0.48, monkeypatch)
    trained = network.train_network(
        tmp_path, tmp_path / "net.npz", minutes=0.2, device="cpu", maps=tmp_path / "maps.png"
    )
    assert trained.path == tmp_path / "net.npz"
    assert trained.lessons == 8 * (PEOPLE - 12)
    assert trained.steps == pytest.approx(25, abs=1)
    assert trained.auc > 0.97  # stripes are 0.9 to a network that learned nothing
    assert set(trained.hits) == {"painted-stripes"}
    picture = cv2.imread(str(tmp_path / "maps.png"))
    assert picture is not None
    assert min(picture.shape[:2]) > 200
    read = ArtifactNetwork.load(trained.path)
    striped = [read.maps(*lessons.faces(index)) for index in (1, 3, 5)]
    assert np.mean([odds[0, :4, :4].mean() - odds[0, 6:, 6:].mean() for odds in striped]) > 0.5


def test_a_picture_does_not_replace_the_network(tmp_path: Path) -> None:
    """Two files of one name are refused before anything is learned."""
    out = tmp_path / "net.npz"
    with pytest.raises(AvatarAppError, match=r"net\.npz is used twice"):
        network.train_network(tmp_path / "none", out, minutes=1, maps=out)


def test_numpy_computes_what_torch_does() -> None:
    """With normalisation folded in; the same maps to rounding."""
    torch.manual_seed(0)
    built = map_network.MapNetwork()
    normalise_somehow(built)
    chance = np.random.default_rng(1)
    now, usual = (
        sight.look(chance.uniform(0, 255, (192, 192)).astype(np.float32), SHAPE) for _ in range(2)
    )
    seen = [torch.from_numpy(one[None]) for one in contrasted(now, usual)]
    with torch.no_grad():
        expected = built(*seen)[0]
    found = ArtifactNetwork(map_network.weights_of(built)).maps(now, usual)
    assert found.shape == (2, 14, 12)
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


def computed(built: map_network.MapNetwork, seen: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return its maps of what is seen."""
    with torch.no_grad():
        maps: torch.Tensor = built.eval()(*seen)
    return maps


def test_it_goes_on_from_what_another_network_computes() -> None:
    """The one on board: the same maps before and after it normalises, while it learns, too."""
    known, lessons = bundled_network(), made_up()
    faces = [lessons.faces(index) for index in range(12)]
    columns = zip(*(contrasted(*one) for one in faces), strict=True)
    seen = [torch.from_numpy(np.stack(column)) for column in columns]
    expected = torch.from_numpy(np.stack([known.maps(*one) for one in faces]))
    built = map_network.network_of(known)
    torch.testing.assert_close(computed(built, seen), expected, atol=1e-3, rtol=1e-3)
    map_network.normalise(built, *seen)
    torch.testing.assert_close(computed(built, seen), expected, atol=1e-3, rtol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(built.train()(*seen), expected, atol=0.05, rtol=0.01)


def test_halfway_is_the_middle_and_a_network_itself_where_both_are_one() -> None:
    """By every weight."""
    torch.manual_seed(1)
    known, other = (
        bundled_network(),
        ArtifactNetwork(map_network.weights_of(map_network.MapNetwork())),
    )
    between = map_network.halfway(known, other)
    for old, new, middle in zip(known.weights, other.weights, between.weights, strict=True):
        for one, two, found in zip(old, new, middle, strict=True):
            np.testing.assert_allclose(found, (one + two) / 2, atol=1e-6)
    seen = made_up().faces(1)
    assert (map_network.halfway(known, known).maps(*seen) == known.maps(*seen)).all()


def test_what_goes_on_stays_near_what_it_began_with(
    tmp_path: Path, lessons: Lessons, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that goes on for some steps sees much the same; from nothing it does not."""
    (tmp_path / "start.npz").write_bytes(bundled("models", FILE).read_bytes())
    off = {}
    let_steps_take(0.3, monkeypatch)
    for name, start in (("on", tmp_path / "start.npz"), ("anew", None)):
        output = tmp_path / f"{name}.npz"
        network.train_network(tmp_path, output, minutes=0.05, device="cpu", start=start)
        read = ArtifactNetwork.load(output)
        faces = [lessons.faces(index) for index in range(0, 40, 2)]
        off[name] = np.mean(
            [np.abs(read.maps(*one) - bundled_network().maps(*one)).mean() for one in faces]
        )
    assert 0 < off["on"] < 0.25 * off["anew"]


def test_half_of_what_is_learned_is_what_is_held() -> None:
    """Where all is held, the truth counts for nothing, but below the chip; else for half."""
    truth = torch.ones((2, 2, 14, 12), dtype=torch.uint8)
    held = torch.full((2, 2, 12, 12), -8.0)
    least = {}
    for share in (0.0, 0.5, 1.0):
        odds = torch.zeros((2, 2, 14, 12), requires_grad=True)
        optimizer = torch.optim.Adam([odds], lr=0.3)
        for _ in range(200):
            optimizer.zero_grad()
            network.loss_of(odds, truth, held, torch.full((2,), share)).backward()
            optimizer.step()
        least[share] = odds.detach()[:, 1]  # what covers: whole faces have no part in that
    assert least[0.0].min() > 3
    assert least[0.5][:, :12].abs().max() < 0.5
    assert least[1.0][:, :12].max() < -3
    assert least[1.0][:, 12:].min() > 3


def test_what_is_no_network_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    """One sentence, before anything is played."""
    (tmp_path / "other.npz").write_text("{}")
    with pytest.raises(AvatarAppError, match=r"other.npz holds no network"):
        network.train_network(
            tmp_path, tmp_path / "net.npz", minutes=1, start=tmp_path / "other.npz"
        )
