"""From rows to answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from avatar_app.study.analysis import Responses, crossing, holm, monotone, responses
from avatar_app.study.detection import alarms_bound, auc, tpr


def cells(curve: list[float], avatars: int = 2, clips: int = 2) -> Responses:
    """The same response in every cell."""
    values = np.tile(np.array(curve), (avatars, clips, 1))
    return Responses(tuple(range(len(curve))), values)


def test_onset_lies_where_the_monotone_mean_passes_one_half() -> None:
    """On a straight line between severities; a dip on the way is smoothed out."""
    assert cells([0, 0, 0.25, 0.75, 1, 1]).onset() == pytest.approx(2.5)
    assert cells([0, 0.4, 0.2, 0.7, 1, 1]).onset() == pytest.approx(2.5)
    assert cells([0, 0, 0, 0.1, 0.2, 0.4]).onset() is None


def test_monotone_pools_what_falls() -> None:
    """Pool adjacent violators keeps the mean."""
    np.testing.assert_allclose(monotone(np.array([0, 3, 1, 2, 5.0])), [0, 2, 2, 2, 5])


def test_unknown_severities_are_skipped() -> None:
    """A severity without a value does not hide the crossing."""
    assert crossing((0, 1, 2, 3), np.array([0, np.nan, 1, 1.0])) == pytest.approx(1)


def test_band_holds_the_spread_of_identities_and_is_missing_for_one() -> None:
    """Two avatars that differ give a band as wide as they differ; a single one has none."""
    values = np.stack([np.zeros((2, 3)), np.ones((2, 3))])
    band = Responses((0, 1, 2), values).band()
    assert band is not None
    np.testing.assert_allclose(band[0], 0)
    np.testing.assert_allclose(band[1], 1)
    assert cells([0, 1], avatars=1, clips=1).band() is None


def test_trend_tells_an_effect_from_chance() -> None:
    """Rising in every cell is no chance; noise, or nothing at all, is."""
    assert cells([0, 0.1, 0.2, 0.3, 0.4, 0.5]).trend() < 0.001
    noise = np.random.default_rng(3).normal(size=(2, 2, 6))
    assert Responses(tuple(range(6)), noise).trend() > 0.05
    assert cells([0, 0, 0, 0, 0, 0]).trend() > 0.05


@pytest.mark.parametrize("curve", [[0, 0, 0, 0.01, 0, 0], [0, 0.01, 0, 0, 0, 0]])
def test_equal_values_are_no_rise(curve: list[float]) -> None:
    """What happens at one severity alone, far from the strongest, is no trend."""
    assert cells(curve).trend() > 0.05


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    """The published example's arithmetic."""
    corrected = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert corrected == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})


def test_responses_average_seeds_and_take_the_noise_floor_as_severity_0() -> None:
    """Rows of other kinds and cases stay out."""

    def row(kind: str, case: str, severity: int, value: float) -> dict[str, Any]:
        place = {"kind": kind, "case": case, "severity": severity, "avatar": "a", "clip": "c"}
        return {**place, "metrics": {"damage": value}}

    rows = [
        row("relative", "reencoded", 0, 0.01),
        row("relative", "tongue", 5, 0.2),
        row("relative", "tongue", 5, 0.4),
        row("zeroth", "tongue", 5, 9.0),
        row("relative", "yaw", 5, 9.0),
    ]
    found = responses(rows, "tongue", "damage")
    assert found.severities == (0, 5)
    np.testing.assert_allclose(found.mean(), [0.01, 0.3])


def test_auc_counts_ties_half_and_tpr_keeps_to_its_level() -> None:
    """Against counting all pairs."""
    rng = np.random.default_rng(0)
    positive = rng.integers(0, 6, 40).astype(float) + 1
    negative = rng.integers(0, 6, 300).astype(float)
    pairs = np.sign(positive[:, None] - negative) / 2 + 0.5
    assert auc(positive, negative) == pytest.approx(pairs.mean())
    one, other = np.array([1.0, 3.0]), np.r_[np.zeros(98), 2.0]
    assert tpr(one, other) == 0.5  # not one of 99 may be exceeded
    assert tpr(one, np.r_[other, 0.0]) == 1  # one of 100 may
    assert auc(positive, np.array([])) is None


def test_no_alarm_in_an_hour_excludes_three_an_hour() -> None:
    """The rule of three, and a wider bound with alarms."""
    assert alarms_bound(0, 3600) == pytest.approx(3.0, abs=0.01)
    assert alarms_bound(1, 3600) == pytest.approx(4.74, abs=0.05)
    assert alarms_bound(0, 0) is None
