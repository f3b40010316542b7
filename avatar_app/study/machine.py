"""What a study ran on, for its header: machine, packages, and the detector's calibration."""

from __future__ import annotations

import importlib.metadata
import os
import platform

from avatar_app.fomm.checkpoints import digest
from avatar_app.settings import bundled

_TOOLS = ("openvino", "torch", "dlib-bin", "opencv-python", "numpy", "av")
_CALIBRATION = bundled("models", "glitch.json")


def describe_machine() -> dict[str, object]:
    """Say what computes."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {usable_cores()} cores",
        "packages": {
            package.name: package.version
            for package in importlib.metadata.distributions()
            if package.name in _TOOLS
        },
    }


def detector_sha256() -> str:
    """Give the digest of the calibration that the glitch detector travels with."""
    return digest(_CALIBRATION, "sha256") if _CALIBRATION.is_file() else ""


def usable_cores() -> int:
    """Give how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
