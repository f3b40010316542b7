"""The reenactor: encode once, calibrate, animate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avatar_app.fomm.checkpoints import load as load_checkpoint
from avatar_app.fomm.reenactor import FommReenactor, load_reenactor
from avatar_app.fomm.torch_runtime import TorchRuntime
from avatar_app.types import Avatar, AvatarAppError, Frame, Image, Reenactor
from tests.fomm import golden_case
from tests.fomm.golden_case import Golden

Load = Callable[..., FommReenactor]


def frame(image: Image, index: int = 0) -> Frame:
    """A frame of the driver."""
    return Frame(image, index, index / 25)


@pytest.fixture(scope="module")
def golden() -> Golden:
    """The tiny golden file."""
    return Golden("tiny-64")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model on disk."""
    return golden_case.checkpoint("tiny-64", tmp_path_factory.mktemp("model")).path


@pytest.fixture
def load(model: Path, golden: Golden) -> Iterator[Load]:
    """Loads a reenactor of the tiny model with its source set, and closes it."""
    loaded = []

    def _load(**options: Any) -> FommReenactor:
        reenactor = load_reenactor(model, runtime="torch", precision="float32", **options)
        reenactor.set_source(Avatar("golden", golden.image("source")))
        loaded.append(reenactor)
        return reenactor

    yield _load
    for reenactor in loaded:
        reenactor.close()


def difference(image: Image, expected: Any) -> float:
    """Largest difference of a picture to an expected one, in steps of 0..255."""
    return float(np.abs(image - expected).max())


def test_golden_relative(load: Load, golden: Golden) -> None:
    """Calibrated on the initial frame, the picture is the published implementation's."""
    reenactor: Reenactor = load()
    reenactor.calibrate(frame(golden.image("driving_initial")))
    rendered = reenactor.animate(frame(golden.image("driving")))
    np.testing.assert_allclose(
        rendered.keypoints.value, golden.keypoints("relative").value, atol=1e-4
    )
    assert difference(rendered.image, golden.prediction("relative")) < 0.53


def test_golden_absolute(load: Load, golden: Golden) -> None:
    """Absolute motion needs no calibration and equals the published implementation's."""
    rendered = load(absolute=True).animate(frame(golden.image("driving")))
    assert difference(rendered.image, golden.prediction("absolute")) < 0.53


def test_calibrates_on_first_frame(load: Load, golden: Golden) -> None:
    """Without a calibration the first frame is the neutral pose: the avatar stays as it is."""
    reenactor = load()
    rendered = reenactor.animate(frame(golden.image("driving_initial")))
    np.testing.assert_allclose(
        rendered.keypoints.value, golden.keypoints("source").value, atol=1e-4
    )
    rendered = reenactor.animate(frame(golden.image("driving"), 1))
    assert difference(rendered.image, golden.prediction("relative")) < 0.53


def test_calibration_outlives_the_avatar(load: Load, golden: Golden) -> None:
    """The neutral pose is the driver's: another avatar can be put on without taking it again."""
    reenactor = load()
    reenactor.set_source(Avatar("other", golden.image("driving")))
    reenactor.calibrate(frame(golden.image("driving_initial")))
    reenactor.set_source(Avatar("golden", golden.image("source")))
    rendered = reenactor.animate(frame(golden.image("driving")))
    assert difference(rendered.image, golden.prediction("relative")) < 0.53


def test_keypoints_are_the_drivers(load: Load, golden: Golden) -> None:
    """`keypoints` gives what is detected, before any transfer."""
    found = load().keypoints(frame(golden.image("driving")))
    np.testing.assert_allclose(found.value, golden.keypoints("driving").value, atol=1e-4)


def test_zeroth_order_renders_differently(load: Load, golden: Golden) -> None:
    """Without the local affine parts the picture is another one, with the same points."""
    pictures = []
    for first_order in (True, False):
        reenactor = load(first_order=first_order)
        reenactor.calibrate(frame(golden.image("driving_initial")))
        pictures.append(reenactor.animate(frame(golden.image("driving"))))
    np.testing.assert_array_equal(pictures[0].keypoints.value, pictures[1].keypoints.value)
    assert difference(pictures[0].image, pictures[1].image.astype(int)) > 0


def test_another_rule_through_the_same_runtime(load: Load, golden: Golden) -> None:
    """Both render at once, each by its own rule; the second ends with the first."""
    first = load()
    first.calibrate(frame(golden.image("driving_initial")))
    other = first.with_rule(absolute=True)
    other.set_source(Avatar("golden", golden.image("source")))
    driving = frame(golden.image("driving"))
    assert difference(other.animate(driving).image, golden.prediction("absolute")) < 0.53
    assert difference(first.animate(driving).image, golden.prediction("relative")) < 0.53
    zeroth, loaded = first.with_rule(first_order=False), load(first_order=False)
    zeroth.set_source(Avatar("golden", golden.image("source")))
    for one in (zeroth, loaded):
        one.calibrate(frame(golden.image("driving_initial")))
    np.testing.assert_array_equal(zeroth.animate(driving).image, loaded.animate(driving).image)
    with pytest.raises(ValueError, match="set_source"):
        first.with_rule().animate(driving)  # it has no source of its own yet


