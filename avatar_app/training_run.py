"""One training run: clips and their landmarks into memory, the trainer, its model and pictures."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar_app.files import check_writable, read_table, whole, write_errors, write_whole
from avatar_app.progress import Progress, silent
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats, Image
from avatar_app.video import VIDEO_SUFFIXES, VideoReader, read_clip

if TYPE_CHECKING:
    from avatar_app.fomm.training.config import TrainingConfig
    from avatar_app.fomm.training.data import Clip

SIZE = 256  # side of the pictures clips are read at
VALIDATION_SHARE = 0.1  # of the clips, where no index.csv says which
VALIDATION_CLIPS = 12  # at most
CHECKPOINT = "checkpoint.pt"
QUANTIZING_STRIDE = 8  # of the frames of a clip: 200 pairs tell the ranges as well as thousands


@dataclass(frozen=True)
class TrainingResult:
    """What a run leaves behind."""

    model: Path
    sheet: Path
    curves: Path
    log: Path
    minutes: float
    steps: int


def train(
    config_path: Path,
    out: Path,
    *,
    clips: Path | None = None,
    resume: bool = False,
    start: str | Path | None = None,
    minutes: float | None = None,
    device: str = "auto",
    progress: Progress = silent,
) -> TrainingResult:
    """Train the model of a config file into the folder `out`.

    `clips` is a folder of videos, by default the one the config names; an index.csv in it with the
    columns file and split (train, val) decides what is learned from. `start` is a model to begin
    with instead of random weights. `minutes` replaces the config's. Raises AvatarAppError for what
    is wrong with any of these, and KeyboardInterrupt, with everything saved, when interrupted.
    """
    from avatar_app.fomm import params
    from avatar_app.fomm.checkpoints import load, save
    from avatar_app.fomm.runtime import choose
    from avatar_app.fomm.torch_runtime import has_bfloat16
    from avatar_app.fomm.training.config import load_config
    from avatar_app.fomm.training.plots import draw_curves
    from avatar_app.fomm.training.trainer import Step, Trainer, flushed_denormals
    from avatar_app.fomm.training.validation import Validation

    config = load_config(config_path)
    params.check_size(params.check(config.model_params, str(config_path)), SIZE, str(config_path))
    minutes = config.minutes if minutes is None else minutes
    folder = clips or (config_path.parent / config.clips if config.clips else None)
    if folder is None:
        raise AvatarAppError(f"{config_path} names no clips; give their folder with --clips.")
    if not 0 < minutes < math.inf:
        raise AvatarAppError(f"Training cannot take {minutes:g} minutes; give a number above 0.")
    learned, watched = _split(folder)
    check_writable(out / CHECKPOINT)
    if (out / CHECKPOINT).exists() and not resume:
        raise AvatarAppError(
            f"{out} holds a run already; add --resume to go on with it, or name another folder."
        )
    if resume and not (out / CHECKPOINT).exists():
        raise AvatarAppError(
            f"There is no run in {out} to resume; leave out --resume to begin one."
        )
    device = choose(device, "torch").device
    begun = None if start is None else load(start).tensors
    _check_weights(config)
    out.mkdir(parents=True, exist_ok=True)
    _begin_logs(out, resume)
    draw_curves(out)  # where that is impossible it should not be found out later
    landmarks = _LandmarkStore(out / "landmarks.npz")
    validation = Validation(list(_load(watched, config, landmarks, progress)), out, device)
    with flushed_denormals():
        trainer = Trainer(
            config,
            _load(learned, config, landmarks, progress),
            validation,
            out,
            device,
            has_bfloat16(device),
        )
        landmarks.save()
        if begun is not None:
            trainer.start_from(begun)
        if resume:
            trainer.resume()

        def report(step: Step) -> None:
            total = sum(step.losses.values())
            what = f"min, {step.stage}: loss {total:.3f}, {step.samples_per_second:.1f} samples/s"
            progress(step.seconds / 60, minutes, what)
            draw_curves(out)

        model = out / f"{config_path.stem}.safetensors"
        try:
            trainer.run(minutes, report)
        finally:  # also what was learned until Ctrl-C can be tried out
            save(model, config.model_params, trainer.averaged_weights, half=True)
    return TrainingResult(
        model,
        out / "sheet.png",
        draw_curves(out),
        out / "log.csv",
        trainer.seconds / 60,
        trainer.step,
    )


def quantize(model: str | Path, clips: Path | None = None, progress: Progress = silent) -> Path:
    """Make the quantized form of a model beside it; return its path.

    The ranges of numbers are those of the `clips` of a folder: of those that `train` would watch,
    the first frame is a source and others are drivers. Without a folder the avatars and the demo
    clip on board serve. Raises AvatarAppError where the model, the clips or NNCF cannot be used.
    """
    from avatar_app.fomm.checkpoints import load
    from avatar_app.fomm.quantization import quantize as quantized

    checkpoint = load(model)
    pairs = _bundled_pairs(checkpoint.size) if clips is None else []
    watched = _split(clips)[1] if clips is not None else []
    for done, path in enumerate(watched):
        progress(done, len(watched), "clips read")
        frames = read_clip(path, checkpoint.size)
        pairs += [(frames[0], driver) for driver in frames[1::QUANTIZING_STRIDE]]
    if not pairs:
        raise AvatarAppError(
            f"The clips of {clips} that would be watched have one frame each; give longer ones."
        )
    progress(1, 1, "clips read; quantizing")
    return quantized(checkpoint, pairs)


def _bundled_pairs(size: int) -> list[tuple[Image, Image]]:
    """Every avatar on board with frames of the demo clip, framed as in a call."""
    from avatar_app.avatars import load_avatar
    from avatar_app.framing import crop, face_square
    from avatar_app.glitch.landmarks import FaceFinder

    finder = FaceFinder()
    portraits = sorted(bundled("assets", "avatars").glob("*.png"))
    sources = [load_avatar(path, size, finder.in_photo).image for path in portraits]
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as reader:
        frames = list(reader)[::QUANTIZING_STRIDE]
    faces = [(frame.image, finder.track(frame.image)) for frame in frames]
    drivers = [crop(image, face_square(face.landmarks), size) for image, face in faces if face]
    return [(sources[i % len(sources)], driver) for i, driver in enumerate(drivers)]


def redraw(out: Path) -> Path:
    """Draw the curves of the run in `out` from its log again, and return their path.

    Raises AvatarAppError where there is no run.
    """
    from avatar_app.fomm.training.plots import draw_curves

    if not any((out / name).exists() for name in (CHECKPOINT, "log.csv")):
        raise AvatarAppError(f"{out} holds no training run; name the folder of one.")
    return draw_curves(out)


def _check_weights(config: TrainingConfig) -> None:
    """Raise AvatarAppError where the network that pictures are compared by is not here."""
    from avatar_app.fomm.perceptual_weights import missing, weights_path

    if any(stage.uses_vgg for stage in config.stages) and not weights_path("vgg19").is_file():
        raise missing("vgg19")


def _begin_logs(out: Path, resume: bool) -> None:
    """Leave no log of a run that never came to a checkpoint, and no half line to write on at."""
    for path in (out / "log.csv", out / "validation.csv"):
        if not resume:
            path.unlink(missing_ok=True)
        elif path.exists():
            lines = path.read_bytes()
            write_whole(path, lines[: lines.rfind(b"\n") + 1])


def _split(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the clips to learn from, and those to watch."""
    index = folder / "index.csv"
    if index.exists():
        try:
            rows = read_table(index)
            parts = {
                split: [
                    folder / row["file"] for row in rows if row["file"] and row["split"] == split
                ]
                for split in ("train", "val")
            }
        except KeyError as error:
            raise AvatarAppError(
                f"{index} has no column {error}; its first line must be file,split."
            ) from error
        learned, watched = parts["train"], parts["val"]
    else:
        found = sorted(path for path in _listing(folder) if path.suffix.lower() in VIDEO_SUFFIXES)
        count = max(1, round(len(found) * VALIDATION_SHARE))
        learned, watched = found[:-count], found[-count:]
    if not learned or not watched:
        raise AvatarAppError(
            f"{folder} holds too few clips: at least one to learn from and one to watch are needed."
        )
    return learned, watched[:VALIDATION_CLIPS]


