"""The benchmark, with the tiny network in the place of the large ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from avatar_app import benchmark
from avatar_app.benchmark import STAGES, bench
from avatar_app.fomm import runtime
from avatar_app.fomm.upstream import PUBLISHED_PARAMS, UpstreamRenderer
from avatar_app.types import AvatarAppError
from tests.fomm import golden_case


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model, which also stands for the published size; no NVIDIA driver; one thread."""
    torch.set_num_threads(1)
    tiny = golden_case.checkpoint("tiny-64", tmp_path)
    monkeypatch.setattr(benchmark, "_published", lambda _folder: tiny)
    monkeypatch.setattr(runtime, "_has_nvidia_driver", lambda: False)
    return tiny.path


def test_bench(model: Path, tmp_path: Path) -> None:
    """Every runtime gets a row with its stages, upstream's way one with the whole, in JSON too."""
    shares: list[float] = []

    def progress(done: float, total: float | None, what: str) -> None:
        assert total is not None
        shares.append(done / total)

    out = tmp_path / "bench.json"
    result = bench(model, quick=True, frames=30, json_file=out, progress=progress)
    described = " ".join(row.runtime for row in result.rows)
    for name in ("PyTorch on the CPU (float32)", "OpenVINO on the CPU (float32)", "upstream"):
        assert name in described
    for row in result.rows[:-1]:
        assert set(row.stages_ms) == set(STAGES)
        assert all(0 < times.p50 <= times.p95 <= times.p99 for times in row.stages_ms.values())
    assert result.speedup > 0
    assert {"processor", "cores", "python", "openvino"} <= set(result.machine)
    read = json.loads(out.read_text())
    assert read["rows"][0]["stages_ms"]["total"]["p50"] > 0
    assert shares == sorted(shares)
    assert shares[-1] == 1
    headings, rows = result.table()
    assert {len(row) for row in rows} == {len(headings)}


def test_cuda_without_cuda(model: Path) -> None:
    """CUDA that is not there is one sentence, before anything is timed."""
    with pytest.raises(AvatarAppError, match="CUDA was asked for"):
        bench(model, "cuda")


def test_file_that_cannot_be_written(model: Path, tmp_path: Path) -> None:
    """The sentence names the file, before anything is timed."""
    (tmp_path / "text.txt").write_text("no folder")
    with pytest.raises(AvatarAppError, match=r"bench\.json could not be written"):
        bench(model, quick=True, frames=30, json_file=tmp_path / "text.txt" / "bench.json")


def test_published_size() -> None:
    """The yardstick has the sizes of the published model."""
    described = golden_case.spec("vox-adv-256")["model_params"]
    assert {**described, "discriminator_params": None} == {
        **PUBLISHED_PARAMS,
        "discriminator_params": None,
    }


def test_upstreams_way_gives_upstreams_picture(tmp_path: Path) -> None:
    """The yardstick computes what the published implementation does, to 1e-4."""
    golden = golden_case.Golden("tiny-64")
    renderer = UpstreamRenderer(golden_case.checkpoint("tiny-64", tmp_path), golden.image("source"))
    rendered = renderer.render(golden.image("driving"))
    assert abs(rendered * 255 - golden.prediction("absolute")).max() < 255e-4
