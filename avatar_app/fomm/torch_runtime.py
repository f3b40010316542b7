"""The reference runtime: the networks as they are, on the CPU or on CUDA."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatar_app.fomm.blocks import SettledUpBlock, replace_up_blocks
from avatar_app.fomm.building import load_networks
from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.fomm.runtime import Detection, DeviceError, EncodedSource, Picture, first_sentence
from avatar_app.fomm.stages import Detect, Encode, Render
from avatar_app.types import Floats, Image, KeyPoints


class TorchRuntime:
    """`Runtime` by PyTorch; channels-last, optionally with convolutions in bfloat16."""

    def __init__(self, checkpoint: Checkpoint, device: str, precision: str) -> None:
        self._device = torch.device(device)
        self._half = precision == "bfloat16" or (precision == "auto" and has_bfloat16(device))
        generator, kp_detector = load_networks(checkpoint)
        for network in (generator, kp_detector):
            replace_up_blocks(network, SettledUpBlock)
        self._name = "the CPU" if device == "cpu" else torch.cuda.get_device_name(self._device)
        self.description = f"PyTorch on {self._name} ({'bfloat16' if self._half else 'float32'})"
        with self._failures():
            self._detect = self._ready(Detect(kp_detector))
            self._encode = self._ready(Encode(generator))
            self._render = self._ready(Render(generator))

    def encode(self, image: Image) -> EncodedSource:
        """See `Runtime`."""
        keypoints = self.detect(image).keypoints
        value, jacobian = torch.from_numpy(keypoints.value), torch.from_numpy(keypoints.jacobian)
        with self._failures():
            features = (
                *self._run(self._encode, _tensor(image)),
                value.to(self._device),
                jacobian.to(self._device),
            )
        return EncodedSource(keypoints, features)

    def detect(self, image: Image) -> Detection:
        """See `Runtime`."""
        with self._failures():
            value, jacobian, heatmap = map(_array, self._run(self._detect, _tensor(image)))
        return Detection(KeyPoints(value, jacobian), heatmap[0])

    def render(self, source: EncodedSource, keypoints: KeyPoints) -> Picture:
        """See `Runtime`."""
        pose = torch.from_numpy(keypoints.value), torch.from_numpy(keypoints.jacobian)
        with self._failures():
            image, *maps = self._run(self._render, *source.features, *pose)
            return Picture(image.contiguous().cpu().numpy(), *map(_array, maps))

    def close(self) -> None:
        """See `Runtime`."""
        del self._detect, self._encode, self._render

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what a GPU answers instead of numbers into one sentence.

        It may come as late as the numbers are read: until then the GPU works by itself.
        """
        try:
            yield
        except RuntimeError as error:
            if self._device.type == "cpu":
                raise
            raise DeviceError(f"{self._name} failed ({first_sentence(error)})") from error

    def _ready(self, stage: torch.nn.Module) -> torch.nn.Module:
        stage.eval().to(self._device)
        return stage.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _run(self, stage: torch.nn.Module, *inputs: Tensor) -> tuple[Tensor, ...]:
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._half),
        ):
            outputs: tuple[Tensor, ...] = stage(*(part.to(self._device) for part in inputs))
            return outputs


def _tensor(image: Image) -> Tensor:
    """The picture as PyTorch takes it: frames are read-only, and it wants to be able to write."""
    return torch.from_numpy(np.require(image, requirements="W"))


def _array(tensor: Tensor) -> Floats:
    array: Floats = tensor.float().cpu().numpy().astype(np.float32, copy=False)
    return array


def has_bfloat16(device: str) -> bool:
    """Whether "cpu" or "cuda" computes in bfloat16 natively."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Older releases do not tell; then float32 is the safe choice.
    capabilities: Any = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
