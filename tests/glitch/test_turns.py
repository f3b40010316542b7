"""Who pays for which slow look."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from avatar_app.glitch.turns import BESIDE_DRIVER, FROM_VIDEO, Turn, Turns


def dealt(cycle: Sequence[Turn], pictures: int) -> list[Turn]:
    """Return what pictures get after the first one, at 25 a second."""
    turns = Turns(cycle)
    assert turns.next(0.0) == Turn()  # nothing is known that could hold
    return [turns.next(0.04) for _ in range(pictures)]


@pytest.mark.parametrize("cycle", [FROM_VIDEO, BESIDE_DRIVER])
def test_the_first_picture_gets_all_and_the_next_ones_share(cycle: Sequence[Turn]) -> None:
    """A glance in every second one; each other look once in a cycle, however often it is dealt."""
    found = dealt(cycle, 8)
    assert [turn.glance for turn in found] == [False, True] * 4
    assert [turn.bend for turn in found] == [turn.bend for turn in (*cycle, *cycle) * 3][1:9]
    assert sum(turn.bend for turn in cycle) == 1


def test_from_a_video_alone_each_picture_is_searched() -> None:
    """Landmarks slip where it is not; there is no driver to look at."""
    found = dealt(FROM_VIDEO, 4)
    assert all(turn.search for turn in found)
    assert not any(turn.driver_search or turn.driver_fit for turn in found)


def test_beside_a_driver_each_picture_pays_for_one_search_or_fit() -> None:
    """The avatar in every second; the driver is searched, and fitted to, in every fourth."""
    found = dealt(BESIDE_DRIVER, 4)
    assert [turn.search + turn.driver_search + turn.driver_fit for turn in found] == [1] * 4
    assert [turn.driver_fit for turn in found] == [True, False, False, False]
    assert [turn.driver_search for turn in found] == [False, False, True, False]


def test_rare_pictures_get_all() -> None:
    """Between pictures a fifth of a second apart there is time, and much may have changed."""
    turns = Turns(FROM_VIDEO)
    assert all(turns.next(0.2) == Turn() for _ in range(4))


def test_another_scene_starts_with_all() -> None:
    """Nothing is known of it that could hold."""
    turns = Turns(FROM_VIDEO)
    for _ in range(2):
        turns.next(0.04)
    turns.forget()
    assert turns.next(0.04) == Turn()
