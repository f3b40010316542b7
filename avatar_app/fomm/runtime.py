"""What runs the networks: one protocol, and the choice among its two implementations."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.types import AvatarAppError, Floats, Image, KeyPoints

RUNTIMES = ("auto", "openvino", "torch")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16", "int8")


@dataclass(frozen=True, eq=False)
class Detection:
    """Keypoints with the heatmaps (K, h, w) they come from, each summing to 1."""

    keypoints: KeyPoints
    heatmap: Floats


@dataclass(frozen=True, eq=False)
class EncodedSource:
    """A source as one runtime keeps it; `features` are the runtime's own."""

    keypoints: KeyPoints
    features: Any


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendered picture, (H, W, 3) uint8, with the dense motion that led to it.

    `deformation` (h, w, 2) x, y in [-1, 1] tells where in the source each cell looks;
    `occlusion_map` (h, w) is 1 where that is visible, 0 where it has to be made up; `residual`
    (h, w) in [0, 1] is how far the picture is from the source merely moved.
    """

    image: Image
    deformation: Floats
    occlusion_map: Floats
    residual: Floats


class Runtime(Protocol):
    """Runs one model's networks. Not thread-safe. Pictures are (size, size, 3) uint8 RGB.

    Arrays that are given back belong to the caller. All may raise DeviceError.
    """

    description: str  # in words, with the precision: "OpenVINO on the CPU (bfloat16)"

    def encode(self, image: Image) -> EncodedSource:
        """Work out all that is constant for a source."""

    def detect(self, image: Image) -> Detection:
        """Find the keypoints in a picture."""

    def render(self, source: EncodedSource, keypoints: KeyPoints) -> Picture:
        """Render the source in the pose of `keypoints` (1, K)."""

    def close(self) -> None:
        """Free what the runtime holds."""


class DeviceError(AvatarAppError):
    """The device that computes is full or has failed; `what` says so in a clause."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; close other programs that use it, or choose the device cpu.")
        self.what = what


@dataclass(frozen=True)
class Choice:
    """Which runtime on which device, and why, as a clause for a person."""

    runtime: str
    device: str
    reason: str


def choose(device: str = "auto", runtime: str = "auto") -> Choice:
    """Pick the fastest runtime this machine has; anything but "auto" is a demand.

    PyTorch is only loaded where the machine has an NVIDIA driver or CUDA is asked for. Raises
    AvatarAppError where a demand cannot be met.
    """
    for given, known, what in ((device, DEVICES, "device"), (runtime, RUNTIMES, "runtime")):
        if given not in known:
            raise AvatarAppError(f"There is no {what} {given!r}; choose {' or '.join(known)}.")
    if device == "cuda":
        missing = "OpenVINO does not run on it" if runtime == "openvino" else _why_no_cuda()
        if missing:
            raise AvatarAppError(f"CUDA was asked for, but {missing}; use the device cpu or auto.")
        return Choice("torch", "cuda", "CUDA was asked for")
    if device == "cpu":
        reason = "the CPU was asked for"
    elif runtime == "openvino":
        reason = "OpenVINO was asked for"
    else:
        reason = _why_no_cuda()
    if not reason:
        return Choice("torch", "cuda", "a CUDA device was found")
    return Choice("torch" if runtime == "torch" else "openvino", "cpu", reason)


def _why_no_cuda() -> str:
    """Why CUDA cannot be used, or nothing where it can."""
    if not _has_nvidia_driver():
        return "this machine has no NVIDIA driver"
    import torch

    if not torch.backends.cuda.is_built():
        return "the installed PyTorch was built without CUDA"
    if not torch.cuda.is_available():
        return "PyTorch finds no usable CUDA device"
    try:
        torch.ones(1, device="cuda").sum().item()
    except RuntimeError as error:  # of a card for which this PyTorch was not built, above all
        return f"PyTorch cannot compute on its CUDA device ({first_sentence(error)})"
    return ""


def first_sentence(error: Exception) -> str:
    """What PyTorch says went wrong, without the figures and the advice that follow."""
    return str(error).split("\n", 1)[0].split(". ", 1)[0].rstrip(".")


def _has_nvidia_driver() -> bool:
    if sys.platform == "win32":
        return Path("C:/Windows/System32/nvcuda.dll").exists()
    # The second is how the driver shows itself inside the Windows Subsystem for Linux.
    return Path("/dev/nvidiactl").exists() or Path("/usr/lib/wsl/lib/libcuda.so.1").exists()


def start(
    checkpoint: Checkpoint, choice: Choice, precision: str = "auto", *, keep: bool = True
) -> Runtime:
    """Start the chosen runtime with a model, ready to render.

    `precision` "auto" takes int8 on a CPU where the model has a quantized form, and bfloat16 where
    the hardware computes it natively. What had to be converted is kept for the next start if
    `keep`. Raises AvatarAppError.
    """
    if precision not in PRECISIONS:
        raise AvatarAppError(
            f"There is no precision {precision!r}; choose {' or '.join(PRECISIONS)}."
        )
    if choice.runtime == "torch":
        if precision == "int8":
            raise AvatarAppError("PyTorch does not run int8 here; use the device cpu or auto.")
        from avatar_app.fomm.torch_runtime import TorchRuntime

        return TorchRuntime(checkpoint, choice.device, precision)
    from avatar_app.fomm.openvino_runtime import OpenVinoRuntime

    return OpenVinoRuntime(checkpoint, precision, keep=keep)
