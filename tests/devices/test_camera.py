"""Every camera keeps one contract, and what cannot be opened is named with a remedy."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from avatar_app import settings
from avatar_app.devices import webcam
from avatar_app.devices.camera import check_camera, open_camera
from avatar_app.devices.clip import ClipCamera, TestPattern
from avatar_app.devices.webcam import CameraInfo, camera_number
from avatar_app.recording import clip_of
from avatar_app.types import AvatarAppError, Camera, CameraError, ClipEndedError
from avatar_app.video import VideoWriter


class Clock:
    """A clock that moves only while somebody waits, and says how long that was."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def time(self) -> float:
        """Give the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let the time pass."""
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    """Give a clock of this test."""
    return Clock()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Write five pictures at ten a second, each brighter than the last."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 64, 48, 10) as writer:
        for index in range(5):
            writer.write(np.full((48, 64, 3), 40 * index, np.uint8), index / 10)
    return path


@pytest.fixture(params=["clip", "pattern"])
def camera(request: pytest.FixtureRequest, clip: Path, clock: Clock) -> Camera:
    """Give one of the cameras that need no device."""
    if request.param == "clip":
        return ClipCamera(clip, clock=clock.time, wait=clock.wait)
    return TestPattern(64, 48, 10, clock=clock.time, wait=clock.wait)


def test_a_camera_gives_pictures_as_it_says(camera: Camera, clock: Clock) -> None:
    """Size and rate are the announced ones, indices count, times rise, nobody may write."""
    frames = [camera.read() for _ in range(5)]
    assert camera.name
    assert {frame.image.shape for frame in frames} == {(camera.height, camera.width, 3)}
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    steps = np.diff([frame.time for frame in frames])
    assert np.allclose(steps, 1 / camera.fps)
    assert not any(frame.image.flags.writeable for frame in frames)
    camera.close()
    camera.close()


def test_a_clip_ends_in_words(clip: Path, clock: Clock) -> None:
    """Its end is another thing than a lost camera: nobody waits for it."""
    camera = ClipCamera(clip, clock=clock.time, wait=clock.wait)
    for _ in range(5):
        camera.read()
    with pytest.raises(ClipEndedError, match=r"clip\.mp4 has ended"):
        camera.read()
    camera.close()


def test_a_clip_can_begin_again_at_another_pace(clip: Path, clock: Clock) -> None:
    """The demo does: it plays for ever, at the rate of a webcam."""
    camera = ClipCamera(clip, fps=20, repeat=True, clock=clock.time, wait=clock.wait)
    frames = [camera.read() for _ in range(7)]
    assert abs(int(frames[5].image.mean()) - int(frames[0].image.mean())) < 3
    assert frames[6].index == 6
    assert frames[4].time - frames[0].time == pytest.approx(4 / 20)
    camera.close()


def test_late_pictures_are_left_out(clip: Path, clock: Clock) -> None:
    """A camera shows what is now, whoever was too slow to look."""
    camera = ClipCamera(clip, clock=clock.time, wait=clock.wait)
    camera.read()
    clock.now += 0.3
    late = camera.read()
    assert int(late.image.mean()) == pytest.approx(120, abs=5)
    camera.close()


def test_a_pause_in_a_clip_shows_its_last_picture(tmp_path: Path, clock: Clock) -> None:
    """A camera that gave nothing for so long would be said to hang; what follows is in time."""
    path = tmp_path / "pause.mp4"
    with VideoWriter(path, 64, 48, 10) as writer:
        for grey, seconds in ((40, 0.0), (80, 0.1), (160, 3.6), (200, 3.7)):
            writer.write(np.full((48, 64, 3), grey, np.uint8), seconds)
    camera = ClipCamera(path, clock=clock.time, wait=clock.wait)
    frames = [camera.read() for _ in range(7)]
    camera.close()
    assert max(clock.waits) <= 1.0
    greys = [int(frame.image.mean()) for frame in frames]
    assert greys == pytest.approx([40, 80, 80, 80, 80, 160, 200], abs=5)
    assert [frame.index for frame in frames] == list(range(7))
    assert [frame.time - frames[0].time for frame in frames] == pytest.approx(
        [0, 0.1, 1.1, 2.1, 3.1, 3.6, 3.7], abs=0.02
    )


def test_the_demo_clip_is_at_hand() -> None:
    """`--camera demo` needs no camera, and is never over."""
    camera = open_camera("demo")
    assert camera.is_live
    assert (camera.width, camera.height, camera.fps) == (640, 480, 30.0)
    camera.close()


