"""Numbers from records where the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.evaluation.scores import LOST_FACE, Record, score
from avatar_app.face_signals import SIGNALS
from avatar_app.metrics import Look
from tests.evaluation.constructed import landmarks, see

YAWS = np.linspace(-20, 20, 9)


def heads(yaws: np.ndarray) -> list[Look]:
    """Heads that turn, and do nothing else."""
    return [see(landmarks(yaw=yaw)) for yaw in yaws]


def records(drivers: list[Look], rendered: list[Look | None]) -> list[Record]:
    """One record for each pair."""
    return [Record(d, r, 256, l1=0.1) for d, r in zip(drivers, rendered, strict=True)]


def test_a_perfect_copy_has_no_distance_and_full_correlation() -> None:
    """Rendered equals driver: all zeros and ones."""
    found = score([records(heads(YAWS), list(heads(YAWS)))])
    assert (found.akd, found.akd_penalised, found.mfr) == (0, 0, 0)
    assert found.correlation["yaw"] == pytest.approx(1)
    assert found.gain["yaw"] == pytest.approx(1)


def test_half_the_turn_correlates_fully_with_half_the_gain() -> None:
    """Correlation says how faithfully, gain how far."""
    found = score([records(heads(YAWS), list(heads(YAWS / 2)))])
    assert found.correlation["yaw"] == pytest.approx(1)
    assert found.gain["yaw"] == pytest.approx(0.5, abs=0.01)


def test_a_still_picture_has_no_correlation_and_no_gain() -> None:
    """Nothing to correlate is None, not zero and not an error."""
    found = score([records(heads(YAWS), [see(landmarks())] * len(YAWS))])
    assert found.correlation["yaw"] is None
    assert found.gain["yaw"] == pytest.approx(0, abs=1e-6)


def test_what_the_driver_keeps_still_is_not_judged() -> None:
    """No correlation with a signal that hardly moves."""
    found = score([records(heads(YAWS), list(heads(YAWS)))])
    assert [name for name in SIGNALS if found.correlation[name] is None] == [
        "pitch",
        "roll",
        "mouth",
        "eyes",
    ]


def test_landmark_distance_is_in_pixels_of_a_picture_of_256() -> None:
    """A shift of 3 pixels in pictures of 128 counts 6."""
    pair = Record(see(landmarks()), see(landmarks() + np.array((3, 0), np.float32)), size=128)
    assert score([[pair]]).akd == pytest.approx(6, abs=1e-4)


def test_a_lost_face_counts_for_mfr_and_the_penalty_but_not_for_akd() -> None:
    """One of four faces lost; frames without a driver's face do not count."""
    drivers = heads(YAWS[:4])
    lost = records(drivers, [drivers[0], None, drivers[2], drivers[3]])
    faceless = Record(None, None, 256), Record(None, drivers[0], 256)
    found = score([[*lost, *faceless]])
    assert (found.frames, found.faces, found.mfr) == (6, 4, 0.25)
    assert found.akd == 0
    assert found.akd_penalised == pytest.approx(LOST_FACE / 4)


def test_every_clips_own_mean_is_taken_off() -> None:
    """Two clips in which nothing follows do not correlate because their means differ."""
    turning = heads(YAWS)
    left, right = ([see(landmarks(yaw=yaw))] * len(YAWS) for yaw in (-30, 30))
    shifted = [see(landmarks(yaw=yaw + 40)) for yaw in YAWS]
    found = score([records(turning, list(left)), records(shifted, list(right))])
    assert found.correlation["yaw"] is None


def test_another_persons_avatar_has_no_landmark_distance() -> None:
    """Its face need not lie where the driver's does; its loss still counts."""
    drivers = heads(YAWS[:2])
    found = score([records(drivers, [None, drivers[1]])], comparable=False)
    assert (found.akd, found.akd_penalised, found.mfr) == (None, None, 0.5)


def test_no_face_at_all_leaves_only_what_needs_none() -> None:
    """Nothing but L1 is left, and nothing fails."""
    found = score([[Record(None, None, 256, l1=0.25)]])
    assert (found.l1, found.akd, found.mfr, found.lpips, found.identity) == (
        0.25,
        None,
        None,
        None,
        None,
    )


def test_identity_is_the_median_of_the_frames_where_it_was_measured() -> None:
    """An outlier does not move it; frames without the measure do not count."""
    values = [0.1, None, 0.2, 9.0, None]
    assert score([[Record(None, None, 256, identity=v) for v in values]]).identity == 0.2
