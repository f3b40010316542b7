"""The figures of a study's report: whatever is in them can be read."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import BboxBase

from avatar_app.study import figures
from avatar_app.study.detection import Challenge


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, in place of files."""
    kept: list[Figure] = []
    monkeypatch.setattr(figures, "_save", lambda figure, path: kept.append(figure))
    return kept


def boxes(texts: list[Text]) -> list[BboxBase]:
    """Where words stand, in pixels."""
    return [text.get_window_extent() for text in texts if text.get_text()]


def test_challenges_that_are_alike_have_names_that_can_be_read(drawn: list[Figure]) -> None:
    """Most break all of an avatar and wrong nobody: no name is over another, or cut off."""
    alike = [Challenge(f"hand_{number}_face", 5, 1.0, 1.0, 0.0, 1.0) for number in range(20)]
    figures.draw_challenges(Path("unused.png"), alike)
    (figure,) = drawn
    figure.draw_without_rendering()
    names = boxes([*figure.axes[0].get_yticklabels(), *figure.axes[0].texts])
    assert len(names) == 20
    assert not any(one.overlaps(other) for one, other in combinations(names, 2))
    assert all(figure.bbox.x0 <= one.x0 and one.x1 <= figure.bbox.x1 for one in names)


def test_no_bar_hides_what_the_colours_mean(drawn: list[Figure]) -> None:
    """Also where all bars are as high as can be."""
    figures.draw_rules(Path("unused.png"), {"hand": {"first": 1.0, "zeroth": 1.0}}, "damage")
    (figure,) = drawn
    figure.draw_without_rendering()
    axes = figure.axes[0]
    legend = axes.get_legend()
    assert legend is not None
    words = boxes(legend.get_texts())
    assert len(words) == 2
    bars = [bar.get_window_extent() for bar in axes.patches]
    assert not any(one.overlaps(bar) for one in words for bar in bars)


@pytest.mark.parametrize("count", [1, 27, 60])
def test_each_validated_case_has_a_row_with_its_name(drawn: list[Figure], count: int) -> None:
    """However many there are: no name is over another, and none is cut off."""
    cases = [(f"cropped_forehead_{number}", -number / 9, -1.0) for number in range(count)]
    figures.draw_validation(Path("unused.png"), {"score": cases, "entropy": cases})
    (figure,) = drawn
    figure.draw_without_rendering()
    names = [label for label in figure.axes[0].get_yticklabels() if label.get_visible()]
    assert {name.get_text() for name in names} == {case.replace("_", " ") for case, *_ in cases}
    places = boxes(names)
    assert not any(one.overlaps(other) for one, other in combinations(places, 2))
    assert all(one.x0 > 0 and one.x1 < figure.axes[0].get_window_extent().x0 for one in places)
