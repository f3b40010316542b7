"""The runtime for CPUs: the networks converted to OpenVINO once, and kept on disk from then on.

Only the conversion needs torch; a later start with the same model finds the converted networks, and
the form OpenVINO compiled them to for this processor, in the app's cache. A model that carries a
quantized form needs no conversion at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov  # type: ignore[import-untyped]

from avatar_app.files import digest
from avatar_app.fomm import conversion, quantization
from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.fomm.runtime import Detection, EncodedSource, Picture
from avatar_app.inference import open_core
from avatar_app.settings import cache_dir
from avatar_app.types import AvatarAppError, Image, KeyPoints

Array = npt.NDArray[Any]

_SEAL = "seal"  # the digest of all that a folder of the cache holds


class OpenVinoRuntime:
    """`Runtime` by OpenVINO on the CPU.

    `precision` "auto" takes the model's quantized form where it has one, and for the rest bfloat16
    where the processor computes it natively. Raises AvatarAppError where "int8" is asked of a model
    without that form.
    """

    def __init__(
        self, checkpoint: Checkpoint, precision: str = "auto", *, keep: bool = True
    ) -> None:
        core = open_core()
        form = quantization.form_of(checkpoint) if precision in ("auto", "int8") else None
        if precision == "int8" and form is None:
            raise AvatarAppError(
                f"{checkpoint.name} has no 8-bit form; make it with 'avatar-app models quantize'"
            )
        if precision in ("auto", "int8"):
            native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            precision = "bfloat16" if native else "float32"
        hint = {"float32": "f32", "bfloat16": "bf16"}[precision]
        networks = _Networks(checkpoint, form)
        compiled = (_kept if keep else _once)(core, networks, hint)
        self._detect, self._encode, self._render = (
            stage.create_infer_request() for stage in compiled
        )
        self._bound: EncodedSource | None = None
        mixed = f"int8 and {precision}" if form else precision
        self.description = f"OpenVINO on the CPU ({mixed})"

    def encode(self, image: Image) -> EncodedSource:
        """See `Runtime`."""
        keypoints = self.detect(image).keypoints
        features = (*_run(self._encode, [image]), keypoints.value, keypoints.jacobian)
        return EncodedSource(keypoints, features)

    def detect(self, image: Image) -> Detection:
        """See `Runtime`."""
        value, jacobian, heatmap = _run(self._detect, [image])
        return Detection(KeyPoints(value, jacobian), heatmap[0])

    def render(self, source: EncodedSource, keypoints: KeyPoints) -> Picture:
        """See `Runtime`."""
        # The source stays where the network reads it, frame after frame.
        if source is not self._bound:
            _bind(self._render, source.features)
            self._bound = source
        pose = [keypoints.value, keypoints.jacobian]
        return Picture(*_run(self._render, pose, first=len(source.features)))

    def close(self) -> None:
        """See `Runtime`."""
        del self._detect, self._encode, self._render, self._bound


@dataclass(frozen=True)
class _Networks:
    """Where the converted networks come from: a quantized form, or the model itself."""

    checkpoint: Checkpoint
    form: Path | None

    @property
    def key(self) -> str:
        """Differs for different networks."""
        return digest(self.form) if self.form else self.checkpoint.sha256

    def write(self, folder: Path) -> None:
        if self.form is not None:
            quantization.unpack(self.form, folder)
        else:
            conversion.convert(self.checkpoint, folder)


def _bind(request: ov.InferRequest, arrays: Sequence[Array], first: int = 0) -> None:
    """Let the inputs from `first` on read `arrays` where they are, as long as the caller has them.

    They are whole and writeable, as OpenVINO wants what it shares.
    """
    for index, array in enumerate(arrays, start=first):
        request.set_input_tensor(index, ov.Tensor(array, shared_memory=True))


def _run(request: ov.InferRequest, arrays: Sequence[Array], first: int = 0) -> list[Array]:
    """The outputs for `arrays` at the inputs from `first` on.

    They are copies, because the next run writes its own into the same memory.
    """
    # Frames are read-only and must be copied; nobody else holds the copies until the run is over.
    held = [np.require(array, requirements=("C", "W")) for array in arrays]
    _bind(request, held, first)
    request.infer()
    return [tensor.data.copy() for tensor in request.output_tensors]


def _kept(core: ov.Core, networks: _Networks, hint: str) -> list[ov.CompiledModel]:
    """The stages of a model, from the cache where it holds them."""
    try:
        # One model has one entry: a new version of the app replaces that of the old one.
        entry = cache_dir() / "openvino" / networks.key
        folder = entry / conversion.revision()
        # A damaged cache is only a reason to make it again; but OpenVINO must not see it, because
        # reading half of a compiled model has corrupted the process's memory.
        if _is_sealed(folder):
            with contextlib.suppress(RuntimeError):
                return _compile_and_seal(core, folder, hint)
        shutil.rmtree(entry, ignore_errors=True)
        entry.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry, ignore_cleanup_errors=True) as part:
            converted = Path(part) / "converted"
            converted.mkdir()
            networks.write(converted)
            os.replace(converted, folder)
        return _compile_and_seal(core, folder, hint)
    except (OSError, RuntimeError):
        # No place for a cache, a full one (OpenVINO's own words for which are a RuntimeError), or
        # another process at work on it: the next start will take as long as this.
        return _once(core, networks, hint)


def _once(core: ov.Core, networks: _Networks, hint: str) -> list[ov.CompiledModel]:
    """The stages of a model, converted for this time."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        networks.write(Path(folder))
        return _compile(core, Path(folder), hint)


def _compile_and_seal(core: ov.Core, folder: Path, hint: str) -> list[ov.CompiledModel]:
    stages = _compile(core, folder, hint, folder / "compiled")
    if not _is_sealed(folder):  # it is new, or a new precision has added its compiled form
        (folder / _SEAL).write_text(_digest(folder))
    return stages


def _is_sealed(folder: Path) -> bool:
    """Whether the folder holds, unchanged, what the last start left in it."""
    seal = folder / _SEAL
    return seal.is_file() and seal.read_text(errors="replace") == _digest(folder)


def _digest(folder: Path) -> str:
    state = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _SEAL):
        state.update(str(path.relative_to(folder)).encode())
        state.update(path.read_bytes())
    return state.hexdigest()


def _compile(
    core: ov.Core, folder: Path, hint: str, cache: Path | None = None
) -> list[ov.CompiledModel]:
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": hint}
    if cache is not None:
        config["CACHE_DIR"] = str(cache)
    return [
        core.compile_model(folder / f"{stage}.xml", "CPU", config) for stage in conversion.STAGES
    ]
