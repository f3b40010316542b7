"""Video files: what comes out upright and in time, and what is said about files that are bad."""

from __future__ import annotations

import errno
import gc
import os
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar_app.types import AvatarAppError
from avatar_app.video import VideoReader, VideoWriter, read_clip, read_tags
from tests.video.written import HEIGHT, WIDTH, picture, write_clip, write_sound


def turn_flag(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Overwrite the 2 x 2 part of the display matrix in the track header of an MP4 file."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        struct.pack_into(">i", data, at + place, value << 16)
    path.write_bytes(data)


def error_of(path: Path) -> str:
    """Return the sentence said about a file that cannot be read."""
    with pytest.raises(AvatarAppError) as caught:
        VideoReader(path)
    return str(caught.value)


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv", ".webm"])
def test_written_pictures_come_back(tmp_path: Path, extension: str) -> None:
    """What the writer writes the reader reads: number, times and colours of the pictures."""
    times = [step / 25 for step in range(12)]
    path = write_clip(tmp_path / f"clip{extension}", times)
    with VideoReader(path) as reader:
        frames = list(reader)
        assert (reader.width, reader.height) == (WIDTH, HEIGHT)
        assert not reader.has_audio
        assert not reader.truncated
        assert reader.rate == pytest.approx(25, rel=0.02)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.002)
    for y, x in ((8, 8), (8, 56), (30, 32)):
        difference = np.abs(frames[3].image[y, x].astype(int) - picture(3)[y, x])
        assert difference.max() < 12, (y, x)
    assert not frames[0].image.flags.writeable


def test_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    """Pictures at uneven moments keep those moments through writing and reading."""
    times = [0.0, 0.04, 0.2, 0.21, 0.5, 1.5]
    with VideoReader(write_clip(tmp_path / "vfr.mp4", times)) as reader:
        assert [frame.time for frame in reader] == pytest.approx(times, abs=0.001)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
        ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    ],
    ids=["upright", "90 clockwise", "180", "90 counter-clockwise", "mirrored"],
)
def test_rotation_flags_are_applied(tmp_path: Path, matrix, expected) -> None:  # type: ignore[no-untyped-def]
    """A phone video with a display matrix comes out upright."""
    path = write_clip(tmp_path / "phone.mp4", [0.0, 0.04])
    turn_flag(path, matrix)
    with VideoReader(path) as reader:
        images = [frame.image for frame in reader]
        assert (reader.height, reader.width) == images[0].shape[:2]
        assert reader.size_in_file == (reader.width, reader.height)
    assert len(images) == 2
    for step, image in enumerate(images):
        wanted = expected(picture(step))
        assert image.shape == wanted.shape
        assert np.abs(image.astype(int) - wanted).mean() < 4


def test_pictures_that_were_read_do_not_wait_for_the_garbage_collector(tmp_path: Path) -> None:
    """A picture's memory is free when the next is read: live, thirty of them come every second."""
    path = write_clip(tmp_path / "long.mp4", [step / 25 for step in range(50)])
    gc.collect()
    gc.disable()
    try:
        with VideoReader(path) as reader:
            assert sum(1 for _ in reader) == 50
            left = sum(issubclass(type(one), av.VideoFrame) for one in gc.get_objects())
    finally:
        gc.enable()
    assert left <= 2


@pytest.mark.parametrize(("tag", "name"), [(1, "itu709"), (6, "smpte170m"), (2, "itu601")])
@pytest.mark.parametrize("full", [1, 2])
def test_colours_follow_the_tags(tmp_path: Path, tag: int, name: str, full: int) -> None:
    """Colours come back the same whichever standard and range a file says it uses."""
    path = tmp_path / "tagged.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = tag, full
        frame = av.VideoFrame.from_ndarray(picture(), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=name, dst_color_range=full
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        image = next(iter(reader)).image
    for y, x in ((8, 8), (30, 50)):
        assert np.abs(image[y, x].astype(int) - picture()[y, x]).max() < 6, (y, x)


def test_animated_gif_is_a_video(tmp_path: Path) -> None:
    """An animated GIF is read like a video, with the times of its pictures."""
    path = tmp_path / "wave.gif"
    with av.open(path, "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb8"
        for step in range(5):
            frame = av.VideoFrame.from_ndarray(picture(step), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="rgb8")))
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        frames = list(reader)
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.011)
    assert np.abs(frames[2].image.astype(int) - picture(2)).mean() < 25


def test_large_pictures_are_shrunk(tmp_path: Path) -> None:
    """`max_side` bounds the longer side and keeps the proportions."""
    with VideoReader(write_clip(tmp_path / "a.mp4", [0.0]), max_side=32) as reader:
        assert next(iter(reader)).image.shape == (24, 32, 3)
        assert (reader.width, reader.height) == (32, 24)
        assert reader.size_in_file == (WIDTH, HEIGHT)


def test_odd_sides_are_kept_whole(tmp_path: Path) -> None:
    """A picture with odd sides is written with its border once more, never cut."""
    with VideoWriter(tmp_path / "odd.mp4", 33, 17, 25) as writer:
        writer.write(np.full((17, 33, 3), 90, np.uint8), 0.0)
    with VideoReader(tmp_path / "odd.mp4") as reader:
        assert (reader.width, reader.height) == (34, 18)


def test_clip_is_read_into_one_array(tmp_path: Path) -> None:
    """read_clip returns all pictures, resized to the side asked for."""
    clip = read_clip(write_clip(tmp_path / "a.mp4", [0.0, 0.04, 0.08]), 32)
    assert clip.shape == (3, 32, 32, 3)
    assert clip.dtype == np.uint8


