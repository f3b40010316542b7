"""How a long job says how far it is, without knowing who shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called now and then from a long job; cheap enough to be called for every frame."""

    def __call__(self, done: float, total: float | None, what: str) -> None:
        """Report that `done` of `total` (None: unknown) is through.

        `what` names the job and its unit in a few words for a person, e.g. "frames".
        """


def silent(done: float, total: float | None, what: str) -> None:
    """Show nothing: the default of every job."""
