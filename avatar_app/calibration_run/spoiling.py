"""Spoils upright faces at random while the detector's network learns: no two lessons are alike.

All take views (192, 192) float32 in [0, 255], whose middle is the face, and the lesson's maps of
the face (2, 14, 12): broken and covered.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from avatar_app.calibration_run.lessons import DRAWN, NO, UNKNOWN, YES, changed
from avatar_app.glitch.signals.artifacts import CELLS, ROWS
from avatar_app.glitch.signals.chip import HEIGHT, SIDE
from avatar_app.glitch.signals.sight import AROUND, FACE, MIDDLE, VIEW, Sight
from avatar_app.types import Floats, Image

_WIDE = np.stack(np.meshgrid(np.arange(VIEW), np.arange(VIEW)), axis=2).astype(np.float32)
_LOWER = (*range(3, 14), *range(48, 60))  # landmarks of jaw and lips
_FOLLOWED = 0.5  # so often landmarks go with what is bent
_Any = TypeVar("_Any", bound=np.generic)


def broken(
    view: Floats, points: Floats, maps: Image, another: Floats, chance: np.random.Generator
) -> None:
    """Break a part of the face: bend it, mix `another` or itself into it, smear or light it.

    The view and the map of what is broken are changed in place; so are the landmarks `points`
    (68, 2) now and then where the face is bent, as they may follow or not.
    """
    face = view[FACE].copy()
    mask = _soft(_shape(12, 50, chance), float(chance.uniform(1.5, 8)))
    how = chance.random()
    if how < 0.5:
        way = _field(chance, int(chance.integers(3, 8)))
        way *= (mask * np.float32(chance.uniform(2, 9)))[..., None]
        spoilt = _bent(face, way)
        if chance.random() < _FOLLOWED:
            points -= _there(way, points)
    else:
        if how < 0.75:
            other = _elsewhere(face, another[FACE], chance)
        elif how < 0.9:
            long, short = int(chance.integers(5, 22)), int(chance.integers(1, 5))
            other = _same(cv2.blur(face, (long, short) if chance.random() < 0.5 else (short, long)))
        else:
            other = face * np.float32(chance.choice((0.65, 0.75, 1.3, 1.45)))
        spoilt = _mixed(face, other, mask * np.float32(chance.uniform(0.5, 1.0)))
    view[FACE] = spoilt
    _mark(maps, spoilt, face)


def melted(view: Floats, points: Floats, maps: Image, chance: np.random.Generator) -> None:
    """Let a part of the face, mostly the jaw, run or be pulled farther than a face can go.

    What lies beside the face is pulled along. View, map and landmarks change as with `broken`.
    """
    face = view[FACE].copy()
    at = chance.choice(_LOWER) if chance.random() < 0.7 else chance.integers(len(points))
    reach = chance.uniform(8, 28)
    far = reach * chance.uniform(0.6, 1.2)
    turn = chance.normal(np.pi / 2, 0.4) if chance.random() < 0.6 else chance.uniform(0, 2 * np.pi)
    ahead = np.array([np.cos(turn), np.sin(turn)], np.float32)
    from_there = _WIDE - (points[at] + MIDDLE.start)
    along, across = from_there @ ahead, from_there @ np.array([-ahead[1], ahead[0]], np.float32)
    long = reach * chance.uniform(0.7, 2.5)
    share = np.exp(-np.square(along / long) / 2 - np.square(across / reach) / 2)
    if chance.random() < 0.4:  # it runs from a line on: what lies before that stays
        share *= 2 / (1 + np.exp(np.clip(-along / chance.uniform(1, 8), -30, 30)))
    uneven = 1 + chance.uniform(0, 1) * _wave(across, chance)
    way = (far * share * uneven)[..., None] * ahead
    if chance.random() < 0.5:
        ripple = share * chance.uniform(2, 9) * _wave(along, chance)
        way += ripple[..., None] * np.array([-ahead[1], ahead[0]])
    view[:] = _bent(view, np.asarray(-way, np.float32))
    if chance.random() < _FOLLOWED:
        points += _there(way[FACE], points)
    _mark(maps, view[FACE], face)


def covered(view: Floats, maps: Image, another: Floats, chance: np.random.Generator) -> None:
    """Hold something of any shape before a part of the face: shaded, or of what `another` shows.

    It comes from beside the face. The view and both maps are changed in place: what is covered is
    not broken.
    """
    how = chance.random()
    if how < 0.5:
        thing = chance.uniform(0, 255) + chance.uniform(0, 40) * _field(chance, 5)[..., 0]
    elif how < 0.8:
        size = int(chance.integers(8, 96))
        y, x = chance.integers(0, VIEW - size, 2)
        thing = another[y : y + size, x : x + size]
    else:
        thing = _turned(another, float(chance.uniform(90, 270)), 1.4, np.zeros(2))
    thing = _same(cv2.resize(thing, (VIEW, VIEW)))
    mask = _soft(_held(_shape(10, 55, chance), chance), float(chance.uniform(0.5, 1.5)))
    view[:] = _mixed(view, thing, mask)
    size = SIDE // CELLS
    share = mask[FACE].reshape(ROWS, size, CELLS, size).mean(axis=(1, 3))
    much, some = share > 0.5, share > 0.1
    maps[0, some & (maps[0] == YES)] = UNKNOWN
    maps[0, much] = NO
    maps[1, some & (maps[1] == NO)] = UNKNOWN
    maps[1, much] = YES


def _there(way: Floats, points: Floats) -> Floats:
    """Return what a field (112, 96, 2) says at landmarks (68, 2)."""
    x, y = np.clip(np.rint(points), 0, (SIDE - 1, HEIGHT - 1)).astype(int).T
    return np.asarray(way[y, x], np.float32)


def _mark(maps: Image, spoilt: Floats, face: Floats) -> None:
    """Write into the maps where a face (112, 96) was broken."""
    found = changed(spoilt, face, *DRAWN)
    maps[0, (found == UNKNOWN) & (maps[0] == NO)] = UNKNOWN
    maps[0, found == YES] = YES


def _wave(along: Floats, chance: np.random.Generator) -> Floats:
    """Return a wave in [-1, 1] of any length that a face can show."""
    length, begin = chance.uniform(8, 60), chance.uniform(0, 2 * np.pi)
    return _same(np.sin(along * np.float32(2 * np.pi / length) + np.float32(begin)))


def _held(shape: Floats, chance: np.random.Generator) -> Floats:
    """Return a shape in a view (192, 192), held by something that comes from beside the view."""
    mask = np.zeros((VIEW, VIEW), np.float32)
    mask[FACE] = shape
    rows, columns = np.nonzero(mask)
    if len(rows):
        middle = (int(columns.mean()), int(rows.mean()))
        turn = chance.normal(np.pi / 2, 0.9)  # most often from below
        end = (middle[0] + int(2 * VIEW * np.cos(turn)), middle[1] + int(2 * VIEW * np.sin(turn)))
        cv2.line(mask, middle, end, 1.0, int(chance.integers(8, 50)))
    return mask


def slipped(usual: Sight, chance: np.random.Generator) -> Sight:
    """Show what is usual as if the landmarks it was cut out by lay a little beside theirs."""
    slip = _slip(chance)
    face, free = (_turned(one, *slip) for one in (usual.face, usual.free))
    way = slip.way * (AROUND / VIEW)
    beside = [_turned(one, slip.degrees, slip.grown, way) for one in usual.around]
    return Sight(face, free, np.stack(beside))


def aside(picture: Floats, chance: np.random.Generator, times: float = 1.0) -> Floats:
    """Show any picture so, or `times` as far beside."""
    return _turned(picture, *_slip(chance, times))


def filmed(view: Floats, chance: np.random.Generator) -> Floats:
    """Show a view in another light, less sharp, and with a camera's grain, each by chance."""
    if chance.random() < 0.5:
        gain, offset = chance.uniform(0.75, 1.3), chance.uniform(-25, 25)
        view = view * np.float32(gain) + np.float32(offset)
    if chance.random() < 0.3:
        view = _soft(view, float(chance.uniform(0.4, 1.1)))
    elif chance.random() < 0.1:
        view = _moved(view, chance)
    if chance.random() < 0.5:
        grain = np.float32(chance.uniform(1, 10))
        view = view + grain * chance.standard_normal(view.shape, np.float32)
    return np.clip(view, 0, 255)


