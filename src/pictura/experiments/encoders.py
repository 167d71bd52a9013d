"""Encoders of several architectures, trained and random: which features make a style?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pictura.encoders.records import RECORDS, STYLE_LAYERS
from pictura.encoders.store import how_to_get
from pictura.experiments.material import JUDGES, is_here
from pictura.experiments.painting import painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Report, Text
from pictura.experiments.run import Options
from pictura.experiments.varying import closing, show_group, source_block, trade_off

RANDOM = "random"


@dataclass(frozen=True)
class Layers:
    """Where style and content are read, and what a step costs in units of `compact`'s, about."""

    style: tuple[str, ...]
    content: str
    cost: float


VGG = Layers(STYLE_LAYERS, "relu4_2", 10.0)
# Of a residual network the stem and the last block of each stage, as peiwang062/swag reads them, as far as the file
# goes.
RESNET18 = Layers(("relu", "layer1.1", "layer2.1", "layer3.1"), "layer3.1", 4.0)
RESNET50 = Layers(("relu", "layer1.2", "layer2.3", "layer3.5"), "layer3.5", 8.0)
DENSENET = Layers(("relu0", "denseblock1", "denseblock2", "denseblock3"), "denseblock3", 8.0)
SQUEEZE = Layers(("relu1", "fire3", "fire5", "fire7", "fire9"), "fire7", 2.0)
# Trained weights by their names; those that are not on this disk are left out and named in the report.
TRAINED = {
    "compact": Layers(STYLE_LAYERS, "relu4_2", 1.0),
    "vgg19-caffe": VGG,
    "vgg19-torchvision": VGG,
    "squeezenet1_1-caffe": SQUEEZE,
    "resnet18-torchvision-to-layer3": RESNET18,
    "resnet50-torchvision": RESNET50,
    "densenet121-torchvision": DENSENET,
}
# Architectures with drawn filters. In batch norm that was never trained nothing happens, so that its nets are left out.
DRAWN = {"vgg19": VGG, "resnet18": RESNET18, "densenet121": DENSENET}


def plan(options: Options) -> list[Piece]:
    """A run for each encoder that is here."""
    pieces = []
    for name, layers in TRAINED.items():
        if is_here(name):
            pieces.append(painting_piece(name, options, _changes(name, layers, options), cost=layers.cost))
    for name, layers in DRAWN.items():
        changes = _changes(name, layers, options)
        pieces.append(painting_piece(f"{name}, {RANDOM}", options, changes, cost=layers.cost, random_weights=True))
    return pieces


def _changes(name: str, layers: Layers, options: Options) -> dict[str, Any]:
    """Half the steps at the small budget: most of these encoders cost ten times the shipped one."""
    style = dict.fromkeys(layers.style, 1.0)
    # Shares of each layer's own variance, the only units in which layers of different networks compare.
    changes = {"encoder": name, "style_layers": style, "content_layers": {layers.content: 1.0}, "loss": "wasserstein"}
    return changes | ({"steps": (30,)} if options.small else {"content_weight": 0.07, "style_weight": 1.0})


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Pictures, distances, and what is not here."""
    trained = {name: one for name, one in found.items() if not name.endswith(RANDOM)}
    drawn = {name: one for name, one in found.items() if name.endswith(RANDOM)}
    missing = [name for name in TRAINED if name not in found]
    told = "; ".join(f"{name}: {how_to_get(RECORDS[name])}" for name in missing)
    blocks = [
        source_block(options),
        *show_group("Trained encoders", "encoder", trained),
        *show_group("The same architectures with random filters", "encoder", drawn),
        trade_off("Style against content", {"trained": trained, "random filters": drawn}),
        *([Text(f"Left out, as their weights are not on this disk: {told}.")] if missing else []),
        Text(
            "VGG with batch norm is left out: no weights of it are known to this program, and its style losses are "
            f"known to fail. An encoder is judged by another one, the first of {', '.join(JUDGES)} that is here."
        ),
        *closing(
            options,
            "Wang, Li and Vasconcelos (CVPR 2021, arXiv 2104.05623) find that plain VGG, even with random filters, "
            "paints better than trained residual networks, whose features have few large peaks.",
            "; style and content terms as shares of each layer's variance instead of Gram matrices",
        ),
    ]  # fmt: skip
    best = min(found, key=lambda name: float(found[name].numbers["judged"]["style"]))
    return Report(
        "Encoders",
        "Which network's features make a style? The same photograph, painting and steps; only the encoder differs.",
        blocks,
        f"Nearest to the painting's style: {best}.",
    )
