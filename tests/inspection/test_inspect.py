"""`inspect` on good, broken and unusable videos: what is flagged, written and said."""

from __future__ import annotations

import csv
import errno
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.inspection import inspect
from avatar_app.inspection.findings import clock
from avatar_app.inspection.view import Cuts
from avatar_app.perturbations import perturb
from avatar_app.provenance import label_tags
from avatar_app.settings import bundled
from avatar_app.types import AvatarAppError, Floats, Image
from avatar_app.video import VideoWriter
from tests.inspection.constructed import FRAMES, clip

BREAKS_AT = 25


def write(
    path: Path, images: list[Image], rate: float = 25, tags: Mapping[str, str] | None = None
) -> Path:
    """Write pictures as a video."""
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height, rate, tags=tags) as writer:
        for step, image in enumerate(images):
            writer.write(image, step / rate)
    return path


def melting(images: list[Image]) -> list[Image]:
    """Let the face run down and tear from the frame BREAKS_AT on."""
    y, x = np.mgrid[:240, :320].astype(np.float32)
    wave = 12 * np.sin(x / 6) + 8 * np.sin(y / 4)
    melted = [
        np.asarray(cv2.remap(image, x + wave, y + 1.5 * wave, cv2.INTER_LINEAR), np.uint8)
        for image in images[BREAKS_AT:]
    ]
    return images[:BREAKS_AT] + melted


def test_a_broken_face_is_flagged_from_when_it_breaks(tmp_path: Path) -> None:
    """Table, events and report agree on when; the report shows the moment and needs no network."""
    found = inspect(write(tmp_path / "call.mp4", melting(clip())), tmp_path / "out")
    assert found.glitches
    assert BREAKS_AT / 25 <= found.glitches[0].begin < BREAKS_AT / 25 + 0.8
    assert re.match(r".* moments? looks? like a driven avatar", found.summary()[0])
    rows = list(csv.DictReader((tmp_path / "out" / "frames.csv").read_text().splitlines()))
    assert len(rows) == FRAMES
    flagged = [int(row["frame"]) for row in rows if row["flags"]]
    assert min(flagged) == round(found.glitches[0].begin * 25)
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["flag"] in Flag.__members__
    page = (tmp_path / "out" / "report.html").read_text()
    assert "data:image/jpeg" in page
    assert not re.search(r"(src|href)=.https?:|@import|url\(", page)
    assert "proven" not in page
    # Of a stranger's video nobody knows yet that there is an avatar.
    assert Flag.FACE_DISTORTED.finding in page
    assert "The avatar" not in page


def test_a_flag_that_is_up_at_the_end_lasts_as_long_as_the_last_picture(tmp_path: Path) -> None:
    """Also one that is raised with it."""
    images = melting(clip())
    begin = inspect(write(tmp_path / "call.mp4", images), tmp_path / "out").glitches[0].begin
    short = write(tmp_path / "short.mp4", images[: round(begin * 25) + 1])
    found = inspect(short, tmp_path / "short")
    assert found.glitches
    assert all(span.end == pytest.approx(begin + 0.04) for span in found.glitches)
    assert all(row.flags == frozenset() for row in found.rows[:-1])


def test_a_whole_face_is_not_flagged(tmp_path: Path) -> None:
    """Where nothing is wrong the report says so, and that this proves nothing."""
    found = inspect(write(tmp_path / "call.mp4", clip()), tmp_path / "out")
    assert not found.glitches
    assert found.summary()[0].startswith("No glitch was seen")
    assert "genuine" in found.summary()[0]
    assert "of jaws that melt" in found.summary()[-1]
    assert "of whole faces behind hands" in found.summary()[-1]


def test_an_empty_room_is_no_time_with_a_face(tmp_path: Path) -> None:
    """Who leaves is not there, and was not judged then."""
    wall = np.full((240, 320, 3), 130, np.uint8)
    wall[:, ::8] = 150
    found = inspect(write(tmp_path / "call.mp4", clip()[:25] + [wall] * 25), tmp_path / "out")
    assert found.judged_seconds < 1.6  # for half a second a face that was there is followed
    assert any("s no face was seen" in note for note in found.notes)


