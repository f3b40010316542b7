"""What the picture of the curves shows of made-up verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar_app.calibration_run.curves import _alarms_and_misses
from avatar_app.calibration_run.figures import Judged
from avatar_app.calibration_run.plan import AGAIN, CALM, PAINTED, TEST, Scene
from avatar_app.calibration_run.studio import NAMES, Take


def judged(kind: str, is_glitch: bool, score: float) -> Judged:
    """Return a second of one kind with the same truth and score in each frame."""
    measures, truth = np.zeros((25, len(NAMES)), np.float32), np.full(25, is_glitch, np.int8)
    take = Take(Scene(kind, TEST, Path("a.mp4")), "driver", kind, measures, truth)
    return Judged(take, np.full(25, score), np.zeros(25, bool))


def test_avatars_played_again_lengthen_the_hours_and_are_no_glitches_to_find() -> None:
    """One alarm in two seconds instead of one, and the misses as without them."""
    plain = [judged(CALM, False, 0.5), judged(PAINTED, True, 0.9)]
    more = [judged(AGAIN, False, 0.1), judged(AGAIN, True, 0.2)]
    alarms, misses = _alarms_and_misses(plain)
    fewer, same = _alarms_and_misses([*plain, *more])
    assert max(alarms) == 3600
    assert min(rate for rate in fewer if rate) == 1800
    assert set(same) == set(misses) == {0.0}
