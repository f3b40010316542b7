"""A video over time: how likely a glitch is, and below it when which flag was up.

The words are HTML beside drawings that stretch: so they stay readable on a narrow page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from avatar_app.events import Flag, Severity, urgency
from avatar_app.glitch.judge import log_odds
from avatar_app.inspection.findings import SUSPECT_SCORE, Inspection, clock
from avatar_app.inspection.holes import holes
from avatar_app.reports import Row

COLOURS = {Severity.SEVERE: "#d43c3c", Severity.MILD: "#d98a22", Severity.GATE: "#a89a2c"}

STYLE = """
.timeline { display: grid; grid-template-columns: 7rem 1fr; column-gap: .6rem;
  font-size: .8rem; line-height: 1.2; color: #3a4458; }
.axis { display: flex; flex-direction: column; justify-content: space-between; text-align: right; }
.plot { position: relative; height: 10rem; background: #f4f6f9; }
.plot svg { position: absolute; width: 100%; height: 100%; }
.plot polyline, .plot line { fill: none; vector-effect: non-scaling-stroke; }
.curve { stroke: #2c5ea8; stroke-width: 1.5; }
.limit { stroke: #d43c3c; stroke-dasharray: 5 4; }
.look { stroke: #c8862c; stroke-dasharray: 2 4; }
.plot span { position: absolute; left: .3rem; transform: translateY(-100%); padding: 0 .2rem; }
.limit-word { color: #b32626; } .look-word { color: #8a5a14; }
.name { text-align: right; padding-top: .35rem; }
.track { position: relative; min-height: 1rem; margin-top: .35rem; background: #f4f6f9; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 2px; }
.ticks { position: relative; height: 1.4rem; grid-column: 2; margin-top: .3rem; }
.ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.ticks span:first-child { transform: none; }
@media (max-width: 40rem) {
  .timeline { grid-template-columns: 5rem 1fr; column-gap: .4rem; font-size: .75rem; }
  .ticks span:nth-child(even) { display: none; }
}
"""

_NAMES = {
    Flag.FACE_MISSING: "face lost",
    Flag.FACE_DISTORTED: "distorted",
    Flag.IDENTITY_DRIFT: "less alike",
    Flag.DRIVER_MISMATCH: "unlike the driver",
    Flag.WARP_FOLDED: "folded or torn",
    Flag.BLURRED: "smeared",
    Flag.JITTER: "trembling",
    Flag.FROZEN: "standing still",
    Flag.DRIVER_MISSING: "no driver",
    Flag.SECOND_FACE: "second face",
    Flag.OUT_OF_POSE: "driver turned",
    Flag.LOW_LIGHT: "driver in the dark",
    Flag.OCCLUDED: "driver covered",
}
_WIDTH, _HEIGHT = 1000, 100  # of the drawing, which is stretched
_BELOW, _ABOVE = 8.0, 2.0  # log-odds shown on either side of the threshold
_POINTS = 1500
_TICKS = 8
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def timeline(inspection: Inspection) -> str:
    """Return it as HTML that needs `STYLE`."""
    flags = sorted({span.flag for span in inspection.spans}, key=urgency)
    tracks = "".join(
        f'<div class="name">{_NAMES[flag]}</div><div class="track">{_bars(inspection, flag)}</div>'
        for flag in flags
    )
    ticks = "".join(
        f'<span style="left:{_share(at, inspection):.2%}">{words}</span>'
        for at, words in ticks_of(inspection.seconds)
    )
    return (
        '<div class="timeline"><div class="axis"><span>glitch likely</span>'
        f"<span>unlikely</span></div>{_plot(inspection)}{tracks}"
        f'<div class="ticks">{ticks}</div></div>'
    )


def ticks_of(seconds: float) -> list[tuple[float, str]]:
    """Return round times from 0 on within a video of so many seconds, with their words."""
    step = next((step for step in _STEPS if seconds / step <= _TICKS), _STEPS[-1])
    times = [count * step for count in range(int(seconds / step + 1e-6) + 1)]
    if step < 1:
        return [(at, f"{at:.1f} s") for at in times]
    return [(at, f"{at // 60:.0f}:{at % 60:02.0f}") for at in times]


def _plot(inspection: Inspection) -> str:
    limit = inspection.threshold
    lines = [("limit", limit, "flagged from here on")]
    if limit > SUSPECT_SCORE:
        lines.append(("look", SUSPECT_SCORE, "worth a look"))
    drawn = "".join(
        f'<line class="{kind}" x1="0" x2="{_WIDTH}" y1="{_y(score, limit):.1f}" '
        f'y2="{_y(score, limit):.1f}"/>'
        for kind, score, _ in lines
    )
    words = "".join(
        f'<span class="{kind}-word" style="top:{_y(score, limit) / _HEIGHT:.1%}">{said}</span>'
        for kind, score, said in lines
    )
    return (
        f'<div class="plot"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="how likely a glitch is, over time">{drawn}'
        f"{''.join(_curves(inspection))}</svg>{words}</div>"
    )


def _bars(inspection: Inspection, flag: Flag) -> str:
    return "".join(
        f'<i style="left:{_share(span.begin, inspection):.2%};'
        f"width:{_share(span.end - span.begin, inspection):.2%};"
        f'background:{COLOURS[flag.severity]}" '
        f'title="{clock(span.begin)} to {clock(span.end)}: {escape(span.reason)}"></i>'
        for span in inspection.spans
        if span.flag is flag
    )


def _curves(inspection: Inspection) -> list[str]:
    """Return a line for each run of judged frames; of many frames the worst of each bin."""
    lines, line = [], ""
    for part in _bins(inspection.rows):
        scores = [row.score for row in part if row.score is not None]
        if scores:
            x = _WIDTH * _share(part[0].time, inspection)
            line += f"{x:.1f},{_y(max(scores), inspection.threshold):.1f} "
        elif line:
            lines.append(line)
            line = ""
    return [f'<polyline points="{points.strip()}" class="curve"/>' for points in lines]


def _bins(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield the frames of which one point is drawn each, and none where there are no pictures."""
    step = max(1, len(rows) // _POINTS)
    edges = [0, *(hole.after.index for hole in holes(rows)), len(rows)]
    for begin, end in pairwise(edges):
        yield from (rows[at : min(at + step, end)] for at in range(begin, end, step))
        yield ()


def _share(time: float, inspection: Inspection) -> float:
    return time / max(inspection.seconds, 1e-3)


def _y(score: float, threshold: float) -> float:
    """Return where a score lies by its log-odds: so near misses are seen, however high it is."""
    away = log_odds(min(max(score, 1e-9), 1 - 1e-9)) - log_odds(threshold)
    return _HEIGHT * (_ABOVE - min(max(away, -_BELOW), _ABOVE)) / (_ABOVE + _BELOW)
