"""Which layers: style from the first ones or from all, content from a shallow or a deep one."""

from collections.abc import Mapping

from pictura.encoders.records import STYLE_LAYERS
from pictura.experiments.painting import painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Report
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, select, show_group, source_block, trade_off

# Style up to each layer: the rows of figure 3 in arXiv 1508.06576. With content from relu4_2, as there.
STYLE = {f"style to {layer}": STYLE_LAYERS[: i + 1] for i, layer in enumerate(STYLE_LAYERS)}
# Content from each: CVPR 2016, figure 5, has conv2_2 and conv4_2. These are those that `compact` has.
CONTENT = {f"content from {layer}": layer for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_2")}


def plan(options: Options) -> list[Piece]:
    """A run for each choice of style layers, and one for each content layer."""
    style = [
        painting_piece(
            name, options, {"style_layers": dict.fromkeys(layers, 1 / len(layers)), "content_layers": {"relu4_2": 1.0}}
        )
        for name, layers in STYLE.items()
    ]
    content = [painting_piece(name, options, {"content_layers": {layer: 1.0}}) for name, layer in CONTENT.items()]
    return [*style, *content]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Both rows, and where each run lies between style and content."""
    style, content = select(found, list(STYLE)), select(found, list(CONTENT))
    return Report(
        "Layers of style and content",
        "What do the layers do that style and content are read from? Style from more and deeper layers matches larger "
        "structures of the painting; content from a deeper layer leaves more of the pixels free.",
        [
            source_block(options),
            *show_group("Style from the first layer to all five", "style layers", style, "Content from relu4_2."),
            *show_group("Content from a shallow to a deep layer", "content layer", content, "Style from all five."),
            trade_off("Style against content, by style layers", {"style layers": style}),
            trade_off("Style against content, by content layer", {"content layer": content}),
            *closing(
                options,
                "arXiv 1508.06576, figure 3, and CVPR 2016, figure 5, show such pictures without a table.",
            ),
        ],
        f"Nearest to the painting's style: {_lowest(found, 'style')}; nearest to the photograph: "
        f"{_lowest(found, 'content')}.",
    )


def _lowest(found: Mapping[str, Found], term: str) -> str:
    return min(found, key=lambda name: float(found[name].numbers["judged"][term]))
