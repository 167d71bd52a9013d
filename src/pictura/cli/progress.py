"""Progress and results: a bar on a terminal, a line now and then elsewhere, JSON for programs."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from pictura.cli.text import format_duration, printable

if TYPE_CHECKING:
    from pictura.methods.iterative.run import Step

SECONDS = 30.0  # from one line to the next, where there is no bar: work that is shorter says nothing


class ConsoleReport:
    """Lines and the bar go to stderr, JSON to stdout; to be used as a context."""

    def __init__(self, quiet: bool, as_json: bool) -> None:
        self.quiet, self.as_json = quiet, as_json
        self.console = Console(stderr=True)
        self.plain = not self.console.is_terminal
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[said]}"))
        # Unless told not to, rich carries what is written to stdout, the JSON lines, to its own stream, stderr.
        self.bar = Progress(
            *columns,
            console=self.console,
            transient=True,
            disable=quiet or self.plain,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.bar.add_task("", said="", visible=False)
        self.last = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def step(self, name: str, step: "Step") -> None:
        """Move the bar to a step of an optimization."""
        self.move(name, step.step, step.steps, format_progress(step))

    def move(self, name: str, done: int, total: int | None, said: str) -> None:
        """Move the bar; where there is none, a line when the last one is long ago."""
        name, said = printable(name), printable(said)
        self.bar.update(self.task, description=name, completed=done, total=total, said=said, visible=True)
        if self.plain and time.monotonic() - self.last >= SECONDS:
            self.say(f"{name}: {said}")

    def say(self, line: str) -> None:
        """One line, unless quiet."""
        if not self.quiet:
            self.tell(line)

    def tell(self, line: str) -> None:
        """One line that nobody may miss; the bar makes room for it."""
        self.last = time.monotonic()
        self.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)

    def write_result(self, line: str, facts: dict[str, Any]) -> None:
        """A picture is done."""
        self.say(line)
        if self.as_json:
            typer.echo(json.dumps(facts))


def format_progress(step: "Step") -> str:
    """``12/230  181×128  style 0.31  content 0.05  1 min 20 s left``."""
    height, width = step.size
    losses = "  ".join(f"{name} {value:.3g}" for name, value in step.losses.items() if name != "total")
    return f"{step.step}/{step.steps}  {width}×{height}  {losses}  {format_duration(step.left)} left"


@contextmanager
def counting_bar(verb: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """What is told how many of how many are done: a bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=quiet or not console.is_terminal, redirect_stdout=False
    ) as bar:
        task = bar.add_task(verb)
        yield lambda done, total: bar.update(task, completed=done, total=total)