class _Slip(NamedTuple):
    degrees: float
    grown: float
    way: npt.NDArray[np.float64]


def _slip(chance: np.random.Generator, times: float = 1.0) -> _Slip:
    way, degrees = 1.5 * times * chance.normal(size=2), float(3 * times * chance.normal())
    return _Slip(degrees, float(1 + 0.04 * times * chance.normal()), way)


def _moved(view: Floats, chance: np.random.Generator) -> Floats:
    """Blur a view along one direction, as if the camera moved."""
    length, turn = chance.uniform(2, 9), chance.uniform(0, np.pi)
    reach = np.array([np.cos(turn), np.sin(turn)]) * length / 2
    kernel = np.zeros((11, 11), np.float32)
    one, other = (np.rint((5 + sign * reach) * 16).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, one, other, 1.0, 1, cv2.LINE_AA, 4)
    return _same(cv2.filter2D(view, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def _field(chance: np.random.Generator, knots: int) -> Floats:
    """Return a smooth random field (112, 96, 2)."""
    field = chance.normal(size=(knots, knots, 2)).astype(np.float32)
    return _same(cv2.resize(field, (SIDE, HEIGHT), interpolation=cv2.INTER_CUBIC))


def _bent(picture: Floats, way: Floats) -> Floats:
    """Show in every pixel of a chip or a view what lies `way` (H, W, 2) from it."""
    x, y = np.moveaxis(_WIDE[: len(way), : way.shape[1]] + way, 2, 0)
    return _same(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _elsewhere(face: Floats, another: Floats, chance: np.random.Generator) -> Floats:
    """Return somebody else's face in the same light, or the same one in another place."""
    grown = float(chance.uniform(0.9, 1.1))
    if chance.random() < 0.5:
        alike = another + (face.mean() - another.mean())
        return _turned(alike, float(3 * chance.normal()), grown, chance.normal(0, 2, 2))
    return _turned(face, float(8 * chance.normal()), grown, chance.normal(0, 6, 2))


def _turned(picture: Floats, degrees: float, grown: float, way: npt.NDArray[np.float64]) -> Floats:
    size = picture.shape[::-1]
    place = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, grown)
    place[:, 2] = place[:, 2] + way
    return _same(cv2.warpAffine(picture, place, size, borderMode=cv2.BORDER_REPLICATE))


def _shape(least: float, most: float, chance: np.random.Generator) -> Floats:
    """Return a shape with corners as a mask (112, 96) in {0, 1}."""
    middle = chance.uniform(5, (SIDE - 5, HEIGHT - 5))
    angles = np.sort(chance.uniform(0, 2 * np.pi, chance.integers(3, 9)))
    reach = chance.uniform(least, most, len(angles))
    corners = middle + np.stack((np.cos(angles), np.sin(angles)), axis=1) * reach[:, None]
    mask = np.zeros((HEIGHT, SIDE), np.uint8)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask.astype(np.float32)


def _mixed(face: Floats, other: Floats, share: Floats) -> Floats:
    return np.asarray(face * (1 - share) + other * share, np.float32)


def _soft(face: Floats, sigma: float) -> Floats:
    return _same(cv2.GaussianBlur(face, (0, 0), sigma))


def _same(picture: npt.NDArray[_Any]) -> Floats:
    return np.asarray(picture, np.float32)
