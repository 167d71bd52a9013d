"""What each layer holds: the photograph from its features, the painting from their statistics; the classic figure."""

from collections.abc import Mapping

import torch

from pictura.encoders.records import STYLE_LAYERS
from pictura.experiments.material import as_pixels, load_material
from pictura.experiments.painting import painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Cell, Pictures, Report, Table
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, source_block
from pictura.metrics.similarity import psnr

CONTENT = {f"content of {layer}": layer for layer in STYLE_LAYERS}
STYLE = {f"style to {layer}": STYLE_LAYERS[: i + 1] for i, layer in enumerate(STYLE_LAYERS)}


def plan(options: Options) -> list[Piece]:
    """From noise: the content of each layer alone, then the style of the layers up to it alone."""
    start = {"init": "noise", "tv_weight": 0.0} | ({"learning_rate": 0.1} if options.small else {})
    content = [
        painting_piece(
            name,
            options,
            start
            | {
                "content_layers": {layer: 1.0},
                "style_layers": {layer: 1.0},
                "content_weight": _alone(options),
                "style_weight": 0.0,
            },
        )
        for name, layer in CONTENT.items()
    ]
    style = [
        painting_piece(
            name, options, start | {"style_layers": dict.fromkeys(layers, 1 / len(layers)), "content_weight": 0.0}
        )
        for name, layers in STYLE.items()
    ]
    return [*content, *style]


def _alone(options: Options) -> float:
    """Weight of the content where nothing is weighed against it: any, in our units; the preset's in the paper's."""
    return 1.0 if options.small else 2e6


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Two rows of pictures and a table."""
    material = load_material(options)
    photo = as_pixels(material.photo)
    first = [Cell("photograph", photo)]
    nearness = {name: _psnr(found[name].pictures["result"], photo) for name in CONTENT}
    content = [Cell(layer, found[n].pictures["result"], f"{nearness[n]:.1f} dB") for n, layer in CONTENT.items()]
    style = [
        Cell(f"to {layers[-1]}", found[n].pictures["result"], f"style {found[n].numbers['judged']['style']:.3f}")
        for n, layers in STYLE.items()
    ]
    rows = [
        [
            layer,
            nearness[f"content of {layer}"],
            found[f"content of {layer}"].numbers["judged"]["content"],
            found[f"style to {layer}"].numbers["judged"]["style"],
        ]
        for layer in STYLE_LAYERS
    ]
    columns = ["layer", "photograph, PSNR in dB", "content, judged", "style up to it, judged"]
    return Report(
        "What each layer holds",
        "From noise the pixels are moved until one layer's features are the photograph's, or until the statistics of "
        "the layers up to it are the painting's. What comes back is what the layer holds.",
        [
            source_block(options),
            Pictures("The photograph from the features of one layer", [("", [*first, *content])]),
            Pictures(
                "The painting from the statistics of the layers up to one",
                [("", [Cell("painting", as_pixels(material.painting)), *style])],
            ),
            Table("The numbers", columns, rows, best={columns[1]: "high", columns[2]: "low", columns[3]: "low"}),
            *closing(options, "arXiv 1508.06576, figure 1, shows these rows without a table."),
        ],
        f"The photograph comes back with {nearness['content of relu1_1']:.1f} dB from relu1_1 and with "
        f"{nearness['content of relu5_1']:.1f} dB from relu5_1.",
    )


def _psnr(pixels: object, photo: object) -> float:
    made, true = (torch.from_numpy(one).permute(2, 0, 1)[None] for one in (pixels, photo))
    return float(psnr(made, true, 1.0))
