"""The shape of the code: what a plain start may import, and how long files may grow.

Which module may import which is import-linter's business (setup.cfg); here is what only shows when
the code runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "avatar_app"
HARD_LIMIT = 400  # lines

HEAVY = {"torch", "PyQt5", "dlib", "_dlib_pybind11", "cv2", "openvino", "av"}


def loaded_by(module: str, home: Path) -> set[str]:
    """Give the top-level modules that importing `module` leaves loaded, in a fresh process."""
    code = (
        f"import json, sys, {module}; "
        "print(json.dumps([name for name, there in sys.modules.items() if there]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": str(home)},
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in json.loads(answer.stdout)}


@pytest.mark.parametrize("module", ["avatar_app.cli", "avatar_app.settings", "avatar_app.types"])
def test_plain_start_is_light(module: str, tmp_path: Path) -> None:
    """Help and usage errors come at once: nothing heavy is imported for them."""
    assert not loaded_by(module, tmp_path) & HEAVY


@pytest.mark.parametrize("module", ["avatar_app.fomm.reenactor", "avatar_app.animation"])
def test_animating_needs_no_torch_to_start(module: str, tmp_path: Path) -> None:
    """Seconds are saved where compiled models are at hand: torch is imported only if needed."""
    assert "torch" not in loaded_by(module, tmp_path)


def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """OpenVINO comes with a telemetry package that the app keeps from being loaded."""
    code = (
        "import sys; from avatar_app.fomm import openvino_runtime; import openvino;"
        "sys.exit(bool(sys.modules.get('openvino_telemetry')))"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=PACKAGE.parent, check=True)
    assert not (tmp_path / "intel").exists()


def test_no_file_outgrows_a_reader() -> None:
    """A file beyond the hard limit has a seam to be found."""
    long = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > HARD_LIMIT
    }
    assert not long
