"""Who pays for which slow look."""

from __future__ import annotations

from avatar_app.glitch.turns import Turn, Turns


def test_the_first_picture_gets_all_and_the_others_one_kind_each() -> None:
    """So each is done in every second picture, never both."""
    turns = Turns()
    dealt = [turns.next(elapsed) for elapsed in (0.0, *[0.04] * 4)]
    assert dealt[0] == Turn(first=True, second=True)
    assert [turn.first for turn in dealt[1:]] == [False, True, False, True]
    assert all(turn.first is not turn.second for turn in dealt[1:])


def test_rare_pictures_get_all() -> None:
    """Between pictures a fifth of a second apart there is time, and much may have changed."""
    turns = Turns()
    assert all(turns.next(0.2) == Turn() for _ in range(4))


def test_another_scene_starts_with_all() -> None:
    """Nothing is known of it that could hold."""
    turns = Turns()
    for _ in range(2):
        turns.next(0.04)
    turns.forget()
    assert turns.next(0.04) == Turn()
