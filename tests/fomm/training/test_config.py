"""A training config says what it wants, or is told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.fomm.training.config import load_config
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError

STAGE = "[[stage]]\nname = 'a'\nshare = 1\nbatch_size = 2\n"


def test_the_shipped_config_describes_a_run() -> None:
    """It is the example that error messages point to."""
    config = load_config(bundled("models", "fomm-mini.toml"))
    assert [stage.name for stage in config.stages] == [
        *("keypoints", "motion", "coarse", "fine", "finish")
    ]
    assert config.stage_at(0)[0].name == "keypoints"
    assert config.stage_at(1) == (config.stages[-1], 1.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stage = [3]", "table"),
        ("minutes = ", "TOML"),
        ("[[stage]]\nname = 'a'\nshare = 1\nbatch_size = 1\nspeed = 3\n", "speed"),
        ("minutes = 3\n", "no .*stage"),
        ("[[stage]]\nname = 'a'\nshare = 'x'\nbatch_size = 1\n", "share is 'x', not .* float"),
        ("[[stage]]\nname = 'a'\nshare = 1\nbatch_size = true\n", "batch_size is True"),
        ("[[stage]]\nname = 'a'\nshare = 1\nbatch_size = 1\ncrop = 1.5\n", "crop is 1.5"),
        ("minutes = 'long'\n[[stage]]\nname = 'a'\nshare = 1\nbatch_size = 1\n", "minutes"),
    ],
)
def test_a_wrong_config_is_named(tmp_path: Path, text: str, named: str) -> None:
    """The sentence holds the file and what is wrong in it."""
    _refused(tmp_path, text, named)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        *((f"{name} = 0", f"{name} .*is 0, expected") for name in ("frame_stride", "minutes")),
        ("seed = -1", "seed is -1, expected 0 to"),
        ("ema = 1.5", "ema is 1.5"),
        ("minutes = inf", "minutes is inf"),
        ("minutes = nan", "minutes is nan"),
    ],
)
def test_a_number_of_a_run_beyond_its_range_is_named(
    tmp_path: Path, setting: str, named: str
) -> None:
    """Before clips are read, rather than as a fault of the app."""
    _refused(tmp_path, f"model_params = {{}}\n{setting}\n{STAGE}", named)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("share = 0.0", "share of the stage a is 0.0, expected 0.001 to 1000"),
        *((f"{name} = 0", f"{name} .*is 0,") for name in ("batch_size", "candidates", "drivers")),
        *((f"{name} = 0", f"{name} .*is 0,") for name in ("size", "crop", "learning_rate")),
        *((f"{name} = -1", f"{name} .*is -1,") for name in ("perceptual", "anywhere", "detail")),
        ("learning_rate = nan", "learning_rate .*is nan"),
        (f"candidates = {10**400}", "candidates .*is 1000"),
        ("equivariance_share = 2", "equivariance_share .*is 2, expected 0 to 1"),
        ("size = 200", "size of 200 does not divide 256"),
        ("size = 64\ncrop = 128", "size of 64 .* below its crop"),
        ("trains = 'keypoints'\nequivariance_share = 0", "every loss of the stage a"),
        ("perceptual = 0\ndrawn = 1", "drawn needs perceptual"),
        ("vgg_depths = []", "vgg_depths are "),
        *((f"vgg_depths = {depths}", "vgg_depths are ") for depths in ("[6]", "[1.0]", "[0]")),
        ("vgg_depths = ['deep']", "vgg_depths are "),
        ("crop = 32\nvgg_depths = [0, 5]", "too deep for 16 judged pixels"),
    ],
)
def test_a_number_of_a_stage_beyond_its_range_is_named(
    tmp_path: Path, setting: str, named: str
) -> None:
    """In the same way."""
    name = setting.partition(" ")[0]
    given = "".join(line for line in STAGE.splitlines(True) if not line.startswith(name))
    _refused(tmp_path, f"model_params = {{}}\n{given}{setting}\n", named)


def _refused(folder: Path, text: str, named: str) -> None:
    path = folder / "run.toml"
    path.write_text(text)
    with pytest.raises(AvatarAppError, match=named) as error:
        load_config(path)
    assert "run.toml" in str(error.value)


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    """In the same way."""
    with pytest.raises(AvatarAppError, match=r"run\.toml cannot be read .*give a training config"):
        load_config(tmp_path / "run.toml")
