"""A model's networks with convolutions in 8-bit integers: half the time on most processors.

The form is a zip file beside the model with OpenVINO's files of every stage. It is made once, by
NNCF's calibration on real frames, and needs neither torch nor a conversion to be used.
"""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov  # type: ignore[import-untyped]

from avatar_app.files import whole
from avatar_app.fomm import conversion
from avatar_app.fomm.checkpoints import Checkpoint
from avatar_app.inference import open_core
from avatar_app.settings import install
from avatar_app.types import AvatarAppError, Image

SUFFIX = ".int8.zip"
_ABOUT = "about.json"
_FILES = tuple(f"{stage}.{kind}" for stage in conversion.STAGES for kind in ("xml", "bin"))

# What zipfile says of a part that is missing, encrypted, packed in an unknown way, or damaged.
_UNREADABLE = (KeyError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile)

# Only convolutions: coordinates and what is sampled with them would be off by pixels.
_EXACT = (
    *("Add", "AvgPool", "Divide", "Exp", "GridSample", "Interpolate"),
    *("MatMul", "Multiply", "Power", "ReduceSum", "Subtract"),
)

# What only moves numbers to other places.
_LAYOUT = frozenset(("DepthToSpace", "Reshape", "Slice", "Transpose"))


def form_of(checkpoint: Checkpoint) -> Path | None:
    """Return the quantized form beside a model, None where there is none or it is another's."""
    path = checkpoint.path.with_name(checkpoint.path.stem + SUFFIX)
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(_ABOUT))
        return path if about["model_sha256"] == checkpoint.sha256 else None
    except (OSError, TypeError, ValueError, *_UNREADABLE):
        return None


def unpack(form: Path, folder: Path) -> None:
    """Write the files of every stage into `folder`.

    Raises AvatarAppError where the form is damaged, OSError where the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(form) as archive:
            for name in _FILES:
                (folder / name).write_bytes(archive.read(name))
    except _UNREADABLE as error:
        raise AvatarAppError(
            f"{form} is damaged; get it again, or delete it: then pictures take longer."
        ) from error


def quantize(checkpoint: Checkpoint, pairs: Sequence[tuple[Image, Image]]) -> Path:
    """Make the quantized form of a model, beside it, and return its path.

    `pairs` are sources and drivers, (size, size, 3) uint8 RGB, as the model will meet them: NNCF
    takes the ranges of numbers from them. Raises AvatarAppError where NNCF is missing or the form
    cannot be written.
    """
    try:
        import nncf  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise AvatarAppError(
            f"Quantizing needs NNCF, which is not installed; run {install('train')}."
        ) from error
    exact = nncf.IgnoredScope(types=list(_EXACT), validate=False)
    path = checkpoint.path.with_name(checkpoint.path.stem + SUFFIX)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        conversion.convert(checkpoint, folder)
        core = open_core()
        nncf.set_log_level(logging.ERROR)
        for stage, inputs in _inputs(core, folder, pairs).items():
            with contextlib.redirect_stdout(None):  # its own progress bars
                model = nncf.quantize(
                    core.read_model(folder / f"{stage}.xml"),
                    nncf.Dataset(inputs),
                    preset=nncf.QuantizationPreset.MIXED,
                    subset_size=len(inputs),
                    ignored_scope=exact,
                )
            _round_before_moving(model)
            ov.save_model(model, folder / f"{stage}-int8.xml", compress_to_fp16=False)
            for kind in ("xml", "bin"):
                (folder / f"{stage}-int8.{kind}").replace(folder / f"{stage}.{kind}")
        about = {"model_sha256": checkpoint.sha256, "openvino": ov.get_version()}
        with whole(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_ABOUT, json.dumps(about))
            for file in _FILES:
                archive.write(folder / file, file)
    return path


def _round_before_moving(model: ov.Model) -> None:
    """Round numbers to 8 bits before they are only moved, not after: a quarter is to be moved."""
    for rounding in model.get_ordered_ops():
        if rounding.get_type_name() != "FakeQuantize" or len(rounding.input(1).get_shape()):
            continue
        moved = entry = rounding.input(0)
        while _only_moves(entry.get_source_output()):
            entry = entry.get_source_output().get_node().input(0)
        if entry.get_node() is not rounding:
            last = moved.get_source_output()
            for user in rounding.output(0).get_target_inputs():
                user.replace_source_output(last)
            moved.replace_source_output(entry.get_source_output())
            entry.replace_source_output(rounding.output(0))
    model.validate_nodes_and_infer_types()


def _only_moves(result: ov.Output) -> bool:
    """Whether a result is another's numbers in other places, and has one user."""
    moves = result.get_node().get_type_name() in _LAYOUT
    return moves and len(result.get_target_inputs()) == 1


def _inputs(
    core: ov.Core, folder: Path, pairs: Sequence[tuple[Image, Image]]
) -> dict[str, list[list[Any]]]:
    """What the stages that run for every frame are given for `pairs`, by stage."""
    detect, encode = (core.compile_model(folder / f"{s}.xml", "CPU") for s in ("detect", "encode"))
    inputs: dict[str, list[list[Any]]] = {"detect": [], "render": []}
    for source, driver in pairs:
        features = [np.array(part) for part in encode([source]).values()]
        poses = [
            [np.array(part) for part in detect([image]).values()] for image in (source, driver)
        ]
        inputs["detect"].append([driver])
        inputs["render"].append([*features, *poses[0][:2], *poses[1][:2]])
    return inputs
