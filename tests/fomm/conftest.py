"""For every test with networks."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Compute on one thread: tiny networks gain nothing by more, and a busy machine loses much."""
    import torch

    torch.set_num_threads(1)
