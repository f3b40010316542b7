"""The threads that libraries bring along do not take the processor from the workers."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.pipeline.fakes import running


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Let every library use two threads, and as many as it had afterwards."""
    before = cv2.getNumThreads()
    with threadpool_limits(2, user_api="blas"):
        cv2.setNumThreads(2)
        yield
    cv2.setNumThreads(before)


def pools() -> set[int]:
    """Return how many threads numpy's libraries use."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.usefixtures("two_threads")
def test_libraries_compute_in_the_workers_threads() -> None:
    """Once the pipeline has started, neither OpenCV nor numpy use threads beside the workers'."""
    assert (cv2.getNumThreads(), pools()) == (2, {2})
    with running():
        assert (cv2.getNumThreads(), pools()) == (1, {1})
