"""How OpenVINO is opened: for the avatar's networks, and for the small ones of the detector."""

from __future__ import annotations

import contextlib
import os
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
import openvino as ov  # type: ignore[import-untyped]

from avatar_app.types import Floats

_PROCESSOR = Path("/proc/cpuinfo")

_ONE_THREAD = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}


def open_core() -> ov.Core:
    """Return an OpenVINO core that leaves the matrix units (AMX) of server processors alone.

    With them OpenVINO 2026 computes other pictures there (6 grey levels off in 8 bits, 17 in
    bfloat16 for a small model) or crashes (github.com/openvinotoolkit/openvino/issues/37577).
    They are left alone by all of the process; who sets the variable has the last word.
    """
    with contextlib.suppress(OSError):
        if "amx_tile" in _PROCESSOR.read_text(encoding="utf-8"):
            os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16")
    return ov.Core()


class SmallNetwork:
    """A graph from `entries` to one result, for one thread of the CPU.

    Shapes are fixed, and begin with a 1 in the graph: callers give and get single things. It
    computes in float32, so that what it measures does not depend on the processor, and in the
    thread that calls; others of Python go on meanwhile. Several threads may call it, one at a time.
    """

    def __init__(self, result: ov.Node, *entries: ov.Node) -> None:
        compiled = _core().compile_model(ov.Model([result], list(entries)), "CPU", _ONE_THREAD)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()
        self._in = [self._request.get_input_tensor(i).data[0] for i in range(len(entries))]
        self._out = self._request.get_output_tensor().data[0]

    def __call__(self, *arrays: Floats) -> Floats:
        """Return what the graph makes of them. Raises ValueError for other shapes."""
        expected = [place.shape for place in self._in]
        if [array.shape for array in arrays] != expected:
            raise ValueError(f"expected {expected}, got {[array.shape for array in arrays]}")
        with self._lock:
            for place, array in zip(self._in, arrays, strict=True):
                place[:] = array
            self._request.infer()
            return np.array(self._out)


@lru_cache(maxsize=1)
def _core() -> ov.Core:
    return open_core()
