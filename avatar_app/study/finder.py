"""A face finder that never looks at the same picture twice in the same way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from avatar_app.glitch.landmarks import Box, Face, FaceFinder
from avatar_app.types import Floats, Image

_KEPT = 2000
_Found = TypeVar("_Found")


class RememberingFinder(FaceFinder):
    """`FaceFinder` for one thread, shared by renderer and detectors.

    Pictures are known by their place in memory, where they are held as long as their results are;
    nobody may write into them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: OrderedDict[tuple[object, ...], tuple[Image, object]] = OrderedDict()

    def find(self, image: Image, upsample: int = 0) -> list[Face]:
        """See `FaceFinder`."""
        return self._once(image, ("find", upsample), lambda: FaceFinder.find(self, image, upsample))

    def search_near(self, image: Image, box: Box) -> tuple[Box, float] | None:
        """See `FaceFinder`."""
        return self._once(image, ("near", box), lambda: FaceFinder.search_near(self, image, box))

    def fit(self, image: Image, box: Box) -> Floats:
        """See `FaceFinder`."""
        return self._once(image, ("fit", box), lambda: FaceFinder.fit(self, image, box))

    def descriptor(self, image: Image, face: Face) -> Floats:
        """See `FaceFinder`."""
        key = ("descriptor", face.box, float(face.landmarks.sum()))
        return self._once(image, key, lambda: FaceFinder.descriptor(self, image, face))

    def _once(self, image: Image, what: tuple[object, ...], look: Callable[[], _Found]) -> _Found:
        key = (image.__array_interface__["data"][0], image.shape, image.strides, *what)
        if key in self._kept:
            self._kept.move_to_end(key)
            found: _Found = self._kept[key][1]  # type: ignore[assignment]
            return found
        value = look()
        self._kept[key] = (image, value)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return value
