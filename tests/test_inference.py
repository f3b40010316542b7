"""How OpenVINO is opened, also on processors whose matrix units it computes wrongly with."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from openvino import opset13 as op  # type: ignore[import-untyped]

from avatar_app import inference
from avatar_app.inference import SmallNetwork
from avatar_app.types import Floats

VARIABLE = "ONEDNN_MAX_CPU_ISA"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is not set, and comes back as it was."""
    monkeypatch.setenv(VARIABLE, "")  # remembered, whatever a test leaves
    del os.environ[VARIABLE]


def processor(monkeypatch: pytest.MonkeyPatch, path: Path, flags: str) -> None:
    """Let this machine's processor have these flags."""
    path.write_text(f"model name\t: Some Processor\nflags\t\t: fpu {flags} sse\n")
    monkeypatch.setattr(inference, "_PROCESSOR", path)


def test_keeps_from_matrix_units(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a processor has them OpenVINO is told to leave them alone."""
    processor(monkeypatch, tmp_path / "cpuinfo", "amx_bf16 amx_tile amx_int8")
    inference.open_core()
    assert os.environ[VARIABLE] == "AVX512_CORE_FP16"


def test_other_processors_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is said to processors without them, nor where there is no list of flags."""
    processor(monkeypatch, tmp_path / "cpuinfo", "avx512_bf16")
    inference.open_core()
    monkeypatch.setattr(inference, "_PROCESSOR", tmp_path / "none")
    inference.open_core()
    assert VARIABLE not in os.environ


def test_the_user_has_the_last_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever set the variable keeps what it says."""
    processor(monkeypatch, tmp_path / "cpuinfo", "amx_tile")
    monkeypatch.setenv(VARIABLE, "AVX2")
    inference.open_core()
    assert os.environ[VARIABLE] == "AVX2"


def products(sides: int = 96) -> tuple[SmallNetwork, Floats]:
    """Return a network that multiplies two rows with a matrix and adds them, and the matrix."""
    matrix = np.random.default_rng(0).standard_normal((sides, sides), np.float32)
    rows = [op.parameter([1, sides], np.float32) for _ in range(2)]
    one, other = (op.matmul(row, matrix, False, False) for row in rows)
    return SmallNetwork(op.add(one, other), *rows), matrix


def test_a_small_network_computes_as_exactly_everywhere() -> None:
    """In float32, also on processors where OpenVINO would take bfloat16 by itself."""
    network, matrix = products()
    one, other = np.random.default_rng(1).standard_normal((2, len(matrix)), np.float32)
    expected = (one.astype(np.float64) + other) @ matrix
    np.testing.assert_allclose(network(one, other), expected, atol=1e-4)


def test_a_result_stays_as_it_is() -> None:
    """The next call changes nothing of it."""
    network, matrix = products()
    ones = np.ones(len(matrix), np.float32)
    first = network(ones, ones)
    kept = first.copy()
    network(3 * ones, ones)
    np.testing.assert_array_equal(first, kept)


def test_another_shape_is_a_mistake_of_the_caller() -> None:
    """It is named; nothing is stretched to what is expected."""
    network, _ = products(4)
    with pytest.raises(ValueError, match=r"expected \[\(4,\), \(4,\)\], got \[\(4,\), \(1,\)\]"):
        network(np.ones(4, np.float32), np.ones(1, np.float32))


def test_several_threads_may_ask_at_once() -> None:
    """Each gets the answer to its own question."""
    network, matrix = products()
    nothing = np.zeros(len(matrix), np.float32)

    def asked(number: int) -> bool:
        row = np.full(len(matrix), number, np.float32)
        expected = network(row, nothing)
        return all((network(row, nothing) == expected).all() for _ in range(300))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(asked, range(1, 5)))