def test_a_file_and_the_pattern_are_cameras(clip: Path) -> None:
    """A path is played at its own rate; the pattern has the size asked for."""
    with_file = open_camera(str(clip))
    assert with_file.fps == pytest.approx(10)
    assert not with_file.is_live
    with_file.close()
    assert open_camera("test", 320, 240).width == 320


def test_what_is_no_camera_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence lists what there is."""
    found = [CameraInfo(0, "HD Webcam"), CameraInfo(2, "OBS Virtual Camera")]
    monkeypatch.setattr(webcam, "list_cameras", lambda: found)
    assert camera_number("obs") == 2
    assert camera_number("/dev/video7") == 7
    with pytest.raises(CameraError, match=r"0 \(HD Webcam\), 2 \(OBS Virtual Camera\)"):
        open_camera("front door")
    monkeypatch.setattr(webcam, "list_cameras", list)
    with pytest.raises(CameraError, match="use the camera 'demo'"):
        open_camera("front door")


def test_a_clip_below_a_folder_of_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may not be looked at is no fault of the app."""

    def denied(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", denied)
    for look in (open_camera, lambda spec: clip_of(Path(spec))):
        with pytest.raises(AvatarAppError, match=r"/root.* may not be looked into; check"):
            look("/root/me")


def test_an_address_longer_than_any_file_name_is_no_clip() -> None:
    """Its camera is what is tried, and named where it is not there."""
    assert clip_of(Path("rtsp://camera/" + "a" * 300)) is None
    with pytest.raises(CameraError, match="There is no camera and no file"):
        open_camera("a" * 300)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://me:secret@127.0.0.1:9/live", "rtsp://127.0.0.1:9/live"),
        ("rtsp://me:sec@ret@127.0.0.1:9/live", "rtsp://127.0.0.1:9/live"),
        ("http://127.0.0.1:9/me@home.mjpg", "http://127.0.0.1:9/me@home.mjpg"),
    ],
)
def test_the_password_of_an_address_is_in_no_sentence(
    address: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Sentences are recorded with a session, and sessions are passed on; a stream has no cable.

    Nothing else is said of it, as it is tried again every second.
    """
    with pytest.raises(CameraError) as caught:
        open_camera(address)
    assert str(caught.value).startswith(f"{name} cannot be opened; check its address")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("spec", ["nope.mp4", "Nope.MOV", "/nowhere/clip"])
def test_a_missing_file_is_told_from_a_missing_webcam(spec: str) -> None:
    """Nobody who misspelt a name is told to connect something."""
    for look in (open_camera, check_camera):
        with pytest.raises(CameraError, match=f"^{spec} does not exist; check the name"):
            look(spec)


def test_what_may_still_come_passes_the_check(clip: Path) -> None:
    """A webcam, an address, what is there, and what is always there."""
    for spec in ("0", "/dev/video99", "front door", "rtsp://nowhere/clip.mp4", "demo", "test"):
        check_camera(spec)
    check_camera(str(clip))


def test_what_does_not_mend_by_waiting_is_named(tmp_path: Path) -> None:
    """A run without a window would wait for ever for a damaged clip, or a folder of anything."""
    (tmp_path / "talk.mp4").write_text("no video")
    with pytest.raises(AvatarAppError, match=r"talk\.mp4 is not a video that can be read"):
        check_camera(str(tmp_path / "talk.mp4"))
    for look in (open_camera, check_camera):
        with pytest.raises(CameraError, match="is a folder, and no recorded session; give"):
            look(str(tmp_path))


@pytest.mark.parametrize("spec", ["demo", "test"])
def test_a_folder_with_the_name_of_what_is_always_there_is_none_of_it(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lie wherever the app is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / spec).mkdir()
    check_camera(spec)


def test_a_missing_webcam_is_named() -> None:
    """No test machine has a hundred of them."""
    with pytest.raises(CameraError, match=r"camera 99|There is no camera"):
        open_camera("99")


def test_linux_knows_its_cameras_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webcam is listed once, by its picture's device, without being opened."""
    for device, index, name in (("video0", "0", "HD Webcam"), ("video1", "1", "HD Webcam")):
        (tmp_path / device).mkdir()
        (tmp_path / device / "index").write_text(f"{index}\n")
        (tmp_path / device / "name").write_text(f"{name}\n")
    monkeypatch.setattr(webcam, "_SYS", tmp_path)
    monkeypatch.setattr(webcam, "_SYSTEM", "linux")
    assert webcam.list_cameras() == [CameraInfo(0, "HD Webcam")]


def test_a_broken_installation_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without its clip the demo says so like any missing file."""
    monkeypatch.setattr(settings, "bundled", lambda *parts: tmp_path.joinpath(*parts))
    with pytest.raises(AvatarAppError, match="does not exist"):
        open_camera("demo")
