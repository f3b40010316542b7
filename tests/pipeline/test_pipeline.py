"""The workers together, with parts that do as they are told: what a wearer asks for happens."""

from __future__ import annotations

import dataclasses

import pytest

from avatar_app.events import (
    AvatarAdded,
    AvatarChanged,
    Calibrated,
    CameraBack,
    Event,
    Flag,
    FlagCleared,
    FlagRaised,
    Marked,
    OutputChanged,
    Refused,
    Stats,
    WorkerFailed,
)
from avatar_app.pipeline import Shown, Status
from avatar_app.pipeline.commands import (
    AddAvatar,
    Apply,
    Calibrate,
    Mark,
    MoveCrop,
    Panic,
    PassThrough,
    ResetCrop,
    SearchBestFrame,
    SetAvatar,
    ZoomCrop,
)
from avatar_app.types import AvatarAppError
from tests.pipeline.fakes import AVATAR, AVATAR_2, RAW, SEEN, Faults, running


def test_a_driver_becomes_an_avatar() -> None:
    """The view has pictures, crop and guide; others see the avatar, never the driver."""
    with running() as run:
        assert run.until(CameraBack).name == "fake"
        assert run.until(AvatarChanged).avatar == "mei"
        run.until(Calibrated)
        run.until_seen(AVATAR)
        view = None
        while view is None or view.verdict is None or view.face is None:
            view = run.pipeline.to_view.take(1.0)
        assert view.avatar_image is not None
        assert int(view.avatar_image[0, 0, 0]) == AVATAR
        assert int(view.driver_image[0, 0, 0]) == RAW
        assert view.crop is not None
        assert view.guide is not None
        assert view.landmarks is not None
        state = run.pipeline.state
        assert (state.camera, state.model, state.detector) == (Status.ON,) * 3
        assert (state.output_name, state.shown) == ("fake output", Shown.AVATAR)
        assert state.device_reason == "it is a test"
    assert RAW not in SEEN


def test_numbers_come_every_second() -> None:
    """Rates, latency and the device are told while the picture runs."""
    with running() as run:
        run.until(Calibrated)
        run.until(Stats)
        stats = run.until(Stats)
        assert stats.model_fps > 0
        assert stats.output_fps > 0
        assert 0 < stats.latency_p50_ms <= stats.latency_p95_ms
        assert stats.device == "nothing"
        assert stats.stages_ms["render"] == 1.0


def test_another_avatar_is_shown() -> None:
    """One that cannot be had is refused in words, and the one there is stays."""
    with running() as run:
        run.until(AvatarChanged, avatar="mei")
        run.post(SetAvatar("nobody"))
        assert "no avatar called nobody" in run.until(Refused).reason
        assert run.pipeline.state.avatar is not None
        assert run.pipeline.state.avatar.name == "mei"
        run.post(SetAvatar("sofia"))
        run.until(AvatarChanged, avatar="sofia")


@pytest.mark.parametrize(
    ("refused", "by"), [("nobody", Refused), ("sofia", WorkerFailed)], ids=["by name", "by model"]
)
def test_a_refused_avatar_is_not_asked_for_again(refused: str, by: type[Event]) -> None:
    """Another model shows the one that was there, and nobody complains a second time."""
    with running(Faults(unfit="sofia")) as run:
        run.until(AvatarChanged, avatar="mei")
        run.post(SetAvatar(refused))
        run.until(by)
        run.until_seen(AVATAR)
        run.post(Apply(run.pipeline.state.preferences.changed(model="another")))
        run.until(AvatarChanged, avatar="mei")
        assert run.faults.asked.count(refused) == 1


def test_where_another_model_refuses_an_avatar_the_last_one_is_shown() -> None:
    """Chosen while no model was there, it leaves nobody without an avatar."""
    with running() as run:
        run.until(AvatarChanged, avatar="mei")
        run.faults.model = AvatarAppError("there is no such model")
        run.post(Apply(run.pipeline.state.preferences.changed(model="missing")))
        run.until(WorkerFailed)
        run.post(SetAvatar("nobody"))
        run.faults.model = None
        run.post(Apply(run.pipeline.state.preferences.changed(model="another")))
        run.until(Refused)
        run.until(AvatarChanged, avatar="mei")


def test_every_avatar_is_judged_by_its_own_picture() -> None:
    """Also where the last picture of the old one still waits when the new one is shown."""
    with running() as run:
        run.until(Calibrated)
        run.faults.judge.clear()
        rendered = len(run.faults.rendered)
        run.until_true(lambda: len(run.faults.rendered) > rendered + 20)
        run.faults.hang.clear()
        run.post(SetAvatar("sofia"))
        run.until(AvatarChanged, avatar="sofia")
        run.faults.judge.set()
        judged = len(run.faults.judged)
        run.until_true(lambda: len(run.faults.judged) > judged)
        run.faults.hang.set()
        run.until_true(lambda: run.faults.judged[-1] == ("sofia", AVATAR_2))
        assert set(run.faults.judged) == {("mei", AVATAR), ("sofia", AVATAR_2)}


def test_a_photo_becomes_an_avatar() -> None:
    """It is kept under its name; one that cannot serve is refused in words, and all goes on."""
    with running() as run:
        run.until(AvatarChanged, avatar="mei")
        run.post(AddAvatar("somewhere/nobody.jpg"))
        assert "no face was found" in run.until(Refused, wish="adding an avatar").reason
        run.post(AddAvatar("somewhere/me.jpg"))
        assert run.until(AvatarAdded).avatar == "me"


