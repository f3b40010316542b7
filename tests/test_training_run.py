"""A training run from a config file to a model the app can load."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app import settings
from avatar_app.fomm.checkpoints import load
from avatar_app.fomm.training import plots
from avatar_app.settings import bundled
from avatar_app.training_run import _begin_logs, _bundled_pairs, _split, quantize, redraw, train
from avatar_app.types import AvatarAppError

CONFIG = """
minutes = 0.05
frame_stride = 50
{clips}

[model_params.common_params]
num_kp = 14
num_channels = 3
estimate_jacobian = true

[model_params.kp_detector_params]
temperature = 0.1
block_expansion = 4
max_features = 16
scale_factor = 0.25
num_blocks = 2

[model_params.generator_params]
block_expansion = 4
max_features = 16
num_down_blocks = 2
num_bottleneck_blocks = 1
estimate_occlusion_map = true

[model_params.generator_params.dense_motion_params]
block_expansion = 4
max_features = 16
num_blocks = 2
scale_factor = 0.25

[[stage]]
name = "only"
share = 1.0
batch_size = 1
perceptual = 0.0
pixel = 10.0
landmark_keypoints = 10.0
"""


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """The demo clip twice: once to learn from, once to watch."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(bundled("assets", "demo", "webcam.mp4"), folder / name)
    return folder


def _config(folder: Path, clips: str = "") -> Path:
    path = folder / "tiny.toml"
    path.write_text(CONFIG.format(clips=f'clips = "{clips}"' if clips else ""))
    return path


def test_a_run_leaves_a_model_its_log_and_pictures(clips: Path, tmp_path: Path) -> None:
    """All named in the result and there; the model loads; a second start needs --resume."""
    config, out = _config(tmp_path, "clips"), tmp_path / "run"
    out.mkdir()
    (out / "validation.csv").write_text("of a run that was killed early")
    reports: list[str] = []
    result = train(
        config, out, device="cpu", progress=lambda done, total, what: reports.append(what)
    )
    assert load(result.model).model_params["common_params"]["num_kp"] == 14
    for path in (result.sheet, result.curves, out / "validation.csv", out / "landmarks.npz"):
        assert path.stat().st_size > 0
    assert result.steps > 0
    assert "clips read" in reports
    with pytest.raises(AvatarAppError, match="--resume"):
        train(config, out, device="cpu")
    result.curves.unlink()
    assert redraw(out).stat().st_size > 0
    assert len(plots._rows(out / "validation.csv")) == 1
    with (out / "validation.csv").open("a") as log:
        log.write("0.1,0.")
    resumed = train(config, out, resume=True, minutes=result.minutes + 0.02, device="cpu")
    assert resumed.steps > result.steps
    assert len(plots._rows(out / "validation.csv")) == 2


def test_index_decides_what_is_learned_from(clips: Path, tmp_path: Path) -> None:
    """Without a clip to watch there is no run."""
    with (clips / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "split"), ("a.mp4", "train"), ("b.mp4", "test")])
    with pytest.raises(AvatarAppError, match="too few clips"):
        train(_config(tmp_path), tmp_path / "run", clips=clips, device="cpu")


def test_index_may_come_from_a_spreadsheet(clips: Path) -> None:
    """With the mark that Excel puts first, and a row cut short; others are told how to save it."""
    index, table = clips / "index.csv", "split,file\ntrain,a.mp4\nval,b.mp4\nval\n"
    index.write_text(table, encoding="utf-8-sig")
    assert _split(clips) == ([clips / "a.mp4"], [clips / "b.mp4"])
    index.write_text(table + "val,jörg.mp4\n", encoding="latin-1")
    with pytest.raises(AvatarAppError, match=r"index\.csv is no table in UTF-8 .*save it again"):
        _split(clips)
    index.write_text("file;split\na.mp4;train\n")
    with pytest.raises(AvatarAppError, match=r"no column 'file'.* first line must be file,split"):
        _split(clips)


