"""Which runtime on which device, and why."""

from __future__ import annotations

import sys

import pytest
import torch

from avatar_app.fomm import runtime
from avatar_app.fomm.runtime import choose
from avatar_app.types import AvatarAppError


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without an NVIDIA driver."""
    monkeypatch.setattr(runtime, "_has_nvidia_driver", lambda: False)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose PyTorch can use CUDA."""
    monkeypatch.setattr(runtime, "_has_nvidia_driver", lambda: True)
    monkeypatch.setattr("torch.backends.cuda.is_built", lambda: True)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    ones = torch.ones
    monkeypatch.setattr("torch.ones", lambda *sizes, device: ones(*sizes))


@pytest.mark.usefixtures("no_driver")
@pytest.mark.parametrize(
    ("device", "name", "chosen", "reason"),
    [
        ("auto", "auto", "openvino", "no NVIDIA driver"),
        ("cpu", "auto", "openvino", "the CPU was asked for"),
        ("auto", "torch", "torch", "no NVIDIA driver"),
        ("cpu", "torch", "torch", "the CPU was asked for"),
        ("auto", "openvino", "openvino", "OpenVINO was asked for"),
    ],
)
def test_without_cuda(device: str, name: str, chosen: str, reason: str) -> None:
    """On a CPU it is OpenVINO unless PyTorch is asked for, and the reason is given."""
    choice = choose(device, name)
    assert (choice.runtime, choice.device) == (chosen, "cpu")
    assert reason in choice.reason


@pytest.mark.usefixtures("no_driver")
def test_choice_does_not_load_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a driver nobody asks PyTorch, which takes long to load."""
    monkeypatch.setitem(sys.modules, "torch", None)
    assert choose().runtime == "openvino"


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize(
    ("device", "name", "expected"),
    [
        ("auto", "auto", ("torch", "cuda")),
        ("cuda", "auto", ("torch", "cuda")),
        ("auto", "torch", ("torch", "cuda")),
        ("auto", "openvino", ("openvino", "cpu")),
        ("cpu", "auto", ("openvino", "cpu")),
    ],
)
def test_with_cuda(device: str, name: str, expected: tuple[str, str]) -> None:
    """CUDA is taken where there is one and nothing else was asked for."""
    choice = choose(device, name)
    assert (choice.runtime, choice.device) == expected


@pytest.mark.usefixtures("no_driver")
def test_cuda_asked_for_in_vain() -> None:
    """A demand for CUDA that cannot be met is one sentence with the remedy."""
    with pytest.raises(AvatarAppError, match="CUDA was asked for, but this machine has no NVIDIA"):
        choose("cuda")


@pytest.mark.usefixtures("cuda")
def test_cuda_that_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyTorch without CUDA is told apart from a machine without a GPU."""
    monkeypatch.setattr("torch.backends.cuda.is_built", lambda: False)
    with pytest.raises(AvatarAppError, match="built without CUDA"):
        choose("cuda")
    assert "built without CUDA" in choose().reason


@pytest.mark.usefixtures("cuda")
def test_cuda_device_that_pytorch_was_not_built_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card that is too old or too new is seen before the first frame; the CPU takes its place."""

    def refuse(*_sizes: int, device: str) -> None:
        raise RuntimeError(f"{device.upper()} error: no kernel image is available.\nCompile with")

    monkeypatch.setattr("torch.ones", refuse)
    choice = choose()
    assert (choice.runtime, choice.device) == ("openvino", "cpu")
    assert choice.reason.endswith("on its CUDA device (CUDA error: no kernel image is available)")
    with pytest.raises(AvatarAppError, match=r"asked for, but PyTorch cannot compute .* use the"):
        choose("cuda")


@pytest.mark.parametrize(
    ("device", "name", "sentence"),
    [
        ("gpu", "auto", "no device 'gpu'; choose auto or cpu or cuda"),
        ("cpu", "onnx", "no runtime 'onnx'"),
        ("cuda", "openvino", "OpenVINO does not run on it"),
    ],
)
def test_impossible_demands(device: str, name: str, sentence: str) -> None:
    """What does not exist or does not go together is said."""
    with pytest.raises(AvatarAppError, match=sentence):
        choose(device, name)
