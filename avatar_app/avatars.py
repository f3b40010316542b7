"""From any photo to an avatar: upright, one face, framed as the training clips are.

The portraits that travel with the app and the user's own ones are known by name.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from PIL import ImageCms, ImageOps

from avatar_app import settings
from avatar_app.files import whole, write_errors
from avatar_app.framing import Square, crop, face_square, into_crop
from avatar_app.preferences import Preferences, load_preferences, save_preferences
from avatar_app.types import Avatar, AvatarAppError, Floats, Image

FindFaces = Callable[[Image], Sequence[Floats]]
"""Gives the landmarks, (68, 2) each, of all faces in an (H, W, 3) uint8 RGB picture."""

_EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
# Of all that Pillow knows: no program, which an EPS is, is run, and no rare decoder is met.
_KINDS = frozenset({"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP"})

_LONGER_SIDE = 2048
"""Pixels kept of a larger photo: a face that fills a twelfth of it is still sharp enough."""

_SMALLEST_PHOTO = 64
_SMALLEST_ENLARGEMENT = 0.5
"""A face whose square is smaller than this share of the avatar would come out as a blur."""

_ANOTHER_FACE = 0.4
"""Faces this much smaller than the largest are bystanders, or no faces at all."""

_DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_WITH_PROFILE = ("L", "RGB", "RGBA", "CMYK")
_UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, MemoryError)


def load_avatar(
    path: Path,
    size: int,
    find_faces: FindFaces,
    *,
    centre_square: bool = False,
    warn: Callable[[str], None] = lambda sentence: None,
) -> Avatar:
    """Make an avatar of `size` x `size` pixels from a photo of any size, mode and orientation.

    Where there is not exactly one face of a usable size, AvatarAppError says so; with
    `centre_square`, or where `add_avatar` has kept the photo nevertheless, the sentence goes to
    `warn` and the centre of the photo is taken instead. A file that is no picture, or too small or
    too large a one, always raises AvatarAppError.
    """
    photo, scale = _read_photo(path)
    try:
        landmarks = _only_face(photo, path, find_faces)
        square = face_square(landmarks)
        width = square.size / scale
        if width < size * _SMALLEST_ENLARGEMENT:
            raise AvatarAppError(
                f"the face in {path} is too small: with its surroundings it is {width:.0f} pixels "
                f"wide, and at least {size * _SMALLEST_ENLARGEMENT:.0f} are needed; take a photo "
                "from nearer"
            )
    except AvatarAppError as problem:
        if not centre_square and path.parent != _own_folder():
            raise
        warn(f"{problem} (the centre of the picture is used)")
        height, width = photo.shape[:2]
        return Avatar(path.stem, crop(photo, Square.middle(width, height), size), path)
    square = square.fitted(photo.shape[1], photo.shape[0])
    image = crop(photo, square, size)
    return Avatar(path.stem, image, path, into_crop(landmarks, square, size))


def list_avatars() -> dict[str, Path]:
    """Return the known avatars' files by name, as in an index; the user's own hide namesakes."""
    known = {file.stem: file for file in (*_photos(_bundled_folder()), *_photos(_own_folder()))}
    return dict(sorted(known.items(), key=lambda named: (named[0].casefold(), named[0])))


def resolve_avatar(name_or_file: str) -> Path:
    """Return the file behind an avatar's name, in whatever case, or behind a path.

    Raises AvatarAppError, with the known names, where it is neither.
    """
    known = list_avatars()
    by_name = {name.casefold(): file for name, file in known.items()}
    if name_or_file.casefold() in by_name:
        return by_name[name_or_file.casefold()]
    file = Path(name_or_file)
    if not file.exists():
        raise AvatarAppError(
            f"there is no avatar and no file called {name_or_file}; give a picture or one of: "
            f"{', '.join(known)}"
        )
    return file


def add_avatar(
    path: Path,
    find_faces: FindFaces,
    *,
    centre_square: bool = False,
    warn: Callable[[str], None] = lambda sentence: None,
) -> Path:
    """Keep a photo among the user's avatars, under its file's name; return the new file.

    The photo is checked like in `load_avatar` and kept upright as PNG, without what a camera
    writes beside it (place, time). Raises AvatarAppError if it cannot serve as an avatar or if
    there is one of that name.
    """
    name = path.stem.lstrip(".") or "photo"  # hidden files are not listed
    if name.casefold() in (known.casefold() for known in list_avatars()):
        raise AvatarAppError(
            f"there is an avatar called {name} already; rename the file and add it again"
        )
    load_avatar(path, 256, find_faces, centre_square=centre_square, warn=warn)
    photo, _ = _read_photo(path)
    target = _own_folder() / f"{name}.png"
    with whole(target) as part, write_errors(target):
        Pictures.fromarray(photo).save(part)
    return target


@dataclass(frozen=True)
class Removed:
    """What was removed: an avatar's `photos`, mostly one.

    `uncovers`: an avatar on board, which it hid, has its name again. `successor` is whom the next
    start shows, where the settings had chosen the one that is gone, and else empty.
    """

    name: str
    photos: tuple[Path, ...]
    uncovers: bool
    successor: str


def remove_avatar(name: str) -> Removed:
    """Remove one of the user's own avatars, by its name in whatever case.

    Settings that had chosen it choose the default one from then on. Who shows it right now goes on:
    a loaded avatar needs no file. Raises AvatarAppError where the user has added none of that name,
    or where it cannot be removed.
    """
    own, on_board = sorted(_photos(_own_folder())), _photos(_bundled_folder())
    alike = [file.stem for file in own if file.stem.casefold() == name.casefold()]
    stem = name if name in alike else next(reversed(alike), None)
    if stem is None:
        raise _not_own(name, own, on_board)
    photos = tuple(file for file in own if file.stem == stem)
    left = {file.stem.casefold() for file in (*on_board, *own) if file not in photos}
    preferences = load_preferences()
    chosen, successor = preferences.avatar, ""
    is_named = chosen.casefold() == stem.casefold() and chosen.casefold() not in left
    if is_named or Path(os.path.abspath(chosen)) in photos:
        successor = Preferences().avatar
        # First of all, so that the settings never choose what is gone.
        save_preferences(preferences.changed(avatar=successor))
    for photo in photos:
        try:
            photo.unlink(missing_ok=True)
        except OSError as error:
            raise AvatarAppError(
                f"{photo} could not be removed: {(error.strerror or str(error)).lower()}; close "
                "what uses it, and check the permissions of its folder"
            ) from error
    return Removed(stem, photos, stem in {file.stem for file in on_board}, successor)


def _not_own(name: str, own: Sequence[Path], on_board: Sequence[Path]) -> AvatarAppError:
    added = ", ".join(dict.fromkeys(file.stem for file in own))
    remedy = f"those that you added are: {added}" if added else "you have added none"
    if name.casefold() in (file.stem.casefold() for file in on_board):
        return AvatarAppError(f"{name} comes with the app and cannot be removed; {remedy}")
    return AvatarAppError(f"there is no avatar called {name} that could be removed; {remedy}")


def _photos(folder: Path) -> list[Path]:
    files = folder.iterdir() if os.path.isdir(folder) else ()
    return [
        file
        for file in files
        if file.suffix.lower() in _EXTENSIONS and not file.name.startswith(".")
    ]


def _bundled_folder() -> Path:
    return settings.bundled("assets", "avatars")


def _own_folder() -> Path:
    return settings.data_dir() / "avatars"


def _only_face(photo: Image, path: Path, find_faces: FindFaces) -> Floats:
    faces = list(find_faces(photo))
    if not faces:
        raise AvatarAppError(
            f"no face was found in {path}; use a photo that shows one face upright and from the "
            "front, well lit"
        )
    faces.sort(key=lambda landmarks: face_square(landmarks).size, reverse=True)
    largest = face_square(faces[0]).size
    others = sum(face_square(face).size > _ANOTHER_FACE * largest for face in faces[1:])
    if others:
        raise AvatarAppError(
            f"{path} shows {others + 1} faces; cut the photo so that it shows one person"
        )
    return faces[0]


def _read_photo(path: Path) -> tuple[Image, float]:
    """Return the photo upright, (H, W, 3), and how many of its pixels one pixel on disk became."""
    if path.is_dir():
        raise AvatarAppError(f"{path} is a folder; give a picture")
    with _read_errors(path), Pictures.open(path) as picture:
        if picture.format not in _KINDS:
            raise AvatarAppError(
                f"{path} is a picture of a kind ({picture.format}) that is not taken; save it "
                "again as JPEG or PNG"
            )
        whole = picture.size
        if min(whole) < _SMALLEST_PHOTO:
            raise AvatarAppError(
                f"{path} has only {whole[0]} x {whole[1]} pixels; use a photo of at least "
                f"{_SMALLEST_PHOTO} x {_SMALLEST_PHOTO}"
            )
        # JPEG can be decoded at a half, a quarter, an eighth, which saves most of the time.
        picture.draft("RGB", (_LONGER_SIDE, _LONGER_SIDE))
        image = np.ascontiguousarray(_in_rgb(_shrunk(ImageOps.exif_transpose(picture))))
    return image, max(image.shape[:2]) / max(whole)


def _shrunk(picture: Pictures.Image) -> Pictures.Image:
    times = max(picture.size) // _LONGER_SIDE
    if times < 2:
        return picture
    if picture.mode in ("1", "P", "PA"):
        # Numbers of colours have no mean.
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode.startswith("I;16"):  # which Pillow cannot shrink as they are
        return picture.convert("I").reduce(times).convert("I;16")
    return picture.reduce(times)


def _in_rgb(picture: Pictures.Image) -> Image:
    if picture.mode in _DEEP_MODES:
        grey = _eight_bits(np.asarray(picture, np.float64), picture.mode.startswith("I;16"))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
    picture = _in_srgb(picture)
    if picture.mode == "RGBA":
        white = Pictures.new("RGBA", picture.size, "white")
        picture = Pictures.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"), np.uint8)


def _in_srgb(picture: Pictures.Image) -> Pictures.Image:
    """Convert a photo with a colour profile, as telephones add one, to sRGB."""
    profile = picture.info.get("icc_profile")
    kept = "RGBA" if picture.mode == "RGBA" else "RGB"
    if profile and picture.mode in _WITH_PROFILE:
        # Where the profile is damaged or that of another mode, numbers are taken as they are.
        with contextlib.suppress(ImageCms.PyCMSError):
            shown = ImageCms.profileToProfile(
                picture, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=kept
            )
            return shown or picture
    return picture


def _eight_bits(values: np.ndarray, has_16_bits: bool) -> Image:
    """Return grey values as 8 bits; the range of other than 16 bits is told by the largest."""
    values = np.nan_to_num(values)
    largest = float(values.max())
    tops = (65535.0,) if has_16_bits else (1.0, 255.0, 65535.0)
    top = next((top for top in tops if largest <= top), largest)
    return np.asarray(np.clip(values / top * 255, 0, 255), np.uint8)


@contextlib.contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Turn what Pillow says about `path`, in its many ways, into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Pictures.DecompressionBombError as error:
        raise AvatarAppError(
            f"{path} has more pixels than can be taken in at once; shrink it below 10000 x 10000"
        ) from error
    except FileNotFoundError as error:  # never there, or removed just now
        raise AvatarAppError(f"{path} does not exist; check the name and the folder") from error
    except PermissionError as error:
        raise AvatarAppError(f"{path} may not be read; check its permissions") from error
    except _UNREADABLE as error:
        empty = path.stat().st_size == 0
        reason = "is empty (0 bytes)" if empty else "is damaged or no picture that can be read"
        raise AvatarAppError(f"{path} {reason}; save it again as JPEG or PNG") from error