def test_half_a_line_of_the_logs_is_let_go(tmp_path: Path) -> None:
    """A run that was killed can be drawn and taken up; a new run begins logs of its own."""
    head, line = b"seconds,step,stage,loss,value\r\n", b"10.0,5,gr\xc3\xb6b,pixel,0.5\r\n"
    log, other = tmp_path / "log.csv", tmp_path / "validation.csv"
    for cut in range(len(line)):
        log.write_bytes(head + line + line[:cut])
        assert len(plots._rows(log)) == 1
    log.write_bytes(head + line + b"20.0,9,fine\r\n")
    assert redraw(tmp_path).stat().st_size > 0
    log.write_bytes(head + line + line[:9])
    other.write_bytes(b"seconds,l")
    _begin_logs(tmp_path, resume=True)
    assert (log.read_bytes(), other.read_bytes()) == (head + line, b"")
    _begin_logs(tmp_path, resume=False)
    assert not log.exists()
    assert not other.exists()


def test_clips_of_one_frame_tell_no_ranges(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no driver among them; the sentence names their folder."""
    still = np.zeros((1, 256, 256, 3), np.uint8)
    monkeypatch.setattr("avatar_app.training_run.read_clip", lambda path, size: still)
    with pytest.raises(AvatarAppError, match=r"clips .* have one frame each; give longer"):
        quantize("fomm-mini", clips)


def test_own_avatars_do_not_decide_how_a_model_is_quantized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only those on board do, so that the result is everywhere the same."""
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path))
    own = settings.data_dir() / "avatars"
    own.mkdir(parents=True)
    (own / "broken.png").write_text("no picture")
    assert len({source.tobytes() for source, _ in _bundled_pairs(128)}) == 9


def test_landmarks_that_cannot_be_read_are_named(clips: Path, tmp_path: Path) -> None:
    """With what to do: they are only kept to save time."""
    out = tmp_path / "run"
    out.mkdir()
    (out / "landmarks.npz").write_text("no landmarks")
    with pytest.raises(AvatarAppError, match=r"landmarks\.npz cannot be read; delete it"):
        train(_config(tmp_path), out, clips=clips, device="cpu")


def test_what_cannot_be_leaves_no_folder(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that cannot begin is told so before clips are read, and nothing is made for it."""
    config, out = _config(tmp_path), tmp_path / "run"

    def impossible(match: str, folder: Path = out, **options: Any) -> None:
        with pytest.raises(AvatarAppError, match=match):
            train(config, folder, **{"clips": clips, "device": "cpu", **options})

    odd = tmp_path / "odd.toml"
    odd.write_text(config.read_text().replace("num_blocks = 2", "num_blocks = 7"))
    with pytest.raises(
        AvatarAppError, match=r"odd\.toml: its networks cannot take pictures of 256"
    ):
        train(odd, out, clips=clips, device="cpu")
    impossible("no folder of clips", clips=tmp_path / "nowhere")
    impossible("no run in .*run to resume", resume=True)
    impossible("its folder is a file", folder=config / "run")
    impossible("no model called nope", start="nope")
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path / "new"))
    config.write_text(config.read_text().replace("perceptual = 0.0", "perceptual = 1.0"))
    impossible("vgg19 weights are not here yet")
    config.write_text(config.read_text().replace("perceptual = 1.0", "perceptual = 0.0"))
    for minutes in (-1.0, 0.0, float("nan"), float("inf")):
        impossible("give a number above 0", minutes=minutes)
    assert not out.exists()


def test_clips_must_be_named_and_be_there(tmp_path: Path) -> None:
    """One sentence each, with the remedy."""
    with pytest.raises(AvatarAppError, match="--clips"):
        train(_config(tmp_path), tmp_path / "run")
    with pytest.raises(AvatarAppError, match="holds no training run; name the folder of one"):
        redraw(tmp_path)
    with pytest.raises(AvatarAppError, match="nowhere"):
        train(_config(tmp_path), tmp_path / "run", clips=tmp_path / "nowhere")
