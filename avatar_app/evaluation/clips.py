"""The clips to measure on: which ones, and what of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avatar_app.files import read_table
from avatar_app.metrics import Finder, Look, look
from avatar_app.types import Avatar, AvatarAppError, Frame, Image
from avatar_app.video import VIDEO_SUFFIXES, read_clip

INDEX = "index.csv"
_DEFAULT_SPLIT = "test"
_EVERYTHING = "all"


@dataclass(frozen=True, eq=False)
class Take:
    """What is measured of a clip: its frames from the first with a face on, every n-th.

    `images` (N, S, S, 3) uint8 RGB; `numbers` are their places in the clip; `looks` their faces
    (the first has one). The first frame is the source of self-reconstruction.
    """

    name: str
    images: Image
    numbers: Sequence[int]
    looks: Sequence[Look | None]

    @property
    def source(self) -> Avatar:
        """The first frame as an avatar."""
        first = self.looks[0]
        assert first is not None
        return Avatar(self.name, self.images[0], landmarks=first.landmarks)

    def frame(self, index: int) -> Frame:
        """The measured frame `index` as a driving frame."""
        return Frame(self.images[index], self.numbers[index], self.numbers[index] / 25)


def choose_clips(folder: Path, split: str | None = None) -> list[Path]:
    """Return the video files of `folder` that belong to `split`, sorted by name.

    `split` names one of the column "split" in the folder's index.csv, or is "all". By default it
    is "test" where there is an index, and all files where there is none. Raises AvatarAppError
    for a folder without videos, for an unknown split, and for an index that is no table in UTF-8.
    """
    if not folder.is_dir():
        raise AvatarAppError(f"There is no folder {folder}; name one that holds video clips.")
    if split != _EVERYTHING and (split is not None or (folder / INDEX).is_file()):
        return _of_split(folder, split or _DEFAULT_SPLIT)
    clips = sorted(path for path in folder.iterdir() if path.suffix.lower() in VIDEO_SUFFIXES)
    if not clips:
        raise AvatarAppError(f"{folder} holds no video clips; name a folder with .mp4 files.")
    return clips


def take_clip(path: Path, size: int, stride: int, finder: Finder) -> Take:
    """Read a clip at `size` pixels and find the face in every `stride`-th frame.

    Raises AvatarAppError where the file cannot be read, no measured frame has a face, or only the
    last one: it would be the source alone, which says nothing of a model.
    """
    clip = read_clip(path, size)
    looks = [look(finder, image) for image in clip[::stride]]
    first = next((index for index, found in enumerate(looks) if found is not None), None)
    if first is None:
        raise AvatarAppError(f"{path} shows no face that can be found; leave it out.")
    numbers = range(first * stride, len(clip), stride)
    if len(numbers) < 2:
        raise AvatarAppError(
            f"{path} gives no frame to measure after its first one with a face; leave it out, or "
            f"take a stride smaller than {stride}."
        )
    return Take(path.name, clip[first * stride :: stride].copy(), numbers, looks[first:])


def _of_split(folder: Path, split: str) -> list[Path]:
    index = folder / INDEX
    if not index.is_file():
        raise AvatarAppError(f"{folder} has no {INDEX} that names splits; leave out --split.")
    rows = [(row.get("file"), row.get("split")) for row in read_table(index)]
    clips = sorted(folder / name for name, member_of in rows if name and member_of == split)
    if not clips:
        known = sorted({name for _, name in rows if name})
        raise AvatarAppError(
            f"{index} names no clip of the split {split}; "
            f"known: {', '.join([*known, _EVERYTHING])}."
        )
    return clips
