"""The detector on pictures that are whole, and on the same pictures broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch import watch
from avatar_app.glitch.detector import GlitchDetector, load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.measures import (
    CONTEXT,
    COVERED,
    COVERED_FACE,
    ENTERED,
    ENTERED_FACE,
    GATES,
    MEASURES,
    TURN,
)
from avatar_app.glitch.signals import artifacts, upheaval
from avatar_app.glitch.signals.artifacts import CELLS
from avatar_app.glitch.signals.glance import GlanceNetwork
from avatar_app.perturbations import perturb
from avatar_app.types import (
    Avatar,
    AvatarAppError,
    Detector,
    Floats,
    Frame,
    Image,
    KeyPoints,
    Rendered,
    Verdict,
)
from tests.demo_clip import demo_frames

FRAMES = 45
BREAKS_AT = 20


def clip() -> list[Image]:
    """Return the beginning of the bundled clip, shrunk to the model's size."""
    return demo_frames(FRAMES, 256, 256)


@lru_cache(maxsize=1)
def finder() -> FaceFinder:
    """Share one finder, as its models take a second to load."""
    return FaceFinder()


def as_rendered(picture: Image, driving: Frame) -> Rendered:
    """Return a rendered picture of a model that says nothing about itself."""
    points = KeyPoints(np.zeros((1, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.float32))
    return Rendered(driving, picture, points)


def melted(image: Image) -> Image:
    """Return the face running down: a warp that grows towards the chin."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    down = np.exp(-((x - 128) ** 2) / 3000 - ((y - 160) ** 2) / 2500)
    wave = 14 * np.sin(x / 7) + 20
    warped = cv2.remap(image, x + 8 * np.sin(y / 6) * down, y - wave * down, cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8)


def verdicts(detector: GlitchDetector, pictures: Sequence[Image]) -> list[Verdict]:
    """Judge a video at 25 frames a second."""
    return [
        detector.inspect_frame(Frame(picture, index, index / 25))
        for index, picture in enumerate(pictures)
    ]


@pytest.fixture
def video() -> Iterator[GlitchDetector]:
    """Open a detector that sees only the video."""
    detector = load_detector("video", finder=finder())
    yield detector
    detector.close()


def test_a_melting_face_is_flagged_and_a_whole_one_is_not(video: GlitchDetector) -> None:
    """The score rises where the face melts, and nothing is flagged before."""
    pictures = [melted(p) if i >= BREAKS_AT else p for i, p in enumerate(clip())]
    found = verdicts(video, pictures)
    assert not any(verdict.flags for verdict in found[:BREAKS_AT])
    before = max(verdict.score for verdict in found[:BREAKS_AT])
    assert found[-1].score > before + 0.3
    assert Flag.FACE_DISTORTED in found[-1].flags
    reason = found[-1].reasons[Flag.FACE_DISTORTED]
    assert reason.split(":")[0] in MEASURES
    assert "usually" in reason


@pytest.mark.parametrize("case", ["hand_mouth", "card_mouth", "hand_face"])
def test_what_comes_before_a_face_is_no_glitch(video: GlitchDetector, case: str) -> None:
    """It is seen as a cover, and neither the face behind it nor that it is lost is flagged."""
    faces = [finder().find(picture)[0].landmarks for picture in clip()]
    found = verdicts(video, list(perturb(np.stack(clip()), np.stack(faces), case, 4)))
    assert max(verdict.measures.get(COVERED, 0) for verdict in found) > COVERED_FACE
    assert not any(verdict.flags for verdict in found)


def test_what_came_from_beside_a_face_explains_that_it_looks_more_broken(
    video: GlitchDetector,
) -> None:
    """A hand before the eyes is seen beside them too; a face that melts is alone in it."""
    faces = [finder().find(picture)[0].landmarks for picture in clip()]
    found = verdicts(video, list(perturb(np.stack(clip()), np.stack(faces), "hand_eyes", 4)))
    came = [i for i, one in enumerate(found) if one.measures.get(ENTERED, 0) > ENTERED_FACE]
    assert came
    # While it is there, and for half a second after it.
    explained = {later for i in came for later in range(i, i + 13)}
    for name in ("artifact_rise", "glance_rise"):
        rises = {i for i, one in enumerate(found) if name in one.measures}
        assert rises
        assert not explained & rises
    assert not any(verdict.flags for verdict in found)
    video.forget()
    melting = [*clip()[:BREAKS_AT], *map(melted, clip()[BREAKS_AT:])]
    assert max(one.measures.get(ENTERED, 0) for one in verdicts(video, melting)) < ENTERED_FACE


def test_a_face_that_leaves_the_picture_is_no_glitch(video: GlitchDetector) -> None:
    """What lies outside counts as covered."""
    away = [np.roll(p, 6 * i, axis=1) for i, p in enumerate(clip()[:30])]
    for index, picture in enumerate(away):
        picture[:, : 6 * index] = clip()[0][:, :1]
    found = verdicts(video, [*clip()[:10], *away])
    assert max(verdict.measures.get(COVERED, 0) for verdict in found) > COVERED_FACE
    assert not any(verdict.flags for verdict in found)


def test_a_face_lost_in_the_noise_of_a_bad_camera_is_not_missing(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the picture is grainy, not the face alone; whatever is taken for a cover."""
    monkeypatch.setattr(artifacts, "covered", lambda *_: np.zeros((CELLS, CELLS), np.float32))
    chance = np.random.default_rng(0)
    noisy = [
        np.clip(p + chance.normal(0, 70, p.shape), 0, 255).astype(np.uint8) for p in clip()[10:40]
    ]
    found = verdicts(video, [*clip()[:10], *noisy])
    lost = [verdict for verdict in found if verdict.landmarks is None]
    assert len(lost) > 12
    assert max(verdict.measures["beside_grain"] for verdict in lost) > 0.35
    assert not any(Flag.FACE_MISSING in verdict.flags for verdict in found)
    assert not any("face_unseen" in verdict.measures for verdict in lost)


def test_what_a_glance_shows_counts_where_it_rose_and_goes_on(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look is too few, and two are enough; what is there all the time is no news.

    A glance is taken at every second picture.
    """
    looks = iter([*[-3.0] * 10, -1.0, *[-3.0] * 3, *[-1.0] * 2])
    monkeypatch.setattr(GlanceNetwork, "odds", lambda *_: next(looks))
    found = [one.measures["glance_rise"] for one in verdicts(video, clip()[:32])]
    assert max(found[:30]) < 0.1
    assert found[-1] == pytest.approx(2, abs=0.4)


def test_what_a_glance_showed_is_forgotten_with_the_scene(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks worse all the time than whom was seen before does not break."""
    look = -3.0
    monkeypatch.setattr(GlanceNetwork, "odds", lambda *_: look)
    verdicts(video, clip()[:40])
    video.forget()
    look = -1.0
    found = verdicts(video, clip()[:20])
    assert all(one.measures["glance"] == -1 for one in found)
    assert max(one.measures["glance_rise"] for one in found) < 0.1


def test_a_face_is_seen_beside_what_is_usual_of_it(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That stays near what was there before the face melted."""
    seen: list[tuple[Floats, Floats]] = []

    def odds(_: GlanceNetwork, now: Floats, usual: Floats) -> float:
        seen.append((now, usual))
        return 0.0

    monkeypatch.setattr(GlanceNetwork, "odds", odds)
    verdicts(video, [*clip()[:BREAKS_AT], *map(melted, clip()[BREAKS_AT : BREAKS_AT + 4])])
    (before, _), (now, usual) = seen[BREAKS_AT // 2 - 1], seen[-1]
    assert np.abs(usual - before).mean() < 0.5 * np.abs(usual - now).mean()


def test_a_face_behind_something_or_in_the_dark_is_not_glanced_at(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a bare face in a picture as usual is."""
    dark = [(0.4 * picture).astype(np.uint8) for picture in clip()[4:8]]
    bare = verdicts(video, [*clip()[:4], *dark])
    half = np.full((CELLS, CELLS), 0.5, np.float32)
    monkeypatch.setattr(artifacts, "covered", lambda *_: half)
    hidden = verdicts(video, clip()[:4])
    for name in ("glance", "glance_rise"):
        assert all((name in one.measures) is (i < 4) for i, one in enumerate(bare))
        assert not any(name in one.measures for one in hidden)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down in this list when the slow looks are taken."""
    calls: list[str] = []

    def noted(owner: object, name: str, note: str) -> None:
        taken = getattr(owner, name)

        def look(*given: Any) -> Any:
            calls.append(note)
            return taken(*given)

        monkeypatch.setattr(owner, name, look)

    noted(FaceFinder, "search_near", "searched")
    noted(upheaval, "warping", "bent")
    noted(GlanceNetwork, "odds", "glance")
    return calls


def test_slow_looks_come_by_turns_where_pictures_are_many(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the video alone the face is searched in each; what was seen holds in between."""
    calls = watched(monkeypatch)
    found = verdicts(video, clip()[:4])
    looks = ("bent glance", "searched bent", "searched glance", "searched bent")
    assert " ".join(calls) == " ".join(looks)
    bends = [one.measures["bend"] for one in found]
    assert bends[1] == bends[2] != bends[3]


def test_rare_pictures_get_all_slow_looks(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a picture lasts a fifth of a second, another one is too late."""
    calls = watched(monkeypatch)
    for index, picture in enumerate(clip()[:3]):
        video.inspect_frame(Frame(picture, index, index / 5))
    assert calls == ["bent", "glance", *["searched", "bent", "glance"] * 2]


def test_avatar_and_driver_are_searched_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture pays for one search."""
    calls = watched(monkeypatch)
    detector = load_detector("driver", finder=finder())
    for index, picture in enumerate(clip()[:4]):
        detector.inspect(as_rendered(picture, Frame(picture, index, index / 25)))
        calls.append("|")
    detector.close()
    assert " ".join(calls) == "bent glance | bent searched | searched glance | bent searched |"


def test_what_was_held_is_forgotten_where_a_face_jumps(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it looked like before says nothing: all is looked at anew, whosever turn it is."""
    looks = iter(range(20))
    monkeypatch.setattr(GlanceNetwork, "odds", lambda *_: float(next(looks)))
    pictures = clip()[:6]
    for index, picture in enumerate(pictures):
        if index == 5:
            video.recalibrate()
        found = video.inspect_frame(Frame(picture, index, index / 25))
        assert found.measures["glance"] == [0, 0, 1, 1, 2, 3][index]


def test_a_face_that_is_bare_again_is_glanced_at_at_once(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it looked like before it was dark holds no longer."""
    looks = iter(range(20))
    monkeypatch.setattr(GlanceNetwork, "odds", lambda *_: float(next(looks)))
    dark = [(0.4 * picture).astype(np.uint8) for picture in clip()[4:7]]
    found = verdicts(video, [*clip()[:4], *dark, *clip()[7:9]])
    glances = [one.measures.get("glance") for one in found]
    assert glances == [0, 0, 1, 1, None, None, None, 2, 3]


def test_another_video_begins_with_all_slow_looks(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And goes on by the same turns, so that it gets the same verdicts whatever came before."""
    calls = watched(monkeypatch)
    for _ in range(2):
        verdicts(video, clip()[:3])
        assert " ".join(calls) == "bent glance searched bent searched glance"
        calls.clear()
        video.forget()


def test_before_an_avatar_there_is_nothing() -> None:
    """Beside its driver a face is judged however it looks: nothing is left out as covered."""
    detector = load_detector("driver", finder=finder())
    detector.set_source(Avatar("clip", clip()[0]))
    flat = clip()[0].copy()
    flat[120:] = 200
    for index in range(6):
        driving = Frame(clip()[0], index, index / 25)
        verdict = detector.inspect(as_rendered(flat if index else clip()[0], driving))
    assert COVERED not in verdict.measures
    assert {"face_score", "face_unseen", "smear_chin"} <= set(verdict.measures)
    detector.close()


def test_a_vanished_face_is_missing(video: GlitchDetector) -> None:
    """Where the face is painted over, FACE_MISSING holds and there are no landmarks."""
    empty = np.full((256, 256, 3), 120, np.uint8)
    last = verdicts(video, [*clip()[:BREAKS_AT], *[empty] * 25])[-1]
    assert Flag.FACE_MISSING in last.flags
    assert last.landmarks is None


def test_verdicts_carry_measures_that_are_known(video: GlitchDetector) -> None:
    """Every measure is in the table that explains it, and scores are probabilities."""
    for verdict in verdicts(video, clip()[:8]):
        assert set(verdict.measures) <= {*MEASURES, *CONTEXT, TURN}
        assert 0 <= verdict.score <= 1
        assert verdict.landmarks is not None


def test_a_lasting_tremble_is_told_from_one_jerk(video: GlitchDetector) -> None:
    """One picture that is bent twitches; that it goes on makes a tremor, and half of it counts."""
    still = clip()[0]
    bent = melted(still)
    once = verdicts(video, [*[still] * 10, bent, *[still] * 6])
    video.forget()
    on = verdicts(video, [still, bent] * 9)
    assert max(verdict.measures.get("twitch", 0) for verdict in once) > 0.03
    assert max(verdict.measures.get("tremor", 0) for verdict in once) < 0.01
    assert on[-1].measures["tremor"] > 0.03
    assert on[-1].measures["tremor"] <= max(verdict.measures.get("twitch", 0) for verdict in on)


def test_a_face_that_jumps_shakes_and_does_not_tremble(video: GlitchDetector) -> None:
    """A head that is shaken moves as a whole, for as long as it likes."""
    still = clip()[0]
    jumping = verdicts(video, [still, np.roll(still, 5, axis=1)] * 9)
    assert jumping[-1].measures["shake"] > 0.04
    assert jumping[-1].measures["tremor"] < 0.01


def test_the_same_video_gets_the_same_verdicts_again(video: GlitchDetector) -> None:
    """After `forget` nothing of the first time is left."""
    first = verdicts(video, clip()[:12])
    video.forget()
    assert verdicts(video, clip()[:12]) == first


def test_the_driver_is_watched_too() -> None:
    """An avatar that follows is not flagged; a driver who leaves raises a gate, not a glitch."""
    detector: Detector = load_detector("driver", finder=finder())
    pictures = clip()
    detector.set_source(Avatar("self", pictures[0]))
    empty = np.full((256, 256, 3), 120, np.uint8)
    for index, picture in enumerate(pictures):
        gone = index >= BREAKS_AT
        driving = Frame(empty if gone else picture, index, index / 25)
        verdict = detector.inspect(as_rendered(picture, driving))
        if not gone:
            assert not verdict.flags
    assert verdict.flags == {Flag.DRIVER_MISSING}
    assert set(verdict.measures) <= {*MEASURES, *CONTEXT, *GATES, TURN}
    assert any(name.startswith("identity") for name in verdict.measures)
    detector.close()


def test_a_new_neutral_pose_is_no_mismatch() -> None:
    """What avatar and driver differ by after it is usual at once, and the jump there no glitch."""
    detector = load_detector("driver", finder=finder())
    pictures = clip()
    leaning = cv2.warpAffine(pictures[0], cv2.getRotationMatrix2D((128, 128), 15, 1.0), (256, 256))
    found = {}
    for told in (False, True):
        detector.set_source(Avatar("self", pictures[0]))
        for index in range(12):
            if told and index == 8:
                detector.recalibrate()
            picture = pictures[0] if index < 8 else np.asarray(leaning, np.uint8)
            verdict = detector.inspect(as_rendered(picture, Frame(pictures[0], index, index / 25)))
            if index == 8:
                jump = verdict.measures
        found[told] = (jump, verdict.measures)
    (jump_before, before), (jump_after, after) = found[False], found[True]
    worst = max((name for name in before if name.startswith("mismatch")), key=before.__getitem__)
    assert before[worst] > 0.5
    assert after[worst] < before[worst] / 3
    assert "shake" in jump_before
    assert "shake" not in jump_after
    detector.close()


def test_low_light_warns() -> None:
    """A dark driver raises the gate with a reason."""
    detector = load_detector("driver", finder=finder())
    dark = np.asarray(clip()[0] * 0.12, np.uint8)
    for index in range(4):
        frame = Frame(dark, index, index / 25)
        verdict = detector.inspect(as_rendered(clip()[0], frame))
    assert Flag.LOW_LIGHT in verdict.flags
    assert "dark" in verdict.reasons[Flag.LOW_LIGHT]


def test_a_covered_driver_warns_and_a_talking_one_does_not() -> None:
    """A card before mouth and nose raises the gate; talking and turning a little does not."""
    detector = load_detector("driver", finder=finder())
    flags = []
    for index, picture in enumerate(clip()):
        shown = picture.copy()
        if index >= BREAKS_AT:
            shown[150:250, 70:190] = (200, 60, 40)
        flags.append(detector.inspect(as_rendered(picture, Frame(shown, index, index / 25))).flags)
    assert not any(Flag.OCCLUDED in raised for raised in flags[:BREAKS_AT])
    assert any(Flag.OCCLUDED in raised for raised in flags[BREAKS_AT:])
    detector.close()


def test_more_sensitive_means_a_lower_threshold() -> None:
    """Sensitivity moves the threshold both ways and keeps it a probability."""
    low, usual, high = (load_detector("video", sensitivity=by).threshold for by in (3.0, 0.0, -3.0))
    assert 0 < low < usual < high < 1


def test_wrong_use_is_told() -> None:
    """Another role, a promise of no false alarm, the wrong call, a closed detector."""
    with pytest.raises(ValueError, match="driver, video"):
        load_detector("audience")
    with pytest.raises(AvatarAppError, match="more than 0"):
        load_detector("video", false_alarms_per_hour=0)
    detector = load_detector("driver")
    frame = Frame(clip()[0], 0, 0.0)
    with pytest.raises(ValueError, match="role video"):
        detector.inspect_frame(frame)
    detector.close()
    with pytest.raises(ValueError, match="closed"):
        detector.inspect(as_rendered(frame.image, frame))


def test_a_turn_counts_for_a_second_after_it(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is usual goes by the largest turn of the last second, then by that of now again."""
    turns = iter([*[5.0] * 4, 20.0, *[5.0] * 40])
    monkeypatch.setattr(watch, "turn_of", lambda _: next(turns))
    found = [one.measures[TURN] for one in verdicts(video, clip())]
    assert found == [*[5.0] * 4, *[20.0] * 26, *[5.0] * 15]
