"""The documents name all that the code writes, and what they link to is there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from avatar_app.events import Event, Flag
from avatar_app.glitch.measures import CONTEXT, GATES, MEASURES, TURN, part_name
from avatar_app.glitch.signals.chip import PARTS
from avatar_app.perturbations import CASES
from avatar_app.recording import SessionInfo
from avatar_app.reports import FIRST_COLUMNS
from avatar_app.study.edges import EDGE_CASES
from avatar_app.study.measures import METRICS

CHECKOUT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [CHECKOUT / "README.md", *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("models/*.md")]
)


def _named(document: str) -> set[str]:
    """Give what a document names in code letters; a name that ends in _PART once for each part."""
    text = (CHECKOUT / "docs" / document).read_text(encoding="utf-8")
    names = set(re.findall(r"`([^`\s]+)`", text))
    parts = names & {part.replace(" ", "_") for part in PARTS}
    families = {name.removesuffix("_PART") for name in names if name.endswith("_PART")}
    return names | {part_name(family, part) for family in families for part in parts}


@pytest.mark.parametrize(
    ("document", "names"),
    [
        pytest.param("files.md", {flag.name for flag in Flag}, id="flags"),
        pytest.param(
            "files.md", {*FIRST_COLUMNS, *MEASURES, *CONTEXT, TURN, *GATES}, id="columns of frames"
        ),
        pytest.param("files.md", {kind.__name__ for kind in Event.__args__}, id="events"),
        pytest.param(
            "files.md", {field.name for field in dataclasses.fields(SessionInfo)}, id="session.json"
        ),
        pytest.param("files.md", set(CASES), id="edge cases"),
        pytest.param("files.md", set(METRICS), id="metrics of a study"),
        pytest.param("clips.md", set(EDGE_CASES), id="edge clips"),
    ],
)
def test_every_name_in_a_file_is_explained(document: str, names: set[str]) -> None:
    """Whoever meets a name in a file finds it in the documents."""
    assert names - _named(document) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_something(document: Path) -> None:
    """A link or a picture that is a path leads to a file in the checkout."""
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    paths = [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:", target)]
    assert [path for path in paths if not (document.parent / path).exists()] == []
