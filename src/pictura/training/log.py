"""The log of a run: JSON lines that any tool reads, and the losses drawn as curves that any browser shows."""

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pictura.runtime.documents import parse_json
from pictura.runtime.files import write_atomic

MAX_LINES = 2000  # lines of a log, about; the plot has as many points
PANEL_WIDTH, PANEL_HEIGHT = 720, 150  # pixels of the plot of one loss
_LEFT, _TOP, _BOTTOM = 70, 24, 22
_DECADES = 20.0  # a loss whose maximum is this many times its minimum is drawn on a logarithmic scale

LogLine = dict[str, Any]
Points = list[tuple[int, float]]


class Log:
    """Appends to the file; a log that cannot be written stops no training."""

    def __init__(self, path: Path, steps: int) -> None:
        self.path, self.every = path, math.ceil(steps / MAX_LINES)
        self._values: dict[str, list[float]] = {}  # since the last line; not every step has every loss

    def begin(self, step: int) -> None:
        """Forget what was logged after `step`: a resumed training takes those steps again."""
        kept = [line for line in read_log(self.path) if line["step"] <= step]
        write_atomic(self.path, "".join(json.dumps(line) + "\n" for line in kept).encode(), overwrite=True)

    def add(self, step: int, losses: Mapping[str, float], seconds: float, rate: float) -> None:
        """After each step, from 1."""
        for name, value in losses.items():
            self._values.setdefault(name, []).append(value)
        if step % self.every:
            return
        means = {name: sum(values) / len(values) for name, values in self._values.items()}
        self._values = {}
        line = {"step": step, "losses": means, "seconds": round(seconds, 3), "images_per_second": round(rate, 3)}
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read_log(path: Path) -> list[LogLine]:
    """The whole lines of a log; a torn last one, as a crash leaves it, is passed over."""
    lines: list[LogLine] = []
    with contextlib.suppress(OSError):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                line = parse_json(text)
                if isinstance(line, dict) and isinstance(line.get("step"), int):
                    lines.append(line)
    return lines


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
