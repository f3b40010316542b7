"""What each measure costs: processor time on one frame of the bundled clip."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import closing

import cv2
import numpy as np

from avatar_app.face_signals import fit_skull, read_signals
from avatar_app.glitch.detector import load_detector
from avatar_app.glitch.landmarks import Face, FaceFinder
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.signals import movement, sight, upheaval
from avatar_app.glitch.signals.artifacts import bundled_network
from avatar_app.glitch.signals.entering import Entering
from avatar_app.glitch.signals.glance import bundled_glance
from avatar_app.pipeline.pools import keep_to_workers
from avatar_app.settings import bundled
from avatar_app.types import Floats, Frame, Image, KeyPoints, Rendered
from avatar_app.video import VideoReader

_SIDE, _FRAMES, _TIMES = 256, 250, 40
_BEGINNING = 10  # frames: in them all is loaded, and slow


def costs() -> list[tuple[str, float]]:
    """Return what is measured and its processor time in ms a frame of 256 x 256, one thread.

    Medians over 40 calls; of the detector as a whole also the 95th percentile over 250 frames,
    without the time to tell who it is. OpenCV and numpy keep to one thread from then on.
    """
    keep_to_workers()
    with VideoReader(bundled("assets", "demo", "webcam.mp4")) as reader:
        images = [
            np.asarray(cv2.resize(frame.image, (_SIDE, _SIDE)), np.uint8)
            for frame in itertools.islice(reader, _FRAMES)
        ]
    finder = _TimedFinder()
    image, face = images[0], finder.find(images[0])[0]
    points, place = face.landmarks, chips.upright(face.landmarks)
    placed = chips.placed(points, place)
    turned = sight.turned(image, place)
    entering = Entering()
    views = [sight.view(images[index], place) for index in (0, 5)]
    usual, now = (sight.look(view, placed) for view in views)
    chip, later = usual.chip, now.chip
    network, glance, edges = bundled_network(), bundled_glance(), upheaval.edges(chip)
    tints = chips.tints(image, place)
    calls: dict[str, Callable[[], object]] = {
        "face_score (search near the face)": lambda: finder.search_near(image, face.box),
        "landmarks": lambda: finder.fit(image, face.box),
        "identity (every second)": lambda: finder.descriptor(image, face),
        "the upright face": lambda: sight.view(image, chips.upright(points)),
        "skull_misfit, pose, mouth, eyes": lambda: read_signals(points, fit_skull(points)),
        "sharpness": lambda: chips.sharpness(chip),
        "change by part": lambda: chips.changes(later, chip),
        "strange by part": lambda: chips.strangeness(later, chip),
        "artifact, covered (the network)": lambda: network.maps(now, usual),
        "without its shape, and around it": lambda: sight.look(views[1], placed),
        "entered": lambda: entering.look(image, turned, place, 0.01),
        "bend, folded, unexplained (every second, beside a driver every fourth picture)": lambda: (
            upheaval.warping(later, chip)
        ),
        "smear by part": lambda: upheaval.detail(later),
        "tear": lambda: upheaval.tear(upheaval.edges(later), edges),
        "glance (every second picture)": lambda: glance.odds(now.face, usual.face),
        "restless": lambda: upheaval.restlessness(chip, later, chip),
        "tint": lambda: chips.tint(tints, chips.tints(image, place)),
        "misplaced": lambda: movement.places(placed),
        "deformation": lambda: movement.deformation(points, points + 1),
        "shake": lambda: movement.shake([points, points, points]),
        "black_share": lambda: chips.black_share(image),
    }
    table = [(name, float(np.median(_timed(call, _TIMES)))) for name, call in calls.items()]
    for role in ("video", "driver"):
        whole = _whole(role, images, finder)
        table.append((f"role {role} as a whole, median", float(np.median(whole))))
        table.append((f"role {role} as a whole, 95 %", float(np.percentile(whole, 95))))
    return table


class _TimedFinder(FaceFinder):
    """Knows how long it took to tell who somebody is, in ms."""

    telling = 0.0

    def descriptor(self, image: Image, face: Face) -> Floats:
        began = time.thread_time()
        found = super().descriptor(image, face)
        self.telling += 1000 * (time.thread_time() - began)
        return found


def _whole(role: str, images: Sequence[Image], finder: _TimedFinder) -> list[float]:
    """Return the milliseconds a picture of one role; the avatar does what its driver does."""
    nothing = KeyPoints(np.zeros((1, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.float32))
    spent = []
    with closing(load_detector(role, finder=finder)) as detector:
        for index, image in enumerate(images):
            frame = Frame(image, index, index / 25)
            told, began = finder.telling, time.thread_time()
            if role == "video":
                detector.inspect_frame(frame)
            else:
                detector.inspect(Rendered(frame, image, nothing))
            spent.append(1000 * (time.thread_time() - began) - (finder.telling - told))
    return spent[_BEGINNING:]


def _timed(call: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds of processor time of each call."""
    spent = []
    for _ in range(times):
        began = time.thread_time()
        call()
        spent.append(1000 * (time.thread_time() - began))
    return spent
