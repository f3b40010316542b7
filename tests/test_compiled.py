"""Compiled code: what happens where it cannot be kept."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pickle import UnpicklingError
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from avatar_app import compiled, glitch


@pytest.mark.parametrize(
    "fault", [OSError("no space left"), EOFError(), UnpicklingError(), ValueError(), KeyError()]
)
def test_compiled_code_that_cannot_be_kept_is_used_anyway(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """A full disk, or a damaged file of the cache, costs time only, and that once."""
    tried: list[object] = []

    def broken(*arguments: object) -> object:
        tried.append(arguments)
        raise fault

    compiles_to(monkeypatch, lambda function: broken)
    call = compiled.kept(_doubled)
    assert [call(21), call(4)] == [42, 8]
    assert len(tried) == 1


def test_what_compiled_code_itself_raises_is_raised() -> None:
    """Also after it was tried anew."""
    call = compiled.kept(_refused)
    for _ in range(2):
        with pytest.raises(ValueError, match="refused"):
            call(21)


def test_code_is_compiled_where_no_folder_can_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside the app nor at home can anything be written."""

    def refuse(function: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    compiles_to(monkeypatch, refuse)
    assert compiled.kept(_doubled)(21) == 42


def test_arrays_of_all_kinds_become_one() -> None:
    """Without a copy where they are in one piece; what was given can still be written."""
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)
    stored = image.copy()
    stored.flags.writeable = False
    for array in (image, stored, image[:, ::2], np.asfortranarray(image)):
        given = compiled.readonly(array)
        assert (given == array).all()
        assert given.flags.c_contiguous
        assert not given.flags.writeable
    assert np.shares_memory(compiled.readonly(image), image)
    assert np.shares_memory(compiled.readonly(stored), stored)
    assert image.flags.writeable


def compiles_to(monkeypatch: pytest.MonkeyPatch, njit: Callable[..., object]) -> None:
    """Put this in numba's place, for the module alone: numba compiles itself by its own."""
    monkeypatch.setattr(compiled, "numba", SimpleNamespace(njit=lambda **_: njit))


def _doubled(number: int) -> int:
    return 2 * number


def _refused(number: int) -> int:
    if number:
        raise ValueError("refused")
    return number


def test_nothing_compiled_is_called_by_another_module() -> None:
    """What was kept of the other would hold the old one when this one's file changes."""
    strangers = [
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher) and value.py_func.__module__ != module.__name__
    ]
    assert strangers == []


def modules() -> Iterator[ModuleType]:
    """Yield all modules of the detector, where loops are compiled."""
    for found in pkgutil.walk_packages(glitch.__path__, f"{glitch.__name__}."):
        yield importlib.import_module(found.name)
