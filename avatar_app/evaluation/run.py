"""The evaluation itself: over clips, ways to render, and portraits."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import avatar_app
from avatar_app.evaluation.anchors import LandmarkWarp
from avatar_app.evaluation.clips import Take, choose_clips, take_clip
from avatar_app.evaluation.portraits import Portraits, load_portraits
from avatar_app.evaluation.reel import draw_reel
from avatar_app.evaluation.report import MODEL, PREVIOUS, STILL, WARP, Evaluation, Jitter
from avatar_app.evaluation.ruler import SPARSE, Ruler
from avatar_app.evaluation.scores import Record, score
from avatar_app.evaluation.sheet import Moment, Row, draw_sheet, telling_moments
from avatar_app.files import check_distinct, check_writable, digest
from avatar_app.fomm import checkpoints
from avatar_app.fomm.reenactor import load_reenactor
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.progress import Progress, silent
from avatar_app.types import AvatarAppError, Frame, Image, Reenactor
from avatar_app.video import check_output

_SHEET_ROWS = 8
_REEL_CLIPS = 5
_TOOLS = ("torch", "openvino", "dlib-bin", "opencv-python", "av", "numpy")


@dataclass(frozen=True)
class EvaluationOptions:
    """What to measure.

    `clips` is a folder, `split` one of the splits its index.csv names, or "all" (default: "test"
    where there is an index). `model` and `previous` are names or files, `avatars` is a folder of
    portraits. Every `stride`-th frame of a clip is measured. `sheet` is the picture to write (that
    of the portraits gets "_avatars" behind its name), `json` the file for all numbers, `video` that
    for ten seconds of portraits driven by clips (which needs `avatars`).
    """

    clips: Path
    model: str = "fomm-mini"
    previous: str | None = None
    avatars: Path | None = None
    split: str | None = None
    stride: int = 5
    device: str = "auto"
    runtime: str = "auto"
    sheet: Path | None = None
    json: Path | None = None
    video: Path | None = None

    @property
    def avatar_sheet(self) -> Path | None:
        """The picture of the portraits, where one is to be written."""
        if self.sheet is None or self.avatars is None:
            return None
        return self.sheet.with_stem(self.sheet.stem + "_avatars")


def evaluate(options: EvaluationOptions, progress: Progress = silent) -> Evaluation:
    """Measure a model beside its anchors, write what `options` ask for, and return all of it.

    Self-reconstruction with absolute motion: the first frame with a face is the source, its clip
    the driver. Portraits are driven with relative motion, calibrated on the frame in which the
    driver looks most like the portrait. A clip or portrait that cannot be used is left out and
    named in the notes. Raises AvatarAppError where nothing can be measured, and at once where a
    file cannot be written or would be over another of them, or over a clip.
    """
    if options.stride < 1:
        raise AvatarAppError(f"A stride of {options.stride} is not possible; use 1 or more.")
    check_writable(options.sheet, options.json)
    if options.video is not None:
        if options.avatars is None:
            raise AvatarAppError("A comparison video needs portraits; give them with --avatars.")
        check_output(options.video)
    paths = choose_clips(options.clips, options.split)
    check_distinct(paths, (options.sheet, options.avatar_sheet, options.json, options.video))
    with ExitStack() as stack:
        shown = set(np.linspace(0, len(paths) - 1, min(len(paths), _SHEET_ROWS)).astype(int))
        study = _Study(options, stack, len(shown))
        for number, path in enumerate(paths):
            progress(number, len(paths), "clips")
            study.add(path, shown=number in shown)
        progress(len(paths), len(paths), "clips")
        evaluation = study.evaluation()
        if options.json is not None:
            evaluation.save_json(options.json)
        # The figures must not hang on the pictures of them.
        study.draw_sheets()
        study.draw_reel()
    return evaluation


class _Study:
    """What has been measured so far, and the engines that measure; `stack` closes those."""

    def __init__(self, options: EvaluationOptions, stack: ExitStack, shown_takes: int) -> None:
        self.options = options
        self.notes: list[str] = []
        self.paths: list[Path] = []
        self.records: list[dict[str, list[Record]]] = []
        self.jitters: list[Jitter] = []
        self.rows: list[Row] = []

        models = {MODEL: options.model}
        if options.previous is not None:
            models[PREVIOUS] = options.previous
        self.engines = {
            way: _engine(stack, options, model, absolute=True) for way, model in models.items()
        }
        self.size = self.engines[MODEL].size
        if any(engine.size != self.size for engine in self.engines.values()):
            raise AvatarAppError(
                f"{options.model} and {options.previous} render pictures of different sizes; "
                "evaluate them one by one."
            )
        finder = FaceFinder()
        self.ruler = Ruler(finder, self._lpips())
        self.portraits: Portraits | None = None
        if options.avatars is not None:
            avatars = load_portraits(options.avatars, self.size, finder, self.notes.append)
            puppet = _engine(stack, options, options.model, absolute=False)
            self.portraits = Portraits(avatars, puppet, self.ruler, shown_takes)

    def add(self, path: Path, shown: bool) -> None:
        """Measure one clip; `shown` on the sheets too."""
        try:
            take = take_clip(path, self.size, self.options.stride, self.ruler.finder)
        except AvatarAppError as error:
            self.notes.append(str(error))
            return
        if take.numbers[0] > 0:
            self.notes.append(
                f"{path} has no face in its first frame: frame {take.numbers[0]} is its source."
            )
        rendered = {way: _reconstruct(engine, take) for way, engine in self.engines.items()}
        rendered[STILL] = [take.images[0]] * len(take.images)
        rendered[WARP] = _warp(take)
        self.paths.append(path)
        self.records.append(self.ruler.reconstruction(take, rendered))
        self._measure_jitter(take)
        if shown and self.options.sheet is not None:
            self.rows.append(_sheet_row(take, rendered))
        if self.portraits is not None:
            self.portraits.drive(take, shown)

    def evaluation(self) -> Evaluation:
        """Score what was measured, and name the sheets that are to be drawn."""
        if not self.records:
            raise AvatarAppError(
                f"No clip in {self.options.clips} could be measured. {self.notes[-1]}"
            )
        ways = self.records[0]
        jitter = None
        if self.jitters:
            both = np.median([(one.driver, one.rendered) for one in self.jitters], axis=0)
            jitter = Jitter(float(both[0]), float(both[1]))
        return Evaluation(
            totals={way: score([clip[way] for clip in self.records]) for way in ways},
            clips={
                path.name: {way: score([records]) for way, records in clip.items()}
                for path, clip in zip(self.paths, self.records, strict=True)
            },
            avatars={} if self.portraits is None else self.portraits.scores(),
            avatars_total=None if self.portraits is None else self.portraits.total(),
            jitter=jitter,
            about=self._about(),
            notes=tuple(self.notes),
            sheet=self.options.sheet if self.rows else None,
            avatar_sheet=self.options.avatar_sheet,
        )

    def draw_sheets(self) -> None:
        """Draw moments of the clips and of the portraits, where that was asked for."""
        model = _called(self.options.model)
        if self.options.sheet is not None and self.rows:
            title = f"{model}: clips rebuilt from their first frame"
            draw_sheet(title, self.rows, self.options.sheet)
        if self.options.avatar_sheet is not None and self.portraits is not None:
            title = f"{model}: portraits driven by others"
            self.portraits.draw(title, self.options.avatar_sheet)

    def draw_reel(self) -> None:
        """Write the comparison video, of clips that were measured, where it was asked for."""
        if self.options.video is None or self.portraits is None:
            return
        count = len(self.paths)
        places = np.linspace(0, count - 1, min(count, _REEL_CLIPS)).astype(int)
        chosen = [self.paths[place] for place in places]
        engines = {_called(self.options.model): self.portraits.engine}
        with ExitStack() as stack:
            if self.options.previous is not None:
                name = f"{_called(self.options.previous)} (previous)"
                engines[name] = _engine(stack, self.options, self.options.previous, absolute=False)
            draw_reel(chosen, self.portraits.avatars, engines, self.options.video)

    def _lpips(self) -> Callable[..., list[list[float]]] | None:
        from avatar_app.fomm.perceptual import Lpips

        try:
            return Lpips().compare
        except AvatarAppError as error:
            self.notes.append(f"LPIPS was left out. {error}")
            return None

    def _measure_jitter(self, take: Take) -> None:
        engine = self.engines[MODEL]
        engine.set_source(take.source)

        def render(image: Image) -> Image:
            return engine.animate(Frame(image, 0, 0.0)).image

        jitter = self.ruler.jitter(take, render)
        if jitter is not None:
            self.jitters.append(jitter)

    def _about(self) -> dict[str, object]:
        """Say what was measured with what, for the JSON file."""
        options = self.options
        models = {MODEL: options.model, PREVIOUS: options.previous}
        used = {way: checkpoints.load(model) for way, model in models.items() if model is not None}
        return {
            "app": avatar_app.__version__,
            "models": {way: {"name": c.name, "sha256": c.sha256} for way, c in used.items()},
            "clips": str(options.clips),
            "split": options.split,
            "clip_sha256": {path.name: digest(path) for path in self.paths},
            "stride": options.stride,
            "lpips_and_identity_every": options.stride * SPARSE,
            "python": platform.python_version(),
            "machine": platform.platform(),
            "packages": {
                package.name: package.version
                for package in importlib.metadata.distributions()
                if package.name in _TOOLS
            },
        }


def _engine(stack: ExitStack, options: EvaluationOptions, model: str, absolute: bool) -> Reenactor:
    engine = load_reenactor(
        model, device=options.device, runtime=options.runtime, absolute=absolute
    )
    stack.callback(engine.close)
    return engine


def _reconstruct(engine: Reenactor, take: Take) -> list[Image]:
    engine.set_source(take.source)
    return [engine.animate(take.frame(index)).image for index in range(len(take.images))]


def _warp(take: Take) -> list[Image]:
    """Render the landmark warp; the source itself where the driver has no face."""
    source = take.source
    assert source.landmarks is not None
    warp = LandmarkWarp(source.image, source.landmarks)
    return [source.image if found is None else warp(found.landmarks) for found in take.looks]


def _called(model: str) -> str:
    """Return what a model is called, by its name or its file."""
    return Path(model).name.removesuffix(checkpoints.SUFFIX)


def _sheet_row(take: Take, rendered: Mapping[str, Sequence[Image]]) -> Row:
    moments = [
        Moment(
            label,
            [
                ("driver", take.images[index]),
                ("rendered", rendered[MODEL][index]),
                (WARP, rendered[WARP][index]),
            ],
        )
        for index, label in telling_moments(take)
    ]
    return Row(Path(take.name).stem, ("source", take.images[0]), moments)