def _listing(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise AvatarAppError(
            f"There is no folder of clips {folder}; name another one with --clips."
        ) from error


def _load(
    paths: list[Path], config: TrainingConfig, landmarks: _LandmarkStore, progress: Progress
) -> Iterable[Clip]:
    from avatar_app.fomm.training.data import Clip

    for done, path in enumerate(paths):
        progress(done, len(paths), "clips read")
        # A copy, so that the frames in between are let go.
        frames = read_clip(path, SIZE)[:: config.frame_stride].copy()
        yield Clip(path.name, frames, landmarks.of(path.name, frames))


class _LandmarkStore:
    """Landmarks of clips by name, found once and kept beside the run."""

    def __init__(self, path: Path) -> None:
        from avatar_app.glitch.landmarks import FaceFinder

        self._path = path
        self._finder = FaceFinder()
        self._known: dict[str, Floats] = {}
        if path.exists():
            try:
                with np.load(path, allow_pickle=False) as file:
                    self._known = {name: file[name] for name in file.files}
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                raise AvatarAppError(
                    f"{path} cannot be read; delete it, and the landmarks are found again."
                ) from error

    def of(self, name: str, frames: Image) -> Floats:
        """Return (N, 68, 2) in pixels; NaN where there is no face."""
        known = self._known.get(name)
        if known is not None and len(known) == len(frames):
            return known
        found = np.full((len(frames), 68, 2), np.nan, np.float32)
        self._finder.forget()
        for index, frame in enumerate(frames):
            face = self._finder.track(frame)
            if face is not None:
                found[index] = face.landmarks
        self._known[name] = found
        return found

    def save(self) -> None:
        """Write what is known, for the next start."""
        with whole(self._path) as part, write_errors(self._path), part.open("wb") as file:
            np.savez(file, allow_pickle=False, **self._known)