def test_cut_off_video_gives_what_is_there(tmp_path: Path) -> None:
    """A file that ends in the middle is read up to there and says so."""
    path = write_clip(tmp_path / "whole.mkv", [step / 25 for step in range(100)])
    data = path.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 6 // 10])
    with VideoReader(cut) as reader:
        frames = list(reader)
        assert reader.truncated
    assert 10 < len(frames) < 90


def test_cut_off_mp4_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """An MP4 file whose index at its end is missing cannot be read, and that is said."""
    path = write_clip(tmp_path / "whole.mp4", [step / 25 for step in range(50)])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "damaged, cut off" in error_of(cut)


def test_bad_files_are_named_in_one_sentence(tmp_path: Path) -> None:
    """Missing, folder, empty, text, sound only: each has its sentence with the name in it."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is no video\n" * 200)
    write_sound(tmp_path / "sound.mp4", "aac", 0.5, pictures=False)
    for name, words in [
        ("missing.mp4", "does not exist"),
        (".", "is a folder"),
        ("empty.mp4", "is empty"),
        ("text.mp4", "not a video"),
        ("sound.mp4", "no moving picture"),
    ]:
        message = error_of(tmp_path / name)
        assert words in message
        assert str(tmp_path / name) in message
        assert "\n" not in message


@pytest.mark.parametrize("name", ["watch", "long" * 100])
def test_an_address_is_called_one(name: str) -> None:
    """There is no folder in which its name could be wrong; the network is left alone."""
    assert "is an address; download the video" in error_of(Path(f"https://example.com/{name}"))


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such names")
@pytest.mark.parametrize("name", ["12:30.mp4", "file:talk.mp4", "a%03d.mp4", "ä [1] '.mp4"])
def test_strange_names_are_only_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No protocol and no pattern is read into a file's name."""
    monkeypatch.chdir(tmp_path)
    write_clip(Path(name), [0.0, 0.04])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with VideoReader(Path(name)) as reader:
        assert len(list(reader)) == 2


def test_nothing_is_left_after_an_exception(tmp_path: Path) -> None:
    """An interrupted writer leaves no file, neither final nor partial."""

    def interrupted() -> None:
        with VideoWriter(tmp_path / "out.mp4", WIDTH, HEIGHT, 25) as writer:
            writer.write(picture(), 0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_survives_a_failed_run(tmp_path: Path) -> None:
    """The file of an earlier run is only replaced by a finished one."""
    path = write_clip(tmp_path / "out.mp4", [0.0])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="expected"), VideoWriter(path, 10, 10, 25) as writer:
        writer.write(picture(), 0.0)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_places_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown extension, a file as folder, a folder as file, no permission: one sentence each."""
    (tmp_path / "file").touch()
    with pytest.raises(AvatarAppError, match=r"\.mkv, \.mov, \.mp4"):
        VideoWriter(tmp_path / "out.xyz", 8, 8, 25)
    with pytest.raises(AvatarAppError, match="its folder is a file"):
        VideoWriter(tmp_path / "file" / "out.mp4", 8, 8, 25)
    (tmp_path / "dir.mp4").mkdir()
    with pytest.raises(AvatarAppError, match="is a folder"):
        VideoWriter(tmp_path / "dir.mp4", 8, 8, 25)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AvatarAppError, match="no permission"):
        VideoWriter(tmp_path / "out.mp4", 8, 8, 25)


@pytest.mark.parametrize("when", ["write", "close"])
def test_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A disk that fills up, early or at the last moment, leaves a sentence and no file."""
    writer = VideoWriter(tmp_path / "out.mp4", WIDTH, HEIGHT, 25)
    container = writer._container

    class Full:
        def mux(self, packets: Any) -> None:
            if when == "write":
                raise av.error.OSError(errno.ENOSPC, "No space left on device")
            container.mux(packets)

        def close(self) -> None:
            container.close()
            if when == "close":
                raise av.error.OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "_container", Full())

    def write_all() -> None:
        with writer:
            for step in range(3):
                writer.write(picture(step), step / 25)

    with pytest.raises(AvatarAppError, match="disk is full"):
        write_all()
    assert list(tmp_path.iterdir()) == []


def test_dev_full_behaves_like_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real write that the system refuses for lack of space ends in the same sentence."""
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    opened = av.open
    monkeypatch.setattr(av, "open", lambda path, mode: opened(device, mode, format="mp4"))
    with (
        pytest.raises(AvatarAppError, match="disk is full"),
        VideoWriter(tmp_path / "out.mp4", WIDTH, HEIGHT, 25) as writer,
    ):
        writer.write(picture(), 0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_video_says_of_itself_what_it_was_told_to(tmp_path: Path) -> None:
    """In every container, by names in lower case."""
    for suffix in (".mp4", ".mov", ".mkv", ".webm"):
        path = tmp_path / f"a{suffix}"
        with VideoWriter(path, WIDTH, HEIGHT, 25, tags={"comment": "kept"}) as writer:
            writer.write(picture(), 0.0)
        assert read_tags(path)["comment"] == "kept"


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs a list of threads")
def test_threads_do_not_grow_with_the_pictures(tmp_path: Path) -> None:
    """A video of hours is written and read by as many threads as one of seconds."""

    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    path, counts = tmp_path / "long.mp4", []
    with VideoWriter(path, WIDTH, HEIGHT, 25) as writer:
        for step in range(60):
            writer.write(picture(step % 20), step / 25)
            counts.append(threads())
    with VideoReader(path) as reader:
        for _ in reader:
            counts.append(threads())
    assert max(counts) - counts[0] < 20
