"""Models on disk: written, read, found by name, imported from published files."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from avatar_app.files import digest
from avatar_app.fomm import checkpoints, params
from avatar_app.fomm.building import build_networks, load_networks
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError
from tests.fomm import golden_case

TINY = golden_case.spec("tiny-64")["model_params"]


def published_content() -> dict[str, Any]:
    """The tiny model as its authors would publish it, with what only training needs."""
    parts: dict[str, Any] = {"generator": {}, "kp_detector": {}}
    for name, tensor in golden_case.tensors("tiny-64").items():
        part, _, key = name.partition(".")
        counter = key.endswith(checkpoints.COUNTER)
        parts[part][key] = torch.tensor(7) if counter else torch.from_numpy(tensor)
    return {**parts, "epoch": 3, "optimizer_generator": {"state": {}, "param_groups": []}}


def published(path: Path, content: object, *, legacy: bool = False) -> Path:
    """Write `content` as PyTorch does, in its old format or its present one."""
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.mark.parametrize("half", [True, False])
def test_save_then_load(tmp_path: Path, half: bool) -> None:
    """What is saved is loaded: sizes as they were, weights to the precision chosen."""
    path = tmp_path / "tiny.safetensors"
    tensors = golden_case.tensors("tiny-64")
    checkpoints.save(path, TINY, tensors, half=half, size=64)
    loaded = checkpoints.load(path)
    assert (loaded.name, loaded.size) == ("tiny", 64)
    assert loaded.model_params == params.check(TINY, "tiny")
    assert loaded.sha256 == digest(path)
    for name, tensor in loaded.tensors.items():
        assert tensor.dtype == np.float32
        np.testing.assert_allclose(tensor, tensors[name], rtol=1e-3 if half else 0, atol=1e-6)
    assert not any(name.endswith(checkpoints.COUNTER) for name in loaded.tensors)
    assert list(tmp_path.glob("*tiny*")) == [path]
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode, "readable as any file"


def test_loaded_networks_have_the_weights(tmp_path: Path) -> None:
    """Networks are filled from the file, in eval mode, and without gradients."""
    checkpoint = golden_case.checkpoint("tiny-64", tmp_path)
    generator, kp_detector = load_networks(checkpoint)
    assert not generator.training
    assert not kp_detector.kp.weight.requires_grad
    np.testing.assert_array_equal(
        generator.final.weight.numpy(), checkpoint.tensors["generator.final.weight"]
    )


def test_too_large_for_half_precision(tmp_path: Path) -> None:
    """A weight that half precision cannot hold is an error, and no file appears."""
    tensors = golden_case.tensors("tiny-64")
    tensors["generator.final.bias"][0] = 1e6
    with pytest.raises(AvatarAppError, match="half precision"):
        checkpoints.save(tmp_path / "tiny.safetensors", TINY, tensors, half=True, size=64)
    assert not list(tmp_path.glob("*tiny*"))


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_not_finite_is_not_saved(tmp_path: Path, odd: float, half: bool) -> None:
    """A model that could not be loaded does not replace one that can."""
    tensors = golden_case.tensors("tiny-64")
    tensors["generator.final.bias"][0] = odd
    with pytest.raises(AvatarAppError, match=r"generator\.final\.bias .* not finite"):
        checkpoints.save(tmp_path / "tiny.safetensors", TINY, tensors, half=half, size=64)
    assert not list(tmp_path.glob("*tiny*"))


def test_write_error_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while writing leaves no file, and the sentence names the file."""

    def full(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:1000])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    tensors = golden_case.tensors("tiny-64")
    with pytest.raises(AvatarAppError, match=r"tiny\.safetensors.*disk is full"):
        checkpoints.save(tmp_path / "tiny.safetensors", TINY, tensors, half=True, size=64)
    assert not list(tmp_path.glob("*tiny*"))


def _without_description(path: Path) -> None:
    save_file(load_file(path), path)


def _half_of_it(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _not_json(path: Path) -> None:
    save_file(load_file(path), path, {"model_params": "{", "size": "64"})


def _too_deep(path: Path) -> None:
    save_file(load_file(path), path, {"model_params": "[" * 100_000, "size": "64"})


def _too_large(path: Path) -> None:
    given = copy.deepcopy(TINY)
    given["generator_params"]["block_expansion"] = 10**9
    save_file(load_file(path), path, {"model_params": json.dumps(given), "size": "64"})


def _odd_size(path: Path) -> None:
    save_file(load_file(path), path, {"model_params": json.dumps(TINY), "size": "65"})


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.write_text("a text"), "not a model of this app"),
        (lambda path: path.write_bytes(b""), "not a model of this app"),
        (_half_of_it, "damaged"),
        (_without_description, "model_params are missing"),
        (_not_json, "description is damaged"),
        (_too_deep, "description is damaged"),
        (_too_large, "generator_params.block_expansion is 1000000000"),
        (_odd_size, "65 x 65"),
    ],
)
def test_damaged_models(tmp_path: Path, damage: Callable[[Path], None], sentence: str) -> None:
    """Each way a model file can be wrong has its sentence."""
    path = golden_case.checkpoint("tiny-64", tmp_path).path
    damage(path)
    with pytest.raises(AvatarAppError, match=sentence):
        checkpoints.load(path)


