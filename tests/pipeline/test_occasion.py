"""When a session begins and ends."""

from __future__ import annotations

from avatar_app.events import Flag, FlagCleared, FlagRaised, Marked
from avatar_app.pipeline.occasion import Occasion
from avatar_app.preferences import Preferences

PREFERENCES = Preferences(record="flags", pre_roll=2, post_roll=3)


def test_flags_that_overlap_are_one_occasion() -> None:
    """It ends so long after the last was cleared, and began before the first."""
    occasion = Occasion()
    occasion.note(FlagRaised(10.0, 0, Flag.FROZEN, 0.5), PREFERENCES)
    occasion.note(FlagRaised(12.0, 0, Flag.BLURRED, 0.5), PREFERENCES)
    occasion.note(FlagCleared(14.0, 0, Flag.FROZEN, 4.0), PREFERENCES)
    assert occasion.reason(60.0, PREFERENCES) == "FROZEN"
    occasion.note(FlagCleared(61.0, 0, Flag.BLURRED, 49.0), PREFERENCES)
    assert occasion.reason(63.9, PREFERENCES) == "FROZEN"
    assert occasion.reason(64.1, PREFERENCES) == ""
    assert occasion.since == 8.0
    occasion.note(Marked(70.0), PREFERENCES)
    assert occasion.reason(71.0, PREFERENCES) == "mark"
    assert occasion.since == 68.0


def test_what_was_declined_waits_for_a_new_reason() -> None:
    """A flag that is still up does not begin it again, nor does the wish to record always."""
    occasion = Occasion()
    occasion.note(FlagRaised(10.0, 0, Flag.FROZEN, 0.5), PREFERENCES)
    assert occasion.reason(11.0, PREFERENCES)
    occasion.decline()
    occasion.note(FlagCleared(12.0, 0, Flag.FROZEN, 2.0), PREFERENCES)
    assert occasion.reason(12.0, PREFERENCES) == ""
    always = PREFERENCES.changed(record="always")
    assert occasion.reason(13.0, always) == "always"
    occasion.decline()
    assert occasion.reason(13.0, always) == ""
    occasion.ask()
    assert occasion.reason(13.0, always) == "asked for"
