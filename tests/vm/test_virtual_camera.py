"""The virtual camera for real: in a machine whose kernel has one, read by other programs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.settings import HOME_VARIABLE, bundled
from avatar_app.types import Image
from tests.vm.portrait import portrait_model

pytestmark = pytest.mark.vm

CHECKOUT = Path(__file__).resolve().parents[2]
PORTRAIT = bundled("assets", "avatars", "mei.png")
SECONDS = 1500  # of the whole machine, which is emulated and many times slower than this one
BOOTS = 3
COMPILER: dict[str, str | Path] = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
"""For any processor: what was compiled outside runs inside."""


@pytest.fixture(scope="module")
def out(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the job in the machine and give the folder of what it left."""
    script = shared / "tools" / "vm" / "vm.sh"
    if not script.is_file() or shutil.which("qemu-system-x86_64") is None:
        pytest.skip("needs qemu and the script that starts a machine with virtual cameras")
    folder = tmp_path_factory.mktemp("vm")
    _make_clip(folder / "driver.yuv")
    _make_photo(folder / "mei.png")
    _make_model(folder)
    _compile(folder / "compiled")
    given = {"CHECKOUT": CHECKOUT, "PYTHON": sys.executable, **COMPILER}
    given["NUMBA_CACHE_DIR"] = Path("/out/compiled")
    lines = [f"export {name}={shlex.quote(str(value))}" for name, value in given.items()]
    job = (CHECKOUT / "tests" / "vm" / "job.sh").read_text()
    (folder / "job.sh").write_text("\n".join([*lines, job]))
    log = folder / "log"
    # A kernel that is emulated too slowly takes its own clock for broken and stops at once.
    for _ in range(BOOTS):
        command = ["bash", str(script), str(folder / "job.sh"), str(folder), str(SECONDS)]
        subprocess.run(command, timeout=SECONDS + 60, stdout=subprocess.DEVNULL)
        if log.is_file():
            break
    sys.stdout.write(f"\n{log.read_text()}")
    return folder


def _make_clip(path: Path) -> None:
    """Write what the webcam shows as raw pictures, 320 x 240, two a second."""
    clip = bundled("assets", "demo", "webcam.mp4")
    form = ("-vf", "fps=2,scale=320:240", "-t", "6", "-pix_fmt", "yuv420p", "-f", "rawvideo")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", clip, *form, path], check=True)


def _make_photo(path: Path) -> None:
    """Write the portrait so small that an emulated processor finds its face within seconds."""
    whole = cv2.imread(str(PORTRAIT))
    assert whole is not None
    cv2.imwrite(str(path), cv2.resize(whole, (192, 192), interpolation=cv2.INTER_AREA))


def _make_model(folder: Path) -> None:
    """Write the model, converted already, so that the emulated processor need not run torch."""
    from avatar_app.fomm.openvino_runtime import OpenVinoRuntime

    model = portrait_model(folder / "portrait.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(folder / "home"))
        OpenVinoRuntime(model).close()


def _compile(folder: Path) -> None:
    """Keep all compiled code there, which takes the emulated processor minutes."""
    given = {**COMPILER, "NUMBA_CACHE_DIR": str(folder), HOME_VARIABLE: str(folder / "home")}
    command = [sys.executable, "-m", "avatar_app", "doctor", "--headless", "--camera", "demo"]
    ended = subprocess.run(
        command, env={**os.environ, **given}, cwd=CHECKOUT, capture_output=True, text=True
    )
    assert "a picture is judged in" in ended.stdout


def picture(path: Path) -> Image:
    """Read a picture, (H, W, 3) RGB."""
    found = cv2.imread(str(path))
    assert found is not None, f"{path} is missing"
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def test_the_app_ran_to_a_clean_end(out: Path) -> None:
    """Ctrl-C ended it; until then it drove the one device by the other."""
    log = (out / "log").read_text()
    assert "app: 130" in log
    assert "Traceback" not in log
    stats = json.loads((out / "stats.json").read_text())
    assert "/dev/video10" in stats["camera"]
    assert stats["events"]["OutputChanged"] >= 2


@pytest.mark.parametrize("program", ["opencv", "ffmpeg", "chromium"])
def test_another_program_sees_the_avatar(out: Path, program: str) -> None:
    """Neither the driver nor a card: the middle of what it reads looks like the portrait."""
    if program == "chromium" and shutil.which("chromium") is None:
        pytest.skip("needs Chromium")
    assert f"{program}: 0" in (out / "log").read_text()
    seen = picture(out / f"{program}.png")
    assert seen.shape == (480, 640, 3)
    middle = cv2.resize(seen[:, 80:560], (64, 64), interpolation=cv2.INTER_AREA)
    portrait = cv2.resize(picture(PORTRAIT), (64, 64), interpolation=cv2.INTER_AREA)
    likeness = np.corrcoef(middle.ravel().astype(float), portrait.ravel().astype(float))[0, 1]
    driver = cv2.resize(_driver()[:, 80:560], (64, 64), interpolation=cv2.INTER_AREA)
    unlikeness = np.corrcoef(middle.ravel().astype(float), driver.ravel().astype(float))[0, 1]
    sys.stdout.write(
        f"\n{program} saw {seen.shape[1]} x {seen.shape[0]} pixels; correlation with the portrait "
        f"{likeness:.2f}, with the webcam's clip {unlikeness:.2f}\n"
    )
    assert likeness > 0.7 > unlikeness


def _driver() -> Image:
    from avatar_app.video import VideoReader

    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as reader:
        return next(iter(reader)).image
