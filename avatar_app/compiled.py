"""Loops over pixels and numbers that numpy has no call for, compiled by numba.

A function is compiled for the types it is first called with, which takes about a second, and kept
for the next start beside the app or in the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", bound=np.generic)
_Function = TypeVar("_Function", bound=Callable[..., object])

_compiler = numba.njit(nogil=True, error_model="numpy")


def compiled(function: _Function) -> _Function:
    """Compile what other compiled functions call: it becomes part of them.

    Only of the same module, as its constants should be: what is kept is compiled anew when its own
    file changed.
    """
    return cast(_Function, _compiler(function))


def kept(function: _Function) -> _Function:
    """Compile at the first call, and keep that for the next start where a folder can be written."""
    anew = compiled(function)
    try:
        usual: Callable[..., object] = numba.njit(cache=True, nogil=True, error_model="numpy")(
            function
        )
    except RuntimeError:  # no such folder
        return anew

    @wraps(function)
    def call(*arguments: object) -> object:
        nonlocal usual
        try:
            return usual(*arguments)
        except Exception:  # noqa: BLE001 - a full disk; a damaged file raises anything
            usual = anew  # the file would be read again at each call
            return anew(*arguments)

    return cast(_Function, call)


def readonly(array: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Return an array in one piece, not to be written: for other kinds all is compiled anew.

    It is copied only where it is not in one piece; pictures are, and most are not to be written.
    """
    whole = np.ascontiguousarray(array).view()
    whole.flags.writeable = False
    return whole
