"""The patch that pix2pix's critic sees: from one pixel to the whole picture."""

from collections.abc import Mapping

from pictura.experiments.objectives import row
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Published, Report
from pictura.experiments.run import Options
from pictura.experiments.training import (
    differs,
    find_task,
    list_scores,
    of_way,
    report_one_way,
    scores_table,
    training_piece,
)

# By the name of the critic; at 128 pixels the largest patch is 142, wider than the picture.
PATCHES = {
    "small": {"1×1": "pixel", "16×16": "patch16", "70×70": "patch70", "142×142": "patch142"},
    "paper": {"1×1": "pixel", "16×16": "patch16", "70×70": "patch70", "286×286": "patch286"},
}
TABLE_3 = {
    "1×1": (0.39, 0.15, 0.10),
    "16×16": (0.65, 0.21, 0.17),
    "70×70": (0.66, 0.23, 0.17),
    "286×286": (0.42, 0.16, 0.11),
}


def plan(options: Options) -> list[Piece]:
    """Every patch, labels to photographs as in the paper."""
    task = find_task("patches", options, pairs=True)
    way = list(task.directions)[-1]
    return [
        training_piece(name, row(options, critic=critic), options, task, way)
        for name, critic in PATCHES[options.budget].items()
    ]


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """The table beside the paper's, and pictures."""
    task = find_task("patches", options, pairs=True)
    way = list(task.directions)[-1]
    runs = of_way(found, way, list(PATCHES[options.budget]))
    ours = scores_table(f"Ours: {way}", "patch", runs)
    theirs = list_scores("pix2pix, table 3: Cityscapes, labels → photographs", "patch", TABLE_3)
    source = "Isola, Zhu, Zhou and Efros, CVPR 2017, arXiv 1611.07004, table 3."
    question = (
        "How much of the picture should the critic see at once? The objective is L1+cGAN; only the critic's "
        "depth differs."
    )
    published = Published(ours, theirs, source, differs(options, task))
    return report_one_way("Patches of the critic", question, runs, published, way, options)
