"""What a study works on: short takes of clips, and avatars, read once and handed to all workers."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar_app.avatars import load_avatar, resolve_avatar
from avatar_app.files import digest
from avatar_app.framing import crop, face_square, into_crop
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.perturbations import envelope
from avatar_app.settings import bundled
from avatar_app.types import Avatar, AvatarAppError, Floats, Frame, Image
from avatar_app.video import VIDEO_SUFFIXES, VideoReader

_AT = re.compile(r"(?P<path>.+)@(?P<start>\d+(?:\.\d+)?)")
_FEWEST = 10  # frames that a take has at least
_DEMO_STARTS = (1.2, 6.9)  # of the clip that comes along: talking; a smile and raised brows


@dataclass(frozen=True)
class Cut:
    """Where a take comes from: a video file, `seconds` long from `start`, every `stride`-th frame.

    Its `name` is the file's, with the start where that is not 0.
    """

    path: Path
    start: float
    seconds: float
    stride: int

    @property
    def name(self) -> str:
        """How the take is called in rows and figures."""
        return self.path.stem if self.start == 0 else f"{self.path.stem}@{self.start:g}"

    def sha256(self) -> str:
        """Return the digest of the file. Raises AvatarAppError where there is none."""
        if not self.path.is_file():
            raise AvatarAppError(f"There is no clip {self.path}; name a video file or a folder.")
        return digest(self.path)


@dataclass(frozen=True, eq=False)
class Take:
    """A driver's clean clip: `images` (N, S, S, 3), `landmarks` (N, 68, 2) or NaN, `rate`."""

    name: str
    images: Image
    landmarks: Floats
    rate: float

    @property
    def strength(self) -> Floats:
        """How strongly a perturbation acts in each frame, (N,) in [0, 1]."""
        return envelope(len(self.images), self.rate)

    def frame(self, index: int, image: Image | None = None) -> Frame:
        """Return the frame `index`, or another picture in its place, as the driving frame."""
        return Frame(self.images[index] if image is None else image, index, index / self.rate)

    def packed(self) -> bytes:
        """Return it as bytes, for another process."""
        return pack(images=self.images, landmarks=self.landmarks, rate=np.float64(self.rate))

    @classmethod
    def unpacked(cls, name: str, content: bytes) -> Take:
        """Restore what `packed` gave."""
        arrays = unpack(content)
        return cls(name, arrays["images"], arrays["landmarks"], float(arrays["rate"]))


def choose_cuts(clips: Sequence[str], count: int, seconds: float, stride: int) -> list[Cut]:
    """Make cuts of `clips`: files, files with "@SECONDS" for the start, and folders of files.

    Without any, the first `count` places of the clip that comes along. Raises AvatarAppError for
    what is not there.
    """
    if not clips:
        demo = bundled("assets", "demo", "webcam.mp4")
        return [Cut(demo, start, seconds, stride) for start in _DEMO_STARTS[:count]]
    cuts = []
    for clip in clips:
        match = _AT.fullmatch(clip)
        path, start = (Path(match["path"]), float(match["start"])) if match else (Path(clip), 0.0)
        paths = sorted(file for file in path.iterdir() if file.suffix.lower() in VIDEO_SUFFIXES) \
            if path.is_dir() else [path]  # fmt: skip
        if not paths:
            raise AvatarAppError(f"{path} holds no video clips; name a folder with .mp4 files.")
        cuts += [Cut(file, start, seconds, stride) for file in paths]
    names = [cut.name for cut in cuts]
    if len(set(names)) < len(names):
        raise AvatarAppError("Two clips have the same name; rename one or name it only once.")
    return cuts


def read_take(cut: Cut, size: int, finder: FaceFinder, calm: int | None = None) -> Take:
    """Decode a cut at `size` pixels around the face, and find the landmarks of each frame.

    The square stands still; it is chosen by the first `calm` frames, by default by all. Raises
    AvatarAppError where the file cannot be read, is too short, or shows no face in these.
    """
    finder.forget()
    images, faces = [], []
    with VideoReader(cut.path) as reader:
        rate = reader.rate
        first = round(cut.start * rate)
        last = first + round(cut.seconds * rate)
        for index, frame in enumerate(reader):
            if index >= last:
                break
            if index >= first and (index - first) % cut.stride == 0:
                images.append(frame.image)
                faces.append(finder.track(frame.image))
    if len(images) < _FEWEST:
        raise AvatarAppError(
            f"{cut.path} gives fewer than {_FEWEST} frames to measure ({cut.seconds:g} s from "
            f"{cut.start:g} s on, one frame in {cut.stride}); name a longer clip, or take more "
            "seconds of it or a smaller stride."
        )
    known = [face.landmarks for face in faces[:calm] if face is not None]
    if not known:
        raise AvatarAppError(f"{cut.path} shows no face that can be found; name another clip.")
    height, width = images[0].shape[:2]
    square = face_square(np.median(known, axis=0)).fitted(width, height)
    nobody = np.full((68, 2), np.nan, np.float32)
    landmarks = [
        nobody if face is None else into_crop(face.landmarks, square, size) for face in faces
    ]
    pictures = np.stack([crop(image, square, size) for image in images])
    return Take(cut.name, pictures, np.stack(landmarks), rate / cut.stride)


def read_avatar(name: str, size: int, finder: FaceFinder) -> Avatar:
    """Return the avatar called or filed `name`. Raises AvatarAppError where it has no face."""
    path = resolve_avatar(name)
    avatar = load_avatar(path, size, finder.in_photo)
    return Avatar(path.stem, avatar.image, path, avatar.landmarks)


def pack_avatar(avatar: Avatar) -> bytes:
    """Return picture and landmarks as bytes, for another process."""
    assert avatar.landmarks is not None
    return pack(image=avatar.image, landmarks=avatar.landmarks)


def unpack_avatar(name: str, content: bytes) -> Avatar:
    """Restore the avatar."""
    arrays = unpack(content)
    return Avatar(name, arrays["image"], landmarks=arrays["landmarks"])


def pack(**arrays: npt.NDArray[np.generic] | np.generic) -> bytes:
    """Return named arrays as bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """Return the named arrays; nothing in them can run code."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