def _drop(tensors: dict[str, Any]) -> None:
    del tensors["generator.final.bias"]


def _reshape(tensors: dict[str, Any]) -> None:
    tensors["generator.final.bias"] = np.zeros(4, np.float32)


def _add(tensors: dict[str, Any]) -> None:
    tensors["generator.extra"] = np.zeros(4, np.float32)


def _poison(tensors: dict[str, Any]) -> None:
    tensors["generator.final.bias"] = np.full(3, np.nan, np.float32)


def _integers(tensors: dict[str, Any]) -> None:
    tensors["generator.final.bias"] = np.zeros(3, np.int64)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_drop, "generator.final.bias is missing"),
        (_reshape, "generator.final.bias is missing or of another shape"),
        (_add, "generator.extra is no known weight"),
        (_poison, "not finite"),
        (_integers, "not a half or float"),
    ],
)
def test_weights_that_do_not_fit(
    tmp_path: Path, damage: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    """Weights that do not belong to the described networks are refused by name."""
    path = golden_case.checkpoint("tiny-64", tmp_path).path
    tensors = load_file(path)
    damage(tensors)
    save_file(tensors, path, {"model_params": json.dumps(TINY), "size": "64"})
    with pytest.raises(AvatarAppError, match=sentence):
        load_networks(checkpoints.load(path))


@pytest.mark.parametrize(
    ("group", "name", "value", "sentence"),
    [
        ("common_params", "num_kp", 0, "num_kp is 0, expected 1 to 64"),
        ("common_params", "num_kp", True, "num_kp is True"),
        ("common_params", "num_kp", "10", "num_kp is '10'"),
        ("common_params", "estimate_jacobian", False, "without estimate_jacobian"),
        ("generator_params", "estimate_occlusion_map", False, "without estimate_occlusion_map"),
        ("generator_params", "dense_motion_params", None, "generator_params are missing"),
        ("generator_params", "surprise", 1, "unknown entry 'surprise'"),
        ("kp_detector_params", "scale_factor", 0.3, "scale_factor must be one of"),
        ("kp_detector_params", "temperature", float("nan"), "temperature is nan"),
        ("kp_detector_params", "fold", 3, "fold is 3, not one of"),
        ("kp_detector_params", "fold", True, "fold is True"),
        ("generator_params", "blend", "yes", "blend is 'yes'"),
        ("generator_params", "anchored", True, "unknown entry 'anchored'"),
    ],
)
def test_params_are_untrusted(group: str, name: str, value: object, sentence: str) -> None:
    """Sizes from a file are checked one by one."""
    given = copy.deepcopy(TINY)
    given[group][name] = value
    with pytest.raises(AvatarAppError, match=sentence):
        params.check(given, "file")


def test_unknown_model_offers_the_nearest() -> None:
    """A misspelt name gets the nearest ones offered."""
    with pytest.raises(AvatarAppError, match="no model called fom-mini; did you mean fomm-mini"):
        checkpoints.find("fom-mini")
    with pytest.raises(AvatarAppError, match="no model called zzz; did you mean"):
        checkpoints.find("zzz")


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("vox-adv", "avatar-app models fetch vox-adv"),
        ("missing.safetensors", r"missing\.safetensors does not exist"),
        ("folder/", "folder/? is a folder"),
    ],
)
def test_model_that_is_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, sentence: str
) -> None:
    """A known model is to be fetched, a missing file or a folder is called so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    given = model if not model.endswith("/") else str(tmp_path / "folder")
    with pytest.raises(AvatarAppError, match=sentence):
        checkpoints.find(given)


@pytest.mark.parametrize("legacy", [True, False])
def test_import_published(tmp_path: Path, legacy: bool) -> None:
    """A published file becomes a model of the same weights and sizes, found by its name."""
    file = published(tmp_path / "tiny-cpk.pth.tar", published_content(), legacy=legacy)
    path = checkpoints.import_checkpoint(file)
    assert path == checkpoints.find("tiny-cpk")
    loaded = checkpoints.load(path)
    assert loaded.size == 256
    assert loaded.model_params == params.check(TINY, "tiny")
    expected = golden_case.tensors("tiny-64")
    for name, tensor in loaded.tensors.items():
        np.testing.assert_array_equal(tensor, expected[name])
    load_networks(loaded)


class Evil:
    """What a pickle from a stranger may hold."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (str(Path.cwd() / "pwned"),)


