"""Generators of pix2pix: an encoder-decoder against a U-Net, with L1 and with L1+cGAN."""

from collections.abc import Mapping

from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Published, Report
from pictura.experiments.run import Options
from pictura.experiments.training import (
    WIDTH,
    differs,
    find_task,
    list_scores,
    of_way,
    report_one_way,
    scores_table,
    training_piece,
)
from pictura.experiments.translating import Row

GENERATORS = {"encoder-decoder": "encoder_decoder", "U-Net": "unet_256", "ResNet, 9 blocks": "resnet_9"}
OBJECTIVES = ("L1", "L1+cGAN")
SIDE = 256  # the encoder-decoder halves eight times
TABLE_2 = {
    "encoder-decoder, L1": (0.35, 0.12, 0.08),
    "encoder-decoder, L1+cGAN": (0.29, 0.09, 0.05),
    "U-Net, L1": (0.48, 0.18, 0.13),
    "U-Net, L1+cGAN": (0.55, 0.20, 0.14),
}


def _rows(options: Options) -> dict[str, Row]:
    """All at the size that the encoder-decoder needs; with less width at the small budget."""
    width = {"generator_width": WIDTH, "critic_width": WIDTH} if options.small else {}
    return {
        f"{name}, {objective}": Row("pix2pix", {"generator": generator, "objective": objective} | width, side=SIDE)
        for name, generator in GENERATORS.items()
        for objective in OBJECTIVES
    }


def plan(options: Options) -> list[Piece]:
    """Every generator with both objectives, labels to photographs as in the paper."""
    task = find_task("generators", options, pairs=True)
    way = list(task.directions)[-1]
    return [training_piece(name, one, options, task, way) for name, one in _rows(options).items()]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """The table beside the paper's, and pictures."""
    task = find_task("generators", options, pairs=True)
    way = list(task.directions)[-1]
    runs = of_way(found, way, list(_rows(options)))
    ours = scores_table(f"Ours: {way}", "generator", runs)
    theirs = list_scores("pix2pix, table 2: Cityscapes, labels → photographs", "generator", TABLE_2)
    source = "Isola, Zhu, Zhou and Efros, CVPR 2017, arXiv 1611.07004, revision of November 2018, table 2 (batch 10)."
    question = (
        "What do the skips of the U-Net do? An encoder-decoder has none and must bring all through a few numbers; a "
        "ResNet keeps a quarter of the size. Crops have 256 pixels here, also at the small budget."
    )
    published = Published(ours, theirs, source, differs(options, task))
    return report_one_way("Generators", question, runs, published, way, options)
