"""Portraits driven by other people: relative motion, as in live use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from avatar_app.avatars import load_avatar
from avatar_app.evaluation.clips import Take
from avatar_app.evaluation.ruler import Ruler
from avatar_app.evaluation.scores import Record, Scores, score
from avatar_app.evaluation.sheet import Moment, Row, draw_sheet, telling_moments
from avatar_app.metrics import Finder, alike
from avatar_app.types import Avatar, AvatarAppError, Floats, Image, Reenactor

_PHOTOS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
_SHEET_ROWS = 6
_SHEET_COLUMNS = 6  # at least


def load_portraits(
    folder: Path, size: int, finder: Finder, warn: Callable[[str], None]
) -> list[Avatar]:
    """Make avatars of the pictures in `folder`; `warn` hears of each that cannot be used.

    They are named as their files without the suffix, or with it where two differ in nothing else.
    Raises AvatarAppError where none can be used.
    """
    if not folder.is_dir():
        raise AvatarAppError(f"There is no folder {folder}; name one that holds portraits.")

    def find(photo: Image) -> list[Floats]:
        return [face.landmarks for face in finder.find(photo)]

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PHOTOS)
    # The figures are kept by name, so one name would mix two people: then all keep their suffix.
    mixed = len({path.stem for path in paths}) < len(paths)
    portraits = []
    for path in paths:
        try:
            avatar = load_avatar(path, size, find)
            portraits.append(replace(avatar, name=path.name) if mixed else avatar)
        except AvatarAppError as error:
            warn(str(error))
    if not portraits:
        raise AvatarAppError(f"{folder} holds no portrait that can be used.")
    return portraits


@dataclass
class Portraits:
    """Drives `avatars` by `engine`, which uses relative motion, and collects what comes of it.

    `shown_takes`: how many takes will be shown on the sheet.
    """

    avatars: Sequence[Avatar]
    engine: Reenactor
    ruler: Ruler
    shown_takes: int
    _records: dict[str, list[list[Record]]] = field(default_factory=dict)
    _drivers: list[Moment] = field(default_factory=list)
    _moments: dict[str, list[Moment]] = field(default_factory=dict)

    def drive(self, take: Take, shown: bool) -> None:
        """Drive every avatar by `take` and measure it; `shown` on the sheet too."""
        moments = self._columns(take) if shown else []
        for avatar in self.avatars:
            pictures = _rendered(self.engine, avatar, take)
            records = self.ruler.portrait(take, avatar, pictures)
            self._records.setdefault(avatar.name, []).append(records)
            row = self._moments.setdefault(avatar.name, [])
            row += [Moment("", [("", pictures[index])]) for index, _ in moments]
        for index, label in moments:
            self._drivers.append(Moment(label, [("driver", take.images[index])]))

    def scores(self) -> Mapping[str, Scores]:
        """Score each avatar by its name, over all takes."""
        return {name: score(takes, comparable=False) for name, takes in self._records.items()}

    def total(self) -> Scores:
        """Score all avatars together."""
        everything = [take for takes in self._records.values() for take in takes]
        return score(everything, comparable=False)

    def draw(self, title: str, path: Path) -> None:
        """Draw the drivers' moments and below them the avatars in the same moments."""
        size = self.engine.size
        rows = [Row("", ("", np.full((size, size, 3), 255, np.uint8)), self._drivers)]
        for avatar in self.avatars[:_SHEET_ROWS]:
            rows.append(Row(avatar.name, ("source", avatar.image), self._moments[avatar.name]))
        draw_sheet(title, rows, path)

    def _columns(self, take: Take) -> list[tuple[int, str]]:
        """Choose this take's share of the columns: of many takes one each, in turn of kinds."""
        moments = telling_moments(take)
        first = len(self._drivers) % len(moments)
        share = -(-_SHEET_COLUMNS // self.shown_takes)
        return (moments[first:] + moments[:first])[:share]


def _rendered(engine: Reenactor, avatar: Avatar, take: Take) -> list[Image]:
    """Calibrate on the frame in which the driver looks most like the avatar, and animate."""
    engine.set_source(avatar)
    faces = {index: found.landmarks for index, found in enumerate(take.looks) if found is not None}
    if avatar.landmarks is not None:
        like = list(faces)[alike(avatar.landmarks, list(faces.values()))]
        engine.calibrate(take.frame(like))
    return [engine.animate(take.frame(index)).image for index in range(len(take.images))]
