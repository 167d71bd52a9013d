"""α/β, the weight of content against style: from the painting's texture to the photograph."""

from collections.abc import Mapping

from pictura.experiments.painting import base_settings, painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Report
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, show_group, source_block, trade_off

# Times the base's α; β stays. CVPR 2016, figure 4, shows four ratios from 1e-4 to 1e-1, a power of ten apart.
FACTORS = (0.01, 0.1, 1 / 3, 1.0, 3.0, 10.0, 100.0)
START = "noise"  # as in the paper: from the photograph its content would be there without a weight, too


def plan(options: Options) -> list[Piece]:
    """A run for each weight."""
    alpha = base_settings(options).content_weight
    return [
        painting_piece(name, options, {"content_weight": factor * alpha, "init": START, **_rate(options)})
        for name, factor in _names(options).items()
    ]


def _rate(options: Options) -> dict[str, float]:
    """Adam's step from noise, as in the preset texture; the paper's own optimizer has its own."""
    return {"learning_rate": 0.1} if options.small else {}


def _names(options: Options) -> dict[str, float]:
    base = base_settings(options)
    ratio = base.content_weight / base.style_weight
    return {f"α/β = {factor * ratio:.2g}": factor for factor in FACTORS}


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """The row of the paper's figure, and the curve between style and content."""
    first, last = next(iter(found)), list(found)[-1]
    return Report(
        "The weight of content against style",
        "What does the ratio α/β do? Photograph, painting, start and steps are the same; only the weight α of the "
        "content differs.",
        [
            source_block(options),
            *show_group("From style to content", "ratio", found),
            trade_off(
                "Style against content", {"α/β": found}, joined=True, note="From the smallest ratio to the largest."
            ),
            *closing(
                options, "CVPR 2016, figure 4, shows four ratios from 0.0001 to 0.1 as pictures, without a table."
            ),
        ],
        f"From {first} to {last} the style distance goes from {_style(found[first])} to {_style(found[last])} and the "
        f"content distance from {_content(found[first])} to {_content(found[last])}.",
    )


def _style(one: Found) -> str:
    return f"{one.numbers['judged']['style']:.3f}"


def _content(one: Found) -> str:
    return f"{one.numbers['judged']['content']:.3f}"
