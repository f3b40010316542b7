"""Photo and video in, video out, with a stand-in for the model: times, sound, files, faults."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from avatar_app import settings
from avatar_app.animation import animate, job
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.provenance import read_label
from avatar_app.types import (
    AvatarAppError,
    Frame,
    Image,
    Rendered,
)
from avatar_app.video import VideoReader
from tests.animation.constructed import (
    FACE,
    SIZE,
    WALL,
    FakeEngine,
    files_in,
    pictures,
    table,
    write_clip,
    write_gif,
)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    """Share one finder, as its models take a second to load."""
    return FaceFinder()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, finder: FaceFinder) -> FakeEngine:
    """Put the stand-in where the job loads its model."""
    monkeypatch.setattr(job, "FaceFinder", lambda: finder)
    monkeypatch.setenv(settings.HOME_VARIABLE, str(tmp_path / "home"))
    fake = FakeEngine()
    monkeypatch.setattr(job, "load_reenactor", lambda *_, **__: fake)
    return fake


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a driver of ten frames with a face."""
    return write_clip(tmp_path / "driver.mp4", [FACE] * 10)


def test_every_frame_is_rendered_at_its_time(engine: FakeEngine, tmp_path: Path) -> None:
    """The output has the driver's frames at the driver's times, and says that it is synthetic."""
    times = [0.0, 0.04, 0.2, 0.21, 0.5, 1.5]
    clip = write_clip(tmp_path / "vfr.mp4", [FACE] * 6, times)
    result = animate("mateo", clip, tmp_path / "out.mp4")
    frames = pictures(tmp_path / "out.mp4")
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.001)
    assert all(frame.image.shape == (SIZE, SIZE, 3) for frame in frames)
    assert np.abs(frames[3].image.astype(int) - result.avatar.image // 2).mean() < 4
    assert result.video == tmp_path / "out.mp4"
    assert read_label(result.video) is not None
    assert engine.is_closed


def test_driver_is_cropped_to_its_face(engine: FakeEngine, tmp_path: Path, clip: Path) -> None:
    """The model sees the driver framed as in training, and without crop the centre."""
    animate("mateo", clip, tmp_path / "a.mp4")
    animate("mateo", clip, tmp_path / "b.mp4", crop=False)
    cropped, whole = engine.animated[0].image, engine.animated[10].image
    near = cv2.resize(FACE[20:220, 60:260], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    middle = cv2.resize(FACE[:, 40:280], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    assert np.abs(cropped.astype(int) - near).mean() < 12
    assert np.abs(cropped.astype(int) - near).mean() < np.abs(whole.astype(int) - near).mean() / 2
    assert np.abs(whole.astype(int) - middle).mean() < 3
    assert not cropped.flags.writeable


def test_stats_frames_and_events_are_written(
    engine: FakeEngine, tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files beside the video hold what the command line's contract says."""
    with VideoReader(clip) as reader:
        size = [reader.width, reader.height]
    monkeypatch.setattr(job, "_DRIVER_SIDE", max(size) - 32)  # the file's size is told all the same
    result = animate(
        "mateo",
        clip,
        tmp_path / "out.mp4",
        frames_csv=tmp_path / "new" / "frames.csv",
        events_jsonl=tmp_path / "events.jsonl",
        stats_json=tmp_path / "stats.json",
    )
    rows = table(tmp_path / "new" / "frames.csv")
    assert rows[0][:6] == ["frame", "time_s", "score", "flags", "fold_share", "steps"]
    assert rows[1][:2] == ["0", "0.000000"]
    assert rows[1][4:6] == ["0.25", "0"]
    assert all(0 < float(row[2]) < 1 for row in rows[1:])
    assert len(rows) == 11
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events[:2] == [
        {"event": "AvatarChanged", "time": 0.0, "avatar": "mateo"},
        {"event": "Calibrated", "time": 0.0, "index": 0},
    ]
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["frames"] == 10
    assert stats["fps"] > 0
    assert stats["dropped"] == 0
    assert [stats["driver_width"], stats["driver_height"]] == size
    assert stats["model"] == "fake"
    assert stats["device_reason"] == "it is a test"
    assert set(stats["latency_ms"]) == {"p50", "p95", "p99"}
    assert {"decode", "crop", "model", "encode", "model/render"} <= set(stats["stages_ms"])
    assert result.stats.calibrated_frame == 0


def test_flags_are_in_all_files(engine: FakeEngine, tmp_path: Path) -> None:
    """An avatar whose face is gone is flagged in the table, the events and the overlay."""
    clip = write_clip(tmp_path / "driver.mp4", [FACE] * 60)
    whole = engine.animate
    engine.size = 200  # where a face can be found

    def loses_face(frame: Frame) -> Rendered:
        rendered = whole(frame)
        shown = engine.avatar.image if frame.index < 20 else np.full_like(rendered.image, 90)
        return dataclasses.replace(rendered, image=shown)

    engine.animate = loses_face  # type: ignore[method-assign]
    animate(
        "mateo",
        clip,
        tmp_path / "out.mp4",
        frames_csv=tmp_path / "frames.csv",
        events_jsonl=tmp_path / "events.jsonl",
        overlay=tmp_path / "overlay.mp4",
    )
    rows = table(tmp_path / "frames.csv")[1:]
    assert not any("FACE" in row[3] for row in rows[:20])
    assert "FACE_MISSING" in rows[-1][3]
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    raised = [line for line in map(json.loads, lines) if line["event"] == "FlagRaised"]
    assert "FACE_MISSING" in {event["flag"] for event in raised}
    assert json.loads(lines[-1])["time"] == pytest.approx(60 / 25)  # where the video ends
    drawn = pictures(tmp_path / "overlay.mp4")
    assert len(drawn) == 60
    assert drawn[0].image.shape == (512, 512, 3)
    red = np.array([232, 72, 72])
    assert np.abs(drawn[-1].image[2, 100:400] - red).mean() < 30
    assert np.abs(drawn[5].image[2, 100:400] - red).mean() > 30
    assert read_label(tmp_path / "overlay.mp4") is not None


def test_neutral_pose_is_the_first_with_a_face(engine: FakeEngine, tmp_path: Path) -> None:
    """Before the driver comes into the picture the avatar stands still; then it is calibrated."""
    clip = write_clip(tmp_path / "late.mp4", [WALL] * 4 + [FACE] * 20)
    result = animate("mateo", clip, tmp_path / "out.mp4", frames_csv=tmp_path / "frames.csv")
    frames = pictures(tmp_path / "out.mp4")
    assert len(frames) == 24
    first = result.stats.calibrated_frame
    assert first is not None
    assert 4 <= first < 20
    assert np.abs(frames[first - 1].image.astype(int) - result.avatar.image).mean() < 4
    assert np.abs(frames[first].image.astype(int) - result.avatar.image // 2).mean() < 4
    rows = table(tmp_path / "frames.csv")
    assert rows[1] == ["0", "0.000000", *[""] * (len(rows[0]) - 2)]
    assert rows[-1][4] == "0.25"


def test_best_frame_is_the_one_most_like_the_photo(
    engine: FakeEngine, tmp_path: Path, clip: Path
) -> None:
    """With `best_frame` the neutral pose is the driver's nearest to the avatar's."""
    result = animate("mateo", clip, tmp_path / "out.mp4", best_frame=True)
    assert [frame.index for frame in engine.calibrated] == [6]
    assert result.stats.calibrated_frame == 6
    assert result.stats.frames == 10


def test_absolute_motion_needs_no_neutral_pose(
    engine: FakeEngine, tmp_path: Path, clip: Path
) -> None:
    """Absolute motion is neither calibrated nor reported as such."""
    result = animate("mateo", clip, tmp_path / "out.mp4", absolute=True, best_frame=True)
    assert engine.calibrated == []
    assert result.stats.calibrated_frame is None
    assert result.stats.motion == "absolute"


def test_animated_gif_drives(engine: FakeEngine, tmp_path: Path) -> None:
    """An animated GIF is a driver like any other."""
    gif = write_gif(tmp_path / "wave.gif", [FACE] * 5)
    animate("mateo", gif, tmp_path / "out.mp4")
    times = [frame.time for frame in pictures(tmp_path / "out.mp4")]
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.011)


def test_sound_of_the_driver_is_kept(engine: FakeEngine, tmp_path: Path) -> None:
    """The driver's sound track is in the output."""
    clip = tmp_path / "talk.mp4"
    with av.open(clip, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 240, "yuv420p", 4 << 20
        sound = container.add_stream("aac", rate=48_000)
        for step in range(10):
            frame = av.VideoFrame.from_ndarray(FACE, format="rgb24")
            frame.pts, frame.time_base = step, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        chunk = av.AudioFrame.from_ndarray(
            np.zeros((2, 19200), np.float32), format="fltp", layout="stereo"
        )
        chunk.sample_rate = 48_000
        container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))
    animate("mateo", clip, tmp_path / "out.mp4")
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert reader.has_audio


def test_cut_off_driver_is_rendered_as_far_as_it_goes(engine: FakeEngine, tmp_path: Path) -> None:
    """A driver that ends in the middle gives a video up to there, and a warning."""
    whole = write_clip(tmp_path / "whole.mkv", [FACE + step for step in range(60)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    said: list[str] = []
    result = animate("mateo", cut, tmp_path / "out.mp4", warn=said.append)
    assert result.stats.driver_is_truncated
    assert 0 < result.stats.frames < 60
    assert len(said) == 1
    assert f"{cut} ends in the middle" in said[0]


def test_damaged_driver_is_rendered_with_a_warning(engine: FakeEngine, tmp_path: Path) -> None:
    """A driver with a damaged spot gives a video up to its end, and not a word of another end."""
    clip = write_clip(tmp_path / "spot.mp4", [FACE + step for step in range(60)])
    with av.open(clip) as container:
        spot = [packet for packet in container.demux(video=0) if packet.size][30]
    content = bytearray(clip.read_bytes())
    assert spot.pos is not None
    content[spot.pos : spot.pos + spot.size] = bytes(spot.size)
    clip.write_bytes(content)
    said: list[str] = []
    result = animate("mateo", clip, tmp_path / "out.mp4", warn=said.append)
    assert not result.stats.driver_is_truncated
    assert len(said) == 1
    assert f"parts of {clip} are damaged" in said[0]


def test_driver_without_a_face_is_refused_with_the_remedy(
    engine: FakeEngine, tmp_path: Path
) -> None:
    """No face in the whole driver: a sentence with --no-crop in it, no file; with it, a video."""
    clip = write_clip(tmp_path / "wall.mp4", [WALL] * 5)
    for best_frame in (False, True):
        with pytest.raises(AvatarAppError, match=r"no face was found in .*wall\.mp4.*--no-crop"):
            animate("mateo", clip, tmp_path / "out.mp4", best_frame=best_frame)
    assert files_in(tmp_path) == {"wall.mp4"}
    assert animate("mateo", clip, tmp_path / "out.mp4", crop=False).stats.frames == 5


def test_interruption_leaves_nothing(engine: FakeEngine, tmp_path: Path, clip: Path) -> None:
    """Ctrl-C in the middle stops at once, closes the model and leaves no file behind."""

    def interrupt(done: float, total: float | None, what: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        animate(
            "mateo",
            clip,
            tmp_path / "out.mp4",
            frames_csv=tmp_path / "frames.csv",
            stats_json=tmp_path / "stats.json",
            progress=interrupt,
        )
    assert files_in(tmp_path) == {"driver.mp4"}
    assert engine.animated
    assert engine.is_closed


def test_progress_counts_frames(engine: FakeEngine, tmp_path: Path, clip: Path) -> None:
    """Progress rises to the number of frames."""
    said: list[tuple[float, float | None, str]] = []
    animate("mateo", clip, tmp_path / "out.mp4", progress=lambda *now: said.append(now))
    assert said == [(done, 10, "frames") for done in range(1, 11)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: {"source": "nobody"}, "no avatar and no file called nobody"),
        (lambda p: {"source": p / "text.txt"}, "no picture that can be read"),
        (lambda p: {"driving": p / "missing.mp4"}, "does not exist"),
        (lambda p: {"driving": p}, "is a folder"),
        (lambda p: {"driving": p / "text.txt"}, "not a video"),
        (lambda p: {"output": p / "out.xyz"}, "cannot write a video with the extension"),
        (lambda p: {"output": p / "text.txt" / "out.mp4"}, "its folder is a file"),
        (lambda p: {"output": p / "driver.mp4"}, "is used twice"),
        (lambda p: {"output": p / "x" / ".." / "driver.mp4"}, "is used twice"),
        (lambda p: {"stats_json": p / "driver.mp4"}, "is used twice"),
        (lambda p: {"stats_json": p / "a", "frames_csv": p / "a"}, "is used twice"),
        (lambda p: {"stats_json": p}, "is a folder"),
        (lambda p: {"stats_json": p / "text.txt" / "s.json"}, "could not be written"),
    ],
)
def test_wrong_paths_are_named_in_one_sentence(
    engine: FakeEngine,
    tmp_path: Path,
    clip: Path,
    change: Callable[[Path], dict[str, Path]],
    words: str,
) -> None:
    """Each wrong path has its sentence, and nothing is written or destroyed."""
    (tmp_path / "text.txt").write_text("some words\n" * 100)
    before = clip.read_bytes()
    given = {"source": "mateo", "driving": clip, "output": tmp_path / "out.mp4"}
    with pytest.raises(AvatarAppError, match=words) as caught:
        animate(**{**given, **change(tmp_path)})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert files_in(tmp_path) == {"driver.mp4", "text.txt"}
    assert clip.read_bytes() == before
    assert engine.animated == []


def test_photo_without_a_face_serves_after_a_warning(
    engine: FakeEngine, tmp_path: Path, clip: Path
) -> None:
    """`centre_square` lets any picture be animated, with a warning."""
    cv2.imwrite(str(tmp_path / "wall.png"), WALL)
    with pytest.raises(AvatarAppError, match="no face was found"):
        animate(tmp_path / "wall.png", clip, tmp_path / "out.mp4")
    said: list[str] = []
    animate(tmp_path / "wall.png", clip, tmp_path / "out.mp4", centre_square=True, warn=said.append)
    assert len(said) == 1


def test_landmarks_are_looked_for_a_few_times_a_second(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for the face costs as much as rendering: it is done every third frame at 25 fps."""
    looks: list[Image] = []
    track = FaceFinder.track

    def counted(finder: FaceFinder, image: Image) -> object:
        looks.append(image)
        return track(finder, image)

    monkeypatch.setattr(FaceFinder, "track", counted)
    clip = write_clip(tmp_path / "long.mp4", [FACE] * 30)
    animate("mateo", clip, tmp_path / "out.mp4")
    assert 8 <= len(looks) <= 12
