"""Saying that a video is synthetic: in the file, for whoever looks, and how to ask a file.

The label is plain text in the file's own tags. It tells honest people the truth; it proves nothing
to others: whoever encodes a video again loses it, and whoever wants to can write it into any file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avatar_app import __version__
from avatar_app.types import AvatarAppError
from avatar_app.video import read_tags

COMMENT = "comment"

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""What the press's vocabulary (IPTC, also used by C2PA) calls pictures made by a trained model."""

_SENTENCE = "AI avatar: a synthetic picture. The person shown did not do what is seen."
_LABEL = re.compile(
    re.escape(_SENTENCE)
    + r" Made with (?P<app>avatar_app \S+) \(model (?P<model>.*)\)\. DigitalSourceType: "
    + re.escape(SOURCE_TYPE)
)

WHAT_IT_PROVES = (
    "A label is plain text in the file: its absence does not make a video genuine, and its "
    "presence does not prove who made it."
)


@dataclass(frozen=True)
class Label:
    """What a labelled file says of itself: the `app` with its version, and the `model`."""

    app: str
    model: str
    comment: str


def label_tags(model: str) -> dict[str, str]:
    """Return the tag that says that a video shows an avatar rendered by `model`.

    People see it among a file's properties, programs read it back. It is the one tag that all
    containers keep. Neither avatar nor time are named: a video should not tell more of its maker
    than the law asks for.
    """
    return {
        COMMENT: f"{_SENTENCE} Made with avatar_app {__version__} (model {_spelled(model)}). "
        f"DigitalSourceType: {SOURCE_TYPE}"
    }


def _spelled(name: str) -> str:
    """Spell what no tag can hold, or what would end it: a file may be called anything."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
    )


def read_label(path: Path) -> Label | None:
    """Return the label of a video file, or None where it has none.

    Raises AvatarAppError for what is no readable video.
    """
    if path.is_dir():
        raise AvatarAppError(f"{path} is a folder; give one video file")
    return _label(read_tags(path))


def _label(tags: Mapping[str, str]) -> Label | None:
    comment = tags.get(COMMENT, "")
    found = _LABEL.search(comment)
    return None if found is None else Label(found["app"], found["model"], comment)
