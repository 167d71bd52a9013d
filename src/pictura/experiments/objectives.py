"""The terms of pix2pix's objective: L1, GAN, cGAN and their sums, each trained alike."""

from collections.abc import Mapping
from typing import Any

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

OBJECTIVES = ("L1", "GAN", "cGAN", "L1+GAN", "L1+cGAN")
# Per-pixel accuracy, per-class accuracy, class IoU.
TABLE_1 = {
    "L1": (0.42, 0.15, 0.11),
    "GAN": (0.22, 0.05, 0.01),
    "cGAN": (0.57, 0.22, 0.16),
    "L1+GAN": (0.64, 0.20, 0.15),
    "L1+cGAN": (0.66, 0.23, 0.17),
    "ground truth": (0.80, 0.26, 0.21),
}
TABLE_6 = {"L1": (0.86, 0.42, 0.35), "cGAN": (0.74, 0.28, 0.22), "L1+cGAN": (0.83, 0.36, 0.29)}


def row(options: Options, **changes: str) -> Row:
    """pix2pix as released, in the size of the budget."""
    return Row("pix2pix", pix2pix(options) | changes)


def pix2pix(options: Options) -> dict[str, Any]:
    """Settings of pix2pix as released, and of a narrow one for 128 pixels."""
    if options.small:
        return {"generator": "unet_128", "generator_width": WIDTH, "critic_width": WIDTH}
    return {"generator": "unet_256"}


def plan(options: Options) -> list[Piece]:
    """Every objective in every direction."""
    task = find_task("objectives", options, pairs=True)
    return [
        training_piece(name, row(options, objective=name), options, task, way)
        for way in task.directions
        for name in OBJECTIVES
    ]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Tables beside the paper's, and pictures."""
    task = find_task("objectives", options, pairs=True)
    blocks: list[Block] = []
    ways = {way: of_way(found, way, OBJECTIVES) for way in task.directions}
    for way, runs in ways.items():
        published, number = (TABLE_6, 6) if way == FORWARD else (TABLE_1, 1)
        theirs = Table(
            f"pix2pix, table {number}: Cityscapes, {way}",
            ["objective", *SCORES],
            [[n, *v] for n, v in published.items()],
        )
        source = "Isola, Zhu, Zhou and Efros, CVPR 2017, arXiv 1611.07004, revision of November 2018."
        blocks.append(
            Published(scores_table(f"Ours: {way}", "objective", runs), theirs, source, differs(options, task))
        )
        blocks.append(sheet(f"Test pictures, {way}", runs))
    return Report(
        "Objectives of pix2pix",
        "What does each term of the objective do? The same generator, critic, data and time; only the objective "
        "differs.",
        [*blocks, told_scores(options)],
        best_rows(ways),
    )
