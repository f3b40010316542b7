"""The networks as OpenVINO's own files: one a stage, with fixed shapes."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov  # type: ignore[import-untyped]
from openvino import opset13 as op
from openvino.passes import ConstantFolding, Manager  # type: ignore[import-untyped]

from avatar_app.fomm.checkpoints import Checkpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

STAGES = ("detect", "encode", "render")


def revision() -> str:
    """Changes with everything that decides how the converted networks look."""
    state = hashlib.sha256(ov.get_version().encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        state.update(source.read_bytes())
    return state.hexdigest()[:16]


def convert(checkpoint: Checkpoint, folder: Path) -> None:
    """Write every stage of a model into `folder`, with fixed shapes and float32 weights."""
    import torch

    from avatar_app.fomm import stages
    from avatar_app.fomm.blocks import SettledUpBlock, replace_up_blocks
    from avatar_app.fomm.building import load_networks

    generator, kp_detector = load_networks(checkpoint)
    for network in (generator, kp_detector):
        replace_up_blocks(network, SettledUpBlock)
    image = torch.zeros(checkpoint.size, checkpoint.size, 3, dtype=torch.uint8)
    detect, encode, render = (
        stages.Detect(kp_detector),
        stages.Encode(generator),
        stages.Render(generator),
    )
    with torch.inference_mode():
        points = detect(image)[:2]
        inputs = ((image,), (image,), (*encode(image), *points, *points))
    for name, stage, example in zip(STAGES, (detect, encode, render), inputs, strict=True):
        model = _to_openvino(stage, example)
        ov.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)


def _to_openvino(stage: nn.Module, example: tuple[Tensor, ...]) -> ov.Model:
    # What openvino.convert_model does, without the usage statistics it sends to its makers.
    import torch
    from openvino.frontend import FrontEndManager  # type: ignore[import-untyped]
    from openvino.frontend.pytorch.ts_decoder import (  # type: ignore[import-untyped]
        TorchScriptPythonDecoder,
    )

    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.inference_mode():
        # Tracing is old-fashioned and says so; sizes become constants, which is what is wanted.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(stage.eval(), example, check_trace=False)
        decoder = TorchScriptPythonDecoder(traced)
        model = frontend.convert(frontend.load(decoder))
    # What is computed from weights alone becomes a constant: quantizing looks for constants.
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)
    model.reshape({index: list(tensor.shape) for index, tensor in enumerate(example)})
    _gather_channels(model)
    return model


def _gather_channels(model: ov.Model) -> None:
    """Take channels apart by gathering them: OpenVINO splits what holds them last one by one."""
    for split in model.get_ordered_ops():
        if split.get_type_name() != "VariadicSplit" or split.input_value(1).get_node().data != 1:
            continue
        first = 0
        for part in split.outputs():
            places = np.arange(first, first + part.get_shape()[1])
            gathered = op.gather(split.input_value(0), places, np.int64(1))
            for user in part.get_target_inputs():
                user.replace_source_output(gathered.output(0))
            first += len(places)
