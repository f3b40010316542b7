"""Labels in videos: where they are found, and where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.provenance import COMMENT, label_tags, read_label
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError
from avatar_app.video import VideoWriter


def video(path: Path, tags: dict[str, str]) -> Path:
    """Write a video of one picture."""
    with VideoWriter(path, 64, 48, 25, tags=tags) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8), 0.0)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_labelled_video_says_so(tmp_path: Path, suffix: str) -> None:
    """In every container: which app, which model, and a sentence for people."""
    label = read_label(video(tmp_path / f"a{suffix}", label_tags("fomm-mini")))
    assert label is not None
    assert label.app.startswith("avatar_app ")
    assert label.model == "fomm-mini"
    assert "AI avatar" in label.comment


@pytest.mark.parametrize(
    ("model", "named"),
    [("two\nlines", r"two\nlines"), ("\udcff", r"\udcff"), ("a\0b", r"a\x00b"), ("m) é", "m) é")],
)
def test_no_name_of_a_model_hides_the_label(tmp_path: Path, model: str, named: str) -> None:
    """A model is named as its file, which may be called anything; what is not seen is spelled."""
    label = read_label(video(tmp_path / "a.mp4", label_tags(model)))
    assert label is not None
    assert label.model == named


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {COMMENT: "a holiday"},
        {COMMENT: "AI avatar: a synthetic picture."},
        {COMMENT: label_tags("m")[COMMENT].replace("trainedAlgorithmic", "digitalCapture")},
    ],
)
def test_other_videos_have_none(tmp_path: Path, tags: dict[str, str]) -> None:
    """Whatever else they say of themselves."""
    assert read_label(video(tmp_path / "a.mp4", tags)) is None


def test_the_demo_clip_is_no_avatar() -> None:
    """It shows the driver."""
    assert read_label(bundled("assets", "demo", "webcam.mp4")) is None


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    """A session's folder is not one file."""
    with pytest.raises(AvatarAppError, match="give one video file"):
        read_label(tmp_path)
    with pytest.raises(AvatarAppError, match="does not exist"):
        read_label(tmp_path / "missing.mp4")
