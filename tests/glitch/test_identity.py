"""The network that tells persons apart, held against dlib's own computation of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest

from avatar_app.glitch.identity import CHIP_SIDE, FaceNetwork
from avatar_app.glitch.landmarks import _DESCRIPTOR, _model_file
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Image

_FILE = Path(_model_file(_DESCRIPTOR))


def chips() -> list[Image]:
    """Return portraits of three persons, noise, and black, at the network's size."""
    made = []
    for name in ("mei", "kwame", "ingrid"):
        image = cv2.imread(str(bundled("assets", "avatars", f"{name}.png")))
        assert image is not None
        small = cv2.resize(image, (CHIP_SIDE, CHIP_SIDE), interpolation=cv2.INTER_AREA)
        made.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
    return [*made, noise, np.zeros_like(noise)]


def test_it_gives_the_numbers_that_dlib_gives() -> None:
    """Every chip has dlib's own description, to a ten thousandth of what tells persons apart."""
    theirs = dlib.face_recognition_model_v1(str(_FILE))
    network = FaceNetwork(_FILE)
    for chip in chips():
        expected = np.asarray(theirs.compute_face_descriptor(chip))
        assert np.linalg.norm(network.describe(chip) - expected) < 0.6e-4


def test_another_size_is_refused() -> None:
    """A picture that is not 150 x 150 is a mistake of the caller."""
    with pytest.raises(ValueError, match="expected \\(150, 150, 3\\), got \\(100, 150, 3\\)"):
        FaceNetwork(_FILE).describe(np.zeros((100, 150, 3), np.uint8))


@pytest.mark.parametrize("damage", ["cut off", "another file", "missing"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, damage: str) -> None:
    """A file that is not the network's says so in a sentence, before anything is computed."""
    file = tmp_path / "network.dat"
    if damage != "missing":
        whole = _FILE.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if damage == "cut off" else b"\x01" * 5000)
    with pytest.raises(AvatarAppError, match=r"network\.dat is not .* install its package"):
        FaceNetwork(file)
