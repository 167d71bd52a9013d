"""Translators that learn without pairs, beside pix2pix, which has them: CycleGAN's comparison and DualGAN."""

from collections.abc import Mapping

from pictura.experiments.objectives import pix2pix
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Block, Published, Report, Table
from pictura.experiments.run import Options
from pictura.experiments.training import (
    FORWARD,
    WIDTH,
    best_rows,
    differs,
    find_task,
    of_way,
    scores_table,
    sheet,
    told_scores,
    training_piece,
)
from pictura.experiments.translating import SCORES, Row

PIX2PIX = "pix2pix (pairs)"
LAYOUT = "trainA, trainB, testA and testB, of the same names where there are pairs"
# Per-pixel accuracy, per-class accuracy, class IoU: labels to photographs (table 2), photographs to labels (table 3).
TABLE_2 = {
    "CoGAN": (0.40, 0.10, 0.06),
    "BiGAN/ALI": (0.19, 0.06, 0.02),
    "pixel loss + GAN": (0.20, 0.10, 0.04),
    "feature loss + GAN": (0.06, 0.04, 0.01),
    "CycleGAN": (0.52, 0.17, 0.11),
    PIX2PIX: (0.71, 0.25, 0.18),
}
TABLE_3 = {
    "CoGAN": (0.45, 0.11, 0.08),
    "BiGAN/ALI": (0.41, 0.13, 0.07),
    "pixel loss + GAN": (0.47, 0.11, 0.07),
    "feature loss + GAN": (0.50, 0.10, 0.06),
    "CycleGAN": (0.58, 0.22, 0.16),
    PIX2PIX: (0.85, 0.40, 0.32),
}


def _rows(options: Options) -> dict[str, Row]:
    """The papers' networks in the size of the budget; DiscoGAN and CoGAN are made for 64 pixels."""
    if options.small:
        narrow = {"generator": "resnet_6", "generator_width": WIDTH, "critic_width": WIDTH}
        dual = Row("dualgan", {"levels": 7, "size": 128, "width": WIDTH, "critic_width": WIDTH})
        disco = Row("discogan", {"width": WIDTH}, batch=8, side=64)
        # A short search for the code of a picture.
        cogan = Row("cogan", {"width": 128, "starts": 1, "search_steps": 30}, batch=16, side=64)
    else:
        narrow = {"generator": "resnet_9"}
        dual, disco = Row("dualgan"), Row("discogan", batch=64, side=64)
        cogan = Row("cogan", {"size": 128}, batch=128, side=128)
    return {
        "CycleGAN": Row("cyclegan", narrow),
        "DualGAN": dual,
        "DiscoGAN": disco,
        "CoGAN": cogan,
        "BiGAN/ALI": Row("bigan", narrow),
        "pixel loss + GAN": Row("content_gan", narrow),
        "feature loss + GAN": Row("content_gan", narrow | {"content": "feature"}),
        PIX2PIX: Row("pix2pix", pix2pix(options)),
    }


def plan(options: Options) -> list[Piece]:
    """Every method in every direction; pix2pix where there are pairs."""
    task = find_task("unpaired", options, pairs=False, layout=LAYOUT)
    rows = {name: row for name, row in _rows(options).items() if task.paired or name != PIX2PIX}
    return [training_piece(name, row, options, task, way) for way in task.directions for name, row in rows.items()]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Tables beside CycleGAN's, and pictures."""
    task = find_task("unpaired", options, pairs=False, layout=LAYOUT)
    blocks: list[Block] = []
    ways = {way: of_way(found, way, list(_rows(options))) for way in task.directions}
    for way, runs in ways.items():
        published, number = (TABLE_3, 3) if way == FORWARD else (TABLE_2, 2)
        theirs = Table(
            f"CycleGAN, table {number}: Cityscapes", ["method", *SCORES], [[n, *v] for n, v in published.items()]
        )
        source = "Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593. DualGAN and DiscoGAN are not in its tables."
        blocks.append(Published(scores_table(f"Ours: {way}", "method", runs), theirs, source, differs(options, task)))
        blocks.append(sheet(f"Test pictures, {way}", runs))
    return Report(
        "Translation without pairs",
        "How far do methods come that see two sets of pictures, but no pairs? pix2pix, which has the pairs, is the "
        "upper bound.",
        [*blocks, told_scores(options)],
        best_rows(ways),
    )
