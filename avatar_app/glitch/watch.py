"""Looks at one picture of a face after the other and gives the measures of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field

import cv2
import numpy as np

from avatar_app.face_signals import fit_skull, read_signals
from avatar_app.glitch.follower import Follower, Sighting
from avatar_app.glitch.measures import (
    COVERED,
    COVERED_FACE,
    ENTERED,
    ENTERED_FACE,
    TURN,
    is_bare,
    is_spoilt,
    part_name,
)
from avatar_app.glitch.signals import artifacts, movement, sight, upheaval
from avatar_app.glitch.signals import chip as chips
from avatar_app.glitch.signals.artifacts import bundled_network
from avatar_app.glitch.signals.chip import Place
from avatar_app.glitch.signals.entering import Entering
from avatar_app.glitch.signals.glance import bundled_glance
from avatar_app.glitch.signals.rise import LastingRise, Rise, lasting
from avatar_app.glitch.signals.sight import Sight
from avatar_app.glitch.turns import Turn
from avatar_app.types import Floats, Image

_NO_FACE_SCORE = -1.0
USUAL_SECONDS = 4.0  # what a face usually looks like is a mean over about so long
_TURN_SECONDS = 1.0  # a turn counts so long: coming back, points still slip and little is as usual
_STILL = 0.3  # mean grey levels: less is the same picture again
_SHAKE_OF = 3
_LASTING = 13  # pictures, half a second: what more than half of them show goes on
_USUAL_STEP = 0.04  # seconds: in longer ones more may change
_COVERED_PART = 0.5  # the share of a part from which on its look says nothing
_ENTERED_SECONDS = 0.5  # so long after it what came still explains how the face looks
_COVERING = 0.1  # the share of the face that must be covered for what is beside it to count
_BROKEN_LOOK = 1.0  # log-odds: so broken hardly any face looks that something came before
_PLAIN = 4.0  # grey levels: a chip of less contrast shows nothing
_COVERED_SECONDS = 1.0  # so long after it the face may still be lost for that reason
_OF_SIGHT = ("smear", "strange", "change")
_OF_WHOLE_SIGHT = ("tint", "grain", "face_score")
_OF_RISE = ("artifact_rise", *(part_name("artifact_rise", part) for part in chips.PARTS))
_OF_PRESENCE = ("face_unseen",)
_OF_A_FACE = ("face_score", *_OF_PRESENCE)
_GRID = 4  # stillness is seen in every fourth pixel


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen of one picture: its `measures` by name, and the face or None."""

    measures: Mapping[str, float]
    face: Sighting | None
    signals: Mapping[str, float] = field(default_factory=dict)


