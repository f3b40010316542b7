"""Both runtimes against the published implementation and against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.fomm import motion
from avatar_app.fomm.runtime import Choice, Runtime, start
from tests.fomm import golden_case
from tests.fomm.golden_case import Golden

RUNTIMES = ["torch", "openvino"]
# Half a step of 0..255 is lost in rounding to whole numbers.
ROUNDING = 0.5 + 255e-4


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the models of this file."""
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize("runtime_name", RUNTIMES)
@pytest.mark.parametrize("name", ["tiny-64", "vox-adv-256"])
def test_golden(name: str, runtime_name: str, models: Path) -> None:
    """Keypoints, motion and pictures are those of the published implementation to 1e-4."""
    golden = Golden(name)
    model = golden_case.checkpoint(name, models)
    runtime = start(model, Choice(runtime_name, "cpu", ""), "float32", keep=False)
    model.path.unlink()  # some hundred megabytes that nobody needs any more
    source = runtime.encode(golden.image("source"))
    initial = runtime.detect(golden.image("driving_initial")).keypoints
    driving = runtime.detect(golden.image("driving")).keypoints
    for found, which in (
        (source.keypoints, "source"),
        (initial, "initial"),
        (driving, "driving"),
    ):
        np.testing.assert_allclose(found.value, golden.keypoints(which).value, atol=1e-4)
        np.testing.assert_allclose(found.jacobian, golden.keypoints(which).jacobian, atol=1e-4)
    transfer = motion.relative_transfer(source.keypoints, initial)
    picture = runtime.render(source, transfer(driving))
    np.testing.assert_allclose(picture.deformation, golden.map("deformation"), atol=1e-4)
    np.testing.assert_allclose(picture.occlusion_map, golden.map("occlusion_map"), atol=1e-4)
    np.testing.assert_allclose(picture.image, golden.prediction("relative"), atol=ROUNDING)
    picture = runtime.render(source, motion.absolute_transfer(source.keypoints)(driving))
    np.testing.assert_allclose(picture.image, golden.prediction("absolute"), atol=ROUNDING)
    runtime.close()


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest, models: Path) -> Runtime:
    """The tiny model on each runtime."""
    choice = Choice(request.param, "cpu", "")
    return start(golden_case.checkpoint("tiny-64", models), choice, "float32")


def test_sources_do_not_mix(runtime: Runtime) -> None:
    """Two encoded sources render as each would alone, in any order."""
    golden = Golden("tiny-64")
    first = runtime.encode(golden.image("source"))
    second = runtime.encode(golden.image("driving"))
    pose = golden.keypoints("driving")
    alone = runtime.render(first, pose)
    other = runtime.render(second, pose)
    again = runtime.render(first, pose)
    np.testing.assert_array_equal(alone.image, again.image)
    assert np.abs(alone.image.astype(int) - other.image).max() > 5


def test_pictures_belong_to_the_caller(runtime: Runtime) -> None:
    """A picture does not change when the next one is rendered."""
    golden = Golden("tiny-64")
    source = runtime.encode(golden.image("source"))
    picture = runtime.render(source, golden.keypoints("driving"))
    detection = runtime.detect(golden.image("source"))
    kept = [part.copy() for part in (picture.image, picture.deformation, detection.heatmap)]
    runtime.render(source, golden.keypoints("source"))
    runtime.detect(golden.image("driving"))
    for part, copy in zip(
        (picture.image, picture.deformation, detection.heatmap), kept, strict=True
    ):
        np.testing.assert_array_equal(part, copy)


def test_read_only_pictures_are_taken(runtime: Runtime) -> None:
    """Frames are read-only, so that nobody draws into what others look at."""
    golden = Golden("tiny-64")
    frozen = golden.image("source")
    frozen.flags.writeable = False
    expected = runtime.detect(golden.image("source")).heatmap
    np.testing.assert_array_equal(runtime.detect(frozen).heatmap, expected)
    keypoints = golden.keypoints("driving")
    np.testing.assert_array_equal(
        runtime.render(runtime.encode(frozen), keypoints).image,
        runtime.render(runtime.encode(golden.image("source")), keypoints).image,
    )


def test_straight_path_equals_encode_once(models: Path) -> None:
    """Encoding the source once gives what encoding it with every frame gives."""
    import torch

    from avatar_app.fomm.building import load_networks
    from avatar_app.fomm.networks import Points

    golden = Golden("tiny-64")
    checkpoint = golden_case.checkpoint("tiny-64", models)
    generator, kp_detector = load_networks(checkpoint)
    images = [
        torch.from_numpy(golden.image(which)).permute(2, 0, 1)[None].float() / 255
        for which in ("source", "driving")
    ]
    with torch.inference_mode():
        (source, _), (driving, _) = (kp_detector(image) for image in images)
        straight, _ = generator(images[0], Points(*source), Points(*driving))
    runtime = start(checkpoint, Choice("torch", "cpu", ""), "float32")
    encoded = runtime.encode(golden.image("source"))
    picture = runtime.render(encoded, runtime.detect(golden.image("driving")).keypoints)
    expected = straight[0].permute(1, 2, 0).numpy() * 255
    np.testing.assert_allclose(picture.image, expected, atol=ROUNDING)


def test_kernels_are_not_made_again_for_every_frame(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch works out what follows from the weights alone at the start: it is half of a frame."""
    golden = Golden("tiny-64")
    choice = Choice("torch", "cpu", "")
    runtime = start(golden_case.checkpoint("tiny-64", models), choice, "float32")
    monkeypatch.setattr("avatar_app.fomm.blocks.doubled_kernel", None)
    source = runtime.encode(golden.image("source"))
    runtime.render(source, runtime.detect(golden.image("driving")).keypoints)
