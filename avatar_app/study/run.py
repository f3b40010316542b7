"""The study itself: plans, resumes, hands tasks to workers, writes rows, and makes the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import avatar_app
from avatar_app.files import digest
from avatar_app.fomm import checkpoints
from avatar_app.fomm.perceptual_weights import weights_path
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.perturbations import CASES, Case, find_case
from avatar_app.perturbations.cases import SEVERITIES
from avatar_app.progress import Progress, silent
from avatar_app.study.crews import Alone, Crew, Processes, answers
from avatar_app.study.edges import EdgeTask, edge_trials, find_edges
from avatar_app.study.machine import describe_machine, detector_sha256, usable_cores
from avatar_app.study.report import Report, write_report
from avatar_app.study.results import Results
from avatar_app.study.takes import Cut, choose_cuts, pack_avatar, read_avatar, read_take
from avatar_app.study.trials import Grid, Trial, jobs, trial_id
from avatar_app.study.worker import Answer, StageTask, Task
from avatar_app.study.workplace import Setup
from avatar_app.types import AvatarAppError

DEFAULT_AVATARS = ("mei", "arthur")
_COMPARED, _CONTROLLED = (4,), (3, 5)
_QUICK_SEVERITIES = (1, 3, 5)


@dataclass(frozen=True)
class StudyOptions:
    """What to study.

    `out`: the results folder; one that holds part of the same study is gone on with. `clips`:
    files, files with "@SECONDS", or folders; by default two places of the clip that comes along.
    `avatars`: names or files. `cases`: names, by default all. `seeds`: how many different hands,
    colours, sides of each. `seconds` of each clip are used, every `stride`-th frame. `workers`:
    processes on this machine (default: one a core; 0: none, all is done in this one). `ray`: the
    address of a cluster instead, or "auto". `edge`: a folder of rendered edge clips to validate
    with. `quick`: one avatar, one clip, three severities.
    """

    out: Path
    clips: Sequence[str] = ()
    avatars: Sequence[str] = ()
    cases: Sequence[str] = ()
    severities: Sequence[int] = SEVERITIES
    seeds: int = 1
    seconds: float = 2.4
    stride: int = 2
    model: str = "fomm-mini"
    device: str = "auto"
    workers: int | None = None
    ray: str | None = None
    edge: Path | None = None
    quick: bool = False

    def checked(self) -> StudyOptions:
        """Fill in what "quick" and defaults mean. Raises AvatarAppError for what cannot be."""
        for name in self.cases:
            find_case(name)
        if not set(self.severities) <= set(SEVERITIES) or not self.severities:
            raise AvatarAppError("Severities are numbers from 1 to 5, like 1,3,5.")
        if self.seeds < 1 or self.stride < 1 or self.seconds <= 0:
            raise AvatarAppError("Seeds, stride and seconds must be greater than 0.")
        if not self.quick:
            return replace(self, avatars=tuple(self.avatars or DEFAULT_AVATARS))
        is_default = tuple(self.severities) == SEVERITIES
        return replace(
            self,
            avatars=tuple(self.avatars or DEFAULT_AVATARS[:1]),
            severities=_QUICK_SEVERITIES if is_default else self.severities,
        )


@dataclass(frozen=True)
class Study:
    """What a study left behind: its report, and how fast it was (None where nothing was to do)."""

    report: Report
    trials: int
    seconds: float
    trials_per_minute: float | None
    notes: Sequence[str] = field(default_factory=tuple)


def study(
    options: StudyOptions,
    progress: Progress = silent,
    warn: Callable[[str], None] = lambda sentence: None,
) -> Study:
    """Do all trials that the results folder lacks, and write the report.

    Raises AvatarAppError for what a user can mend; what was measured until then is kept, and the
    same call goes on.
    """
    options = options.checked()
    plan = _Plan(options)
    results = Results(options.out, plan.header())
    missing = [trial for trial in plan.trials() if plan.id_of(trial) not in results.known]
    began, notes = time.monotonic(), plan.notes
    for note in notes:
        warn(note)
    if missing:
        try:
            with (
                results.cache() as cache,
                closing(_crew(options, plan.setup, Path(cache), warn)) as crew,
            ):
                _do(plan, crew, results, missing, progress)
        finally:
            results.leave_if_nothing_new()
        minutes = (time.monotonic() - began) / 60
        results.note(trials_per_minute=round(len(missing) / minutes, 2),
                     minutes=round(minutes, 2), workers=_workers(options))  # fmt: skip
    seconds = time.monotonic() - began
    report = write_report(options.out, progress)
    rate = 60 * len(missing) / seconds if missing else None
    return Study(report, len(missing), seconds, rate, notes)


class _Plan:
    """What is to be studied, with the digests of all that the results depend on."""

    def __init__(self, options: StudyOptions) -> None:
        self.options = options
        self.notes: list[str] = []
        self.checkpoint = checkpoints.load(options.model)
        self.cases: list[Case] = [find_case(name) for name in options.cases] or list(CASES.values())
        self.cuts: list[Cut] = choose_cuts(
            options.clips, 1 if options.quick else 2, options.seconds, options.stride
        )
        self.finder = FaceFinder()
        read = [read_avatar(name, self.checkpoint.size, self.finder) for name in options.avatars]
        self.avatars = {avatar.name: avatar for avatar in read}
        if len(self.avatars) < len(read):
            raise AvatarAppError("Two avatars have the same name; rename one or name it only once.")
        has_lpips = weights_path("lpips").is_file()
        if not has_lpips:
            self.notes.append("LPIPS is left out; avatar-app models fetch lpips brings it.")
        self.setup = Setup(
            model=options.model,
            model_sha256=self.checkpoint.sha256,
            device=options.device,
            pictured=(next(iter(self.avatars)), self.cuts[0].name),
            shown=tuple(_shown(options.severities)),
            has_lpips=has_lpips,
        )
        # Two cuts may be of one file, as those of the clip on board are.
        self.starts = {cut.name: cut.start for cut in self.cuts}
        self.contents = {f"clip/{cut.name}": cut.sha256() for cut in self.cuts}
        for name, avatar in self.avatars.items():
            assert avatar.path is not None
            self.contents[f"avatar/{name}"] = digest(avatar.path)
        names = [case.name for case in self.cases]
        self.edges = find_edges(options.edge, names) if options.edge is not None else []
        for clip in self.edges:
            if f"clip/{clip.name}" in self.contents:
                raise AvatarAppError(
                    f"{clip.path} has the name of another clip of the study; rename one of them."
                )
            self.contents[f"clip/{clip.name}"] = digest(clip.path)
        self.detector = detector_sha256()

    def header(self) -> dict[str, Any]:
        """Say with what the study is made."""
        return {
            "app": avatar_app.__version__,
            "model": self.checkpoint.name,
            "model_sha256": self.checkpoint.sha256,
            "detector": self.detector,
            "avatars": list(self.avatars),
            "clips": [cut.name for cut in self.cuts],
            "cases": [case.name for case in self.cases],
            "severities": list(self.options.severities),
            "seeds": self.options.seeds,
            "seconds": self.options.seconds,
            "stride": self.options.stride,
            "shown": list(self.setup.shown),
            "contents": self.contents,
            "notes": self.notes,
            **describe_machine(),
        }

    def trials(self) -> list[Trial]:
        """Return all trials of the plan."""
        severities, quick = self.options.severities, self.options.quick
        grid = Grid(
            avatars=list(self.avatars),
            clips=[cut.name for cut in self.cuts],
            cases=self.cases,
            severities=severities,
            seeds=range(self.options.seeds),
            compared=_within(_COMPARED, severities),
            controlled=_within((max(severities),) if quick else _CONTROLLED, severities),
        )
        trials = list(grid.trials())
        for clip in self.edges:
            trials += edge_trials(clip, list(self.avatars))
        return trials

    def id_of(self, trial: Trial) -> str:
        """Return the lasting id of a trial."""
        settings = {
            "model": self.checkpoint.sha256,
            "detector": self.detector,
            "start": self.starts.get(trial.clip, 0.0),
            "seconds": self.options.seconds,
            "stride": self.options.stride,
        }
        return trial_id(trial, self.contents, settings)

    def publish(self, crew: Crew, needed: set[tuple[str, str]], progress: Progress) -> None:
        """Read what trials need once, and hand it to all workers."""
        for avatar in {avatar for avatar, _ in needed if avatar} | set(self.avatars):
            crew.publish(f"avatar/{avatar}", pack_avatar(self.avatars[avatar]))
        cuts = [cut for cut in self.cuts if any(cut.name == clip for _, clip in needed)]
        for done, cut in enumerate(cuts):
            progress(done, len(cuts), "clips read")
            take = read_take(cut, self.checkpoint.size, self.finder)
            crew.publish(f"take/{cut.name}", take.packed())

    def tasks(self, missing: Sequence[Trial]) -> Iterator[Task]:
        """Yield the tasks in which the `missing` trials are done."""
        edges = {clip.name: clip for clip in self.edges}
        together: dict[str, list[Trial]] = {}
        for trial in missing:
            if trial.clip in edges:
                together.setdefault(trial.clip, []).append(trial)
        for name, trials in together.items():  # first: only here can a clip still be unusable
            content = edges[name].path.read_bytes()
            yield EdgeTask(edges[name], content, self.options.stride, tuple(trials))
        yield from jobs(trial for trial in missing if trial.clip not in edges)


def _do(
    plan: _Plan, crew: Crew, results: Results, missing: Sequence[Trial], progress: Progress
) -> None:
    """Have all missing trials done, and write each as it ends."""
    edges = {clip.name for clip in plan.edges}
    needed = {(trial.avatar, trial.clip) for trial in missing if trial.clip not in edges}
    plan.publish(crew, needed, progress)
    stages = [StageTask(*pair) for pair in sorted(needed) if pair[0]]
    for done, (_, answer) in enumerate(answers(crew, stages)):
        progress(done + 1, len(stages), "clean renderings")
        for name, content in answer.published.items():
            crew.publish(name, content)
    clock = _Clock(len(missing), progress)
    for _, answer in answers(crew, plan.tasks(missing)):
        _write(plan, results, answer)
        clock.tick(len(answer.rows))


def _write(plan: _Plan, results: Results, answer: Answer) -> None:
    for name, content in answer.pictures.items():
        results.add_picture(name, content)
    for trial, row in answer.rows:
        about = {
            "id": plan.id_of(trial),
            "app": avatar_app.__version__,
            "model": plan.checkpoint.sha256[:12],
            "detector": plan.detector[:12],
            "avatar_sha256": plan.contents.get(f"avatar/{trial.avatar}", "")[:12],
            "clip_sha256": plan.contents[f"clip/{trial.clip}"][:12],
        }
        results.add({**about, **row})


class _Clock:
    """Says how many trials are done, how fast, and how long the rest will take."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._progress = total, progress
        self._done, self._began = 0, time.monotonic()
        progress(0, total, "trials")

    def tick(self, more: int) -> None:
        self._done += more
        minutes = (time.monotonic() - self._began) / 60
        rate = self._done / max(minutes, 1e-6)
        left = (self._total - self._done) / max(rate, 1e-6)
        self._progress(
            self._done, self._total, f"trials ({rate:.0f} a minute, {left:.0f} min left)"
        )


def _crew(options: StudyOptions, setup: Setup, cache: Path, warn: Callable[[str], None]) -> Crew:
    if options.ray is not None:
        from avatar_app.study.cluster import Cluster

        return Cluster(setup, options.ray, warn)
    count = _workers(options)
    return Processes(setup, cache, count) if count else Alone(setup, cache)


def _workers(options: StudyOptions) -> int:
    return usable_cores() if options.workers is None else max(0, options.workers)


def _within(wanted: Sequence[int], severities: Sequence[int]) -> tuple[int, ...]:
    """Return the `wanted` that are among `severities`, the strongest severity where none is."""
    there = tuple(severity for severity in wanted if severity in severities)
    return there or (max(severities),)


def _shown(severities: Sequence[int]) -> list[int]:
    """Return three severities to show: the weakest, one between, the strongest."""
    ordered = sorted(severities)
    return sorted({ordered[0], ordered[len(ordered) // 2], ordered[-1]})
