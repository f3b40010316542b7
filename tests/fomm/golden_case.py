"""The golden files: what the published implementation computes with reproducible weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar_app.fomm.building import build_networks
from avatar_app.fomm.checkpoints import PARTS, Checkpoint, load, save
from avatar_app.fomm.params import check
from avatar_app.types import Floats, Image, KeyPoints
from tests.fomm.golden.fill_weights import fill

FOLDER = Path(__file__).parent / "golden"
SIZES = {"tiny-64": 64, "vox-adv-256": 256}


def spec(name: str) -> dict[str, Any]:
    """`model_params`, and the shape of every weight by network."""
    described: dict[str, Any] = json.loads((FOLDER / "state_dict_spec.json").read_text())[name]
    return described


def tensors(name: str) -> dict[str, Floats]:
    """The reproducible weights by full name, step counters included."""
    return {
        f"{part}.{key}": np.asarray(fill(f"{part}.{key}", tuple(shape)), np.float32)
        for part in ("generator", "kp_detector")
        for key, shape in spec(name)[part].items()
    }


def checkpoint(name: str, folder: Path) -> Checkpoint:
    """The reproducible weights as a model on disk, in single precision."""
    path = folder / f"{name}.safetensors"
    save(path, spec(name)["model_params"], tensors(name), half=False, size=SIZES[name])
    return load(path)


def live_sized(folder: Path) -> Checkpoint:
    """A model of a size that is rendered live, 256 x 256, with weights that show nothing."""
    model_params = {
        "common_params": {"num_kp": 14, "num_channels": 3, "estimate_jacobian": True},
        "kp_detector_params": {
            "temperature": 0.1,
            "block_expansion": 16,
            "max_features": 256,
            "scale_factor": 0.25,
            "num_blocks": 5,
        },
        "generator_params": {
            "block_expansion": 24,
            "max_features": 96,
            "num_down_blocks": 2,
            "num_bottleneck_blocks": 3,
            "estimate_occlusion_map": True,
            "dense_motion_params": {
                "block_expansion": 24,
                "max_features": 256,
                "num_blocks": 5,
                "scale_factor": 0.25,
            },
        },
    }
    networks = build_networks(check(model_params, "live"))
    weights = {
        f"{part}.{key}": tensor.numpy()
        for part, network in zip(PARTS, networks, strict=True)
        for key, tensor in network.state_dict().items()
    }
    save(folder / "live.safetensors", model_params, weights, half=False)
    return load(folder / "live.safetensors")


class Golden:
    """One golden file in the app's own types."""

    def __init__(self, name: str) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = dict(np.load(FOLDER / f"golden_{name}.npz"))

    def image(self, which: str) -> Image:
        """`source`, `driving_initial` or `driving` as (H, W, 3) uint8."""
        array: Image = self._arrays[which][0].transpose(1, 2, 0).astype(np.uint8)
        return np.ascontiguousarray(array)

    def keypoints(self, which: str) -> KeyPoints:
        """`source`, `initial`, `driving` or `relative`."""
        return KeyPoints(self._arrays[f"kp_{which}_value"], self._arrays[f"kp_{which}_jacobian"])

    def prediction(self, which: str) -> Floats:
        """`relative` or `absolute`, (H, W, 3) in 0..255."""
        prediction: Floats = self._arrays[f"prediction_{which}"][0].transpose(1, 2, 0) * 255
        return prediction

    def map(self, which: str) -> Floats:
        """`deformation` (h, w, 2) or `occlusion_map` (h, w)."""
        array: Floats = self._arrays[which][0]
        return array[0] if which == "occlusion_map" else array
