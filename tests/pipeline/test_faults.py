"""What goes wrong is named, touches nothing else, never shows the driver, and can be ended."""

from __future__ import annotations

import pytest

from avatar_app.events import (
    Calibrated,
    CameraBack,
    CameraLost,
    Flag,
    FlagCleared,
    FlagRaised,
    OutputChanged,
    Stats,
    WorkerFailed,
)
from avatar_app.pipeline import Shown, Status
from avatar_app.pipeline.commands import Apply, Calibrate, PlayAgain
from avatar_app.types import AvatarAppError, CameraError, ClipEndedError
from tests.pipeline.fakes import AVATAR, RAW, SEEN, SILENT, Faults, running


@pytest.fixture(autouse=True)
def the_driver_is_never_seen() -> object:
    """Nobody asked for the camera's picture in these tests."""
    yield
    assert RAW not in SEEN


def test_a_lost_camera_comes_back_by_itself() -> None:
    """Its loss is named once, its return too; others get a card meanwhile."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.opening = CameraError("unplugged")
        faults.camera = CameraError("the cable is out")
        assert run.until(CameraLost).reason == "the cable is out"
        run.until(OutputChanged, state="card")
        faults.opening = faults.camera = None
        run.until(CameraBack)
        run.until(OutputChanged, state="avatar")
        assert sum(isinstance(event, CameraLost) for event in run.events) == 1


def test_flags_fall_where_no_picture_comes() -> None:
    """They end with the last picture, and are raised anew by the first that has them again."""
    faults = Faults(flags=frozenset({Flag.FACE_MISSING}))
    with running(faults) as run:
        raised = run.until(FlagRaised)
        faults.hang.clear()
        cleared = run.until(FlagCleared)
        assert raised.time <= cleared.time <= max(faults.rendered)
        run.until_true(lambda: run.pipeline.state.shown is Shown.CARD)
        faults.hang.set()
        assert run.until(FlagRaised).time > cleared.time
        assert sum(isinstance(event, FlagCleared) for event in run.events) == 1


def test_a_wish_to_calibrate_does_not_outlive_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for while the camera was gone, it does not befall the pose of whoever comes back."""
    monkeypatch.setattr("avatar_app.pipeline.reenact._THIS_MOMENT", 0.1)
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.hang.clear()
        run.until(CameraLost)
        run.post(Calibrate())
        for _ in range(2):
            run.until(Stats)
        faults.hang.set()
        run.until(OutputChanged, state="avatar")
        run.until(Stats)
        assert sum(isinstance(event, Calibrated) for event in run.events) == 1


def test_a_clip_that_ends_is_over() -> None:
    """Nothing is opened again until something else is chosen."""
    faults = Faults()
    with running(faults) as run:
        run.until(Calibrated)
        faults.camera = ClipEndedError("the clip has ended")
        assert run.until(CameraLost).reason == "the clip has ended"
        assert run.pipeline.state.camera is Status.ENDED
        run.until(OutputChanged, state="card")
        assert faults.opened.count("camera") == 1
        faults.camera = None
        run.post(Apply(run.pipeline.state.preferences.changed(camera="another")))
        run.until(CameraBack, name="another")


def test_a_clip_that_is_over_is_played_again() -> None:
    """From its beginning, when asked for; one that still plays goes on."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        run.post(PlayAgain())
        faults.camera = ClipEndedError("the clip has ended")
        run.until(CameraLost)
        run.until(OutputChanged, state="card")
        faults.camera = None
        run.post(PlayAgain())
        run.until(CameraBack)
        run.until(OutputChanged, state="avatar")
        assert faults.opened.count("camera") == 2


def test_a_camera_that_hangs_is_named_and_can_be_left() -> None:
    """A read that does not return holds up neither the output nor another camera, nor the end."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.hang.clear()
        assert "hangs" in run.until(CameraLost).reason
        assert run.pipeline.stop(0.2) == ["camera"]