class PictureWatch:
    """Measures the face in pictures that follow each other. Not thread-safe.

    Where it `is_alone` with the pictures, what says nothing of a face behind something is left out.
    Nothing ever stands before an avatar.
    """

    def __init__(self, follower: Follower, is_alone: bool) -> None:
        self._follower = follower
        self._is_alone = is_alone
        self._network, self._at_a_glance = bundled_network(), bundled_glance()
        self._rise = Rise()
        self._glances = LastingRise()
        self._entering = Entering()
        self.forget()

    def forget(self) -> None:
        """Start afresh: the next picture belongs to another scene."""
        self._follower.forget()
        self._rise.forget()
        self._glances.forget()
        self._entering.forget()
        self._landmarks: deque[Floats] = deque(maxlen=_SHAKE_OF)
        self._chip: Floats | None = None
        self._usual: Sight | None = None
        self._chips: deque[Floats] = deque(maxlen=_SHAKE_OF)
        self._places: Floats | None = None
        self._tints: Floats | None = None
        self._twitches: deque[float] = deque(maxlen=_LASTING)
        self._flashes: deque[float] = deque(maxlen=_LASTING)
        self._edges: Floats | None = None
        self._detail: dict[str, float] | None = None
        self._grid: Image | None = None
        self._turns: deque[tuple[float, float]] = deque()
        self._seen_at: float | None = None
        self._covered_at: float | None = None
        self._entered_at: float | None = None
        self._beside: dict[str, float] = {}
        self._held: dict[str, dict[str, float]] = {}
        self._changed_at = self._time = self._looked_at = 0.0

    def expect_jump(self) -> None:
        """Compare the next picture with what is usual, but not with the one before it."""
        self._landmarks.clear()
        self._chips.clear()
        self._chip = None
        self._held.clear()

    def look(self, image: Image, time: float, turn: Turn) -> Observation:
        """Measure the next picture, (H, W, 3) uint8 RGB, at `time` in seconds.

        What is not looked at in this `turn` holds from before.
        """
        elapsed = max(0.0, time - self._time)
        self._time = time
        face = self._follower.follow(image, turn.search)
        if self._seen_at is None or (face is not None and face.unseen == 0):
            self._seen_at = time
        measures = {
            "face_score": _NO_FACE_SCORE if face is None else face.score,
            "face_unseen": time - self._seen_at,
            "black_share": chips.black_share(image),
            "still": self._still(image, time),
        }
        if face is None:
            self.expect_jump()
            self._entering.lose()
            # Who turned away and is lost is not missing: the turn that was seen last still holds.
            measures[TURN] = self._turned(time)
            is_excused = self._is_behind or is_spoilt(self._beside)
            left_out = _OF_A_FACE if is_excused else ()
            return Observation(_without(measures, left_out) | self._beside, None)
        place = chips.upright(face.landmarks)
        points = chips.placed(face.landmarks, place)
        view = sight.turned(image, place)
        now = sight.look(sight.grey(view), points)
        usual = now if self._usual is None else self._usual
        texture, maps = self._texture(now, usual, elapsed, turn)
        measures |= texture
        measures |= self._geometry(face.landmarks, elapsed)
        measures |= self._whereabouts(image, place, points, elapsed)
        skull = fit_skull(face.landmarks)
        measures["skull_misfit"] = skull.misfit
        signals = read_signals(face.landmarks, skull)
        measures[TURN] = self._turned(time, turn_of(signals))
        if self._is_alone:
            covered = artifacts.covered(maps, place, image.shape)
            if self._chip is not None and chips.contrast(self._chip) < _PLAIN:
                covered[:] = 0  # nothing at all is no thing before a face: the face is gone
            came = self._entering.look(image, view, place, min(1.0, elapsed / USUAL_SECONDS))
            measures[ENTERED] = came * min(1.0, float(covered.mean()) / _COVERING)
            measures, is_seen_as_usual = self._uncovered(measures, covered, time)
            if not is_seen_as_usual:
                self._held.pop("glance", None)
                return Observation(measures, face, signals)
        glanced = self._by_turns("glance", turn.glance, lambda: self._glanced(now, usual, time))
        measures |= glanced
        return Observation(measures, face, signals)

    def _by_turns(
        self, look: str, is_turn: bool, measured: Callable[[], dict[str, float]]
    ) -> dict[str, float]:
        """Return what a slow look measures, anew in its turn; in between that holds."""
        if is_turn or look not in self._held:
            self._held[look] = measured()
        return self._held[look]

    def _turned(self, time: float, turn: float | None = None) -> float:
        """Take the turn seen now, if any; return the largest within the last second of it."""
        if turn is not None:
            self._turns.append((time, turn))
            while self._turns[0][0] < time - _TURN_SECONDS:
                self._turns.popleft()
        return max((turn for _, turn in self._turns), default=0.0)

    def _still(self, image: Image, time: float) -> float:
        """Return the seconds since the picture last changed."""
        grid = image[::_GRID, ::_GRID, 1].copy()
        before, self._grid = self._grid, grid
        if (
            before is None
            or before.shape != grid.shape
            or cv2.norm(grid, before, cv2.NORM_L1) > _STILL * grid.size
        ):
            self._changed_at = time
        return time - self._changed_at

    def _texture(
        self, now: Sight, usual: Sight, elapsed: float, turn: Turn
    ) -> tuple[dict[str, float], Floats]:
        """Return the measures, and the maps of what is broken and covered (2, 14, 12)."""
        face, before = now.chip, now.chip if self._chip is None else self._chip
        self._chip = face
        self._usual = sight.nearer(usual, now, min(1.0, elapsed / USUAL_SECONDS))
        pace = _pace(elapsed)
        changes, strange = (
            chips.changes(face, before),
            chips.strangeness(now.free_chip, usual.free_chip),
        )
        maps = self._network.maps(now, usual)
        measures = {
            **self._upheaval(face, usual.chip, elapsed, turn),
            **self._broken(maps[0]),
            "sharpness": chips.sharpness(face),
            **_by_part("change", {part: value / pace for part, value in changes.items()}),
            **_by_part("strange", strange),
        }
        if self._is_alone:
            # What was beside a face holds on while it is not seen.
            self._beside = sight.beside(now, usual) if chips.contrast(face) >= _PLAIN else {}
            measures |= self._beside
            measures["grain"] = self._grain(measures)
        return measures, maps

    def _grain(self, measures: Mapping[str, float]) -> float:
        """Return how much more detail than usual there is in the face, and not beside it."""
        more = -np.array([measures[part_name("smear", part)] for part in chips.PARTS], np.float32)
        return chips.median(more) - self._beside.get("beside_grain", 0.0)

    def _broken(self, odds: Floats) -> dict[str, float]:
        """Return how broken the face looks by the map (14, 12), and how much more than before."""
        parts = artifacts.by_part(odds)
        looks = {"artifact": artifacts.overall(odds), **_by_part("artifact", parts)}
        rises = self._rise.update(np.array([*looks.values()], np.float32), self._time)
        if rises is not None:
            names = ("artifact_rise", *(part_name("artifact_rise", part) for part in parts))
            looks |= zip(names, map(float, rises), strict=True)
        return looks

    def _glanced(self, now: Sight, usual: Sight, time: float) -> dict[str, float]:
        """Return how broken the face looks at a glance, and whether that rose and goes on."""
        odds = self._at_a_glance.odds(now.face, usual.face)
        self._glances.update(np.array([odds], np.float32), time)
        return {"glance": odds, "glance_rise": self._glances.height}

    def _uncovered(
        self, measures: dict[str, float], covered: Floats, time: float
    ) -> tuple[dict[str, float], bool]:
        """Leave out what says nothing of a face that is behind something: that is no glitch.

        Also return whether the face is bare, and seen as usual.
        """
        self._looked_at = time
        share = float(covered.mean())
        parts = artifacts.part_means(covered)
        hidden = [part for part, share in parts.items() if share > _COVERED_PART]
        left_out = [part_name(prefix, part) for prefix in _OF_SIGHT for part in hidden]
        if measures[ENTERED] > ENTERED_FACE:
            self._entered_at = time
        is_explained = self._entered_at is not None and self._entered_at >= time - _ENTERED_SECONDS
        if is_explained:
            left_out += _OF_RISE
        if share > COVERED_FACE:
            left_out += _OF_WHOLE_SIGHT
            if is_explained or measures["artifact"] < _BROKEN_LOOK:
                self._covered_at = time
        if self._is_behind or is_spoilt(self._beside):
            left_out += _OF_PRESENCE
        seen = {**_without(measures, left_out), COVERED: share}
        return seen, not is_explained and is_bare(seen)

    @property
    def _is_behind(self) -> bool:
        """Whether something came before the face, shortly before it was seen for the last time."""
        return (
            self._covered_at is not None and self._covered_at >= self._looked_at - _COVERED_SECONDS
        )

    def _upheaval(
        self, face: Floats, usual: Floats, elapsed: float, turn: Turn
    ) -> dict[str, float]:
        share = np.float32(min(1.0, elapsed / USUAL_SECONDS))
        edges, fine = upheaval.edges(face), upheaval.detail(face)
        usual_edges = edges if self._edges is None else self._edges
        usual_fine = fine if self._detail is None else self._detail
        self._edges = usual_edges + share * (edges - usual_edges)
        self._detail = {
            part: known + float(share) * (fine[part] - known) for part, known in usual_fine.items()
        }
        smears = upheaval.smear(fine, usual_fine)
        self._chips.append(face)
        measures = {
            **self._by_turns("bent", turn.bend, lambda: asdict(upheaval.warping(face, usual))),
            "tear": upheaval.tear(edges, usual_edges),
            **_by_part("smear", smears),
        }
        if len(self._chips) == _SHAKE_OF:
            measures["restless"] = upheaval.restlessness(*self._chips) / _pace(elapsed)
            measures["flutter"] = lasting(self._flashes, measures["restless"])
        return measures

    def _whereabouts(
        self, image: Image, place: Place, points: Floats, elapsed: float
    ) -> dict[str, float]:
        share = np.float32(min(1.0, elapsed / USUAL_SECONDS))
        places = movement.places(points)
        tints = chips.tints(image, place)
        usual_places = places if self._places is None else self._places
        usual_tints = tints if self._tints is None else self._tints
        self._places = usual_places + share * (places - usual_places)
        self._tints = usual_tints + share * (tints - usual_tints)
        return {
            "misplaced": float(np.linalg.norm(places - usual_places, axis=1).max()) / chips.SIDE,
            "tint": chips.tint(tints, usual_tints),
        }

    def _geometry(self, landmarks: Floats, elapsed: float) -> dict[str, float]:
        self._landmarks.append(landmarks)
        measures = {}
        if len(self._landmarks) == _SHAKE_OF:
            shake = movement.shake(self._landmarks)
            measures["shake"] = shake.whole / _pace(elapsed)
            measures["twitch"] = shake.within / _pace(elapsed)
            # Heads are shaken for long, and cameras drop pictures: that whole says nothing.
            measures["tremor"] = lasting(self._twitches, measures["twitch"])
            step = movement.deformation(self._landmarks[-2], landmarks)
            measures["deformation"] = step / _pace(elapsed)
        return measures


def _without(measures: dict[str, float], names: Collection[str]) -> dict[str, float]:
    return {name: value for name, value in measures.items() if name not in names}


def _by_part(prefix: str, values: Mapping[str, float]) -> dict[str, float]:
    return {part_name(prefix, part): value for part, value in values.items()}


def turn_of(signals: Mapping[str, float]) -> float:
    """Return by how many degrees a face is turned away from the camera."""
    return max(abs(signals["yaw"]), abs(signals["pitch"]))


def _pace(elapsed: float) -> float:
    """Return how many usual steps `elapsed` seconds are, at least 1."""
    return max(1.0, elapsed / _USUAL_STEP)
