"""The report: one HTML file that needs no network, for a person to read and to pass on."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

import cv2

from avatar_app.events import urgency
from avatar_app.glitch.second_opinion import SLIPPED
from avatar_app.inspection.findings import Inspection, clock
from avatar_app.inspection.limits import is_covered
from avatar_app.inspection.moments import Moment, Stretch
from avatar_app.inspection.timeline import COLOURS, STYLE, timeline
from avatar_app.inspection.wording import Wording, parts_of
from avatar_app.overlay import draw_marks
from avatar_app.reports import Span

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
  color: #1c2230; background: #fff; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin-bottom: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.verdict { font-size: 1.15rem; border-left: .4rem solid #8a93a6; padding: .6rem 1rem;
  background: #f4f6f9; }
.verdict.glitch { border-color: #d43c3c; } .verdict.suspect { border-color: #dc8c28; }
.verdict p { margin: .3rem 0; }
.faint { color: #5a6478; font-size: .9rem; }
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr));
  gap: 1rem; }
figure { margin: 0; } figure img { width: 100%; border-radius: .3rem; display: block; }
figcaption { font-size: .9rem; line-height: 1.4; margin-top: .3rem; }
figcaption p { margin: .2rem 0; } figcaption .faint { font-size: .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e3e7ee;
  vertical-align: top; }
.when { white-space: nowrap; }
.settings { font-size: .8rem; color: #5a6478; } .settings td { overflow-wrap: anywhere; }
.dot { display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; }
@media (max-width: 40rem) {
  td, th { display: block; border: 0; padding: 0; } tr { display: block; padding: .3rem 0;
    border-bottom: 1px solid #e3e7ee; }
}
"""
_JPEG_QUALITY = 85
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def report_html(inspection: Inspection) -> str:
    """Return the whole page."""
    name = escape(inspection.video.name)
    kind = "glitch" if inspection.glitches else "suspect" if inspection.is_suspect else "none"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glitches in {name}</title><style>{_STYLE}{STYLE}</style></head><body>
<h1>{name}</h1>
<p class="faint">{_length(inspection)}</p>
<div class="verdict {kind}">{_paragraphs(inspection.findings())}</div>
{_paragraphs(inspection.error_rates(), "faint")}
{_moments(inspection)}
{_limits(inspection)}
<h2>Over time</h2>
<p class="faint">The higher the line, the more the face looks broken to the detector. A gap: nothing
was judged.</p>
{timeline(inspection)}
{_flags(inspection)}
<h2>How it was judged</h2>
<p class="faint">{_HOW[inspection.role]}</p>
{_settings(inspection)}
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


def _paragraphs(sentences: Iterable[str], kind: str = "") -> str:
    return "".join(f'<p class="{kind}">{escape(sentence)}</p>' for sentence in sentences)


def _limits(inspection: Inspection) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in inspection.notes)
    said = (f"<ul>{items}</ul>" if items else "") + _excused(inspection)
    return f"<h2>What could not be judged, or less surely</h2>{said}" if said else ""


def _flags(inspection: Inspection) -> str:
    rows = "".join(
        f'<tr><td class="when"><span class="dot" '
        f'style="background:{COLOURS[span.flag.severity]}"></span> '
        f"{clock(span.begin)} to {clock(span.end)}</td><td>{escape(_why(inspection, span))}</td>"
        "</tr>"
        for span in inspection.spans
    )
    return f"<h2>What was flagged, and when</h2><table>{rows}</table>" if rows else ""


def _why(inspection: Inspection, span: Span) -> str:
    return inspection.wording.sentence(span.flag, span.reason, inspection.at_worst(span))


def _moments(inspection: Inspection) -> str:
    figures = "".join(_figure(moment, inspection.wording) for moment in inspection.moments)
    if not figures:
        return ""
    flagged = any(moment.is_glitch for moment in inspection.moments)
    title = "The worst moments" if flagged else "Nearest to a flag (nothing was flagged)"
    return f'<h2>{title}</h2><div class="moments">{figures}</div>'


def _figure(moment: Moment, wording: Wording) -> str:
    verdict = moment.verdict
    reasons = [
        wording.sentence(flag, verdict.reasons.get(flag, ""), verdict.measures)
        for flag in sorted(verdict.flags, key=urgency)
        if not flag.is_gate
    ]
    if not reasons:
        reasons = [wording.unflagged(verdict.measures)]
    if moment.apart is not None:
        reasons.append(_second_opinion(moment.apart))
    return _captioned(moment, clock(verdict.time), reasons)


def _excused(inspection: Inspection) -> str:
    stretch = inspection.excused
    if stretch is None:
        return ""
    when = f"{clock(stretch.begin)} to {clock(stretch.end)}"
    return f'<div class="moments">{_captioned(stretch.moment, when, [_excuse(stretch)])}</div>'


def _excuse(stretch: Stretch) -> str:
    taken = (
        "what is seen was taken for something before the face"
        if is_covered(stretch.moment.verdict.measures)
        else "the whole picture was taken to be disturbed, by light, camera or connection"
    )
    return f"Not judged here, or not in full: {taken}. See for yourself whether that is so."


def _captioned(moment: Moment, when: str, sentences: Iterable[str]) -> str:
    verdict = moment.verdict
    picture = draw_marks(moment.image, verdict, parts_of(verdict))
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    data = base64.b64encode(jpeg.tobytes()).decode()
    return (
        f'<figure><img alt="the face at {clock(verdict.time)}" '
        f'src="data:image/jpeg;base64,{data}">'
        f"<figcaption><b>{when}</b>{_paragraphs(sentences)}"
        f'<p class="faint">frame {verdict.index}, score {verdict.score:.2f}</p>'
        "</figcaption></figure>"
    )


def _second_opinion(apart: float) -> str:
    if apart < SLIPPED:
        return f"A second landmark finder agrees ({apart:.0%} of the eye distance apart)."
    return (
        f"A second landmark finder sees the points elsewhere ({apart:.0%} of the eye distance): "
        "one of the two slipped, so check whether the face itself is broken."
    )


def _settings(inspection: Inspection) -> str:
    """Return the names and numbers that only a specialist asks for."""
    flags = [
        (f"{span.flag.name} at {clock(span.begin)}", span.reason or "no reason given")
        for span in inspection.spans
    ]
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>"
        for key, value in (*inspection.about.items(), *flags)
    )
    return f'<table class="settings">{rows}</table>'
