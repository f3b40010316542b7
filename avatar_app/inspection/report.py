"""The report: one HTML file that needs no network, for a person to read and to pass on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from html import escape

import cv2

from avatar_app.events import Flag, urgency
from avatar_app.glitch.second_opinion import SLIPPED
from avatar_app.inspection.findings import Inspection, Moment, clock
from avatar_app.inspection.timeline import COLOURS, timeline_svg
from avatar_app.overlay import draw_verdict, reason_of

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1c2230; background: #fff; }
h1 { font-size: 1.5rem; margin-bottom: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.verdict { font-size: 1.15rem; border-left: .4rem solid #3c8c5a; padding: .6rem 1rem;
  background: #f4f6f9; }
.verdict.glitch { border-color: #d43c3c; } .verdict.none { border-color: #8a93a6; }
.verdict.suspect { border-color: #dc8c28; }
.verdict p { margin: .3rem 0; }
.faint { color: #5a6478; font-size: .9rem; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: #3a4458; } .right { text-anchor: end; } .middle { text-anchor: middle; }
.ground { fill: #f4f6f9; } .curve { fill: none; stroke: #2c5ea8; stroke-width: 1.5; }
.limit { stroke: #d43c3c; stroke-dasharray: 5 4; } svg .limit-word { fill: #d43c3c; }
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figure img { width: 100%; border-radius: .3rem; display: block; }
figcaption { font-size: .85rem; margin-top: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e3e7ee;
  vertical-align: top; overflow-wrap: anywhere; }
.dot { display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; }
"""
_JPEG_QUALITY = 85
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def report_html(inspection: Inspection) -> str:
    """Return the whole page."""
    name = escape(inspection.video.name)
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in inspection.summary())
    kind = "" if inspection.judged_seconds else "none"
    kind = "glitch" if inspection.glitches else "suspect" if inspection.is_suspect else kind
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glitches in {name}</title><style>{_STYLE}</style></head><body>
<h1>{name}</h1>
<p class="faint">{_length(inspection)}</p>
<div class="verdict {kind}">{sentences}</div>
{_notes(inspection.notes)}
<h2>Over time</h2>{timeline_svg(inspection)}
{_flags(inspection)}
{_moments(inspection)}
<h2>How it was judged</h2>
<p class="faint">{_HOW[inspection.role]}</p>
{_table(inspection.about.items())}
</body></html>
"""


_HOW = {
    "video": "The video alone was looked at. A glitch is a moment in which the face looks broken "
    "in a way that driven avatars break. A hand before the face, bad light or strong compression "
    "can look alike; whether a video is genuine cannot be told from it.",
    "driver": "The video was looked at beside the avatar's photo and the driver. A glitch is a "
    "moment in which the avatar looks broken or does not do what the driver does.",
}


def _length(inspection: Inspection) -> str:
    return (
        f"{len(inspection.rows)} frames, {inspection.seconds:.1f} s, "
        f"{escape(inspection.about['pictures'])}"
    )


def _notes(notes: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h2>What could not be judged, or less surely</h2><ul>{items}</ul>" if items else ""


def _flags(inspection: Inspection) -> str:
    if not inspection.spans:
        return ""
    rows = "".join(
        f'<tr><td><span class="dot" style="background:{COLOURS[span.flag.severity]}"></span> '
        f"{clock(span.begin)} to {clock(span.end)}</td>"
        f"<td>{escape(inspection.words(span.flag))}</td><td>{escape(span.reason)}</td></tr>"
        for span in inspection.spans
    )
    return f"<h2>Flags</h2><table><tr><th>when</th><th>what</th><th>why</th></tr>{rows}</table>"


def _moments(inspection: Inspection) -> str:
    figures = "".join(_figure(moment, inspection.words) for moment in inspection.moments)
    if not figures:
        return ""
    flagged = any(moment.is_glitch for moment in inspection.moments)
    title = "The worst moments" if flagged else "The highest scores (nothing was flagged)"
    return f'<h2>{title}</h2><div class="moments">{figures}</div>'


def _figure(moment: Moment, words_of: Callable[[Flag], str]) -> str:
    verdict = moment.verdict
    picture = draw_verdict(moment.image, verdict)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    data = base64.b64encode(jpeg.tobytes()).decode()
    words = f"{clock(verdict.time)}, frame {verdict.index}, score {verdict.score:.2f}"
    reasons = "".join(
        f"<br>{escape(words_of(flag))} {escape(reason_of(verdict, flag))}"
        for flag in sorted(verdict.flags, key=urgency)
        if not flag.is_gate
    )
    if moment.apart is not None:
        reasons += f"<br>{escape(_second_opinion(moment.apart))}"
    return (
        f'<figure><img alt="the face at {clock(verdict.time)}" '
        f'src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{words}{reasons}</figcaption></figure>"
    )


def _second_opinion(apart: float) -> str:
    if apart < SLIPPED:
        return f"A second landmark finder agrees ({apart:.0%} of the eye distance apart)."
    return (
        f"A second landmark finder sees the points elsewhere ({apart:.0%} of the eye distance): "
        "one of the two slipped, so look whether the face itself is broken."
    )


def _table(items: Iterable[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in items
    )
    return f"<table>{rows}</table>"
