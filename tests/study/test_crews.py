"""Several workers, and what the loss of one costs."""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from contextlib import closing
from pathlib import Path

import pytest

from avatar_app.perturbations import find_case
from avatar_app.study import cluster
from avatar_app.study.cluster import Cluster
from avatar_app.study.crews import Processes, answers
from avatar_app.study.trials import Grid, jobs
from avatar_app.study.worker import Answer, StageTask, Task
from avatar_app.study.workplace import Fetch, Setup
from avatar_app.types import AvatarAppError


class Frail:
    """A crew of two that loses a worker at the calls named in `losses`."""

    def __init__(self, losses: set[int]) -> None:
        self.losses = losses
        self.given: list[Task] = []
        self._running: deque[Task] = deque()
        self._calls = 0

    def publish(self, name: str, content: bytes) -> None:
        """Nothing."""

    def idle(self) -> int:
        """Two at once."""
        return 2 - len(self._running)

    def give(self, task: Task) -> None:
        """Begin."""
        self.given.append(task)
        self._running.append(task)

    def take(self) -> tuple[Task, Answer | None]:
        """End the oldest."""
        self._calls += 1
        task = self._running.popleft()
        return task, None if self._calls in self.losses else Answer()

    def close(self) -> None:
        """Nothing."""


class Mortal:
    """A worker that is killed by the system in its first go at a task called "fatal"."""

    def __init__(self, setup: Setup, fetch: Fetch) -> None:
        """Go by what was published: the place of a file that tells who died."""
        self._died = Path(fetch("died").decode())

    def do(self, task: Task) -> Answer:
        """Answer with the clip's name, or die as for want of memory."""
        assert isinstance(task, StageTask)
        if task.clip == "fatal" and not self._died.exists():
            self._died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Answer(published={task.clip: b""})


MORTAL_TASKS = [StageTask("mei", clip) for clip in ("one", "fatal", "two", "three")]
SETUP = Setup("m", "s", "cpu", ("a", "c"), (1,), False)


TASKS = [StageTask("mei", f"clip{number}") for number in range(5)]


def test_a_lost_worker_costs_only_its_own_task() -> None:
    """The task is given once more, all others once."""
    crew = Frail({2})
    done = [task for task, _ in answers(crew, TASKS)]
    assert Counter(map(id, done)) == Counter(map(id, TASKS))
    assert len(crew.given) == 6
    assert crew.given.count(TASKS[1]) == 2


def test_a_task_that_kills_its_workers_again_and_again_ends_the_study() -> None:
    """With a remedy, not for ever."""
    with pytest.raises(AvatarAppError, match="--workers"):
        list(answers(Frail(set(range(1, 100))), TASKS[:1]))


def test_a_process_that_is_killed_in_the_middle_is_replaced(tmp_path: Path) -> None:
    """Every task is answered once, the fatal one by a new process."""
    with closing(Processes(SETUP, tmp_path, 2, Mortal)) as crew:
        crew.publish("died", str(tmp_path / "died").encode())
        told = [name for _, answer in answers(crew, MORTAL_TASKS) for name in answer.published]
    assert (tmp_path / "died").exists()
    assert sorted(told) == ["fatal", "one", "three", "two"]


def test_a_cluster_that_nobody_answers_for_is_named() -> None:
    """At once, not after Ray's minutes."""
    pytest.importorskip("ray")
    with pytest.raises(AvatarAppError, match=r"127\.0\.0\.1:1\b.*ray start --head"):
        Cluster(SETUP, "127.0.0.1:1")


def test_a_worker_that_a_cluster_loses_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An actor of a real Ray, on this machine, is killed in the middle: its task is done again."""
    ray = pytest.importorskip("ray")

    def alone(address: str) -> object:
        """A Ray of one CPU, which ends with this process."""
        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, namespace=address)
        return ray

    monkeypatch.setattr(cluster, "_joined", alone)
    said: list[str] = []
    with closing(Cluster(SETUP, "test", said.append, Mortal)) as crew:
        crew.publish("died", str(tmp_path / "died").encode())
        told = [name for _, answer in answers(crew, MORTAL_TASKS) for name in answer.published]
    assert sorted(told) == ["fatal", "one", "three", "two"]
    assert any("its task is given again" in sentence for sentence in said)


def test_jobs_share_a_perturbation_over_avatars_and_kinds() -> None:
    """Each clip, case, severity and seed is perturbed once; the noise floor comes first."""
    cases = [find_case("tongue"), find_case("source_hat")]
    grid = Grid(["a", "b"], ["c", "d"], cases, (1, 4), (0,), compared=(4,), controlled=(4,))
    trials = list(grid.trials())
    assert len(set(trials)) == len(trials)
    planned = jobs(trials)
    keys = [(job.clip, job.case, job.severity, job.seed) for job in planned]
    assert len(set(keys)) == len(keys)
    strongest = next(job for job in planned if (job.clip, job.case, job.severity)
                     == ("c", "tongue", 4))  # fmt: skip
    assert Counter(trial.kind for trial in strongest.trials) == {
        "person": 1, "relative": 2, "zeroth": 2, "absolute": 2, "calibration": 2, "pasted": 2
    }  # fmt: skip
    assert planned[0].severity == 0
