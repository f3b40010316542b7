"""Where one scene ends and another begins, and pictures that show nothing at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.inspection import inspect
from avatar_app.inspection.view import Cuts
from avatar_app.types import Image
from tests.inspection.constructed import clip
from tests.inspection.test_odd_videos import write

SCENE = 15


def plain(grey: int) -> Image:
    """Return a picture that shows nothing."""
    return np.full((240, 320, 3), grey, np.uint8)


def cuts_of(images: list[Image]) -> list[int]:
    """Return at which pictures another scene begins."""
    cuts = Cuts()
    return [step for step, image in enumerate(images) if cuts.is_cut(image)]


@pytest.mark.parametrize("grey", [0, 130, 255])
def test_a_scene_ends_where_nothing_is_shown(grey: int) -> None:
    """What comes after it is another scene only if it shows something else."""
    scene, empty = clip()[:SCENE], [plain(grey)] * 5
    other = [image[::-1] for image in scene]
    assert cuts_of([*scene, *empty, *scene]) == [SCENE]
    assert cuts_of([*scene, *empty, *other]) == [SCENE, SCENE + 5]


def test_what_is_left_of_a_fade_is_something() -> None:
    """A scene fades until hardly anything is seen, and comes back as itself."""
    scene = clip()[0]
    shares = [*np.linspace(1, 0, 20), 0.0, 0.0, *np.linspace(0, 1, 20)]
    cuts = Cuts()
    images = [np.asarray(share * scene, np.uint8) for share in shares]
    seen = [(cuts.is_cut(image), cuts.is_empty) for image in images]
    assert [step for step, (is_cut, _) in enumerate(seen) if is_cut] == [19]
    assert [step for step, (_, is_empty) in enumerate(seen) if is_empty] == [19, 20, 21, 22]


def test_a_picture_that_flickers_is_one_scene() -> None:
    """Each gap is none of its own: nothing would be judged for long enough."""
    images = [image if step % 3 else plain(0) for step, image in enumerate(clip()[:40])]
    assert cuts_of([*clip()[:SCENE], *images]) == [SCENE]


def test_a_strip_on_a_plain_ground_is_something() -> None:
    """A hand or a card before the face leaves the rest of the picture."""
    covered = plain(130)
    covered[:, 300:] = 90
    cuts = Cuts()
    assert not cuts.is_cut(covered)
    assert not cuts.is_empty


@pytest.mark.parametrize("grey", [0, 130, 255], ids=["black", "grey", "white"])
def test_a_cut_through_nothing_is_no_glitch(tmp_path: Path, grey: int) -> None:
    """Nothing is judged meanwhile, and the next scene by itself."""
    other = [np.ascontiguousarray(image[:, ::-1]) for image in clip()[:20]]
    video = write(tmp_path / "cut.mp4", [*clip()[:25], *[plain(grey)] * 15, *other])
    found = inspect(video, tmp_path / "out")
    assert not found.glitches
    assert all(row.score is None for row in found.rows[25:40])
    assert all(row.score is not None for row in found.rows[42:])
    assert "The scene changes (1.0 s" in " ".join(found.notes)


def test_after_a_fade_through_black_the_face_is_judged_again(tmp_path: Path) -> None:
    """Neither fade nor black is a glitch."""
    shares = [*[1.0] * 20, *np.linspace(1, 0, 25), *[0.0] * 25, *np.linspace(0, 1, 25), *[1.0] * 20]
    images = [np.asarray(share * clip()[min(step, 49)]) for step, share in enumerate(shares)]
    video = write(tmp_path / "fade.mp4", [image.astype(np.uint8) for image in images])
    found = inspect(video, tmp_path / "out")
    assert not found.glitches
    assert all(row.score is not None for row in (*found.rows[:40], *found.rows[-25:]))
    assert all(row.score is None for row in found.rows[45:70])
