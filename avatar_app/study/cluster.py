"""A crew spread over a cluster by Ray: the only module that knows it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from avatar_app.settings import install
from avatar_app.study.worker import Answer, Doer, Task, Worker
from avatar_app.study.workplace import Fetch, Setup
from avatar_app.types import AvatarAppError

_ANSWER_SECONDS = 5.0


@dataclass
class _Hand:
    actor: Any
    node: str = ""
    task: Task | None = None


class Cluster:
    """`Crew` with one worker for each CPU of a Ray cluster.

    The app must be installed on every node in the same version, with the same model.
    """

    def __init__(
        self,
        setup: Setup,
        address: str,
        warn: Callable[[str], None] = lambda sentence: None,
        hire: Callable[[Setup, Fetch], Doer] = Worker,
    ) -> None:
        """Join the cluster at `address` ("HOST:PORT" or "auto"); `hire` makes each worker.

        Raises AvatarAppError where Ray is missing or nobody answers.
        """
        self._ray = _joined(address)
        self._warn, self._setup, self._maker = warn, setup, hire
        self._published: dict[str, Any] = {}
        self._hands: list[_Hand] = []
        self._running: dict[Any, _Hand] = {}
        self._hire()
        if not self._hands:
            self.close()
            raise AvatarAppError(f"The Ray cluster at {address} has no free CPU; add a node.")
        nodes = self._ray.nodes()
        alive = sum(bool(node["Alive"]) for node in nodes)
        warn(f"Ray cluster with {alive} nodes, {len(self._hands)} workers.")

    def publish(self, name: str, content: bytes) -> None:
        """See `Crew`."""
        self._published[name] = self._ray.put(content)

    def idle(self) -> int:
        """See `Crew`."""
        return sum(hand.task is None for hand in self._hands)

    def give(self, task: Task) -> None:
        """See `Crew`."""
        hand = next(hand for hand in self._hands if hand.task is None)
        hand.task = task
        self._running[hand.actor.do.remote(task, self._published)] = hand

    def take(self) -> tuple[Task, Answer | None]:
        """See `Crew`."""
        (done, *_), _ = self._ray.wait(list(self._running), num_returns=1)
        hand = self._running.pop(done)
        task, hand.task = hand.task, None
        assert task is not None
        try:
            node, answer = self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from error
        except self._ray.exceptions.RayError as error:
            # The worker, or its whole node, is gone. Others go on; what is left may be hired anew.
            self._warn(f"A worker was lost ({type(error).__name__}); its task is given again.")
            self._hands.remove(hand)
            self._hire()
            if not self._hands:
                raise AvatarAppError(
                    "All workers of the cluster were lost; run the same command again to go on."
                ) from error
            return task, None
        if hand.node != node:
            hand.node = node
            self._warn(f"A worker has begun on node {node}.")
        return task, answer

    def close(self) -> None:
        """See `Crew`."""
        for hand in self._hands:
            self._ray.kill(hand.actor)
        self._ray.shutdown()

    def _hire(self) -> None:
        """Have one worker for each CPU that the cluster has now."""
        cpus = int(self._ray.cluster_resources().get("CPU", 0))
        remote = self._ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        while len(self._hands) < cpus:
            self._hands.append(_Hand(remote.remote(self._setup, self._maker)))


class _Actor:
    """A worker on a node; what it needs it takes from Ray's object store."""

    def __init__(self, setup: Setup, hire: Callable[[Setup, Fetch], Doer]) -> None:
        self._setup, self._hire = setup, hire
        self._worker: Doer | None = None
        self._published: Mapping[str, Any] = {}

    def do(self, task: Task, published: Mapping[str, Any]) -> tuple[str, Answer]:
        """Do one task; `published` are the references of all that was published."""
        import ray

        self._published = published
        if self._worker is None:
            self._worker = self._hire(self._setup, self._fetch)
        return ray.get_runtime_context().get_node_id()[:8], self._worker.do(task)

    def _fetch(self, name: str) -> bytes:
        import ray

        content: bytes = ray.get(self._published[name])
        return content


def _joined(address: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise AvatarAppError(f"Ray is not installed; run {install('cluster')}.") from error
    if address != "auto":
        _check_answers(address)
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _nobody(address) from error
    return ray


def _check_answers(address: str) -> None:
    """Raise AvatarAppError unless something listens there: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host or "127.0.0.1", int(port)), _ANSWER_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _nobody(address) from error


def _nobody(address: str) -> AvatarAppError:
    return AvatarAppError(
        f"No Ray cluster answers at {address}; start one with 'ray start --head', "
        "or use --workers instead."
    )


def _cause(error: Any) -> Exception:
    """Return what went wrong in a worker: the user's mistake, or the fault itself."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, AvatarAppError) else RuntimeError(str(error))
