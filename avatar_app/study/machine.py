"""What a study ran on, for its header: machine, packages, and what the detector knows."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform

from avatar_app.events import DEFAULT_FALSE_ALARMS
from avatar_app.glitch.signals import artifacts, glance
from avatar_app.settings import bundled

_TOOLS = ("openvino", "torch", "dlib-bin", "opencv-python", "numpy", "av")
_CALIBRATION = "glitch.json"
_NETWORKS = (artifacts.FILE, glance.FILE)


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
    """Return the digest of what the bundled detector judges by: its fit, threshold and networks.

    How good it was found is no part of it. Empty where it is not there.
    """
    models = bundled("models")
    if not (models / _CALIBRATION).is_file():
        return ""
    roles = json.loads((models / _CALIBRATION).read_text(encoding="utf-8"))["roles"]
    judged_by = {"roles": roles, "false_alarms": {**DEFAULT_FALSE_ALARMS}}
    known = hashlib.sha256(json.dumps(judged_by, sort_keys=True).encode())
    for file in _NETWORKS:
        known.update((models / file).read_bytes())
    return known.hexdigest()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
