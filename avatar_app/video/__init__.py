"""Video files in and out: the only package that knows PyAV.

Pictures are (H, W, 3) uint8 RGB, upright; times are seconds from the first picture.
"""

from avatar_app.video.durable import DurableVideoWriter
from avatar_app.video.reader import VIDEO_SUFFIXES, VideoReader, read_clip
from avatar_app.video.source import read_tags
from avatar_app.video.writer import VideoWriter, check_output

__all__ = [
    "VIDEO_SUFFIXES",
    "DurableVideoWriter",
    "VideoReader",
    "VideoWriter",
    "check_output",
    "read_clip",
    "read_tags",
]
