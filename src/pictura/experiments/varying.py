"""Experiments in which one thing varies: pictures, style against content, and a table, in the same form for all."""

from collections.abc import Mapping, Sequence

from pictura.experiments.material import as_pixels, load_material, told_judge
from pictura.experiments.painting import base_settings, judged_cell
from pictura.experiments.pieces import Found
from pictura.experiments.report import Block, Cell, Curves, Pictures, Series, Table, Text, low
from pictura.experiments.run import Options

Group = Mapping[str, Found]


def show_group(title: str, what: str, runs: Group, note: str = "") -> list[Block]:
    """Pictures of one group of runs, and its table whose first column is headed `what`."""
    cells = [judged_cell(name, one) for name, one in runs.items()]
    return [Pictures(title, [("", cells)], note=note), judged_table(f"{title}: the numbers", what, runs)]


def judged_table(title: str, what: str, runs: Group) -> Table:
    """What the judge says of each run, and its time."""
    rows = []
    for name, one in runs.items():
        judged = one.numbers["judged"]
        rows.append([name, judged["style"], judged["content"], one.numbers["steps"], one.numbers["seconds"]])
    columns = [what, "style, judged", "content, judged", "steps", "seconds"]
    return Table(title, columns, rows, best=low("style, judged", "content, judged"))


def trade_off(title: str, groups: Mapping[str, Group], *, joined: bool = False, note: str = "") -> Curves:
    """Style against content distance, a labelled point each run; `joined` where their order means something."""
    series, labels = [], list[str]()
    for name, runs in groups.items():
        judged = [one.numbers["judged"] for one in runs.values()]
        series.append(Series(name, [one["content"] for one in judged], [one["style"] for one in judged]))
        labels += runs
    axes = ("content distance, judged", "style distance, judged")
    return Curves(title, *axes, series, points=True, joined=joined, labels=labels, note=note)


def source_block(options: Options) -> Pictures:
    """Photograph and painting."""
    material = load_material(options)
    cells = [Cell("photograph", as_pixels(material.photo)), Cell("painting", as_pixels(material.painting))]
    return Pictures("What is painted", [("", cells)])


def closing(options: Options, published: str, differs: str = "") -> list[Block]:
    """Who judged; what the paper prints; what differs here."""
    base = base_settings(options)
    here = f"{base.encoder} at {options.side} pixels, {sum(base.steps)} steps, one picture{differs}"
    return [Text(told_judge(base.encoder)), Text(f"Published: {published} What differs here: {here}.")]


def select(found: Mapping[str, Found], names: Sequence[str]) -> dict[str, Found]:
    """The runs of these names, in this order."""
    return {name: found[name] for name in names}
