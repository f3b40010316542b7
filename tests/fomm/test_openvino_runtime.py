"""What the OpenVINO runtime keeps on disk, and how it starts from there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov  # type: ignore[import-untyped]
import pytest

from avatar_app.fomm import conversion, openvino_runtime
from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.fomm.openvino_runtime import OpenVinoRuntime
from avatar_app.settings import cache_dir
from avatar_app.types import Image
from tests.fomm import golden_case
from tests.fomm.golden_case import Golden


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The tiny model."""
    return golden_case.checkpoint("tiny-64", tmp_path_factory.mktemp("model"))


def rendered(runtime: OpenVinoRuntime) -> Image:
    """The golden source in the golden pose."""
    golden = Golden("tiny-64")
    source = runtime.encode(golden.image("source"))
    return runtime.render(source, golden.keypoints("relative")).image


def converted() -> list[Path]:
    """The converted networks in the cache."""
    return sorted((cache_dir() / "openvino").rglob("*.xml"))


def no_conversion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every further conversion be a failure."""

    def fail(*_: object) -> None:
        pytest.fail("the networks were converted again")

    monkeypatch.setattr(conversion, "convert", fail)


def test_converts_once(model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start takes what the first one converted, and renders the same."""
    first = rendered(OpenVinoRuntime(model, "float32"))
    assert [path.stem for path in converted()] == ["detect", "encode", "render"]
    no_conversion(monkeypatch)
    np.testing.assert_array_equal(rendered(OpenVinoRuntime(model, "float32")), first)


def test_new_version_replaces_the_old_one(
    model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the code changed the networks are converted again, and the old ones go."""
    OpenVinoRuntime(model, "float32")
    old = converted()
    monkeypatch.setattr(conversion, "revision", lambda: "another")
    OpenVinoRuntime(model, "float32")
    assert {path.parent.name for path in converted()} == {"another"}
    assert not any(path.exists() for path in old)


@pytest.mark.parametrize("name", ["detect.xml", "render.xml"])
def test_damaged_cache_is_made_again(model: Checkpoint, name: str) -> None:
    """A damaged file in the cache costs time, nothing else."""
    first = rendered(OpenVinoRuntime(model, "float32"))
    folder = converted()[0].parent
    (folder / name).write_text("<net")
    for blob in (folder / "compiled").iterdir():
        blob.unlink()
    np.testing.assert_array_equal(rendered(OpenVinoRuntime(model, "float32")), first)


def test_damaged_compiled_form(model: Checkpoint) -> None:
    """The same holds for what OpenVINO compiled; OpenVINO itself never gets to see the damage."""
    first = rendered(OpenVinoRuntime(model, "float32"))
    folder = converted()[0].parent
    assert openvino_runtime._is_sealed(folder)
    for blob in (folder / "compiled").iterdir():
        blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2])
    assert not openvino_runtime._is_sealed(folder)
    np.testing.assert_array_equal(rendered(OpenVinoRuntime(model, "float32")), first)


def test_no_place_for_a_cache(model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be kept it works all the same."""

    def refuse() -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(openvino_runtime, "cache_dir", refuse)
    assert rendered(OpenVinoRuntime(model, "float32")).shape == (64, 64, 3)


def test_full_cache(model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while networks are converted costs time, nothing else."""
    convert, folders = conversion.convert, []

    def fill_up_once(checkpoint: Checkpoint, folder: Path) -> None:
        folders.append(folder)
        if len(folders) == 1:
            raise RuntimeError("basic_ios::clear: iostream error")  # OpenVINO's words
        convert(checkpoint, folder)

    monkeypatch.setattr(conversion, "convert", fill_up_once)
    assert rendered(OpenVinoRuntime(model, "float32")).shape == (64, 64, 3)
    assert cache_dir() not in folders[1].parents
    assert not converted()


def test_nothing_is_kept_unasked(model: Checkpoint) -> None:
    """Without `keep` the cache stays as it was."""
    OpenVinoRuntime(model, "float32", keep=False)
    assert not converted()


def test_half_precision_is_close(model: Checkpoint) -> None:
    """In bfloat16 the picture is nearly the same, and the description says what computes it."""
    exact = OpenVinoRuntime(model, "float32")
    coarse = OpenVinoRuntime(model, "bfloat16")
    assert exact.description == "OpenVINO on the CPU (float32)"
    assert coarse.description == "OpenVINO on the CPU (bfloat16)"
    difference = np.abs(rendered(exact).astype(int) - rendered(coarse))
    assert difference.mean() < 1


def test_second_start_is_fast_and_without_torch(model: Checkpoint) -> None:
    """From a fresh process to the first frame: under 3 s of work, and PyTorch stays unloaded."""
    OpenVinoRuntime(model)
    script = f"""
import sys, time
import numpy as np
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.types import Avatar, Frame
reenactor = load_reenactor({str(model.path)!r}, device="cpu")
image = np.zeros((64, 64, 3), np.uint8)
reenactor.set_source(Avatar("black", image))
reenactor.animate(Frame(image, 0, 0.0))
assert "torch" not in sys.modules
assert "openvino_telemetry" not in sys.modules or sys.modules["openvino_telemetry"] is None
print(time.process_time())
"""
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout) < 3


def test_no_convolution_is_transposed_and_no_channels_are_split(
    model: Checkpoint, tmp_path: Path
) -> None:
    """Large transposed ones OpenVINO never computes in 8 bits, and it splits channels slowly."""
    conversion.convert(model, tmp_path)
    for stage in conversion.STAGES:
        nodes = ov.Core().read_model(tmp_path / f"{stage}.xml").get_ops()
        assert not {node.get_type_name() for node in nodes} & {
            "ConvolutionBackpropData",
            "VariadicSplit",
        }
