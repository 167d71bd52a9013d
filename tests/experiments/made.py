"""A small experiment whose pieces say when they are computed, and whatever else the tests share."""

import os
import signal
from pathlib import Path

import numpy as np

from pictura.experiments.pieces import Found, Piece
from pictura.experiments.report import Cell, Curves, Pictures, Published, Report, Series, Table, Text


def count(work, *, number, journal, stop_at):
    """A number and a picture of noise; `stop_at` ends the program, or raises, where the piece begins."""
    with Path(journal).open("a") as file:
        file.write(f"{number}\n")
    if number == stop_at:
        os.kill(os.getpid(), signal.SIGKILL)
    if stop_at == -number:
        raise RuntimeError("broken on purpose")
    work.tell(0.5, "half")
    noise = np.random.default_rng(number).random((8, 12, 3)).astype(np.float32)
    return Found({"square": number**2, "drawn": float(np.random.default_rng().random())}, {"noise": noise})


class Counting:
    """Four pieces; as `random` numbers are in them, only what was kept is the same twice."""

    def __init__(self, journal, stop_at=0):
        self.journal, self.stop_at = str(journal), stop_at

    def plan(self, options):
        from functools import partial

        return [
            Piece(f"piece {n}", {"number": n, "seed": options.seed},
                  partial(count, number=n, journal=self.journal, stop_at=self.stop_at))
            for n in range(1, 5)
        ]  # fmt: skip

    def report(self, options, found):
        numbers = {name: one.numbers for name, one in found.items()}
        rows = [[name, n["square"], n["drawn"]] for name, n in numbers.items()]
        table = Table("Squares & <roots>", ["piece", "square", "drawn"], rows, best={"square": "low"})
        theirs = Table("Theirs", ["piece", "square"], [["piece 1", 1.0], ["piece 2", None]])
        curves = Curves(
            "Growth", "n", "n²", [Series("a", [1, 2, 3], [1, 4, float("inf")]), Series("b", [1, 2], [2, 1])]
        )
        cells = [Cell(name, one.pictures["noise"], "noise") for name, one in found.items()]
        return Report(
            "Counting </script> & more",
            "How large are squares?",
            [Text("A <b>text</b>."), table, Published(table, theirs, "A paper.", "the numbers"), curves,
             Pictures("Noise", [("row", cells)])],
            "Larger.",
        )  # fmt: skip


def computed(journal):
    """The pieces that were computed, in their order."""
    return [int(line) for line in Path(journal).read_text().split()] if Path(journal).exists() else []