@pytest.mark.skipif(sys.platform != "linux", reason="names of other systems are texts")
def test_a_file_name_that_is_no_text_is_reported_all_the_same(tmp_path: Path) -> None:
    """What it cannot spell it escapes."""
    video = write(tmp_path / "call.mp4", clip()[:5])
    found = inspect(video.rename(tmp_path / "bad\udcff.mp4"), tmp_path / "out")
    assert r"bad\udcff.mp4" in found.report.read_text(encoding="utf-8")


def test_a_label_of_the_file_is_said_first(tmp_path: Path) -> None:
    """Whoever made it said what it is; on the report, too."""
    video = write(tmp_path / "call.mp4", clip()[:5], tags=label_tags("some-model"))
    found = inspect(video, tmp_path / "out")
    assert found.summary()[0].startswith("The file's own label says: an AI avatar")
    assert "model some-model" in (tmp_path / "out" / "report.html").read_text()


def test_beside_avatar_and_driver_a_still_avatar_is_a_mismatch(tmp_path: Path) -> None:
    """With the driver at hand the rows hold how far the avatar's pose is from the driver's."""
    video = write(tmp_path / "call.mp4", clip())
    driving = write(tmp_path / "driver.mp4", [image[:, ::-1].copy() for image in clip()])
    found = inspect(video, tmp_path / "out", avatar="mei", driving=driving)
    assert found.role == "driver"
    assert "mismatch_yaw" in found.rows[-1].measures
    with pytest.raises(AvatarAppError, match="belong together"):
        inspect(video, tmp_path / "out", avatar="mei")


def test_after_the_end_of_the_driver_nothing_is_compared(tmp_path: Path) -> None:
    """Its last picture is not what it does from then on; the avatar is judged by itself."""
    video = write(tmp_path / "call.mp4", clip()[:40])
    found = inspect(
        video, tmp_path / "out", avatar="mei", driving=write(tmp_path / "d.mp4", clip()[:20])
    )
    assert ["mismatch_yaw" in row.measures for row in found.rows] == [True] * 20 + [False] * 20
    assert all(row.score is not None for row in found.rows)
    assert any("driver's video ends at 0.8 s" in note for note in found.notes)


def test_a_driver_without_a_face_is_told(tmp_path: Path) -> None:
    """There is nothing to compare an avatar with."""
    nobody = write(tmp_path / "d.mp4", [np.full((240, 320, 3), 130, np.uint8)] * 25)
    video = write(tmp_path / "call.mp4", clip()[:25])
    found = inspect(video, tmp_path / "out", avatar="mei", driving=nobody)
    assert any("For 1.0 s no face of the driver was seen" in note for note in found.notes)


def during(case: str, images: list[Image]) -> list[Image]:
    """Let an edge case happen."""
    points = [FaceFinder().find(images[0])[0].landmarks] * len(images)
    return list(perturb(np.stack(images), np.stack(points), case, 4))


@pytest.mark.parametrize(
    ("images", "rate", "words"),
    [
        ([np.full((240, 320, 3), 130, np.uint8)] * 30, 25, "no face was found"),
        ([np.zeros((240, 320, 3), np.uint8)] * 30, 25, "are black"),
        (clip()[:3], 25, "too short"),
        (clip()[:12], 5, "At 5 frames a second"),
        (clip()[:20], 120, "At 120 frames a second"),
        ([np.hstack([image, image[:, ::-1]]) for image in clip()[:30]], 25, "up to 2 faces"),
        (clip()[:15] + [np.roll(i[::-1], 60, 1) for i in clip()[:15]], 25, "scene changes"),
        (clip()[:10] + during("hand_mouth", clip()[10:40]), 25, "behind something"),
        (clip()[:10] + during("low_light", clip()[10:40]), 25, "its light changed"),
        ([np.pad(i, ((160, 168), (0, 0), (0, 0))) for i in clip()[:30]], 25, "320 x 568"),
    ],
    ids=[
        "no face",
        "black",
        "3 frames",
        "5 fps",
        "120 fps",
        "two faces",
        "cut",
        "covered",
        "dim",
        "vertical",
    ],
)
def test_what_could_not_be_judged_is_said(
    tmp_path: Path, images: list[Image], rate: float, words: str
) -> None:
    """Unusual videos get a report in which their limits stand."""
    video = write(tmp_path / "odd.mp4", images, rate)
    found = inspect(video, tmp_path / "out")
    assert words in " ".join((*found.summary(), *found.notes, *found.about.values()))
    assert len(found.rows) == len(images)
    assert (tmp_path / "out" / "report.html").read_text().rstrip().endswith("</html>")


