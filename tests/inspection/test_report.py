"""What a person reads: the page, its first sentences, and where the numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from avatar_app.events import Flag
from avatar_app.glitch.calibration import load_calibration
from avatar_app.inspection.findings import Inspection, clock
from avatar_app.inspection.moments import Moment, Stretch
from avatar_app.inspection.report import report_html
from avatar_app.inspection.wording import Wording
from avatar_app.reports import Row, Span
from avatar_app.types import Verdict

LEARNED = load_calibration()
FACE = {"skull_misfit": 0.01}
FLAG, REASON = Flag.IDENTITY_DRIFT, "identity: distance to the person 0.54, usually at most 0.477"


def inspection(scores: Sequence[float], rate: float = 25) -> Inspection:
    """Return one of a video without a flag."""
    rows = [Row(index, index / rate, FACE, score) for index, score in enumerate(scores)]
    seconds = len(rows) / rate
    return Inspection(
        video=Path("call.mp4"),
        role="video",
        seconds=seconds,
        judged_seconds=seconds,
        rows=rows,
        events=[],
        spans=[],
        moments=[],
        threshold=0.984,
        notes=[],
        about={"pictures": "640 x 480"},
        report=Path("report.html"),
        wording=Wording("video", LEARNED.roles["video"].usual),
        figures=LEARNED.figures["video"],
    )


def moment(reasons: dict[Flag, str], **measures: float) -> Moment:
    """Return a picture that nobody sees a face in."""
    verdict = Verdict(40, 1.6, 0.98, frozenset(reasons), reasons, FACE | measures)
    return Moment(verdict, np.full((64, 64, 3), 130, np.uint8))


def flagged(distance: float) -> Inspection:
    """Return one with another person in it, at a distance that grew to this."""
    rows = [
        Row(index, index / 25, FACE | {"identity": distance if index == 45 else 0.54}, 0.99)
        for index in range(50)
    ]
    return replace(
        inspection([]),
        seconds=2.0,
        judged_seconds=2.0,
        rows=rows,
        spans=[Span(FLAG, 1.6, 2.0, REASON)],
        moments=[moment({FLAG: REASON}, identity=distance)],
    )


def test_no_glitch_is_no_praise() -> None:
    """Nothing on the page is green, and the first sentence warns."""
    page = report_html(inspection([0.1] * 50))
    assert 'class="verdict none"' in page
    assert "That does not make the video genuine" in page
    assert "#3c8c5a" not in page


@pytest.mark.parametrize(
    ("high", "is_suspect"),
    [
        (range(5, 19), False),
        (range(5, 20), True),
        ([*range(5, 13), *range(60, 67)], True),
        ([*range(5, 13), *range(90, 98)], False),
        ([], False),
    ],
    ids=["0.56 s", "0.6 s", "0.6 s by parts", "0.64 s, but far apart", "never"],
)
def test_a_high_score_for_long_is_told_without_a_flag(
    high: Sequence[int], is_suspect: bool
) -> None:
    """Over half a second of three near the threshold is worth a look, less is not."""
    found = inspection([0.95 if index in high else 0.1 for index in range(110)])
    assert found.is_suspect is is_suspect
    assert ("look at the moments" in found.summary()[0]) is is_suspect
    assert ('class="verdict suspect"' in report_html(found)) is is_suspect


def test_at_another_rate_the_same_seconds_count() -> None:
    """Each picture lasts until the next."""
    assert inspection([0.1] * 10 + [0.95] * 18 + [0.1] * 10, rate=30).is_suspect
    assert not inspection([0.1] * 10 + [0.95] * 17 + [0.1] * 10, rate=30).is_suspect


def test_a_little_unlike_is_no_other_person() -> None:
    """Neither in the first sentences nor below a picture; what is seen later in a span counts."""
    for distance, words in ((0.55, "looks less like the person"), (0.7, "like another person")):
        found = flagged(distance)
        assert words in found.summary()[1]
        assert report_html(found).count(words) >= 3
    assert "another person" not in report_html(flagged(0.55))


def test_codes_and_numbers_stand_at_the_end() -> None:
    """Words come first: below the pictures, and beside the times."""
    body = re.sub(
        r"<style>.*?</style>|src=\S+|<i .*?</i>", "", report_html(flagged(0.55)), flags=re.S
    )
    before, settings = body.split('<table class="settings">')
    for code in (FLAG.name, "identity:", "usually at most"):
        assert code in settings
        assert code not in before


def test_what_was_excused_is_shown() -> None:
    """With what it was taken for, and as something to be looked at."""
    for measures, words in (
        ({"covered": 0.5}, "taken for something before the face"),
        ({"beside_light": 0.5}, "the whole picture was taken to be disturbed"),
    ):
        stretch = Stretch(1.2, 2.0, moment({}, **measures))
        page = report_html(replace(inspection([0.1] * 50), excused=stretch))
        assert page.count("data:image/jpeg") == 1
        assert f"{clock(1.2)} to {clock(2.0)}" in page
        assert words in page
        assert "See for yourself" in page
    assert "See for yourself" not in report_html(inspection([0.1] * 50))


def test_the_error_rates_say_what_they_were_measured_on() -> None:
    """Where there are none nothing is said of them."""
    found = inspection([0.1] * 50)
    assert "of kinds that its makers did not draw expect fewer" in found.summary()[-1]
    unknown = replace(found, figures={})
    assert "unknown" in unknown.summary()[-1]
    assert "expect fewer" not in unknown.summary()[-1]
