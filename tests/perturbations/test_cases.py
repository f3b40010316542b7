"""Edge cases: the table, and what applying one may and may not do to a clip."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.perturbations import CASES, envelope, find_case, perturb
from avatar_app.perturbations.cases import DRIVER, SOURCE
from avatar_app.types import AvatarAppError, Floats, Image

_SIZE, _FRAMES = 96, 20


def face(size: int = _SIZE) -> Floats:
    """Return the landmarks of a plain frontal face in the middle of a picture, (68, 2)."""
    turn = np.linspace(0, np.pi, 17)
    jaw = np.c_[-np.cos(turn), 1.25 * np.sin(turn)]
    brows = [(x, -0.30) for x in (*np.linspace(-0.65, -0.15, 5), *np.linspace(0.15, 0.65, 5))]
    nose = [(0, y) for y in np.linspace(0, 0.42, 4)] + [
        (x, 0.5) for x in np.linspace(-0.18, 0.18, 5)
    ]
    eye = np.array([(-1, 0), (-0.4, -0.5), (0.4, -0.5), (1, 0), (0.4, 0.5), (-0.4, 0.5)])
    eyes = [(c + 0.2 * x, 0.1 * y) for c in (-0.35, 0.35) for x, y in eye]
    outer = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    mouth = [(-r * np.cos(a), 0.82 - h * np.sin(a)) for a, r, h in
             [*((a, 0.32, 0.1) for a in outer), *((a, 0.24, 0.02) for a in inner)]]  # fmt: skip
    points = np.vstack((jaw, brows, nose, eyes, mouth)).astype(np.float32)
    return np.asarray(points * 0.22 * size + (size / 2, 0.42 * size), np.float32)


def clip() -> tuple[Image, Floats]:
    """Return a clip of a painted head that moves a little, and its landmarks."""
    y, x = np.mgrid[:_SIZE, :_SIZE].astype(np.float32)
    images, marks = [], []
    for index in range(_FRAMES):
        points = face() + np.array([2 * np.sin(index / 4), 0])
        centre = points[30]
        head = np.hypot((x - centre[0]) / 26, (y - centre[1]) / 36) < 1
        image = np.where(head[..., None], (205, 160, 140), (110, 120, 130))
        for row in (37, 40, 43, 46, 51, 57, 62):
            image[int(points[row, 1]), int(points[row, 0]) - 2 : int(points[row, 0]) + 3] = 40
        images.append(image + 6 * np.sin(x + y)[..., None])
        marks.append(points)
    return np.asarray(images).astype(np.uint8), np.asarray(marks, np.float32)


IMAGES, LANDMARKS = clip()


def change(images: Image, clean: Image) -> float:
    """Return the mean difference of two clips, in [0, 255]."""
    return float(np.abs(images.astype(int) - clean).mean())


def test_table_is_as_wide_as_promised() -> None:
    """There are at least 24 driver and 8 source cases, each with a sentence."""
    sides = [case.side for case in CASES.values()]
    assert sides.count(DRIVER) >= 24
    assert sides.count(SOURCE) >= 8
    assert all(case.sentence.endswith(".") for case in CASES.values())
    assert all(name == case.name for name, case in CASES.items())


@pytest.mark.parametrize("name", CASES)
def test_case_happens_between_onset_and_offset(name: str) -> None:
    """A case changes the pictures while it lasts and leaves those before and after alone."""
    images = perturb(IMAGES, LANDMARKS, name, 5)
    clean = perturb(IMAGES, LANDMARKS, name, 0)
    strength = envelope(_FRAMES)
    assert images.shape == IMAGES.shape
    assert images.dtype == np.uint8
    assert np.array_equal(images[strength == 0], clean[strength == 0])
    assert change(images[strength == 1], clean[strength == 1]) > 0.2


@pytest.mark.parametrize("name", CASES)
def test_case_is_the_same_for_the_same_seed(name: str) -> None:
    """The same arguments give the same pictures, whatever was computed before."""
    short = np.s_[:4]
    strength = np.array([0, 1, 1, 0.5], np.float32)
    one, other = (perturb(IMAGES[short], LANDMARKS[short], name, 3, 7, strength) for _ in range(2))
    assert np.array_equal(one, other)


def test_most_cases_grow_with_the_severity() -> None:
    """What severity 5 changes is more than what severity 1 changes, in nearly every case."""
    strength = np.array([0, 0, 1, 0], np.float32)
    short = np.s_[:4]
    clean = perturb(IMAGES[short], LANDMARKS[short], "noise", 0)[2]
    shrinking = []
    for name in CASES:
        mild, severe = (
            change(perturb(IMAGES[short], LANDMARKS[short], name, s, 1, strength)[2], clean)
            for s in (1, 5)
        )
        if severe <= mild:
            shrinking.append(name)
    assert len(shrinking) <= 3, shrinking


def test_seeds_differ() -> None:
    """Another seed gives another hand."""
    one, other = (perturb(IMAGES, LANDMARKS, "hand_mouth", 4, seed) for seed in (0, 1))
    assert change(one, other) > 1


def test_faces_that_were_not_found_are_bridged() -> None:
    """Frames without landmarks are perturbed like their neighbours."""
    marks = LANDMARKS.copy()
    marks[8:12] = np.nan
    whole, gaps = (perturb(IMAGES, points, "sunglasses", 5) for points in (LANDMARKS, marks))
    clean = perturb(IMAGES, LANDMARKS, "sunglasses", 0)
    assert change(gaps[8:12], whole[8:12]) < 0.3 * change(whole[8:12], clean[8:12])


def test_still_is_perturbed_at_full_strength() -> None:
    """A single picture has no before and after."""
    image = perturb(IMAGES[:1], LANDMARKS[:1], "source_glasses", 5)
    assert change(image, IMAGES[:1]) > 1


def test_severity_zero_is_the_clip_encoded_again() -> None:
    """It differs from the clip only as a picture after JPEG does."""
    again = perturb(IMAGES, LANDMARKS, "hand_face", 0)
    assert 0 < change(again, IMAGES) < 4


def test_occluder_follows_the_face() -> None:
    """Glasses on a face that stands elsewhere are drawn there."""
    shift = 12
    moved = np.roll(IMAGES[:1], shift, axis=2)
    here = perturb(IMAGES[:1], LANDMARKS[:1], "sunglasses", 5).astype(int) - IMAGES[:1]
    there = (
        perturb(moved, LANDMARKS[:1] + np.array([shift, 0], np.float32), "sunglasses", 5).astype(
            int
        )
        - moved
    )
    columns = [
        float(np.average(np.arange(_SIZE), weights=np.abs(d).sum((0, 1, 3)))) for d in (here, there)
    ]
    assert columns[1] - columns[0] == pytest.approx(shift, abs=3)


@pytest.mark.parametrize("severity", [-1, 6])
def test_other_severities_are_refused(severity: int) -> None:
    """Severities are 0 to 5."""
    with pytest.raises(ValueError, match="expected 0 to 5"):
        perturb(IMAGES, LANDMARKS, "noise", severity)


def test_clip_without_any_face_is_refused() -> None:
    """Without a face there is nothing to draw on."""
    with pytest.raises(ValueError, match="no frame has a face"):
        perturb(IMAGES, np.full_like(LANDMARKS, np.nan), "noise", 1)


def test_unknown_case_names_its_neighbours() -> None:
    """A slip of the keyboard is met with the nearest names."""
    with pytest.raises(AvatarAppError, match="did you mean hand_mouth"):
        find_case("hand_mout")
    with pytest.raises(AvatarAppError, match="no case foo; `avatar-app study --list` names"):
        find_case("foo")


def test_envelope_begins_and_ends_clean() -> None:
    """The first and the last fifth are clean, the middle is at full strength, ramps are smooth."""
    strength = envelope(100)
    assert not strength[:20].any()
    assert not strength[80:].any()
    assert (strength[32:68] == 1).all()
    assert np.abs(np.diff(strength)).max() < 0.2
    assert envelope(1).tolist() == [1]
