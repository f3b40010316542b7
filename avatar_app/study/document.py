"""A report as a list of blocks, written as Markdown and as HTML from the same text."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

_CHAPTER = 2
_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;color:#1d1d1f;max-width:1040px;
margin:40px auto;padding:0 16px}
h1{font-size:2em;line-height:1.2}h2{margin-top:2em;border-bottom:1px solid #ddd;padding-bottom:.2em}
h3{margin-top:1.6em}table{border-collapse:collapse;font-size:13px;margin:1em 0;
display:block;overflow-x:auto}
td,th{padding:3px 9px;border-bottom:1px solid #e5e5e7;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}th{background:#f5f5f7}
figure{margin:1.2em 0}img{max-width:100%}figcaption,caption{
color:#6e6e73;font-size:14px;text-align:left}
.wide td,.wide th{white-space:normal;text-align:left}
h1+p{font-size:1.05em}figure{margin:1.6em 0}tbody tr:hover{background:#fafafc}"""


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of short paragraphs."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table with a caption above; `is_prose` where the cells are sentences."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_prose: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture by its path from the report, with a caption below."""

    path: str
    caption: str


Block = Heading | Text | Points | Table | Picture


def numbered(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with numbers before chapters, tables' and pictures' captions."""
    chapters, tables, pictures = count(1), count(1), count(1)
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) and block.level == _CHAPTER:
            found.append(Heading(block.level, f"{next(chapters)}. {block.text}"))
        elif isinstance(block, Table):
            found.append(replace(block, caption=f"Table {next(tables)}. {block.caption}"))
        elif isinstance(block, Picture):
            found.append(replace(block, caption=f"Figure {next(pictures)}. {block.caption}"))
        else:
            found.append(block)
    return found


def number(value: float | None, digits: int = 2) -> str:
    """Return a number as a cell of a table; a dash where it is not known."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Return a share as a cell of a table; a dash where it is not known."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.0%}"


def to_markdown(blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown."""
    return "\n\n".join(map(_markdown, blocks)) + "\n"


def to_html(blocks: Sequence[Block], title: str) -> str:
    """Write blocks as one HTML page."""
    body = "\n".join(map(_html, blocks))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Text):
        return block.text
    if isinstance(block, Points):
        return "\n".join(f"- {item}" for item in block.items)
    if isinstance(block, Picture):
        return f"![{block.caption}]({block.path})\n\n*{block.caption}*"
    lines = [f"*{block.caption}*", "", _line(block.headings), "|---" * len(block.headings) + "|"]
    return "\n".join([*lines, *(_line(row) for row in block.rows)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        return f"<p>{html.escape(block.text)}</p>"
    if isinstance(block, Points):
        return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Picture):
        caption = html.escape(block.caption)
        return (
            f'<figure><img loading="lazy" src="{html.escape(block.path)}" alt="{caption}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    kind = ' class="wide"' if block.is_prose else ""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>\n"
        for row in block.rows
    )
    return (
        f"<table{kind}><caption>{html.escape(block.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>"
    )
