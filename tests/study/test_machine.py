"""What a study says it ran on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from avatar_app.settings import bundled
from avatar_app.study import machine


def test_a_detector_is_what_it_judges_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured again it is the same; with another weight, threshold or network not."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("glitch.json", "artifacts.npz", "glance.npz"):
        shutil.copy(bundled("models", name), models / name)
    bundled_digest = machine.detector_sha256()
    monkeypatch.setattr(machine, "bundled", tmp_path.joinpath)
    content = json.loads((models / "glitch.json").read_text())
    content["figures"] = {}
    (models / "glitch.json").write_text(json.dumps(content))
    assert machine.detector_sha256() == bundled_digest
    content["roles"]["video"]["bias"] += 0.1
    (models / "glitch.json").write_text(json.dumps(content))
    other_weights = machine.detector_sha256()
    monkeypatch.setattr(machine, "DEFAULT_FALSE_ALARMS", {"driver": 9.0, "video": 9.0})
    other_threshold = machine.detector_sha256()
    (models / "glance.npz").write_bytes(b"another")
    digests = {bundled_digest, other_weights, other_threshold, machine.detector_sha256()}
    assert len(digests) == 4
    (models / "glitch.json").unlink()
    assert machine.detector_sha256() == ""
