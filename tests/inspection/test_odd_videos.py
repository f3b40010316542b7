"""`inspect` on videos of unusual sizes, rates and orders: they are judged, and limits are told."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image as Pictures

from avatar_app.inspection import inspect
from avatar_app.types import Image
from avatar_app.video import VideoWriter
from tests.inspection.constructed import clip
from tests.video.written import write_stream


def write(path: Path, images: Sequence[Image], times: Sequence[float] | None = None) -> Path:
    """Write pictures as a video, 25 a second or at these times."""
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height, 25) as writer:
        for step, image in enumerate(images):
            writer.write(image, step / 25 if times is None else times[step])
    return path


def test_a_phone_video_on_its_side_is_turned_before_it_is_judged(tmp_path: Path) -> None:
    """Stored lying with a rotation flag: the face is found, and the size is told as seen."""
    upright = [np.pad(image, ((120, 120), (0, 0), (0, 0))) for image in clip()[:20]]
    video = write(tmp_path / "phone.mp4", [np.ascontiguousarray(np.rot90(i)) for i in upright])
    data = bytearray(video.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # the display matrix in the track header
    for place, value in zip((0, 4, 12, 16), (0, 1, -1, 0), strict=True):
        struct.pack_into(">i", data, at + place, value << 16)
    video.write_bytes(data)
    found = inspect(video, tmp_path / "out")
    assert found.about["pictures"] == "320 x 480, 25 a second"
    assert all(row.score is not None for row in found.rows)


def test_a_varying_rate_is_told_and_keeps_its_times(tmp_path: Path) -> None:
    """Pictures 20 and 100 ms apart by turns."""
    times = [0.12 * (step // 2) + 0.1 * (step % 2) for step in range(30)]
    found = inspect(write(tmp_path / "vfr.mp4", clip()[:30], times), tmp_path / "out")
    assert any("The rate varies" in note for note in found.notes)
    assert [row.time for row in found.rows] == pytest.approx(times, abs=0.002)


def test_pictures_of_another_size_are_judged_and_told(tmp_path: Path) -> None:
    """A telephone that is turned in a recorded call: the face keeps its proportions."""
    face, path = clip()[0], tmp_path / "turned.ts"
    parts = [
        write_stream(path, [second + step / 25 for step in range(10)], image).read_bytes()
        for second, image in enumerate((face, np.ascontiguousarray(face[:, 60:260])))
    ]
    path.write_bytes(b"".join(parts))
    found = inspect(path, tmp_path / "out")
    assert any("size of the pictures changes" in note for note in found.notes)
    assert any("are damaged" in note for note in found.notes)  # where they were joined
    assert all(row.measures["face_score"] > 0 for row in found.rows[-5:])


def test_a_second_video_in_the_file_is_told(tmp_path: Path) -> None:
    """As of a camera recorded beside a screen: nobody looked at it."""
    first, path = write(tmp_path / "call.mp4", clip()[:5]), tmp_path / "both.mkv"
    with av.open(path, "w") as both, av.open(first) as one, av.open(first) as other:
        for source in (one, other):
            both.add_stream_from_template(source.streams.video[0])
        for stream, source in zip(both.streams.video, (one, other), strict=True):
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    both.mux(packet)
    told = "The file holds 2 videos side by side: only the first was judged."
    assert told in inspect(path, tmp_path / "out").notes
    assert told not in inspect(first, tmp_path / "out").notes


def test_a_last_picture_that_is_held_belongs_to_the_video(tmp_path: Path) -> None:
    """A GIF of five faces that stands still for two seconds at its end."""
    faces = [Pictures.fromarray(image) for image in clip()[:5]]
    path, times = tmp_path / "held.gif", [100, 100, 100, 100, 2000]
    faces[0].save(path, save_all=True, append_images=faces[1:], duration=times)
    found = inspect(path, tmp_path / "out")
    assert found.seconds == pytest.approx(2.4)
    assert not any("ends in the middle" in note for note in found.notes)


def test_4k_is_judged_like_the_same_in_small(tmp_path: Path) -> None:
    """Every picture gets a score; the size of the file is told."""
    large = [
        cv2.resize(image, (3840, 2160), interpolation=cv2.INTER_LINEAR) for image in clip()[:5]
    ]
    found = inspect(write(tmp_path / "4k.mp4", [np.asarray(i, np.uint8) for i in large]), tmp_path)
    assert len(found.rows) == 5
    assert all(row.score is not None for row in found.rows)
    assert found.rows[-1].measures["face_score"] > 0.5
    assert found.about["pictures"] == "3840 x 2160, 25 a second, looked at in 1920 x 1080"


@pytest.mark.parametrize(
    ("size", "least"), [((640, 480), 80), ((1920, 1080), 160), ((2160, 3840), 320)]
)
def test_how_large_a_face_must_be_is_told_in_pixels_of_the_file(
    tmp_path: Path, size: tuple[int, int], least: int
) -> None:
    """Where none was found: in a large picture it is more than in a small one."""
    room = np.full((size[1], size[0], 3), 120, np.uint8)
    room[::40] = 90  # and not empty all over
    found = inspect(write(tmp_path / "room.mp4", [room] * 3), tmp_path / "out")
    assert any(f"smaller than about {least} pixels" in note for note in found.notes)


def test_of_twenty_faces_one_is_judged_and_the_others_are_counted(tmp_path: Path) -> None:
    """A wall of faces, as in a large call."""
    faces = [image[:, 40:280] for image in clip()[:12]]
    wall = [np.vstack([np.hstack([face] * 5)] * 4) for face in faces]
    found = inspect(write(tmp_path / "wall.mp4", wall), tmp_path / "out")
    counted = re.search(r"up to (\d+) faces", " ".join(found.notes))
    assert counted is not None
    assert int(counted[1]) >= 16
    assert all(row.score is not None for row in found.rows)
