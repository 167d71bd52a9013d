"""Plain text for people: columns, durations, the end of a help."""

from collections.abc import Sequence


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines with their columns below each other; nothing is cut off, so that paths can be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
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
