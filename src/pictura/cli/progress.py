"""Progress and results: a bar on a terminal, plain lines elsewhere, JSON for programs."""

import json
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from pictura.cli.text import format_duration

if TYPE_CHECKING:
    from pictura.methods.iterative.run import Step


class ConsoleReport:
    """Lines and the bar go to stderr, JSON to stdout; to be used as a context."""

    def __init__(self, quiet: bool, as_json: bool) -> None:
        self.quiet, self.as_json = quiet, as_json
        self.console = Console(stderr=True)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[said]}"))
        hidden = quiet or not self.console.is_terminal
        # Unless told not to, rich carries what is written to stdout, the JSON lines, to its own stream, stderr.
        self.bar = Progress(
            *columns, console=self.console, transient=True, disable=hidden, redirect_stdout=False, redirect_stderr=False
        )
        self.task = self.bar.add_task("", said="", visible=False)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def step(self, name: str, step: "Step") -> None:
        """Move the bar."""
        self.bar.update(
            self.task, description=name, completed=step.step, total=step.steps, said=format_progress(step), visible=True
        )

    def say(self, line: str) -> None:
        """One line, unless quiet."""
        if not self.quiet:
            self.tell(line)

    def tell(self, line: str) -> None:
        """One line that nobody may miss; the bar makes room for it."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

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
