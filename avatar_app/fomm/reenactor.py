"""Animates an avatar with the First Order Motion Model: the app's one way to render."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avatar_app.fomm import motion
from avatar_app.fomm.checkpoints import Checkpoint, load
from avatar_app.fomm.measures import measure
from avatar_app.fomm.runtime import Choice, DeviceError, EncodedSource, Runtime, choose, start
from avatar_app.types import Avatar, Frame, Image, KeyPoints, Rendered, check_image

DEFAULT_MODEL = "fomm-mini"


def load_reenactor(
    model: str | Path = DEFAULT_MODEL,
    device: str = "auto",
    runtime: str = "auto",
    *,
    absolute: bool = False,
    adapt_scale: bool = True,
    first_order: bool = True,
    precision: str = "auto",
) -> FommReenactor:
    """Open a model, by name or file, on the fastest runtime of this machine, and warm it up.

    `absolute`: the avatar takes the driver's place and proportions, without calibration.
    `adapt_scale`: relative movements are fitted to the size of the avatar's face. `first_order`:
    without it keypoints only shift (Monkey-Net's motion). `device`, `runtime` and `precision` as in
    `fomm.runtime`; a CUDA device that nobody asked for and that fails at the start is left for the
    CPU. Raises AvatarAppError where the model or the device is not to be had.
    """
    choice = choose(device, runtime)
    checkpoint = load(model)
    rule = _Rule(absolute, adapt_scale, first_order)
    try:
        return _opened(checkpoint, choice, precision, rule)
    except DeviceError as failure:
        if device != "auto":
            raise
        spare = replace(choose("cpu", runtime), reason=failure.what)
    return _opened(checkpoint, spare, precision, rule)


def _opened(checkpoint: Checkpoint, choice: Choice, precision: str, rule: _Rule) -> FommReenactor:
    return FommReenactor(
        start(checkpoint, choice, precision),
        checkpoint.size,
        model_name=checkpoint.name,
        model_sha256=checkpoint.sha256,
        device_reason=choice.reason,
        rule=rule,
    )


@dataclass(frozen=True)
class _Rule:
    """How the driver's motion becomes the avatar's."""

    absolute: bool = False
    adapt_scale: bool = True
    first_order: bool = True

    def transfer(self, source: KeyPoints, initial: KeyPoints | None) -> motion.Transfer | None:
        """What is constant from now on, or None as long as a calibration is missing."""
        if self.absolute:
            return motion.absolute_transfer(source, self.first_order)
        if initial is None:
            return None
        return motion.relative_transfer(source, initial, self.adapt_scale, self.first_order)


class FommReenactor:
    """`Reenactor` by the First Order Motion Model.

    States: no source; source set, not calibrated; calibrated. `set_source` keeps the calibration,
    which is the driver's. `model_name`, `runtime_description` and `device_reason` say in words what
    runs and why there.
    """

    def __init__(
        self,
        runtime: Runtime,
        size: int,
        *,
        model_name: str = "",
        model_sha256: str = "",
        device_reason: str = "",
        rule: _Rule = _Rule(),
    ) -> None:
        self.model_name = model_name
        self.model_sha256 = model_sha256
        self.device_reason = device_reason
        self.runtime_description = runtime.description
        self._size = size
        self._rule = rule
        self._runtime: Runtime | None = runtime
        self._source: EncodedSource | None = None
        self._initial: KeyPoints | None = None
        self._transfer: motion.Transfer | None = None
        self._warm_up(runtime)

    @property
    def size(self) -> int:
        """Side of the square pictures that go in and come out, in pixels."""
        return self._size

    @property
    def is_calibrated(self) -> bool:
        """Whether a neutral pose was taken."""
        return self._initial is not None

    def set_source(self, avatar: Avatar) -> None:
        """Encode the avatar once. Raises ValueError where its picture is not of `size`."""
        self._source = self._running().encode(self._fitting(avatar.image, "Avatar.image"))
        self._transfer = self._rule.transfer(self._source.keypoints, self._initial)

    def calibrate(self, frame: Frame) -> None:
        """Take the driver's pose in `frame` as the neutral one that means the avatar's own."""
        self._calibrate(self.keypoints(frame))

    def keypoints(self, frame: Frame) -> KeyPoints:
        """The driver's keypoints in `frame`, before any transfer."""
        return self._running().detect(self._fitting(frame.image, "Frame.image")).keypoints

    def animate(self, frame: Frame) -> Rendered:
        """Render the avatar in the driver's pose; calibrates on the first frame if not done.

        `timings` are milliseconds for "detect", "transfer", "render" and "measure". Raises
        ValueError before `set_source` and for a frame that is not of `size`.
        """
        runtime = self._running()
        if self._source is None:
            raise ValueError("animate: expected set_source before, no avatar is set")
        image = self._fitting(frame.image, "Frame.image")
        clock = _Clock()
        detection = runtime.detect(image)
        clock.lap("detect")
        if self._transfer is None:
            self._calibrate(detection.keypoints)
        assert self._transfer is not None
        keypoints = self._transfer(detection.keypoints)
        clock.lap("transfer")
        picture = runtime.render(self._source, keypoints)
        clock.lap("render")
        measures = measure(detection, self._source.keypoints, keypoints, picture)
        clock.lap("measure")
        return Rendered(frame, picture.image, keypoints, measures, clock.laps)

    def with_rule(self, *, absolute: bool = False, first_order: bool = True) -> FommReenactor:
        """Return another reenactor that transfers motion by another rule on the same runtime.

        It has no source and no calibration yet, and is closed together with this one.
        """
        return FommReenactor(
            self._running(),
            self._size,
            model_name=self.model_name,
            model_sha256=self.model_sha256,
            device_reason=self.device_reason,
            rule=_Rule(absolute=absolute, first_order=first_order),
        )

    def close(self) -> None:
        """Free the runtime; further calls are an error."""
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = self._source = None

    def _calibrate(self, initial: KeyPoints) -> None:
        self._initial = initial
        if self._source is not None:
            self._transfer = self._rule.transfer(self._source.keypoints, initial)

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise ValueError("the reenactor is closed; load another one")
        return self._runtime

    def _fitting(self, image: Image, what: str) -> Image:
        check_image(image, what)
        if image.shape[:2] != (self._size, self._size):
            raise ValueError(
                f"{what}: expected {self._size} x {self._size} pixels, "
                f"got {image.shape[1]} x {image.shape[0]}"
            )
        return np.ascontiguousarray(image)

    def _warm_up(self, runtime: Runtime) -> None:
        """Run every network once, so that the first frame is as fast as the others."""
        grey = np.full((self._size, self._size, 3), 128, np.uint8)
        source = runtime.encode(grey)
        runtime.render(source, source.keypoints)


class _Clock:
    """Laps in milliseconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = (now - self._last) * 1000
        self._last = now
