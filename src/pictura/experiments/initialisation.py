"""What a run starts from: the photograph, the painting, grey, or noise of several seeds."""

from collections.abc import Mapping
from typing import Any

from pictura.experiments.painting import painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Curves, Report, Series
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, show_group, source_block

STARTS: dict[str, dict[str, Any]] = {
    "photograph": {"init": "content"},
    "painting": {"init": "style"},
    "grey": {"init": "grey"},
    "noise, seed 0": {"init": "noise"},
    "noise, seed 1": {"init": "noise", "seed": 1},
    "noise, seed 2": {"init": "noise", "seed": 2},
    "AdaIN's picture": {"init": "adain"},
}


def plan(options: Options) -> list[Piece]:
    """A run from each start."""
    # Ours, of the preset texture: from noise every pixel has far to go.
    rate = {"learning_rate": 0.1} if options.small else {}
    return [painting_piece(name, options, changes | rate) for name, changes in STARTS.items()]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Pictures and curves."""
    curves = {name: one.numbers["curve"] for name, one in found.items()}
    top = 1.5 * max(curve["total"][0] for curve in curves.values())
    series = [Series(name, curve["step"], curve["total"]) for name, curve in curves.items()]
    losses = {name: one.numbers["losses"]["total"] for name, one in found.items()}
    return Report(
        "Where a run starts",
        "Does the first image bias the result? The same photograph, painting and loss from seven starts.",
        [
            source_block(options),
            *show_group("From each start", "start", found),
            Curves("Loss by steps", "steps", "loss", series, log_y=True, top=top),
            *closing(
                options,
                "CVPR 2016, figure 6, shows four pictures without a table, and says that different starts bias the "
                "result only a little, and that noise alone gives variety.",
            ),
        ],
        f"The last losses lie between {min(losses.values()):.3g} ({min(losses, key=losses.__getitem__)}) and "
        f"{max(losses.values()):.3g} ({max(losses, key=losses.__getitem__)}).",
    )
