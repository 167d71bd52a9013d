"""The log of a run: JSON lines that any tool reads, means of the losses over a few steps each."""

import contextlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pictura.runtime.files import write_atomic

MAX_LINES = 2000  # a log has at most about so many, and the plot so many points

LogLine = dict[str, Any]


class Log:
    """Appends to the file; a log that cannot be written stops no training."""

    def __init__(self, path: Path, steps: int) -> None:
        self.path, self.every = path, math.ceil(steps / MAX_LINES)
        self._sums: dict[str, float] = {}
        self._count = 0

    def begin(self, step: int) -> None:
        """Forget what was logged after so many steps: a resumed training takes those again."""
        kept = [line for line in read_log(self.path) if line["step"] <= step]
        write_atomic(self.path, "".join(json.dumps(line) + "\n" for line in kept).encode(), overwrite=True)

    def add(self, step: int, losses: Mapping[str, float], seconds: float, rate: float) -> None:
        """After each step, from 1."""
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if step % self.every:
            return
        means = {name: value / self._count for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        line = {"step": step, "losses": means, "seconds": round(seconds, 3), "images_per_second": round(rate, 3)}
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read_log(path: Path) -> list[LogLine]:
    """The whole lines of a log; a torn last one, as a crash leaves it, is passed over."""
    lines: list[LogLine] = []
    with contextlib.suppress(OSError):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict) and isinstance(line.get("step"), int):
                    lines.append(line)
    return lines