def test_a_hanging_camera_is_replaced_by_another() -> None:
    """The one that hangs gives nothing any more, even if it comes to."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.hang.clear()
        run.until(CameraLost)
        run.post(Apply(run.pipeline.state.preferences.changed(camera="another")))
        run.until(CameraBack, name="another")
        faults.hang.set()
        run.until(OutputChanged, state="avatar")
        run.until_true(lambda: "camera" in faults.closed)


def test_a_camera_that_just_began_to_hang_is_left_at_the_first_choice() -> None:
    """Another one is there before anybody could say that the first hangs."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.hang.clear()
        run.post(Apply(run.pipeline.state.preferences.changed(camera="another")))
        run.until(CameraBack, name="another")
        assert run.pipeline.state.camera is Status.ON
        faults.hang.set()
        run.until_seen(AVATAR)


def test_a_camera_is_let_go_before_it_is_opened_anew() -> None:
    """As for another size of its pictures: no system gives it to two."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        for width in (320, 800):
            run.post(Apply(run.pipeline.state.preferences.changed(camera_width=width)))
            run.until(CameraBack)
        assert faults.opened.count("camera") == 3
        assert faults.cameras == 1
        assert not any(isinstance(event, CameraLost) for event in run.events)


def test_a_camera_that_never_answers_is_named_and_can_be_left() -> None:
    """As an address behind which nobody is: opening it holds up no other camera, nor the end."""
    faults = Faults()
    faults.answer.clear()
    with running(faults, camera=SILENT) as run:
        assert "camera silent does not answer" in run.until(CameraLost).reason
        assert run.pipeline.state.camera is Status.LOST
        run.post(Apply(run.pipeline.state.preferences.changed(camera="another")))
        run.until(CameraBack, name="another")
        run.until(OutputChanged, state="avatar")
        assert run.pipeline.stop(0.2) == ["camera"]


def test_a_camera_that_is_still_being_opened_can_be_left() -> None:
    """Nobody waits until it is said not to answer; when it does, it changes nothing and is let go.

    Neither its name nor its pictures are wanted any more.
    """
    faults = Faults()
    faults.answer.clear()
    with running(faults, camera=SILENT) as run:
        run.post(Apply(run.pipeline.state.preferences.changed(camera="another")))
        run.until(CameraBack, name="another")
        assert not any(isinstance(event, CameraLost) for event in run.events)
        faults.answer.set()
        run.until_true(lambda: "camera" in faults.closed)
        run.until(Stats)
        assert run.pipeline.state.camera_name == "another"
    events = [*run.events, *run.pipeline.events.drain()]
    assert [event.name for event in events if isinstance(event, CameraBack)] == ["another"]


def test_a_black_camera_is_named() -> None:
    """It may be covered, or another program may have it; light brings it back."""
    faults = Faults()
    with running(faults) as run:
        run.until(Calibrated)
        faults.black = True
        assert "black" in run.until(CameraLost).reason
        faults.black = False
        run.until(CameraBack)


def test_a_failing_model_shows_a_card_and_may_recover() -> None:
    """The failure is told once; the first good picture ends it."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.reenactor = RuntimeError("out of memory")
        failed = run.until(WorkerFailed, worker="reenactor")
        assert "out of memory" in failed.reason
        run.until(OutputChanged, state="card", reason="the model has stopped")
        assert run.pipeline.state.model.value == "failed"
        faults.reenactor = None
        run.until(OutputChanged, state="avatar")
        assert run.pipeline.state.model.value == "on"
        assert sum(isinstance(event, WorkerFailed) for event in run.events) == 1


def test_a_model_that_cannot_be_loaded_is_named() -> None:
    """Another one can be chosen without a new start."""
    faults = Faults(model=AvatarAppError("there is no model called x"))
    with running(faults) as run:
        assert run.until(WorkerFailed).reason == "there is no model called x"
        faults.model = None
        run.post(Apply(run.pipeline.state.preferences.changed(model="y")))
        run.until(Calibrated)


