"""How fast every stage of rendering is on this machine, and how much faster than upstream."""

from __future__ import annotations

import importlib.util
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from avatar_app.files import check_writable, write_json
from avatar_app.fomm import runtime
from avatar_app.fomm.checkpoints import PARTS, Checkpoint, load, save
from avatar_app.fomm.quantization import quantize
from avatar_app.fomm.reenactor import DEFAULT_MODEL, FommReenactor
from avatar_app.progress import Progress, silent
from avatar_app.reports import Percentiles
from avatar_app.types import Avatar, Frame, Image

STAGES = ("detect", "transfer", "render", "measure", "total")
PUBLISHED = "published size"
# What decides how fast a processor computes networks, as Linux names it.
_TELLING_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16")
_TELLING_PACKAGES = ("avatar_app", "numpy", "openvino", "torch")
_PUBLISHED_FRAMES = 10


@dataclass(frozen=True)
class Row:
    """One model on one runtime: percentiles by stage over `frames` frames."""

    model: str
    runtime: str
    frames: int
    stages_ms: Mapping[str, Percentiles]


@dataclass(frozen=True)
class Benchmark:
    """What was measured, where.

    `speedup` is how often the fastest runtime renders a frame of the published size in the time
    upstream needs for one.
    """

    machine: Mapping[str, str]
    rows: Sequence[Row]
    speedup: float

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """Headings, and a row a model and runtime; milliseconds as p50 / p95 / p99."""
        headings = ("model", "runtime", "frames", *(f"{stage} ms" for stage in STAGES))
        rows = [
            (
                row.model,
                row.runtime,
                str(row.frames),
                *(
                    _text(row.stages_ms[stage]) if stage in row.stages_ms else ""
                    for stage in STAGES
                ),
            )
            for row in self.rows
        ]
        return headings, rows


def bench(
    model: str | Path = DEFAULT_MODEL,
    device: str = "auto",
    *,
    quick: bool = False,
    frames: int = 100,
    json_file: Path | None = None,
    progress: Progress = silent,
) -> Benchmark:
    """Time `model` on every runtime of the device, and the published size beside upstream's way.

    Reading, showing and writing pictures are left out. `quick` takes a tenth of the `frames`, which
    is enough to see whether something is badly wrong, and leaves out the published size in 8 bits
    (which needs NNCF). The result also goes to `json_file`. Raises AvatarAppError where the model
    or the device is not to be had, or the file cannot be written.
    """
    device = runtime.choose(device).device
    check_writable(json_file)
    frames = max(frames // 10, 3) if quick else frames
    checkpoint = load(model)
    machine = _machine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        published = _published(Path(folder))
        few = min(frames, _PUBLISHED_FRAMES)
        kinds = _kinds(device)
        total = len(kinds) * frames + 2 * few
        rows = []
        for kind, precision in kinds:
            rows.append(_time(checkpoint, kind, device, precision, frames))
            progress(len(rows) * frames, total, "frames timed")
        ours = [_time(published, kinds[-1][0], device, "auto", few, keep=False)]
        if device == "cpu" and not quick and importlib.util.find_spec("nncf"):
            quantize(published, [(picture, picture) for picture in _pictures(published.size)])
            ours.append(_time(published, kinds[-1][0], device, "int8", few, keep=False))
        progress(total - few, total, "frames timed")
        theirs = _time_upstream(published, device, few)
        progress(total, total, "frames timed")
    speedup = theirs.stages_ms["total"].p50 / min(row.stages_ms["total"].p50 for row in ours)
    result = Benchmark(machine, [*_distinct(rows), *ours, theirs], round(speedup, 2))
    if json_file is not None:
        write_json(json_file, result)
    return result


def _kinds(device: str) -> list[tuple[str, str]]:
    """Runtimes and precisions of a device, the fastest last."""
    of_torch = [("torch", "float32"), ("torch", "auto")]
    if device == "cuda":
        return of_torch
    return [*of_torch, ("openvino", "float32"), ("openvino", "auto")]


def _distinct(rows: Sequence[Row]) -> list[Row]:
    """Without the second of two rows that turned out to be of the same precision."""
    return list({(row.model, row.runtime): row for row in rows}.values())


def _published(folder: Path) -> Checkpoint:
    """A model of the published size whose weights are untrained: it is as fast as the real one."""
    from avatar_app.fomm.building import build_networks
    from avatar_app.fomm.upstream import PUBLISHED_PARAMS

    path = folder / f"{PUBLISHED}.safetensors"
    weights = {
        f"{part}.{name}": tensor.numpy()
        for part, network in zip(PARTS, build_networks(PUBLISHED_PARAMS), strict=True)
        for name, tensor in network.state_dict().items()
    }
    save(path, PUBLISHED_PARAMS, weights, half=True)
    return load(path)


def _time(
    checkpoint: Checkpoint,
    kind: str,
    device: str,
    precision: str,
    frames: int,
    *,
    keep: bool = True,
) -> Row:
    choice = runtime.Choice(kind, device, "")
    started = runtime.start(checkpoint, choice, precision, keep=keep)
    reenactor = FommReenactor(started, checkpoint.size)
    pictures = _pictures(checkpoint.size)
    reenactor.set_source(Avatar("noise", pictures[0]))
    laps: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for index in range(frames + 1):
        began = time.perf_counter()
        rendered = reenactor.animate(Frame(pictures[index % len(pictures)], index, index / 25))
        whole = (time.perf_counter() - began) * 1000
        if index:  # the first one calibrates
            for stage, lap in {**rendered.timings, "total": whole}.items():
                laps[stage].append(lap)
    reenactor.close()
    stages = {stage: Percentiles.of(times) for stage, times in laps.items()}
    return Row(checkpoint.name, reenactor.runtime_description, frames, stages)


def _time_upstream(checkpoint: Checkpoint, device: str, frames: int) -> Row:
    from avatar_app.fomm.upstream import UpstreamRenderer

    pictures = _pictures(checkpoint.size)
    renderer = UpstreamRenderer(checkpoint, pictures[0], device)
    laps = []
    for index in range(frames + 1):
        began = time.perf_counter()
        renderer.render(pictures[index % len(pictures)])
        laps.append((time.perf_counter() - began) * 1000)
    # The first run is slower everywhere.
    return Row(
        checkpoint.name,
        f"upstream's way, PyTorch on {device} (float32)",
        frames,
        {"total": Percentiles.of(laps[1:])},
    )


def _pictures(size: int) -> list[Image]:
    noise = np.random.default_rng(0).integers(0, 256, (4, size, size, 3), np.uint8)
    return list(noise)


def _text(times: Percentiles) -> str:
    return f"{times.p50:.1f} / {times.p95:.1f} / {times.p99:.1f}"


def _machine() -> dict[str, str]:
    """The machine in words, as far as it tells; how busy it is matters for what is measured."""
    cpu = {}
    if os.path.exists("/proc/cpuinfo"):
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
        cpu = dict(line.split(":", 1) for line in first.splitlines() if ":" in line)
        cpu = {name.strip(): value.strip() for name, value in cpu.items()}
    flags = [flag for flag in _TELLING_FLAGS if flag in cpu.get("flags", "").split()]
    described = {
        "processor": cpu.get("model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "instructions": " ".join(flags),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    if hasattr(os, "getloadavg"):
        described["busy with"] = f"{os.getloadavg()[0]:.1f} other processes"
    for package in _TELLING_PACKAGES:
        described[package] = _version(package)
    return {name: value for name, value in described.items() if value}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
