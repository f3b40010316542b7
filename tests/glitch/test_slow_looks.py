"""A glance and other slow looks: what they count for, and when they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avatar_app.glitch.detector import GlitchDetector, load_detector
from avatar_app.glitch.landmarks import FaceFinder
from avatar_app.glitch.signals import artifacts, upheaval
from avatar_app.glitch.signals.artifacts import CELLS
from avatar_app.glitch.signals.glance import GlanceNetwork
from avatar_app.types import (
    Floats,
    Frame,
)
from tests.glitch.shown import BREAKS_AT, as_rendered, clip, finder, melted, verdicts


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
    noted(FaceFinder, "fit", "fitted")
    noted(upheaval, "warping", "bent")
    noted(GlanceNetwork, "odds", "glance")
    return calls


def test_slow_looks_come_by_turns_where_pictures_are_many(
    video: GlitchDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the video alone the face is searched in each; what was seen holds in between."""
    calls = watched(monkeypatch)
    found = verdicts(video, clip()[:4])
    looks = (
        "bent glance",
        "searched fitted bent",
        "searched fitted glance",
        "searched fitted bent",
    )
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
    assert calls == ["bent", "glance", *["searched", "fitted", "bent", "glance"] * 2]


def test_avatar_and_driver_are_looked_at_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The avatar's landmarks are fitted in each picture, its driver's in every fourth."""
    calls = watched(monkeypatch)
    detector = load_detector("driver", finder=finder())
    looks = []
    for index, picture in enumerate(clip()[:6]):
        detector.inspect(as_rendered(picture, Frame(picture, index, index / 25)))
        looks.append(" ".join(calls))
        calls.clear()
    detector.close()
    assert looks == [
        "bent glance",
        "fitted fitted",
        "searched fitted glance",
        "fitted bent searched",
        "searched fitted glance",
        "fitted fitted",
    ]


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
        assert " ".join(calls) == "bent glance searched fitted bent searched fitted glance"
        calls.clear()
        video.forget()
