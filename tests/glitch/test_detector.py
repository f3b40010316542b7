"""The detector on pictures that are whole, and on the same pictures broken on purpose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_app.events import DEFAULT_FALSE_ALARMS, Flag
from avatar_app.glitch import watch
from avatar_app.glitch.calibration import ROLES
from avatar_app.glitch.detector import GlitchDetector, load_detector
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
from avatar_app.glitch.signals import artifacts
from avatar_app.glitch.signals.artifacts import CELLS
from avatar_app.perturbations import perturb
from avatar_app.types import (
    Avatar,
    AvatarAppError,
    Detector,
    Floats,
    Frame,
    Image,
)
from tests.glitch.shown import BREAKS_AT, as_rendered, clip, finder, melted, verdicts


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


def put_on(picture: Image, other: Floats | Image, part: str) -> Image:
    """Return a picture of which the face, or all of it, is as in another."""
    mask = np.ones((256, 256, 1), np.float32)
    if part == "face":
        x, y = finder().find(picture)[0].landmarks[30].astype(int)
        shape = cv2.ellipse(0 * mask[..., 0], (int(x), int(y)), (38, 52), 0, 0, 360, 1.0, -1)
        mask = np.asarray(shape, np.float32)[..., None]
    return np.asarray(
        picture * (1 - mask) + np.clip(np.asarray(other, np.float32), 0, 255) * mask, np.uint8
    )


@pytest.mark.parametrize("part", ["face", "picture"])
def test_a_pattern_on_a_face_is_a_glitch_by_itself(video: GlitchDetector, part: str) -> None:
    """As generators leave it; on all of the picture it is the camera's."""
    y, x = np.mgrid[:256, :256]
    chequers = np.where((x // 2 + y // 2) % 2, 18.0, -18.0)[..., None]
    broken = [put_on(picture, picture + chequers, part) for picture in clip()[BREAKS_AT:30]]
    found = verdicts(video, [*clip()[:BREAKS_AT], *broken])
    reason = found[-1].reasons.get(Flag.FACE_DISTORTED, "")
    assert reason.startswith("grain: more detail than usual in the face alone") is (part == "face")


@pytest.mark.parametrize("part", ["face", "picture"])
def test_a_face_that_takes_another_colour_is_a_glitch_by_itself(
    video: GlitchDetector, part: str
) -> None:
    """It is as sharp and still as before; light of that colour on all of the picture is none."""

    def orange(picture: Image) -> Image:
        return put_on(picture, picture * np.array([1.25, 0.95, 0.8], np.float32), part)

    found = verdicts(video, [*clip()[:BREAKS_AT], *map(orange, clip()[BREAKS_AT:30])])
    reasons = found[-1].reasons
    assert (Flag.FACE_DISTORTED in reasons) is (part == "face")
    if reasons:
        assert reasons[Flag.FACE_DISTORTED].startswith("tint: another colour of the face alone")


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


def test_more_false_alarms_mean_a_lower_threshold() -> None:
    """What is accepted an hour moves the threshold, which stays a probability."""
    low, usual, high = (
        load_detector("video", false_alarms_per_hour=accepted).threshold
        for accepted in (50.0, None, 0.1)
    )
    assert 0 < low < usual < high < 1


def test_wrong_use_is_told() -> None:
    """Another role, a promise of no false alarm, a closed detector."""
    with pytest.raises(ValueError, match="driver, video"):
        load_detector("audience")
    with pytest.raises(AvatarAppError, match="more than 0"):
        load_detector("video", false_alarms_per_hour=0)
    detector = load_detector("driver")
    frame = Frame(clip()[0], 0, 0.0)
    detector.close()
    with pytest.raises(ValueError, match="closed"):
        detector.inspect(as_rendered(frame.image, frame))


@pytest.mark.parametrize("role", ROLES)
def test_who_accepts_more_false_alarms_gets_a_lower_threshold(role: str) -> None:
    """By default as many are accepted as the app says everywhere, fewer beside a driver."""
    usual = DEFAULT_FALSE_ALARMS[role]
    asked = [load_detector(role, false_alarms_per_hour=n).threshold for n in (1, usual, 20)]
    assert asked == sorted(asked, reverse=True)
    assert load_detector(role).threshold == asked[1]
    assert DEFAULT_FALSE_ALARMS["driver"] < DEFAULT_FALSE_ALARMS["video"]


def test_a_turn_counts_for_a_second_after_it(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is usual goes by the largest turn of the last second, then by that of now again."""
    turns = iter([*[5.0] * 4, 20.0, *[5.0] * 40])
    monkeypatch.setattr(watch, "turn_of", lambda _: next(turns))
    found = [one.measures[TURN] for one in verdicts(video, clip())]
    assert found == [*[5.0] * 4, *[20.0] * 26, *[5.0] * 15]
