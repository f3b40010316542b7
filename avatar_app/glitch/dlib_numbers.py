"""Numbers as dlib writes them into its files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avatar_app.compiled import kept

_MOST_BYTES = 7  # of a number; 53 bits are a double's
_LARGEST = float(np.finfo(np.float32).max)

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]


class Numbers:
    """The whole numbers of such a file, one after the other."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, *shape: int) -> Whole:
        """Return the next ones; ValueError where there are not so many."""
        numbers = np.empty(shape, np.int64)
        self._at = _take(self._data, self._at, numbers.reshape(-1))
        return numbers


@kept
def _take(data: Bytes, at: int, numbers: Whole) -> int:
    """Fill `numbers` from `at`; return where they end. A byte tells the sign and size of each."""
    for i in range(numbers.size):
        head = data[at] if at < data.size else np.uint8(_MOST_BYTES + 1)
        size = int(head & 15)
        if size > _MOST_BYTES or at + size >= data.size:
            raise ValueError("it is cut off, or holds something else")
        value = 0
        for byte in range(size):
            value |= int(data[at + 1 + byte]) << (8 * byte)
        numbers[i] = -value if head & 128 else value
        at += 1 + size
    return at


def behind(numbers: Whole, *sizes: int) -> Whole:
    """Return what stands behind the sizes in each row; ValueError where they are others."""
    if (numbers[..., : len(sizes)] != sizes).any():
        raise ValueError("it holds a model of another shape")
    return numbers[..., len(sizes) :]


def reals(numbers: Whole) -> npt.NDArray[np.float64]:
    """Return (..., N) of (..., 2 N): each a mantissa and an exponent of two.

    ValueError where one is larger than a float's: no model has such.
    """
    with np.errstate(over="ignore"):
        values = np.ldexp(numbers[..., ::2].astype(np.float64), numbers[..., 1::2])
    if not -_LARGEST <= values.min() <= values.max() <= _LARGEST:
        raise ValueError("it holds numbers without end")
    return values
