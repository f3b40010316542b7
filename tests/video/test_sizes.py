"""Videos whose pictures change their size in the middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.video import VideoReader
from tests.video.written import HEIGHT, WIDTH, write_stream


def joined(path: Path, *shapes: tuple[int, int]) -> Path:
    """Join ten bright pictures of each shape."""
    parts = []
    for number, shape in enumerate(shapes):
        times = [number + step / 25 for step in range(10)]
        image = np.full((*shape, 3), 200, np.uint8)
        parts.append(write_stream(path, times, image).read_bytes())
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize(
    ("later", "rows", "columns"),
    [
        ((48, 36), slice(0, 48), slice(14, 50)),  # turned: black on both sides
        ((48, 128), slice(12, 36), slice(0, 64)),  # wide: black above and below
        ((24, 32), slice(0, 48), slice(0, 64)),  # only smaller
    ],
)
def test_pictures_of_another_size_keep_their_proportions(
    tmp_path: Path, later: tuple[int, int], rows: slice, columns: slice
) -> None:
    """A telephone that is turned in a call changes the size of its pictures, and bends no face."""
    with VideoReader(joined(tmp_path / "turned.ts", (HEIGHT, WIDTH), later)) as reader:
        images = [frame.image for frame in reader]
        assert reader.changes_size
    assert len(images) == 20
    assert {image.shape for image in images} == {(HEIGHT, WIDTH, 3)}
    assert not images[-1].flags.writeable
    is_shown = np.zeros((HEIGHT, WIDTH), bool)
    is_shown[rows, columns] = True
    assert images[0].min() > 180
    assert images[-1][is_shown].min() > 180
    assert images[-1][~is_shown].max(initial=0) == 0


def test_pictures_of_one_size_do_not_change_it(tmp_path: Path) -> None:
    """Nothing is said of an ordinary video."""
    with VideoReader(joined(tmp_path / "a.ts", (HEIGHT, WIDTH), (HEIGHT, WIDTH))) as reader:
        assert sum(1 for _ in reader) == 20
        assert not reader.changes_size