def _without(content: dict[str, Any], part: str, key: str) -> dict[str, Any]:
    del content[part][key]
    return content


def _with(content: dict[str, Any], part: str, key: str, tensor: torch.Tensor) -> dict[str, Any]:
    content[part][key] = tensor
    return content


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda c: {**c, "epoch": Evil()}, "wants to run code"),
        (lambda c: {"generator": c["generator"]}, "no weights called kp_detector"),
        (lambda c: [1, 2, 3], "no weights called generator"),
        (lambda c: {"state_dict": c["generator"]}, "no weights called generator"),
        (lambda c: {**c, "generator": {"a": torch.zeros(2)}}, "checkpoint of another model"),
        (lambda c: {**c, "generator": {"a": "text"}}, "no weights called generator"),
        (lambda c: _without(c, "generator", "final.bias"), "checkpoint of another model"),
        (lambda c: _without(c, "kp_detector", "jacobian.weight"), "checkpoint of another model"),
        (
            lambda c: _with(c, "generator", "final.bias", torch.zeros(5)),
            "checkpoint of another model",
        ),
        (
            lambda c: _with(c, "generator", "final.bias", torch.full((3,), float("inf"))),
            "final.bias holds numbers that are not finite",
        ),
        (
            lambda c: _with(c, "generator", "final.bias", torch.zeros(3, dtype=torch.int64)),
            "final.bias is not made of floating-point numbers",
        ),
    ],
)
@pytest.mark.parametrize("legacy", [True, False])
def test_import_refuses(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[dict[str, Any]], object],
    sentence: str,
    legacy: bool,
) -> None:
    """A file that is not the model, or wants more than weights, is refused; nothing is left."""
    monkeypatch.chdir(tmp_path)
    file = published(tmp_path / "odd.pth.tar", make(published_content()), legacy=legacy)
    with pytest.raises(AvatarAppError, match=sentence):
        checkpoints.import_checkpoint(file)
    assert not (tmp_path / "pwned").exists()
    assert not checkpoints.models_dir().exists()


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_import_truncated(tmp_path: Path, share: float, legacy: bool) -> None:
    """A download that ended early is called damaged, wherever it ended."""
    file = published(tmp_path / "short.pth.tar", published_content(), legacy=legacy)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AvatarAppError, match="damaged or truncated"):
        checkpoints.import_checkpoint(file)
    assert not checkpoints.models_dir().exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>404</html>", "not a PyTorch checkpoint"),
        (b"", "not a PyTorch checkpoint"),
        (b"PK\x03\x04 and then nothing", "damaged or truncated"),
        (pickle.dumps({"generator": 1}), "damaged or truncated"),
    ],
)
def test_import_something_else(tmp_path: Path, content: bytes, sentence: str) -> None:
    """A text, an empty file, a broken archive: each has its sentence."""
    file = tmp_path / "other.pth"
    file.write_bytes(content)
    with pytest.raises(AvatarAppError, match=sentence):
        checkpoints.import_checkpoint(file)


def test_import_missing_file(tmp_path: Path) -> None:
    """A missing file and a folder are told apart, with what to give instead."""
    for file, what in ((tmp_path / "missing.pth", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(AvatarAppError, match=rf"{what}; give a published \.pth"):
            checkpoints.import_checkpoint(file)


def test_import_does_not_hide_a_bundled_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named like a model that came with the app has to be renamed."""
    monkeypatch.setattr(checkpoints, "bundled", lambda *parts: tmp_path.joinpath(*parts))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fomm-mini.safetensors").touch()
    file = published(tmp_path / "fomm-mini.pth", published_content())
    with pytest.raises(AvatarAppError, match=r"rename fomm-mini\.pth"):
        checkpoints.import_checkpoint(file)


@pytest.mark.parametrize("name", ["tiny-64", "vox-adv-256"])
def test_sizes_are_read_off_published_weights(name: str) -> None:
    """Networks of the sizes worked out of published weights have just these weights."""
    described = golden_case.spec(name)
    shapes: list[Mapping[str, tuple[int, ...]]] = [
        {key: tuple(shape) for key, shape in described[part].items()} for part in checkpoints.PARTS
    ]
    inferred = params.check(params.infer(*shapes), name)
    for expected, network in zip(shapes, build_networks(inferred, device="meta"), strict=True):
        assert {key: tuple(t.shape) for key, t in network.state_dict().items()} == expected
    assert inferred["kp_detector_params"] == described["model_params"]["kp_detector_params"]


def test_unusable_home_hides_nothing_on_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models that came with the app are found where nothing can be kept; an import says why not."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AVATAR_APP_HOME", str(tmp_path / "file"))
    assert set(checkpoints.available()) <= {path.stem for path in bundled("models").iterdir()}
    file = published(tmp_path / "tiny.pth", published_content())
    with pytest.raises(AvatarAppError, match="could not be written"):
        checkpoints.import_checkpoint(file)
