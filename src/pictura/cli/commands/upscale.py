"""`pictura upscale`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pictura import __version__
from pictura.cli.jobs import Job, plan_jobs
from pictura.cli.options import Device, KeepLocation, Overwrite, RunOptions
from pictura.cli.progress import ConsoleReport
from pictura.cli.text import examples, format_duration
from pictura.runtime.errors import PicturaError
from pictura.runtime.memory import return_freed
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.tasks.enlarge import Enlarger

EXAMPLES = examples(
    "pictura upscale photo.jpg",
    "pictura upscale photo.jpg -o large.png --scale 2",
    "pictura upscale holidays/ -o large/ --model upscale-x4",
)


def upscale(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Pictures, and folders of pictures.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file for one picture, else a folder (default: PICTURE_x4.png here)."),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, max=8, help="How many times wider and higher.")] = 4,
    model: Annotated[
        str | None,
        typer.Option(help="A model's name (see pictura models), its folder or file, or bicubic."),
    ] = None,
    memory: Annotated[int | None, typer.Option(min=16, metavar="MIB", help="Memory to work in.")] = None,
    overwrite: Overwrite = False,
    keep_location: KeepLocation = False,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads to use.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line per finished picture.")] = False,
) -> None:
    """Upscale pictures with a trained network."""
    jobs = plan_jobs(pictures, output, f"x{scale}")
    use_threads(threads)
    from pictura.cli.batch import pending_jobs
    from pictura.networks.tiling.streaming import DEFAULT_MEMORY
    from pictura.tasks.enlarge import open_enlarger

    options = RunOptions(overwrite=overwrite, keep_location=keep_location, quiet=quiet)
    to_do = pending_jobs(jobs, options)
    if not to_do:
        return
    return_freed()
    bytes_to_use = DEFAULT_MEMORY if memory is None else memory * 2**20
    enlarger = open_enlarger(model, scale, memory=bytes_to_use, device=device)
    with ConsoleReport(quiet, as_json) as report:
        done = [_enlarge(job, enlarger, options, report) for job in to_do]
    if not all(done):
        raise typer.Exit(2)


def _enlarge(job: Job, enlarger: "Enlarger", options: RunOptions, report: ConsoleReport) -> bool:
    """Whether one picture could be read and enlarged; one that cannot is named and passed over.

    Raises:
        PicturaError: it cannot be written, so that no further one could.
    """
    from pictura.api import upscale as enlarged
    from pictura.picture import read, write

    began = time.monotonic()
    try:
        made = enlarged(read(job.source), model=enlarger)
    except PicturaError as error:
        report.tell(f"pictura: error: {error}")
        return False
    about = {"upscale": enlarger.about, "pictura": __version__}
    write(made, job.target, overwrite=options.overwrite, settings=about, keep_location=options.keep_location)
    seconds, (height, width) = time.monotonic() - began, made.size
    facts = {"content": str(job.source), "output": str(job.target), "width": width, "height": height}
    report.write_result(
        f"{job.source}: {job.target}, {width}×{height}, {format_duration(seconds)}",
        facts | {"seconds": round(seconds, 3)},
    )
    return True
