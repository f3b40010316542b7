"""Whether a file ends where it says, and whether it is whole up to there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from avatar_app.video import VideoReader
from tests.video.test_times import joined
from tests.video.written import HEIGHT, WIDTH, picture, write_clip, write_sound, write_stream

STEPS = [step / 25 for step in range(100)]


def said_of(path: Path) -> tuple[bool, bool]:
    """Return whether a file is said to be truncated, and to be damaged."""
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader) > 1
        return reader.truncated, reader.damaged


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "aac"), ("a.webm", "libopus"), ("a.mp4", "aac"), ("a.ts", "aac")]
)
def test_sound_that_goes_on_is_no_end_in_the_middle(tmp_path: Path, name: str, codec: str) -> None:
    """The length of a file is that of its longest stream, the pictures' only theirs."""
    path = write_sound(tmp_path / name, codec, 4.0, pictures=True, tail=3.0)
    assert said_of(path) == (False, False)
    with VideoReader(path) as reader:
        assert reader.duration == pytest.approx(1.0, abs=0.05)
        assert reader.frames == 25


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_a_file_may_begin_late(tmp_path: Path, suffix: str) -> None:
    """Times of a recording need not begin at zero."""
    path = write_stream(tmp_path / f"late{suffix}", [1000 + step for step in STEPS])
    assert said_of(path) == (False, False)
    with VideoReader(path) as reader:
        assert reader.duration == pytest.approx(4.0, abs=0.01)


def test_a_last_picture_that_is_held_belongs_to_the_video(tmp_path: Path) -> None:
    """An animated GIF ends when its last picture does; others a picture's time after the last."""
    path = tmp_path / "held.gif"
    with av.open(path, "w") as container:
        stream = container.add_stream("gif", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb8"
        for step in range(5):
            frame = av.VideoFrame.from_ndarray(picture(step), format="rgb24").reformat(
                format="rgb8"
            )
            frame.pts, frame.time_base = step, Fraction(1, 10)
            for packet in stream.encode(frame):
                packet.duration = 30 if step == 4 else 1
                container.mux(packet)
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        last = [frame.time for frame in reader][-1]
        assert reader.end - last == pytest.approx(3.0, abs=0.02)
        assert not reader.truncated
    with VideoReader(write_clip(tmp_path / "a.mp4", STEPS)) as reader:
        assert [frame.time for frame in reader][-1] + 1 / reader.rate == reader.end


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize("kind", ["silent", "with sound", "without tags"])
def test_a_file_that_ends_in_the_middle_says_so(tmp_path: Path, suffix: str, kind: str) -> None:
    """Whatever the container, and nothing else is said of it."""
    path = tmp_path / f"whole{suffix}"
    if kind == "silent":
        write_stream(path, STEPS)
    else:
        write_sound(path, "aac" if suffix != ".avi" else "mp3", 4.0, pictures=True)
    content = path.read_bytes()
    if kind == "without tags":
        content = content.replace(b"DURATION", b"SOMETHIN")
    for share in (4, 5, 6, 7):
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(content[: len(content) * share // 10])
        assert said_of(cut) == (True, False), share
    assert said_of(path) == (False, False)


def test_a_damaged_spot_is_no_end(tmp_path: Path) -> None:
    """Some packets of a transport stream that are lost in the middle are damage."""
    content = write_stream(tmp_path / "a.ts", STEPS).read_bytes()
    at = len(content) // 188 // 2 * 188
    path = tmp_path / "lost.ts"
    path.write_bytes(content[:at] + content[at + 5 * 188 :])
    assert said_of(path) == (False, True)


def test_pictures_lost_before_the_first_are_damage(tmp_path: Path) -> None:
    """A recording that begins between two key pictures misses some, and ends where it says."""
    content = write_sound(tmp_path / "a.ts", "aac", 2.0, pictures=True).read_bytes()
    path = tmp_path / "late.ts"
    path.write_bytes(content[188 * 10 :])
    assert said_of(path) == (False, True)


@pytest.mark.parametrize("kind", ["zeroed", "overwritten"])
def test_pictures_that_cannot_be_decoded_are_damage(tmp_path: Path, kind: str) -> None:
    """Pictures that are lost in the middle, or shown in part, are not passed over in silence."""
    path = write_stream(tmp_path / "a.mp4", STEPS)
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for packet in packets[52:55]:
        at, size = packet.pos or 0, packet.size
        if kind == "zeroed":
            content[at : at + size] = bytes(size)
        else:
            content[at + size // 2 : at + size] = b"\x5a" * (size - size // 2)
    path.write_bytes(content)
    assert said_of(path) == (False, True)


def test_joined_recordings_do_not_end_in_the_middle(tmp_path: Path) -> None:
    """The end that a file announces is nothing where its times jump."""
    for starts in ((1000, 2), (2, 40_000)):
        assert not said_of(joined(tmp_path / "joined.ts", *starts))[0]