def test_panic_shows_a_card_at_once() -> None:
    """Whatever is going on, others see a card until it is over."""
    with running() as run:
        run.until(OutputChanged, state="avatar")
        run.post(Panic(True))
        run.until(OutputChanged, state="card", reason="panic")
        SEEN.clear()
        run.until_true(lambda: len(SEEN) > 3)
        assert AVATAR not in SEEN
        run.post(Panic(False))
        run.until(OutputChanged, state="avatar")


def test_the_camera_is_passed_through_only_while_asked_for() -> None:
    """Others see the driver after a wish for it, and not a picture longer."""
    with running(label=False) as run:
        run.until(OutputChanged, state="avatar")
        assert RAW not in SEEN
        run.post(PassThrough(True))
        run.until(OutputChanged, state="camera")
        run.until_seen(RAW)
        run.post(PassThrough(False))
        run.until(OutputChanged, state="avatar")
        SEEN.clear()
        run.until_true(lambda: len(SEEN) > 5)
        assert RAW not in SEEN


def test_the_end_of_a_panic_shows_no_face() -> None:
    """Who passed the camera through before sees the avatar come back, until it is asked anew."""
    with running(label=False) as run:
        run.post(PassThrough(True))
        run.until(OutputChanged, state="camera")
        run.post(Panic(True))
        run.until(OutputChanged, state="card", reason="panic")
        SEEN.clear()
        run.post(Panic(False))
        run.until(OutputChanged, state="avatar")
        assert RAW not in SEEN


def test_calibrating_and_searching_take_a_new_neutral_pose() -> None:
    """The search ends at the frame most like the avatar, and only improves."""
    with running() as run:
        run.until(Calibrated)
        run.post(Calibrate())
        run.until(Calibrated)
        run.post(SearchBestFrame(True))
        run.until_true(lambda: run.pipeline.state.is_searching)
        run.until(Calibrated)
        run.post(SearchBestFrame(False))
        run.until_true(lambda: not run.pipeline.state.is_searching)


def test_the_detector_learns_of_a_new_neutral_pose() -> None:
    """Between the last picture of the old pose and the first of the new one."""
    with running() as run:
        run.until(Calibrated)
        run.until_true(lambda: len(run.faults.recalibrated) == 1)
        run.post(Calibrate())
        calibrated = run.until(Calibrated)
        run.until_true(lambda: len(run.faults.recalibrated) == 2)
        assert run.faults.recalibrated[1] < calibrated.index


def test_the_crop_is_moved_by_hand() -> None:
    """Moving, zooming and undoing it show in the next views."""
    with running(follow_face=False) as run:
        run.until(Calibrated)

        def crop() -> tuple[float, float, float]:
            view = None
            while view is None or view.crop is None:
                view = run.pipeline.to_view.take(1.0)
            return view.crop.x, view.crop.y, view.crop.size

        assert crop() == (79.5, 59.5, 120)
        run.post(MoveCrop(5, -2))
        run.post(ZoomCrop(0.5))
        run.until_true(lambda: crop() == (84.5, 57.5, 60))
        run.post(ResetCrop())
        run.until_true(lambda: crop() == (79.5, 59.5, 120))


def test_flags_rise_and_fall_as_events() -> None:
    """Each with the reason that the detector gives."""
    faults = Faults()
    with running(faults) as run:
        run.until(Calibrated)
        faults.flags = frozenset({Flag.WARP_FOLDED})
        assert run.until(FlagRaised).reason == "told to"
        faults.flags = frozenset()
        assert run.until(FlagCleared, flag=Flag.WARP_FOLDED).seconds > 0


def test_a_red_flag_hides_the_picture_where_asked() -> None:
    """The wearer's choice applies: a card here; a warning about the driver hides nothing."""
    faults = Faults(flags=frozenset({Flag.LOW_LIGHT}))
    with running(faults, on_flag="card") as run:
        run.until(FlagRaised, flag=Flag.LOW_LIGHT)
        run.until_true(lambda: run.pipeline.state.shown is Shown.AVATAR)
        faults.flags = frozenset({Flag.FACE_MISSING})
        run.until(OutputChanged, state="card", reason="a red flag is up")
        faults.flags = frozenset()
        run.until(OutputChanged, state="avatar")


def test_preferences_are_applied_where_they_differ() -> None:
    """Another size reopens the output alone; the camera and the model run on."""
    with running() as run:
        run.until(OutputChanged, state="avatar")
        preferences = run.pipeline.state.preferences
        run.post(Apply(preferences.changed(output_size="512x512", false_alarms=3.0)))
        run.until_true(lambda: run.faults.opened.count("output") == 2)
        run.until_true(lambda: run.faults.opened.count("detector") == 2)
        assert run.faults.opened.count("camera") == 1
        assert run.faults.opened.count("reenactor") == 1


def test_another_model_brings_the_avatar_along() -> None:
    """The avatar that was chosen last is encoded by the new model; calibration begins anew."""
    with running() as run:
        run.until(Calibrated)
        run.post(SetAvatar("sofia"))
        run.until(AvatarChanged, avatar="sofia")
        preferences = run.pipeline.state.preferences
        run.post(Apply(dataclasses.replace(preferences, model="other")))
        run.until(AvatarChanged, avatar="sofia")
        run.until(Calibrated)


def test_a_moment_is_marked() -> None:
    """The note stands in the event."""
    with running() as run:
        run.post(Mark("look here"))
        assert run.until(Marked).note == "look here"