def test_a_video_cut_off_is_judged_as_far_as_it_goes(tmp_path: Path) -> None:
    """The note says up to where."""
    whole = write(tmp_path / "whole.mkv", clip())
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    found = inspect(cut, tmp_path / "out")
    assert 0 < len(found.rows) < FRAMES
    assert any("ends in the middle" in note for note in found.notes)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """The mistake is found before the work, and said in one sentence."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(AvatarAppError, match="choose another folder"):
        inspect(bundled("assets", "demo", "webcam.mp4"), tmp_path / "out")


def test_a_moving_face_is_no_new_scene() -> None:
    """Only another picture is a cut."""
    cuts = Cuts()
    assert not any(cuts.is_cut(image) for image in clip())
    assert cuts.is_cut(np.ascontiguousarray(clip()[0][::-1]))


def test_somebody_who_rushes_past_is_one_cut_at_most() -> None:
    """Pictures that go on changing as much as a cut are not one scene each."""
    cuts = Cuts()
    wide = np.tile(np.random.default_rng(0).integers(0, 255, (64, 8, 1), np.uint8), (1, 40, 3))
    wide = cv2.resize(wide, (1280, 64), interpolation=cv2.INTER_NEAREST)
    rushing = [np.array(wide[:, at : at + 64], np.uint8) for at in range(0, 1200, 100)]
    assert sum(cuts.is_cut(image) for image in rushing) == 1


@pytest.mark.parametrize(
    ("apart", "words"), [(0.04, "finder agrees (4%"), (0.3, "elsewhere (30%"), (None, "is not")]
)
def test_a_second_finder_is_asked_about_the_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: float | None, words: str
) -> None:
    """What it says stands beside each; where it cannot be loaded, the report says so."""

    class Second:
        def apart(self, image: Image, landmarks: Floats) -> float:
            assert image.shape[2] == 3
            assert landmarks.shape == (68, 2)
            assert apart is not None
            return apart

    def second() -> Second:
        if apart is None:
            raise AvatarAppError("the file is not the network")
        return Second()

    monkeypatch.setattr("avatar_app.inspection.job.second_opinion", second)
    found = inspect(write(tmp_path / "call.mp4", clip()[:8]), tmp_path / "out")
    assert words in (tmp_path / "out" / "report.html").read_text()
    assert all(moment.apart == apart for moment in found.moments)


def test_a_time_is_rounded_as_a_whole() -> None:
    """A minute has 60 seconds."""
    assert [clock(time) for time in (0.0, 59.994, 299.9997)] == ["0:00.00", "0:59.99", "5:00.00"]


def test_a_moment_shown_is_one_that_scored(tmp_path: Path) -> None:
    """A flag that still holds over whole pictures makes no worst moment of them."""
    found = inspect(write(tmp_path / "call.mp4", [*melting(clip()), *clip()]), tmp_path / "out")
    assert found.glitches
    assert all(moment.verdict.score >= 0.5 for moment in found.moments)


def test_a_full_disk_leaves_what_was_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three files or none: an older report beside a newer table would mislead."""
    out = tmp_path / "out"
    inspect(write(tmp_path / "one.mp4", clip()[:10]), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    store = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "report" in path.name:
            raise OSError(errno.ENOSPC, "no space")
        return store(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(AvatarAppError, match=r"report\.html could not be written"):
        inspect(write(tmp_path / "other.mp4", clip()[:12]), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
