"""A batch of pictures: read, painted, written, reported one by one; shared by `stylize` and `synthesize`."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from pictura.cli.jobs import Job
from pictura.cli.options import RunOptions
from pictura.cli.progress import ConsoleReport
from pictura.cli.provenance import Provenance
from pictura.cli.text import format_duration
from pictura.methods.iterative.run import Interrupted, Step
from pictura.picture import Picture, check_writable, read, write
from pictura.runtime.errors import PicturaError
from pictura.runtime.files import check_free, write_atomic

# Content and callback in, painting out; may raise `Interrupted`.
PaintFunction = Callable[[Picture, Callable[[Step], None]], Picture]


def check_jobs(jobs: list[Job], options: RunOptions) -> list[Job]:
    """The jobs that are still to be done; everything that can be refused before anything slow is refused here.

    Raises:
        PicturaError: an output, preview or trace cannot be written, or is there already. Of several outputs those
            that exist are taken as finished instead.
    """
    if options.trace is not None:
        check_free(options.trace, options.overwrite)
    open_jobs = [job for job in jobs if job.sole or options.overwrite or not job.target.exists()]
    for job in open_jobs:
        check_writable(job.target, options.overwrite)
        if options.every and not options.overwrite and (earlier := job.previews()):
            raise PicturaError(f"'{earlier[0]}' exists already: remove the old previews or add --overwrite.")
    return open_jobs


def pending_jobs(jobs: list[Job], options: RunOptions) -> list[Job]:
    """`check_jobs`, and a note about outputs that already exist."""
    to_do = check_jobs(jobs, options)
    if len(to_do) < len(jobs) and not options.quiet:
        skipped = len(jobs) - len(to_do)
        typer.echo(
            f"{skipped} of {len(jobs)} outputs exist already and are skipped; --overwrite replaces them",
            err=True,
        )
    return to_do


class StepReporter:
    """What is done at each step of one picture: bar, note, preview, trace."""

    def __init__(self, job: Job, options: RunOptions, report: ConsoleReport) -> None:
        self.job, self.options, self.report = job, options, report
        self.steps: list[dict[str, Any]] = []

    def __call__(self, step: Step) -> None:
        """Called by the method after each step."""
        self.report.step(self.job.source.name, step)
        if step.note:
            self.report.say(f"{self.job.source}: step {step.step}: {step.note}")
        if self.options.every and step.step % self.options.every == 0:
            write(Picture.of(step.picture()), self.job.preview(step.step), overwrite=self.options.overwrite)
        losses = {name: value if math.isfinite(value) else None for name, value in step.losses.items()}
        self.steps.append({"step": step.step, "size": step.size, "seconds": step.seconds, "losses": losses})


class BatchRunner:
    """Makes pictures with the same settings; remembers failures and what is to be traced."""

    def __init__(self, provenance: Provenance, options: RunOptions, report: ConsoleReport) -> None:
        self.provenance, self.options, self.report = provenance, options, report
        self.failed = False
        self.traces: list[dict[str, Any]] = []

    def paint(self, job: Job, work: PaintFunction) -> None:
        """Make one picture; one that cannot be output is named and passed over.

        Raises:
            PicturaError: it cannot be written, so that no further one could.
            typer.Exit: with code 130, after Ctrl-C, when the best picture so far is written.
        """
        reporter, start = StepReporter(job, self.options, self.report), time.monotonic()
        self.traces.append({"content": str(job.source), "output": str(job.target), "steps": reporter.steps})
        try:
            output = work(read(job.source), reporter)
        except PicturaError as error:
            self.report.tell(f"pictura: error: {error}")
            self.failed = True
        except Interrupted as stop:
            if job.sole:
                self._write(stop.picture, job.target)
                self.report.tell(f"pictura: interrupted; '{job.target}' holds the picture so far")
            else:
                self.report.tell("pictura: interrupted; finished pictures are kept; run the same command to continue")
            raise typer.Exit(130) from stop
        else:
            self._write(output, job.target)
            self._report_result(job, output, reporter, time.monotonic() - start)

    def _write(self, output: Picture, target: Path) -> None:
        write(
            output,
            target,
            overwrite=self.options.overwrite,
            settings=self.provenance.model_dump(mode="json"),
            keep_location=self.options.keep_location,
        )

    def _report_result(self, job: Job, output: Picture, reporter: StepReporter, seconds: float) -> None:
        height, width = output.size
        facts = {"content": str(job.source), "output": str(job.target), "width": width, "height": height}
        # No step at all is possible: the first number of --steps may be 0, and a small picture has one scale.
        losses = reporter.steps[-1]["losses"] if reporter.steps else {}
        facts |= {"seconds": round(seconds, 3), "steps": len(reporter.steps), "losses": losses}
        self.report.write_result(f"{job.source}: {job.target}, {width}×{height}, {format_duration(seconds)}", facts)

    def close(self) -> None:
        """Write the trace, if one is wanted and there is something in it."""
        pictures = [trace for trace in self.traces if trace["steps"]]
        if self.options.trace is not None and pictures:
            text = json.dumps({"recipe": self.provenance.model_dump(mode="json"), "pictures": pictures})
            write_atomic(self.options.trace, text.encode(), overwrite=self.options.overwrite)


def paint_all(jobs: list[Job], provenance: Provenance, options: RunOptions, work: PaintFunction) -> None:
    """Make all pictures.

    Raises:
        PicturaError: nothing more can be written.
        typer.Exit: with code 2 when some pictures could not be output, 130 after Ctrl-C.
    """
    with ConsoleReport(options.quiet, options.as_json) as report:
        runner = BatchRunner(provenance, options, report)
        try:
            for job in jobs:
                runner.paint(job, work)
        finally:
            runner.close()
    if runner.failed:
        raise typer.Exit(2)
