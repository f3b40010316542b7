"""What an evaluation found, as values, as a JSON file and as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from avatar_app.evaluation.scores import LOST_FACE, Scores
from avatar_app.face_signals import SIGNALS
from avatar_app.files import write_json

MODEL, PREVIOUS, STILL, WARP = "model", "previous model", "still source", "landmark warp"
ANCHORS = (STILL, WARP)

_FORMAT = 1


@dataclass(frozen=True)
class Jitter:
    """Shake of the landmarks while the driver stands still before a noisy camera.

    Root mean square in pixels at 256 x 256: of the `driver`'s own landmarks (the ruler's share)
    and of the `rendered` ones.
    """

    driver: float
    rendered: float


@dataclass(frozen=True)
class Table:
    """Rows of text to show: `title`, `headings` and cells."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Evaluation:
    """The quality of a model beside its anchors.

    `clips`: by clip, `totals`: over all, each by way to render (`MODEL`, `PREVIOUS` if one was
    given, `STILL`, `WARP`), for self-reconstruction: a clip's first frame driven by the clip.
    `avatars`: by portrait, `avatars_total`: over all portraits, for portraits driven by all clips
    (empty and None without portraits). `about` says what was measured with what; `notes` what was
    left out and why. `sheet` and `avatar_sheet` are the pictures that were written.
    """

    totals: Mapping[str, Scores]
    clips: Mapping[str, Mapping[str, Scores]]
    avatars: Mapping[str, Scores]
    avatars_total: Scores | None
    jitter: Jitter | None
    about: Mapping[str, object]
    notes: Sequence[str]
    sheet: Path | None = None
    avatar_sheet: Path | None = None

    def save_json(self, path: Path) -> None:
        """Write everything as JSON. Raises AvatarAppError where `path` cannot be written."""
        content = asdict(self)
        for name in ("sheet", "avatar_sheet"):
            content[name] = content[name] and str(content[name])
        write_json(path, {"format": _FORMAT, **content}, indent=1)

    def tables(self) -> list[Table]:
        """Return the totals, the clips one by one, and the portraits, for people to read."""
        tables = [
            Table("Self-reconstruction, all clips", ("", *_HEADINGS), _rows(self.totals)),
            Table(
                "Self-reconstruction, clip by clip (! an anchor is better)",
                ("clip", *_HEADINGS),
                [[name, *_clip_cells(scores)] for name, scores in self.clips.items()],
            ),
        ]
        if self.avatars_total is not None:
            everything = {**self.avatars, "all portraits": self.avatars_total}
            tables.append(
                Table(
                    "Portraits driven by all clips",
                    ("portrait", *_HEADINGS),
                    _rows(everything),
                )
            )
        return tables

    def remarks(self) -> list[str]:
        """Return what must be said beside the tables: how it was measured, what was left out."""
        remarks = [
            "L1 in [0, 1]; AKD in pixels at 256 x 256 over frames with both faces, AKD+ with "
            f"{LOST_FACE} for a lost one; MFR: faces lost; id: median descriptor distance; "
            "yaw ... eyes: correlation with the driver. The landmark warp is made of the very "
            "landmarks that AKD compares."
        ]
        if self.jitter is not None:
            remarks.append(
                f"Landmark jitter with a still driver and a noisy camera: "
                f"{self.jitter.rendered:.2f} px (the driver's own: {self.jitter.driver:.2f} px)."
            )
        return [*remarks, *self.notes]


_HEADINGS = ("L1", "LPIPS", "AKD", "AKD+", "MFR", "id", *SIGNALS)


def _rows(scores: Mapping[str, Scores]) -> list[list[str]]:
    return [[name, *_cells(one)] for name, one in scores.items()]


def _cells(scores: Scores) -> list[str]:
    return [
        _number(scores.l1, 4),
        _number(scores.lpips, 3),
        _number(scores.akd, 2),
        _number(scores.akd_penalised, 2),
        "-" if scores.mfr is None else f"{scores.mfr:.1%}",
        _number(scores.identity, 2),
        *(_number(scores.correlation[name], 2) for name in SIGNALS),
    ]


def _clip_cells(scores: Mapping[str, Scores]) -> list[str]:
    """Return the model's cells, distances that an anchor beats marked.

    In landmark distance the warp is no rival: it is made of the very landmarks.
    """
    cells = _cells(scores[MODEL])
    rivals = {"l1": ANCHORS, "lpips": ANCHORS, "akd": (STILL,), "akd_penalised": (STILL,)}
    for column, (name, anchors) in enumerate(rivals.items()):
        own = getattr(scores[MODEL], name)
        theirs = [getattr(scores[anchor], name) for anchor in anchors]
        if own is not None and any(other is not None and other < own for other in theirs):
            cells[column] += "!"
    return cells


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
