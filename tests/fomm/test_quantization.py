"""A model's 8-bit form stands beside it, belongs to it alone, and renders nearly the same."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import openvino as ov  # type: ignore[import-untyped]
import pytest

from avatar_app.avatars import list_avatars, load_avatar
from avatar_app.fomm import conversion
from avatar_app.fomm.checkpoints import Checkpoint, load
from avatar_app.fomm.openvino_runtime import OpenVinoRuntime
from avatar_app.fomm.quantization import SUFFIX, form_of, quantize, unpack
from avatar_app.types import AvatarAppError, Image
from tests.fomm import golden_case
from tests.fomm.golden_case import Golden


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The tiny model with its form."""
    pytest.importorskip("nncf")
    model = golden_case.checkpoint("tiny-64", tmp_path_factory.mktemp("quantized"))
    golden = Golden("tiny-64")
    quantize(model, [(golden.image("source"), golden.image("driving"))] * 4)
    return model


def _rendered(runtime: OpenVinoRuntime) -> Image:
    golden = Golden("tiny-64")
    source = runtime.encode(golden.image("source"))
    return runtime.render(source, golden.keypoints("relative")).image


def test_renders_nearly_the_same_without_a_conversion(
    quantized: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form is taken where there is one; then neither torch nor a conversion is needed."""
    exact = _rendered(OpenVinoRuntime(quantized, "float32"))

    def fail(*_: object) -> None:
        pytest.fail("the networks were converted")

    monkeypatch.setattr(conversion, "convert", fail)
    runtime = OpenVinoRuntime(quantized, "auto")
    assert "int8" in runtime.description
    difference = np.abs(_rendered(runtime).astype(float) - exact)
    assert 0 < difference.mean() < 6


def test_numbers_are_rounded_before_they_are_only_moved(
    quantized: Checkpoint, tmp_path: Path
) -> None:
    """So a quarter of the memory is moved, and no layer between two in 8 bits is computed wider."""
    form = form_of(quantized)
    assert form is not None
    unpack(form, tmp_path)
    roundings = [
        node
        for stage in ("detect", "render")
        for node in ov.Core().read_model(tmp_path / f"{stage}.xml").get_ops()
        if node.get_type_name() == "FakeQuantize"
    ]
    assert roundings
    rounded = {node.input_value(0).get_node().get_type_name() for node in roundings}
    assert not rounded & {"DepthToSpace", "Reshape", "Slice", "Transpose"}


def test_the_form_on_board_renders_as_its_model() -> None:
    """On this processor, too: some compute 8 bits by units of their own, and not always right."""
    model = load("fomm-mini")
    portraits = list_avatars()
    source, driving = (
        load_avatar(portraits[name], model.size, lambda photo: [], centre_square=True).image
        for name in ("amara", "kenji")
    )
    coarse = OpenVinoRuntime(model, "int8", keep=False)
    exact = OpenVinoRuntime(model, "float32", keep=False)
    pose = exact.detect(driving).keypoints
    one, other = (runtime.render(runtime.encode(source), pose) for runtime in (coarse, exact))
    assert 0 < np.abs(one.image.astype(float) - other.image).mean() < 2


def test_without_a_form_int8_is_refused(tmp_path: Path) -> None:
    """Whoever asks for it is told how to make it."""
    model = golden_case.checkpoint("tiny-64", tmp_path)
    assert form_of(model) is None
    with pytest.raises(AvatarAppError, match="models quantize"):
        OpenVinoRuntime(model, "int8")


def _of_another_model(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", json.dumps({"model_sha256": "0" * 64}))


def _described_too_deeply(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", "[" * 100_000)


def _encrypted(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", "{}")
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil",
    [
        _of_another_model,
        _described_too_deeply,
        _encrypted,
        lambda path: path.write_bytes(b"PK"),
        lambda path: path.unlink(),
    ],
    ids=["another's", "too deep", "encrypted", "damaged", "missing"],
)
def test_a_form_that_does_not_belong_to_the_model_is_left_alone(
    quantized: Checkpoint, tmp_path: Path, spoil: object
) -> None:
    """A model that was trained on is not rendered with its old networks."""
    form = form_of(quantized)
    assert form is not None
    for path in (quantized.path, form):
        shutil.copy(path, tmp_path)
    spoil(tmp_path / form.name)  # type: ignore[operator]
    assert form_of(load(tmp_path / quantized.path.name)) is None


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("spoilt", [b"\0" * 8, b"\xff" * 8])
def test_a_form_that_is_damaged_inside_is_named(
    quantized: Checkpoint, tmp_path: Path, spoilt: bytes, keep: bool
) -> None:
    """It is no fault of the app, and what to do about it is said."""
    form = form_of(quantized)
    assert form is not None
    for path in (quantized.path, form):
        shutil.copy(path, tmp_path)
    with zipfile.ZipFile(form) as archive:
        at = archive.getinfo("render.bin").header_offset + 200
    with (tmp_path / form.name).open("r+b") as file:
        file.seek(at)
        file.write(spoilt)
    with pytest.raises(AvatarAppError, match=rf"{form.name} is damaged; get it again, or delete"):
        OpenVinoRuntime(load(tmp_path / quantized.path.name), "auto", keep=keep)


def test_the_form_travels_with_the_embedded_model() -> None:
    """The model on board has the form that makes it fast."""
    form = form_of(load("fomm-mini"))
    assert form is not None
    assert form.name == f"fomm-mini{SUFFIX}"
