"""The sound of a driver on its way into the video of an avatar."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from avatar_app.video import VideoReader
from tests.video.written import write_clip, write_sound


@pytest.mark.parametrize(
    ("codec", "source", "target", "written"),
    [
        ("aac", "a.mp4", "b.mp4", "aac"),
        ("aac", "a.mp4", "b.webm", "opus"),
        ("libopus", "a.mkv", "b.mp4", "aac"),
        ("libopus", "a.mkv", "b.webm", "opus"),
    ],
)
def test_sound_is_carried_over(
    tmp_path: Path, codec: str, source: str, target: str, written: str
) -> None:
    """The driver's sound reaches the output, as long as its pictures and no longer."""
    driver = write_sound(tmp_path / source, codec, 2.0, pictures=True)
    path = write_clip(tmp_path / target, [step / 25 for step in range(25)], audio=driver)
    with av.open(path) as container:
        stream = container.streams.audio[0]
        sounds = list(container.decode(stream))
        assert stream.codec_context.name == written
    assert float(sounds[-1].time or 0) + sounds[-1].samples / 48_000 == pytest.approx(1.0, abs=0.07)
    assert abs(sounds[0].time or 0) < 0.05
    assert max(float(np.abs(sound.to_ndarray()).max()) for sound in sounds) > 0.2


def tone_begins(path: Path) -> float:
    """Return the second at which the silence of a video ends."""
    with av.open(path) as container:
        for sound in container.decode(container.streams.audio[0]):
            if np.abs(sound.to_ndarray()).max() > 0.2:
                return float(sound.time or 0)
    raise AssertionError("it does not end")


@pytest.mark.parametrize("target", ["b.mp4", "b.webm"])
def test_sound_is_in_step_where_the_first_pictures_are_lost(tmp_path: Path, target: str) -> None:
    """A recording that begins between two key pictures has sound before its first picture."""
    whole = write_sound(tmp_path / "a.ts", "aac", 2.0, pictures=True, silence=1.5)
    late = tmp_path / "late.ts"
    late.write_bytes(whole.read_bytes()[188 * 10 :])
    with VideoReader(late) as reader:
        times = [frame.time for frame in reader]
        assert 25 < len(times) < 45
    path = write_clip(tmp_path / target, times, audio=late)
    assert tone_begins(path) == pytest.approx(1.5 - (1.96 - times[-1]), abs=0.05)


@pytest.mark.parametrize("seconds", [0.8, 2.0])
@pytest.mark.parametrize("target", ["b.mp4", "b.webm"])
def test_sound_goes_on_where_recordings_were_joined(
    tmp_path: Path, target: str, seconds: float
) -> None:
    """Sound whose times go back in the middle, far or not, goes on with the pictures."""
    once = write_sound(tmp_path / "a.ts", "aac", seconds, pictures=True).read_bytes()
    silent = write_sound(tmp_path / "a.ts", "aac", seconds, pictures=True, silence=3.0)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(silent.read_bytes() + once)
    with VideoReader(joined) as reader:
        times = [frame.time for frame in reader]
    path = write_clip(tmp_path / target, times, audio=joined)
    assert tone_begins(path) == pytest.approx(seconds, abs=0.07)


def test_sound_of_another_kind_may_follow(tmp_path: Path) -> None:
    """Recordings that were joined may have been made with different microphones."""
    stereo = write_sound(tmp_path / "a.ts", "mp2", 2.0, pictures=True, silence=2.0).read_bytes()
    mono = write_sound(tmp_path / "a.ts", "mp2", 2.0, pictures=True, layout="mono").read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(stereo + mono)
    path = write_clip(tmp_path / "b.mp4", [step / 25 for step in range(100)], audio=joined)
    assert tone_begins(path) == pytest.approx(2.0, abs=0.07)


def test_silent_driver_gives_a_silent_output(tmp_path: Path) -> None:
    """Without sound in the driver the output has no sound track."""
    driver = write_clip(tmp_path / "a.mp4", [0.0, 0.04])
    with VideoReader(write_clip(tmp_path / "b.mp4", [0.0, 0.04], audio=driver)) as reader:
        assert not reader.has_audio


def test_sound_that_nobody_can_decode_is_left_out(tmp_path: Path) -> None:
    """The pictures are worth a video all the same."""
    driver = write_sound(tmp_path / "a.mkv", "aac", 1.0, pictures=True)
    driver.write_bytes(driver.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    with VideoReader(driver) as reader:
        assert reader.has_unknown_audio
        assert not reader.has_audio
    with VideoReader(write_clip(tmp_path / "b.mp4", [0.0, 0.04], audio=driver)) as reader:
        assert not reader.has_audio
        assert not reader.has_unknown_audio
