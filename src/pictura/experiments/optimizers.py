"""Adam, L-BFGS and SGD on one picture: loss by steps and by seconds, from the photograph and from noise."""

from collections.abc import Mapping
from typing import Any

from pictura.experiments.material import told_judge
from pictura.experiments.painting import base_settings, judged_cell, painting_piece
from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Cell, Curves, Pictures, Report, Series, Table, Text, low
from pictura.experiments.run import Options
from pictura.experiments.varying import source_block

# Name → settings. Adam's rates are ours, a tenth and three times of it; L-BFGS takes its full step; SGD's rate is large
# because a pixel's share of the gradient is small: in our trial 3000 diverged, 300 did not.
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "L-BFGS": {"optimizer": "lbfgs", "learning_rate": 1.0},
    "Adam, rate 0.03": {"optimizer": "adam", "learning_rate": 0.03},
    "Adam, rate 0.1": {"optimizer": "adam", "learning_rate": 0.1},
    "Adam, rate 0.003": {"optimizer": "adam", "learning_rate": 0.003},
    "SGD, momentum 0.9": {"optimizer": "sgd", "learning_rate": 300.0},
}
SGD_OF_PAPER = 1e-4  # for the preset `paper`, whose loss is some million times ours
STARTS = {"content": "from the photograph", "noise": "from noise"}
SHARES = (1 / 6, 1 / 3)  # of the steps, after which the picture is shown


def plan(options: Options) -> list[Piece]:
    """Every optimizer from every start."""
    steps = base_settings(options).steps[0]
    marks = [round(share * steps) for share in SHARES]
    pieces = []
    for start in STARTS:
        for name, changes in OPTIMIZERS.items():
            rate = {"learning_rate": SGD_OF_PAPER} if changes["optimizer"] == "sgd" and not options.small else {}
            pieces.append(painting_piece(f"{name}, {start}", options, changes | rate | {"init": start}, marks=marks))
    return pieces


def report(options: Options, found: Mapping[str, Found]) -> Report:
    """Curves, pictures on the way, a table, for each start."""
    base = base_settings(options)
    count = base.steps[0]
    blocks: list[Any] = [source_block(options)]
    lowest = []
    for start, told in STARTS.items():
        runs = {name: found[f"{name}, {start}"] for name in OPTIMIZERS}
        blocks += [_plot(f"Loss by evaluations, {told}", "step", "evaluations of the loss", runs)]
        blocks += [_plot(f"Loss by seconds, {told}", "seconds", "seconds", runs)]
        rows = []
        for name, one in runs.items():
            marks = [Cell(mark, pixels) for mark, pixels in one.pictures.items() if mark != "result"]
            rows.append((name, [*marks, judged_cell(f"step {one.numbers['steps']}", one)]))
        blocks.append(Pictures(f"On the way, {told}", rows))
        blocks.append(_table(f"After {count} evaluations, {told}", runs))
        best = min(runs, key=lambda name: runs[name].numbers["losses"]["total"])
        lowest.append(f"{best} ({told})")
    blocks.append(Text(f"{told_judge(base.encoder)} A step is one evaluation of loss and gradient, for L-BFGS, too."))
    blocks.append(
        Text(
            "Published: the paper prints no table; it says that L-BFGS worked best (CVPR 2016, section 2.3). What "
            f"differs here: {base.encoder} at {options.side} pixels, {count} evaluations, one picture."
        )
    )
    return Report(
        "Optimizers of the pixels",
        "Which optimizer brings the loss of style transfer down fastest, by evaluations and by seconds? Photograph, "
        "painting, loss and start are the same for all.",
        blocks,
        f"Lowest loss after {count} evaluations: {' and '.join(lowest)}.",
    )


def _plot(title: str, axis: str, label: str, runs: Mapping[str, Found]) -> Curves:
    curves = {name: one.numbers["curve"] for name, one in runs.items()}
    top = 1.5 * max(curve["total"][0] for curve in curves.values())
    note = "What leaves the frame at the top is a trial step of L-BFGS." if _leaves(curves, top) else ""
    series = [Series(name, curve[axis], curve["total"]) for name, curve in curves.items()]
    return Curves(title, label, "loss", series, log_y=True, top=top, note=note)


def _leaves(curves: Mapping[str, Any], top: float) -> bool:
    return bool(max(curves["L-BFGS"]["total"]) > top)


def _table(title: str, runs: Mapping[str, Found]) -> Table:
    columns = ["optimizer", "loss", "style term", "content term", "style, judged", "content, judged", "seconds"]
    rows = []
    for name, one in runs.items():
        losses, judged = one.numbers["losses"], one.numbers["judged"]
        terms = [losses[term] for term in ("total", "style", "content")]
        rows.append([name, *terms, judged["style"], judged["content"], one.numbers["seconds"]])
    return Table(title, columns, rows, best=low("loss", "style, judged", "content, judged", "seconds"))
