"""The second landmark finder, with a stand-in for the package, and without it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from avatar_app.glitch.second_opinion import (
    NETWORK,
    SecondOpinion,
    fetch_network,
    import_network,
    network_path,
    second_opinion,
)
from avatar_app.glitch.signals.movement import eye_distance
from avatar_app.settings import HOME_VARIABLE
from avatar_app.types import AvatarAppError, Floats, Image

POINTS = np.random.default_rng(0).uniform(60, 180, (68, 2)).astype(np.float32)
DOWN = np.array([0, 6], np.float32)
PICTURE = np.zeros((256, 256, 3), np.uint8)


class Finder:
    """Stands in for the package's: sees the points 6 pixels lower, and says which box it got."""

    def __init__(self, landmarks_type: int, **options: object) -> None:
        assert options == {"device": "cpu", "face_detector": "folder", "compile": False}
        path = Path(sys.modules["face_alignment.api"].load_file_from_url("https://elsewhere"))
        if path.read_text() != "weights":
            raise RuntimeError("Invalid magic number")

    def get_landmarks_from_image(self, image: Image, detected_faces: list[Floats]) -> list[Floats]:
        """Return the points of the one face."""
        [(left, top, right, bottom)] = detected_faces
        low, high = POINTS.min(axis=0), POINTS.max(axis=0)
        assert (left, right, bottom) == pytest.approx((low[0], high[0], high[1]))
        assert top < low[1]
        return [POINTS + DOWN]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Install the stand-in, and give its `api`."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    whole, api = ModuleType("face_alignment"), ModuleType("face_alignment.api")
    whole.__spec__ = SimpleNamespace(name="face_alignment")  # type: ignore[assignment]
    urls = {"2DFAN-4": f"https://example.org/{NETWORK}"}
    for name, value in (
        ("FaceAlignment", Finder),
        ("LandmarksType", SimpleNamespace(TWO_D=1)),
        ("models_urls", urls),
        ("load_file_from_url", None),
    ):
        monkeypatch.setattr(api, name, value, raising=False)
    monkeypatch.setattr(whole, "api", api, raising=False)
    monkeypatch.setitem(sys.modules, "face_alignment", whole)
    monkeypatch.setitem(sys.modules, "face_alignment.api", api)
    return api


def downloaded(folder: Path, content: str = "weights") -> Path:
    """Write what stands in for the network's file."""
    file = folder / NETWORK
    file.write_text(content)
    return file


def test_what_it_sees_is_compared_in_eye_distances(package: ModuleType, tmp_path: Path) -> None:
    """Points 6 pixels lower are 6 pixels apart, over the distance of the eyes."""
    import_network(downloaded(tmp_path))
    second = second_opinion()
    assert second is not None
    assert second.apart(PICTURE, POINTS) == pytest.approx(6 / eye_distance(POINTS))
    assert np.allclose(second.landmarks(PICTURE, POINTS), POINTS + DOWN)


def test_without_network_nobody_is_asked(package: ModuleType) -> None:
    """It is fetched on request, never by itself."""
    assert second_opinion() is None
    assert not network_path().exists()


def test_another_file_is_refused_and_not_kept(package: ModuleType, tmp_path: Path) -> None:
    """One sentence names the file and the remedy."""
    with pytest.raises(AvatarAppError, match=r"2DFAN4.*models fetch face-alignment"):
        import_network(downloaded(tmp_path, "something else"))
    assert not network_path().exists()


def test_it_is_downloaded_when_asked_for(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the app's own folder, once; where that fails, the address and another way are named."""

    def unreachable(url: str, **_: object) -> str:
        raise OSError("no route to host")

    def load(url: str, model_dir: str, file_name: str) -> str:
        Path(model_dir).mkdir(parents=True)
        return str(downloaded(Path(model_dir)))

    monkeypatch.setattr(package, "load_file_from_url", unreachable)
    with pytest.raises(AvatarAppError, match=r"example\.org.*no route.*models import"):
        fetch_network()
    monkeypatch.setattr(package, "load_file_from_url", load)
    assert fetch_network() == network_path()
    monkeypatch.setattr(package, "load_file_from_url", unreachable)
    assert fetch_network() == network_path()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(AvatarAppError, match=r"\.\[face-alignment\]"):
        SecondOpinion(tmp_path / NETWORK)
