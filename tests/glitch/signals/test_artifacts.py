"""The maps of what is broken and covered, on faces that were melted or hidden on purpose."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import artifacts, networks
from avatar_app.glitch.signals.artifacts import CELLS, ROWS, ArtifactNetwork, bundled_network
from avatar_app.glitch.signals.chip import placed, upright
from avatar_app.glitch.signals.shapefree import SHAPE
from avatar_app.glitch.signals.sight import look, view
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats

NAMES = ("amara", "mateo", "mei", "ingrid", "kwame", "kenji")


@pytest.fixture(scope="module")
def faces() -> list[tuple[Floats, Floats]]:
    """Return the views of bundled portraits, and their landmarks in the chips."""
    finder, found = FaceFinder(), []
    for name in NAMES:
        image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
        assert image is not None
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        landmarks = finder.find(rgb)[0].landmarks
        place = upright(landmarks)
        found.append((view(rgb, place), placed(landmarks, place)))
    return found


def melted(wide: Floats) -> Floats:
    """Let mouth and chin run."""
    y, x = np.mgrid[:192, :192].astype(np.float32)
    down = 6 * np.exp(-((x - 96) ** 2 + (y - 120) ** 2) / 400) * np.sin(x / 4)
    return np.asarray(cv2.remap(wide, x, y - down, cv2.INTER_LINEAR), np.float32)


def behind_a_card(wide: Floats) -> Floats:
    """Hold something with lines on it before mouth and chin."""
    covered = wide.copy()
    covered[104:160, 62:130] = 205
    covered[112:160:8, 68:124] = 90
    return covered


def test_what_melts_looks_broken_and_what_is_behind_a_card_does_not(
    faces: list[tuple[Floats, Floats]],
) -> None:
    """A melted face by far the most, in its mouth; the card is known for what it is."""
    network = bundled_network()
    for wide, points in faces:
        whole, ran, hidden = (
            network.maps(look(now, points), look(wide, points))
            for now in (wide, melted(wide), behind_a_card(wide))
        )
        assert artifacts.overall(ran[0]) > artifacts.overall(whole[0]) + 2
        assert artifacts.overall(ran[0]) > artifacts.overall(hidden[0]) + 1
        by_part = artifacts.by_part(ran[0])
        assert by_part["mouth"] > by_part["brows"]
        assert covers(hidden)["chin"] > 0.5
        assert max(covers(whole).values()) < 0.1
        assert max(covers(ran).values()) < 0.3


def test_what_lies_outside_the_picture_is_covered() -> None:
    """A face that leaves to the left: one half of its cells, whatever the maps say of them."""
    maps = np.full((2, ROWS, CELLS), -5, np.float32)
    place = np.array([[1.0, 0, 48], [0, 1, 0]])  # the picture begins in the middle of the chip
    shares = artifacts.covered(maps, place, (96, 96, 3))
    assert shares.shape == (CELLS, CELLS)  # below the chip nothing counts as covered
    assert (shares[:, :6] == 1).all()
    assert (shares[:, 6:] < 0.01).all()


def covers(maps: Floats) -> dict[str, float]:
    """Return the covered shares by part of a face that lies in the picture."""
    return artifacts.part_means(artifacts.covered(maps, np.eye(3)[:2], (96, 96)))


def test_a_part_is_told_by_its_own_cells() -> None:
    """Where one corner of the mouth looks broken, mouth and whole face say so, the brows do not."""
    odds = np.full((ROWS, CELLS), -4, np.float32)
    odds[8, 4:8] = 3
    by_part = artifacts.by_part(odds)
    assert by_part["mouth"] > 0
    assert by_part["brows"] == by_part["chin"] == -4
    assert -4 < artifacts.overall(odds) < 3


def test_what_hangs_below_the_chip_is_the_chin() -> None:
    """It looks broken there, and in the whole face, where the chip itself looks whole."""
    odds = np.full((ROWS, CELLS), -4, np.float32)
    odds[CELLS:, 3:9] = 3
    by_part = artifacts.by_part(odds)
    assert by_part["chin"] == artifacts.overall(odds) == 3
    assert by_part["left jaw"] == by_part["mouth"] == -4


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """One sentence that names it, whatever is in it."""
    empty, foreign, other = (tmp_path / name for name in ("a.npz", "b.npz", "c.npz"))
    empty.write_bytes(b"")
    np.savez(foreign, kernel0=np.zeros((3, 3)))
    shapes = {f"{what}{index}": np.zeros(1) for what in ("kernel", "bias") for index in range(11)}
    np.savez(other, allow_pickle=False, **shapes)
    for path in (empty, foreign, other, tmp_path / "missing.npz"):
        with pytest.raises(AvatarAppError, match=f"{path.name} holds no network"):
            ArtifactNetwork.load(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """As halves: the maps are as good as the same."""
    chance = np.random.default_rng(0)
    weights = [
        (
            chance.normal(0, 0.05, (size * size * inside, out)).astype(np.float32),
            chance.normal(0, 0.05, out).astype(np.float32),
        )
        for inside, out, size, _ in artifacts.LAYERS
    ]
    networks.save(weights, tmp_path / "net.npz")
    now, usual = (
        look(chance.uniform(0, 255, (192, 192)).astype(np.float32), SHAPE) for _ in range(2)
    )
    read = ArtifactNetwork.load(tmp_path / "net.npz").maps(now, usual)
    np.testing.assert_allclose(read, ArtifactNetwork(weights).maps(now, usual), atol=5e-3)


def test_what_lies_around_a_face_can_only_excuse_it() -> None:
    """With any weights and whatever lies there: never more broken, never less covered."""
    chance = np.random.default_rng(1)
    weights = [
        (
            chance.normal(0, 0.1, (size * size * inside, out)).astype(np.float32),
            chance.normal(0, 0.1, out).astype(np.float32),
        )
        for inside, out, size, _ in artifacts.LAYERS
    ]
    kernel, bias = weights[-1]
    unexcused = ArtifactNetwork([*weights[:-1], (kernel * 0, bias * 0 - 100)])
    found = []
    for _ in range(4):
        now, usual = (
            look(chance.uniform(0, 255, (192, 192)).astype(np.float32), SHAPE) for _ in range(2)
        )
        maps, alone = ArtifactNetwork(weights).maps(now, usual), unexcused.maps(now, usual)
        assert (maps[0] <= alone[0]).all()
        assert (maps[1] >= alone[1]).all()
        found.append(np.abs(maps - alone).max())
    assert min(found) > 0.1
