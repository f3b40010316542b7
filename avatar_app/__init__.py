"""A webcam avatar that knows when it glitches."""

__version__ = "0.1.0"