def test_rendered_tells_about_itself(load: Load, golden: Golden) -> None:
    """A rendered picture carries its driving frame, measures, and milliseconds by stage."""
    driving = frame(golden.image("driving"), 7)
    rendered = load().animate(driving)
    assert rendered.driving is driving
    assert set(rendered.timings) == {"detect", "transfer", "render", "measure"}
    assert all(lap > 0 for lap in rendered.timings.values())
    assert {"fold_share", "heatmap_entropy", "jacobian_condition"} <= set(rendered.measures)
    assert all(np.isfinite(list(rendered.measures.values())))


def test_frames_may_be_views(load: Load, golden: Golden) -> None:
    """A picture that does not lie in one piece, or is read-only, animates as any other."""
    wide = np.repeat(golden.image("driving"), 2, axis=1)
    wide.setflags(write=False)
    expected = load().animate(frame(golden.image("driving")))
    rendered = load().animate(frame(wide[:, ::2]))
    np.testing.assert_array_equal(rendered.image, expected.image)


def test_wrong_sizes(load: Load, golden: Golden) -> None:
    """A picture of another size is named with both sizes."""
    reenactor = load()
    odd = np.zeros((32, 48, 3), np.uint8)
    for call in (reenactor.animate, reenactor.calibrate, reenactor.keypoints):
        with pytest.raises(ValueError, match=r"Frame\.image: expected 64 x 64 pixels, got 48 x 32"):
            call(frame(odd))
    with pytest.raises(ValueError, match=r"Avatar\.image: expected 64 x 64 pixels, got 32 x 32"):
        reenactor.set_source(Avatar("small", odd[:, :32]))


def test_animate_needs_a_source(model: Path, golden: Golden) -> None:
    """Animating before an avatar is set is a mistake of the caller."""
    reenactor = load_reenactor(model, runtime="torch")
    with pytest.raises(ValueError, match="set_source"):
        reenactor.animate(frame(golden.image("driving")))


def test_closed(load: Load, golden: Golden) -> None:
    """After `close` every call is an error, but closing again is not."""
    reenactor = load()
    reenactor.close()
    reenactor.close()
    with pytest.raises(ValueError, match="closed"):
        reenactor.animate(frame(golden.image("driving")))


def test_unknown_model() -> None:
    """A misspelt model is a sentence."""
    with pytest.raises(AvatarAppError, match="did you mean"):
        load_reenactor("fomm-mimi")


FULL = "CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 2.00 GiB"


@pytest.fixture
def full_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose NVIDIA card has no memory left."""
    to = torch.nn.Module.to

    def refuse(module: torch.nn.Module, *given: Any, **named: Any) -> torch.nn.Module:
        if given == (torch.device("cuda"),):
            raise torch.OutOfMemoryError(FULL)
        return to(module, *given, **named)

    monkeypatch.setattr("avatar_app.fomm.runtime._why_no_cuda", lambda: "")
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "GeForce")
    monkeypatch.setattr("torch.nn.Module.to", refuse)


@pytest.mark.usefixtures("full_card")
def test_full_card_is_left_for_the_cpu(load: Load) -> None:
    """Who has not asked for CUDA gets an avatar nevertheless, and is told why it is slow."""
    reenactor = load()
    assert reenactor.runtime_description == "PyTorch on the CPU (float32)"
    assert reenactor.device_reason == "GeForce failed (CUDA out of memory)"


@pytest.mark.usefixtures("full_card")
def test_full_card_that_was_asked_for_is_named(load: Load) -> None:
    """A demand for CUDA that cannot be met is one sentence with the remedy."""
    with pytest.raises(AvatarAppError, match=r"^GeForce failed \(CUDA out of memory\); close oth"):
        load(device="cuda")


@pytest.mark.usefixtures("full_card")
def test_card_that_fails_later_is_named(model: Path, golden: Golden) -> None:
    """What a GPU answers in the middle of a job is one sentence, too, not a fault of the app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.nn.Module.to", lambda module, *_, **__: module)
        runtime = TorchRuntime(load_checkpoint(model), "cuda", "float32")

    def die(*_: Any) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch.Tensor.to", die)
        with pytest.raises(AvatarAppError, match=r"GeForce failed \(CUDA error: unspecified laun"):
            runtime.detect(golden.image("driving"))
