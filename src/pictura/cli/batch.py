"""A batch of pictures: read, made, written, reported one by one; shared by all commands that take several."""

import json
import math
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from pictura.cli.debugging import debugging
from pictura.cli.jobs import Job, Plan
from pictura.cli.options import BatchOptions
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import format_duration, print_text, printable
from pictura.methods.iterative.run import Interrupted, Step
from pictura.picture import Picture, check_writable, read, write
from pictura.picture.animation import count_frames
from pictura.picture.writing import check_size
from pictura.runtime.errors import LESS_MEMORY, DiskFullError, PicturaError, explain
from pictura.runtime.files import check_free, remove_temporaries, write_atomic
from pictura.runtime.signals import StopRequest, catch_signals

Size = tuple[int, int]  # height, width in pixels


@dataclass(frozen=True)
class Work:
    """What is done to each picture of a batch.

    make: content, callback and stop in, picture out; may raise `Interrupted`.
    read: a content's file in, content out.
    settings: kept in the pictures that are made.
    size: of the result, of a content of that size; what its format cannot hold is refused before anything is computed.
    less_memory: what a person can do when it does not suffice: options of this command.
    patient: `make` asks `stop` after each step, so that a signal need not break into one.
    """

    make: Callable[[Picture, Callable[[Step], None], Callable[[], bool]], Picture]
    settings: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Path], Picture] = read
    size: Callable[[Size], Size] = lambda size: size
    patient: bool = False
    less_memory: str = LESS_MEMORY


def check_jobs(jobs: list[Job], options: BatchOptions) -> list[Job]:
    """The jobs that are still to be done; everything that can be refused before anything slow is refused here.

    Raises:
        PicturaError: an output, preview or trace cannot be written, or is there already. Of several outputs those
            that exist are taken as finished instead.
    """
    if options.trace is not None:
        check_free(options.trace, options.overwrite)
    for folder in {job.target.parent for job in jobs}:
        remove_temporaries(folder)
    open_jobs = [job for job in jobs if job.sole or options.overwrite or not job.target.exists()]
    for job in open_jobs:
        check_writable(job.target, options.overwrite)
        if options.every and not options.overwrite and (earlier := job.previews()):
            raise PicturaError(f"'{earlier[0]}' exists already: remove the old previews or add --overwrite.")
    return open_jobs


def pending_jobs(plan: Plan, options: BatchOptions) -> list[Job]:
    """`check_jobs`, and notes about what was left out and about outputs that already exist."""
    jobs, to_do = plan.jobs, check_jobs(plan.jobs, options)
    for note in () if options.quiet else plan.notes:
        print_text(printable(f"pictura: {note}"), err=True)
    if len(to_do) < len(jobs) and not options.quiet:
        skipped = len(jobs) - len(to_do)
        print_text(
            f"{skipped} of {len(jobs)} outputs exist already and are skipped; --overwrite replaces them", err=True
        )
    return to_do


class StepReporter:
    """What is done at each step of one picture: bar, note, preview, trace."""

    def __init__(self, job: Job, options: BatchOptions, report: ConsoleReport) -> None:
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

    def __init__(self, work: Work, options: BatchOptions, report: ConsoleReport, stop: StopRequest) -> None:
        self.work, self.options, self.report, self.stop = work, options, report, stop
        self.failed = False
        self.traces: list[dict[str, Any]] = []

    def run(self, jobs: list[Job]) -> None:
        """Make all pictures; one that cannot be made, for whatever reason, is named and passed over.

        Raises:
            DiskFullError: no further one could be written.
            typer.Exit: after Ctrl-C or SIGTERM.
        """
        for job in jobs:
            try:
                self._make(job)
            except KeyboardInterrupt as stopped:
                self._end(job, stopped)
            except DiskFullError:
                raise
            except Exception as error:  # noqa: BLE001, whatever one picture does, the others are made
                self._tell(job, error)
            if self.stop() and job is not jobs[-1]:
                self._end(job, KeyboardInterrupt())

    def _make(self, job: Job) -> None:
        """Read, check, make, write and report one picture."""
        reporter, start = StepReporter(job, self.options, self.report), time.monotonic()
        self.traces.append({"content": str(job.source), "output": str(job.target), "steps": reporter.steps})
        content = self.work.read(job.source)
        check_size(job.target, self.work.size(content.size))
        if (frames := count_frames(job.source)) > 1:
            self.report.say(
                f"{job.source}: the first of its {frames} frames was taken; `pictura video` paints all of a GIF or film"
            )
        output = self.work.make(content, reporter, self.stop)
        self._write(output, job.target)
        self._report_result(job, output, reporter, time.monotonic() - start)

    def _tell(self, job: Job, error: Exception) -> None:
        """One sentence, and with --debug where it happened."""
        sentence = explain(error, str(job.source), alone=job.sole, less_memory=self.work.less_memory)
        if debugging():
            self.report.console.print(
                printable("".join(traceback.format_exception(error)), keep="\n"), markup=False, highlight=False
            )
        self.report.tell(f"pictura: error: {sentence}")
        self.failed = True

    def _end(self, job: Job, stopped: KeyboardInterrupt) -> None:
        """Leave, a sole picture written as far as it came."""
        if job.sole and isinstance(stopped, Interrupted):
            self._write(stopped.picture, job.target)
            self.report.tell(f"pictura: interrupted; '{job.target}' holds the picture so far")
        elif job.sole:
            self.report.tell("pictura: interrupted")
        else:
            self.report.tell("pictura: interrupted; finished pictures are kept; run the same command to continue")
        raise typer.Exit(self.stop.exit_code) from stopped

    def _write(self, output: Picture, target: Path) -> None:
        write(
            output,
            target,
            overwrite=self.options.overwrite,
            settings=dict(self.work.settings),
            keep_location=self.options.keep_location,
        )

    def _report_result(self, job: Job, output: Picture, reporter: StepReporter, seconds: float) -> None:
        height, width = output.size
        facts = {"content": str(job.source), "output": str(job.target), "width": width, "height": height}
        # No step at all is possible: the first number of --steps may be 0, and one pass has none.
        losses = reporter.steps[-1]["losses"] if reporter.steps else {}
        facts |= {"seconds": round(seconds, 3), "steps": len(reporter.steps), "losses": losses}
        self.report.write_result(f"{job.source}: {job.target}, {width}×{height}, {format_duration(seconds)}", facts)

    def close(self) -> None:
        """Write the trace, if one is wanted and there is something in it."""
        pictures = [trace for trace in self.traces if trace["steps"]]
        if self.options.trace is not None and pictures:
            text = json.dumps({"recipe": dict(self.work.settings), "pictures": pictures})
            write_atomic(self.options.trace, text.encode(), overwrite=self.options.overwrite)


def run_batch(jobs: list[Job], work: Work, options: BatchOptions) -> None:
    """Make all pictures.

    Raises:
        DiskFullError: nothing more can be written.
        typer.Exit: with code 2 when some pictures could not be made, 130 after Ctrl-C, 143 after SIGTERM.
    """
    with (
        ConsoleReport(options.quiet, options.as_json) as report,
        catch_signals(clean_up=True, at_once=not work.patient) as stop,
    ):
        runner = BatchRunner(work, options, report, stop)
        try:
            runner.run(jobs)
        finally:
            runner.close()
    if runner.failed:
        raise typer.Exit(2)
