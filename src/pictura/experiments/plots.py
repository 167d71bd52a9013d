"""Curves as SVG, drawn by matplotlib; ink takes the page's colour, so that they serve light and dark."""

import io
import math
import re
from typing import TYPE_CHECKING, Any

from pictura.experiments.report import Curves
from pictura.runtime.errors import PicturaError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Of middle lightness, told apart on white and on black, and by most with a weakness for red or green.
COLOURS = ("#3d85c6", "#e07b2e", "#3a9d6a", "#b565a7", "#a08a2c", "#7b79d6", "#cf5b56", "#4a9ea8")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK = "#010203"  # stands for the page's own colour until the SVG is written
SIZE = (5.2, 3.3)  # inches: at 390 pixels of width the letters are still read
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # letters stay letters: they can be searched, and take a tenth of the bytes
    "font.family": "sans-serif",
    "font.size": 10,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def check_plots() -> None:
    """Refuse to begin without what draws the curves.

    Raises:
        PicturaError: says how to install it.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise PicturaError(
            "Reports need matplotlib, which is not installed: run `pip install 'pictura[experiments]'`."
        ) from error


def draw_curves(curves: Curves) -> str:
    """The plot as an SVG element for a page, the same bytes for the same values."""
    import matplotlib
    from matplotlib.figure import Figure

    # Names inside an SVG must differ from those of others on the page.
    style: Any = {**STYLE, "svg.hashsalt": curves.title + curves.x + curves.y}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=SIZE, layout="constrained")
        _draw(figure.add_subplot(), curves)
        file = io.StringIO()
        nothing: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return _embed(file.getvalue(), curves.title)


def _draw(axes: "Axes", curves: Curves) -> None:
    width = 1.6 if curves.joined else 0.0
    for i, series in enumerate(curves.series):
        points = [(x, y) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(x) and math.isfinite(y)]
        x, y = [a for a, _ in points], [b for _, b in points]
        mark = MARKS[i % len(MARKS)] if curves.points else None
        axes.plot(x, y, label=series.name, color=COLOURS[i % len(COLOURS)], marker=mark, markersize=5, linewidth=width)
    places = [place for series in curves.series for place in zip(series.x, series.y, strict=True)]
    for label, place in zip(curves.labels, places, strict=False):
        axes.annotate(label, place, textcoords="offset points", xytext=(6, 5), fontsize=8)
    if curves.log_x:
        axes.set_xscale("log")
        if curves.points and curves.series:  # the few values that there are
            axes.set_xticks(list(curves.series[0].x), [f"{x:g}" for x in curves.series[0].x])
            axes.minorticks_off()
    if curves.log_y:
        axes.set_yscale("log")
    axes.set_xlabel(curves.x)
    axes.set_ylabel(curves.y)
    axes.margins(x=0.04, y=0.08)
    if curves.top is not None:
        shown = [v for series in curves.series for v in series.y if math.isfinite(v) and v <= curves.top]
        axes.set_ylim(min(shown, default=0.0) * (0.85 if curves.log_y else 1.0), curves.top)
    axes.grid(alpha=0.2, color=INK, linewidth=0.6)
    if len(curves.series) > 1:
        columns = 2 if max(len(series.name) for series in curves.series) > 16 else 3
        axes.figure.legend(loc="outside lower center", ncols=min(columns, len(curves.series)), fontsize=9)


def _embed(svg: str, title: str) -> str:
    """The element alone, without what only a file needs and without fixed measures."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\s+xmlns:\w+="[^"]*"', "", svg, count=4).replace("xlink:href", "href")
    escaped = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escaped}"', 1)
    # The fonts that matplotlib lists are those of its own machine.
    svg = re.sub(r"(font: [\d.]+px) [^;\"]*", r"\1 system-ui, sans-serif", svg)
    return svg.replace(INK, "currentColor")
