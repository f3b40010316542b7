"""Leaving the processor to the workers: the libraries they call have threads of their own."""

from __future__ import annotations

import cv2
from threadpoolctl import threadpool_limits


def keep_to_workers() -> None:
    """Let OpenCV and numpy compute in the thread that calls them, for good, in this process.

    What the workers ask of them is small. Their helping threads gain nothing with it, and spin
    for milliseconds while they wait for the next piece, on the processor the model needs.
    """
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")
