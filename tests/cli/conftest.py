"""A home, a tiny untrained model and a clip for commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app import cli
from avatar_app.fomm.checkpoints import save
from avatar_app.video import VideoReader, VideoWriter
from tests.cli.process import CHECKOUT, DEMO_CLIP, FRAMES, Run
from tests.fomm import golden_case


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all of these, so that the model is compiled once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def model(home: Path) -> Path:
    """A tiny model with the golden files' weights, for pictures in which a face can be found."""
    path = home / "tiny.safetensors"
    tiny = "tiny-64"
    save(path, golden_case.spec(tiny)["model_params"], golden_case.tensors(tiny), half=True)
    return path


@pytest.fixture(scope="module")
def clip(home: Path) -> Path:
    """The beginning of the demo clip."""
    path = home / "clip.mp4"
    with (
        VideoReader(DEMO_CLIP) as reader,
        VideoWriter(path, reader.width, reader.height, reader.rate) as writer,
    ):
        for frame in reader:
            if frame.index == FRAMES:
                break
            writer.write(frame.image, frame.time)
    return path


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What the processes get."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), "AVATAR_APP_HOME": str(home)}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run `avatar-app` with arguments in a folder of the test."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "avatar_app", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=900,
        )

    return call


@pytest.fixture
def call(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Do the same in the process of the tests: a start proves nothing more the second time."""

    def called(*arguments: object) -> subprocess.CompletedProcess[str]:
        given = [*map(str, arguments)]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("AVATAR_APP_HOME", str(home))
        capfd.readouterr()
        return subprocess.CompletedProcess(given, cli.main(given), *capfd.readouterr())

    return called
