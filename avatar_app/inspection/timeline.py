"""A video as one drawing: the score over time, and below it when which flag was up."""

from __future__ import annotations

from html import escape

import numpy as np

from avatar_app.events import Severity, urgency
from avatar_app.inspection.findings import Inspection, clock

COLOURS = {Severity.SEVERE: "#d43c3c", Severity.MILD: "#d98a22", Severity.GATE: "#a89a2c"}

_WIDTH, _LEFT, _RIGHT = 960, 160, 12
_CURVE, _TOP, _ROW = 150, 14, 22
_POINTS = 1500
_TICKS = 8


def timeline_svg(inspection: Inspection) -> str:
    """Return the drawing as SVG."""
    flags = sorted({span.flag for span in inspection.spans}, key=urgency)
    bottom = _TOP + _CURVE + _ROW * len(flags)
    scale = (_WIDTH - _LEFT - _RIGHT) / max(inspection.seconds, 1e-3)
    limit = _y(inspection.threshold)
    parts = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" height="{_CURVE}" '
        'class="ground"/>',
        *(
            f'<text x="{_LEFT - 8}" y="{_y(value) + 4:.1f}" class="right">{value:g}</text>'
            for value in (0, 0.5, 1)
        ),
        f'<text x="8" y="{_TOP + 12}">score</text>',
        *_curves(inspection, scale),
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{limit:.1f}" y2="{limit:.1f}" '
        'class="limit"/>',
        f'<text x="{_LEFT - 34}" y="{limit + 4:.1f}" class="right limit-word">threshold</text>',
    ]
    for row, flag in enumerate(flags):
        top = _TOP + _CURVE + 4 + row * _ROW
        parts.append(f'<text x="8" y="{top + 13}">{escape(flag.name)}</text>')
        for span in inspection.spans:
            if span.flag is flag:
                width = max(2.0, (span.end - span.begin) * scale)
                parts.append(
                    f'<rect x="{_LEFT + span.begin * scale:.1f}" y="{top}" width="{width:.1f}" '
                    f'height="{_ROW - 6}" rx="2" fill="{COLOURS[flag.severity]}">'
                    f"<title>{escape(span.reason or flag.name)}</title></rect>"
                )
    parts += _ticks(inspection.seconds, scale, bottom)
    return f'<svg viewBox="0 0 {_WIDTH} {bottom + 24}" role="img">{"".join(parts)}</svg>'


def _curves(inspection: Inspection, scale: float) -> list[str]:
    """Return a line for each run of judged frames; of many frames the worst of each bin."""
    rows = inspection.rows
    step = max(1, len(rows) // _POINTS)
    bins = [rows[at : at + step] for at in range(0, len(rows), step)]
    lines, line = [], ""
    for part in bins:
        scores = [row.score for row in part if row.score is not None]
        if scores:
            line += f"{_LEFT + part[0].time * scale:.1f},{_y(max(scores)):.1f} "
        elif line:
            lines.append(line)
            line = ""
    lines += [line] if line else []
    return [f'<polyline points="{points.strip()}" class="curve"/>' for points in lines]


def _ticks(seconds: float, scale: float, bottom: float) -> list[str]:
    return [
        f'<text x="{_LEFT + at * scale:.1f}" y="{bottom + 18}" class="middle">{clock(at)}</text>'
        for at in np.linspace(0, seconds, _TICKS, endpoint=False)
    ]


def _y(score: float) -> float:
    return _TOP + (1 - score) * _CURVE
