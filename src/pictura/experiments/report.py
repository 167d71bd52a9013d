"""What an experiment leaves: blocks of text, tables, curves and pictures, and the same as plain values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pictura.picture.picture import Pixels

Value = str | float | int | None
Side = Literal["low", "high"]  # which value of a column is the best one


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": "text", "text": self.text}


@dataclass(frozen=True)
class Table:
    """Rows of values below heads; `best` says of which columns the lowest or highest value is marked."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    note: str = ""
    best: Mapping[str, Side] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        rows = [[finite(value) for value in row] for row in self.rows]
        return {"kind": "table", "title": self.title, "columns": list(self.columns), "rows": rows, "note": self.note}

    def find_best(self) -> set[tuple[int, int]]:
        """(row, column) of the best values."""
        found = set()
        for name, side in self.best.items():
            at = list(self.columns).index(name)
            values = {i: v for i, row in enumerate(self.rows) if isinstance(v := row[at], int | float)}
            if len(values) > 1:
                best = (min if side == "low" else max)(values.values())
                found |= {(i, at) for i, value in values.items() if value == best}
        return found


@dataclass(frozen=True)
class Published:
    """The table of a paper beside ours, and one line on what differs: data, size, budget, judge."""

    ours: Table
    theirs: Table
    source: str
    differs: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        tables = {"ours": self.ours.as_json(), "theirs": self.theirs.as_json()}
        return {"kind": "published", **tables, "source": self.source, "differs": self.differs}


@dataclass(frozen=True)
class Series:
    """One curve: its points, in their order."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Curves:
    """A plot of several series.

    points: whether each value is marked; joined: whether a line joins the values of a series; labels: of all points,
        series after series; top: where the y axis ends, what is above it leaves the frame.
    """

    title: str
    x: str
    y: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    points: bool = False
    joined: bool = True
    labels: Sequence[str] = ()
    top: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        series = [{"name": s.name, "x": list(map(finite, s.x)), "y": list(map(finite, s.y))} for s in self.series]
        return {"kind": "curves", "title": self.title, "x": self.x, "y": self.y, "series": series, "note": self.note}


@dataclass(frozen=True)
class Cell:
    """A picture H×W×3 in [0, 1] with its name and a line below it."""

    name: str
    pixels: Pixels
    below: str = ""


@dataclass(frozen=True)
class Pictures:
    """Rows of pictures, each row with a name, or none."""

    title: str
    rows: Sequence[tuple[str, Sequence[Cell]]]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values: what is where, without the pixels."""
        rows = [{"name": name, "pictures": [[c.name, c.below] for c in cells]} for name, cells in self.rows]
        return {"kind": "pictures", "title": self.title, "rows": rows, "note": self.note}


Block = Text | Table | Published | Curves | Pictures


@dataclass(frozen=True)
class Report:
    """All of it.

    title: of the page; purpose: a paragraph on what is asked; blocks: what was found; answer: the same in a sentence;
        facts: what made it, by name; numbers: of each piece.
    """

    title: str
    purpose: str
    blocks: Sequence[Block]
    answer: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values, finite numbers only."""
        blocks = [block.as_json() for block in self.blocks]
        told = {"title": self.title, "purpose": self.purpose, "answer": self.answer, "facts": dict(self.facts)}
        plain: dict[str, Any] = finite({**told, "blocks": blocks, "pieces": dict(self.numbers)})
        return plain


def low(*columns: str) -> dict[str, Side]:
    """`Table.best` where the lowest value of these columns is the best."""
    return dict.fromkeys(columns, "low")


def finite(value: Any) -> Any:
    """The same without infinity and NaN, which JSON does not have: null."""
    if isinstance(value, Mapping):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
