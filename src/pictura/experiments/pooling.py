"""Max against average pooling in the encoder, on every VGG-like encoder that is here."""

from collections.abc import Mapping

from pictura.experiments.material import is_here
from pictura.experiments.painting import base_settings, painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Report
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, show_group, source_block, trade_off

POOLINGS = ("max", "average")
# Encoder → cost of a step in units of `compact`'s, about.
ENCODERS = {"compact": 1.0, "vgg19-caffe": 10.0}


def _runs(options: Options) -> dict[str, tuple[str, str]]:
    own = base_settings(options).encoder
    names = [name for name in (ENCODERS if options.small else {**ENCODERS, own: 10.0}) if is_here(name)]
    return {f"{pooling} pooling, {encoder}": (encoder, pooling) for encoder in names for pooling in POOLINGS}


def plan(options: Options) -> list[Piece]:
    """A run for each encoder and pooling."""
    return [
        painting_piece(name, options, {"encoder": encoder, "pooling": pooling}, cost=ENCODERS.get(encoder, 10.0))
        for name, (encoder, pooling) in _runs(options).items()
    ]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Pictures and judged distances."""
    best = min(found, key=lambda name: float(found[name].numbers["judged"]["style"]))
    return Report(
        "Max against average pooling",
        "Gatys et al. replace max pooling by average pooling. Does it help? Everything else is the same.",
        [
            source_block(options),
            *show_group("Both poolings", "pooling", found, "compact was trained with max pooling."),
            trade_off("Style against content", {"pooling": found}),
            *closing(
                options,
                "the paper has no table; it says that average pooling gives slightly more appealing results (CVPR "
                "2016, section 2).",
                "; an encoder that is compared is never its own judge where another is on this disk",
            ),
        ],
        f"Nearest to the painting's style: {best}.",
    )
