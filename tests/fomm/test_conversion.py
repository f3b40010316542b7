"""How OpenVINO is opened on processors whose matrix units it computes wrongly with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from avatar_app.fomm import conversion

VARIABLE = "ONEDNN_MAX_CPU_ISA"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is not set, and comes back as it was."""
    monkeypatch.setenv(VARIABLE, "")  # remembered, whatever a test leaves
    del os.environ[VARIABLE]


def processor(monkeypatch: pytest.MonkeyPatch, path: Path, flags: str) -> None:
    """Let this machine's processor have these flags."""
    path.write_text(f"model name\t: Some Processor\nflags\t\t: fpu {flags} sse\n")
    monkeypatch.setattr(conversion, "_PROCESSOR", path)


def test_keeps_from_matrix_units(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a processor has them OpenVINO is told to leave them alone."""
    processor(monkeypatch, tmp_path / "cpuinfo", "amx_bf16 amx_tile amx_int8")
    conversion.open_core()
    assert os.environ[VARIABLE] == "AVX512_CORE_FP16"


def test_other_processors_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is said to processors without them, nor where there is no list of flags."""
    processor(monkeypatch, tmp_path / "cpuinfo", "avx512_bf16")
    conversion.open_core()
    monkeypatch.setattr(conversion, "_PROCESSOR", tmp_path / "none")
    conversion.open_core()
    assert VARIABLE not in os.environ


def test_the_user_has_the_last_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever set the variable keeps what it says."""
    processor(monkeypatch, tmp_path / "cpuinfo", "amx_tile")
    monkeypatch.setenv(VARIABLE, "AVX2")
    conversion.open_core()
    assert os.environ[VARIABLE] == "AVX2"