def test_each_model_that_cannot_be_loaded_is_named() -> None:
    """A second wrong choice is said like the first, and nothing seems to be loading any more."""
    faults = Faults(model=AvatarAppError("there is no model called x"))
    with running(faults) as run:
        run.until(WorkerFailed, worker="reenactor")
        faults.model = AvatarAppError("there is no model called y")
        run.post(Apply(run.pipeline.state.preferences.changed(model="y")))
        run.until(WorkerFailed, reason="there is no model called y")
        assert run.pipeline.state.model is Status.FAILED


def test_a_failing_detector_is_switched_off_and_the_picture_goes_on() -> None:
    """Its flags are cleared: nobody judges any more."""
    faults = Faults(flags=frozenset({Flag.BLURRED}))
    with running(faults) as run:
        run.until(FlagRaised)
        faults.detector = RuntimeError("confused")
        run.until(FlagCleared)
        assert "confused" in run.until(WorkerFailed, worker="detector").reason
        run.until_true(lambda: run.pipeline.state.detector is Status.FAILED)
        assert run.pipeline.to_view.take(1.0) is not None
        assert run.pipeline.state.model is Status.ON


def test_a_detector_that_failed_once_is_replaced() -> None:
    """One picture may have been too much for it; flags come again."""
    faults = Faults(flags=frozenset({Flag.BLURRED}))
    with running(faults) as run:
        run.until(FlagRaised)
        faults.detector = RuntimeError("confused")
        run.until(WorkerFailed, worker="detector")
        faults.detector = None
        run.until(FlagRaised)
        assert run.pipeline.state.detector is Status.ON


def test_a_failing_looker_leaves_the_crop_where_it_is() -> None:
    """The avatar goes on in the last place of the face."""
    faults = Faults()
    with running(faults) as run:
        run.until(Calibrated)
        faults.looker = RuntimeError("blind")
        assert "blind" in run.until(WorkerFailed, worker="looker").reason
        run.until_true(
            lambda: getattr(run.pipeline.to_view.take(1.0), "avatar_image", None) is not None
        )


def test_a_virtual_camera_that_vanishes_is_tried_again() -> None:
    """Until it is back it has failed, not been switched off; the preview goes on meanwhile."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.no_output = AvatarAppError("no such device")
        faults.output = AvatarAppError("the device is gone")
        assert run.until(WorkerFailed, worker="output").reason == "the device is gone"
        run.until(OutputChanged, state="off")
        assert run.pipeline.to_view.take(1.0) is not None
        tries = faults.asked.count("output")
        run.until_true(lambda: faults.asked.count("output") >= tries + 3)
        assert run.pipeline.state.output.value == "failed"
        faults.output = faults.no_output = None
        run.until(OutputChanged, state="avatar")
        assert run.pipeline.state.output is Status.ON
        assert sum(isinstance(event, WorkerFailed) for event in run.events) == 1


def test_a_virtual_camera_that_opens_and_takes_nothing_is_told_of_once() -> None:
    """Being opened is no recovery; a picture that it takes is."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        faults.output = AvatarAppError("the device is gone")
        run.until(WorkerFailed, worker="output")
        tries = faults.opened.count("output")
        run.until_true(lambda: faults.opened.count("output") >= tries + 3)
        faults.output = None
        run.until(OutputChanged, state="avatar")
        run.until_true(lambda: run.pipeline.state.output is Status.ON)
        assert sum(isinstance(event, WorkerFailed) for event in run.events) == 1


@pytest.mark.parametrize("what", ["camera", "reenactor", "looker", "detector", "output"])
def test_the_end_comes_in_time_during_a_fault(what: str) -> None:
    """Whatever is failing at that moment, all threads end and all devices are closed."""
    faults = Faults()
    with running(faults) as run:
        run.until(OutputChanged, state="avatar")
        error = CameraError("gone") if what == "camera" else RuntimeError("broken")
        setattr(faults, what, error)
        run.until(CameraLost if what == "camera" else WorkerFailed)


def test_an_end_before_everything_is_there_is_clean() -> None:
    """A window may be closed as soon as it is open."""
    for _ in range(5):
        with running():
            pass
