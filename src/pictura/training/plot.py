"""Curves of the losses as an SVG, one panel a term, drawn by hand: any browser shows it."""

import math
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from pictura.training.log import LogLine

PANEL_WIDTH, PANEL_HEIGHT = 720, 150  # of a panel, in pixels
_LEFT, _TOP, _BOTTOM = 70, 24, 22
_DECADES = 20.0  # a term whose greatest is so many times its least is drawn on a logarithmic scale
Points = list[tuple[int, float]]


def draw_losses(lines: Sequence[LogLine]) -> str:
    """An SVG of all terms in a log."""
    terms: dict[str, Points] = {}
    for line in lines:
        for name, value in line["losses"].items():
            if math.isfinite(value):
                terms.setdefault(name, []).append((line["step"], value))
    panels = [_panel(name, points, i * PANEL_HEIGHT) for i, (name, points) in enumerate(terms.items())]
    size = f'width="{PANEL_WIDTH}" height="{max(1, len(panels)) * PANEL_HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *panels, "</svg>", ""])


def _panel(name: str, points: Points, top: int) -> str:
    steps, values = [step for step, _ in points], [value for _, value in points]
    low, high = min(values), max(values)
    log = low > 0 and high > _DECADES * low
    scale = math.log if log else float
    x = _axis(steps[0], steps[-1], _LEFT, PANEL_WIDTH - 10)
    y = _axis(scale(low), scale(high), top + PANEL_HEIGHT - _BOTTOM, top + _TOP)
    path = " ".join(f"{x(step):.1f},{y(scale(value)):.1f}" for step, value in points)
    floor = top + PANEL_HEIGHT - _BOTTOM
    return "\n".join(
        [
            f'<path d="M{_LEFT},{top + _TOP}V{floor}H{PANEL_WIDTH - 10}" fill="none" stroke="#bbb"/>',
            f'<text x="{_LEFT}" y="{top + 16}" font-weight="bold">{escape(name)}{" (log)" if log else ""}</text>',
            f'<text x="{PANEL_WIDTH - 10}" y="{top + 16}" text-anchor="end">last {values[-1]:.4g}</text>',
            *(_label(_LEFT - 6, y(scale(value)) + 4, value) for value in dict.fromkeys((low, high))),
            *(_label(x(step), floor + 14, step) for step in dict.fromkeys((steps[0], steps[-1]))),
            f'<polyline points="{path}" fill="none" stroke="#0a62a8" stroke-width="1.2"/>',
        ]
    )


def _axis(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _label(x: float, y: float, value: float) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="end" fill="#555">{value:.4g}</text>'
