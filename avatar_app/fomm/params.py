"""`model_params`: the sizes behind a checkpoint, checked as untrusted input or read off weights.

The layout is that of published checkpoints: `common_params`, `kp_detector_params` and
`generator_params` with its `dense_motion_params`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from avatar_app.types import AvatarAppError

ModelParams = dict[str, Any]
Shapes = Mapping[str, tuple[int, ...]]

_SCALES = (1.0, 0.5, 0.25, 0.125)
# Side of the anti-aliasing kernel for each scale but 1, which has none.
_SCALE_OF_KERNEL = {5: 0.5, 13: 0.25, 29: 0.125}

# Every number with its range: wide enough for any sensible network, too narrow to exhaust memory.
_HOURGLASS = {
    "block_expansion": (int, 1, 256),
    "max_features": (int, 1, 2048),
    "num_blocks": (int, 1, 8),
    "scale_factor": (float, _SCALES[-1], _SCALES[0]),
}
_NUMBERS: dict[str, dict[str, tuple[type, float, float]]] = {
    "common_params": {"num_kp": (int, 1, 64), "num_channels": (int, 3, 3)},
    "kp_detector_params": {**_HOURGLASS, "temperature": (float, 0.001, 100)},
    "generator_params": {
        "block_expansion": (int, 1, 256),
        "max_features": (int, 1, 2048),
        "num_down_blocks": (int, 0, 5),
        "num_bottleneck_blocks": (int, 0, 32),
    },
    "dense_motion_params": _HOURGLASS,
}
# What this implementation adds; left out where it is off, as in published checkpoints.
_ADDED: dict[str, tuple[str, tuple[int, ...]]] = {
    "kp_detector_params": ("fold", (2, 4)),
    "generator_params": ("blend", (True,)),
    "dense_motion_params": ("anchored", (True,)),
}
# What upstream can leave out and this implementation cannot.
_ALWAYS_ON = {
    "common_params": "estimate_jacobian",
    "generator_params": "estimate_occlusion_map",
}


def check(params: object, what: str) -> ModelParams:
    """Return `params` with nothing in it but known, sane sizes.

    `what` names the file in the error. `discriminator_params` are left out. Raises AvatarAppError.
    """
    outer = _mapping(params, what, "model_params")
    checked: ModelParams = {}
    for group in ("common_params", "kp_detector_params", "generator_params"):
        given = dict(_mapping(outer.get(group), what, group))
        checked[group] = {}
        if group == "generator_params":
            inner = dict(_mapping(given.pop("dense_motion_params", None), what, group))
            checked[group]["dense_motion_params"] = _numbers(inner, "dense_motion_params", what)
        switch = _ALWAYS_ON.get(group)
        if switch is not None:
            if given.pop(switch, None) is not True:
                raise AvatarAppError(
                    f"{what}: a model without {switch} is not supported; use one trained with it."
                )
            checked[group][switch] = True
        checked[group].update(_numbers(given, group, what))
    return checked


def check_size(params: ModelParams, size: int, what: str) -> None:
    """Raise AvatarAppError unless pictures of `size` x `size` pixels fit through the networks."""
    generator = params["generator_params"]
    fits = 16 <= size <= 1024 and size % 2 ** generator["num_down_blocks"] == 0
    for hourglass in (params["kp_detector_params"], generator["dense_motion_params"]):
        small = size * hourglass["scale_factor"]
        fits = fits and hourglass["scale_factor"] * hourglass.get("fold", 1) <= 1
        fits = fits and small >= 8 and small % 2 ** hourglass["num_blocks"] == 0
    if not fits:
        raise AvatarAppError(
            f"{what}: its networks cannot take pictures of {size} x {size} pixels."
        )


def infer(generator: Shapes, kp_detector: Shapes) -> ModelParams:
    """Work the `model_params` out of the shapes of the weights; published files carry no others.

    Raises KeyError, IndexError or ValueError where the names are not those of the model. Whether
    every weight fits what was worked out is for the caller to check.
    """
    widths = [generator["first.conv.weight"][0]]
    downs = _count(generator, r"down_blocks\.(\d+)\.conv\.weight")
    widths += [generator[f"down_blocks.{i}.conv.weight"][0] for i in range(downs)]
    return {
        "common_params": {
            "num_kp": kp_detector["kp.weight"][0],
            "num_channels": generator["first.conv.weight"][1],
            "estimate_jacobian": "jacobian.weight" in kp_detector,
        },
        "kp_detector_params": {
            **_infer_hourglass(kp_detector, "predictor.", "down.weight"),
            "temperature": 0.1,  # of every published model; it leaves no trace in the weights
        },
        "generator_params": {
            "block_expansion": widths[0],
            "max_features": widths[-1],
            "num_down_blocks": downs,
            "num_bottleneck_blocks": _count(generator, r"bottleneck\.r(\d+)\.conv1\.weight"),
            "estimate_occlusion_map": "dense_motion_network.occlusion.weight" in generator,
            "dense_motion_params": _infer_hourglass(
                generator, "dense_motion_network.hourglass.", "dense_motion_network.down.weight"
            ),
        },
    }


def _infer_hourglass(shapes: Shapes, prefix: str, down: str) -> dict[str, int | float]:
    encoder = re.escape(prefix) + r"encoder\.down_blocks\.(\d+)\.conv\.weight"
    blocks = _count(shapes, encoder)
    innermost = shapes[f"{prefix}encoder.down_blocks.{blocks - 1}.conv.weight"]
    outermost = shapes[f"{prefix}decoder.up_blocks.{blocks - 1}.conv.weight"]
    return {
        "block_expansion": outermost[0],
        "max_features": innermost[0],
        "num_blocks": blocks,
        "scale_factor": _SCALE_OF_KERNEL[shapes[down][-1]] if down in shapes else 1.0,
    }


def _count(shapes: Shapes, pattern: str) -> int:
    found = (re.fullmatch(pattern, name) for name in shapes)
    return len({match.group(1) for match in found if match})


def _mapping(value: object, what: str, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise AvatarAppError(f"{what}: its {name} are missing; it is not a model of this app.")
    return value


def _numbers(given: Mapping[str, Any], group: str, what: str) -> dict[str, int | float]:
    ranges = _NUMBERS[group]
    added, choices = _ADDED.get(group, ("", ()))
    plain = {name: value for name, value in given.items() if name != added}
    checked = {}
    if given.get(added):
        checked[added] = given[added]
        known = [(type(choice), choice) for choice in choices]
        if (type(given[added]), given[added]) not in known:
            raise AvatarAppError(
                f"{what}: {group}.{added} is {given[added]!r:.80}, not one of {choices}."
            )
    odd = sorted(plain.keys() ^ ranges.keys(), key=str)
    if odd:
        raise AvatarAppError(f"{what}: {group} has a missing or unknown entry {str(odd[0])!r:.80}.")
    for name, (kind, low, high) in ranges.items():
        value = given[name]
        number = isinstance(value, (int, kind)) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            raise AvatarAppError(
                f"{what}: {group}.{name} is {value!r:.80}, expected {low:g} to {high:g}."
            )
        checked[name] = kind(value)
    if "scale_factor" in checked and checked["scale_factor"] not in _SCALES:
        raise AvatarAppError(f"{what}: {group}.scale_factor must be one of {_SCALES}.")
    return checked
