"""Plain text for people: what a terminal may be shown, columns, durations, the end of a help."""

import unicodedata
from collections.abc import Sequence

import typer

# Unicode's marks that turn the direction of writing: they can make one name look like another.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, keep: str = "") -> str:
    """Text without characters that steer a terminal, from names of files and from what files say: shown as escapes.

    `keep` are those that the caller itself has put there: line ends.
    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or not _steers(c) else c.encode("unicode_escape").decode("ascii") for c in text)


def _steers(character: str) -> bool:
    """Whether it is a control character, a line end, half of a surrogate pair, or one that turns the writing."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNING


def print_text(text: str, *, err: bool = False) -> None:
    """Lines for a person on stdout or stderr: the one way there, so that no name steers the terminal."""
    typer.echo(printable(text, keep="\n"), err=err)


def print_error(sentence: str) -> None:
    """One line on stderr."""
    typer.echo(printable(f"pictura: error: {sentence}"), err=True)


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines with their columns below each other; nothing is cut off, so that paths can be copied."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "\n".join(line.rstrip() for line in lines)


def format_duration(seconds: float) -> str:
    """``8 s``, ``1 min 20 s`` or ``2 h 5 min``."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line (typer keeps a line where two newlines stand)."""
    return "\n\n".join(("Examples:", *(f"  {line}" for line in lines)))
