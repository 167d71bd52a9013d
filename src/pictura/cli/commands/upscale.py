"""`pictura upscale`."""

from pathlib import Path
from typing import Annotated

import typer

from pictura import __version__
from pictura.cli.options import BatchOptions, Pictures, with_groups
from pictura.cli.text import examples
from pictura.runtime.memory import return_freed
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura upscale photo.jpg",
    "pictura upscale photo.jpg -o large.png --scale 2",
    "pictura upscale holidays/ -o large/ --model upscale-x4",
)


@with_groups
def upscale(
    pictures: Pictures,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file for one picture, else a folder (default: PICTURE_x4.png here)."),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, max=8, help="How many times wider and higher.")] = 4,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model's name (see pictura models), its folder or file, or bicubic (default: the shipped one)."
        ),
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=16, metavar="MIB", help="Memory to work in (default: 1024).")
    ] = None,
    *,
    options: BatchOptions,
) -> None:
    """Upscale pictures with a trained network."""
    use_threads(options.threads)
    from pictura import api
    from pictura.cli.batch import Work, pending_jobs, run_batch
    from pictura.cli.jobs import plan_jobs
    from pictura.networks.tiling.streaming import DEFAULT_MEMORY
    from pictura.tasks.enlarge import open_enlarger

    label = f"x{scale}" if model != "bicubic" else f"x{scale}_bicubic"
    to_do = pending_jobs(plan_jobs(pictures, output, label), options)
    if not to_do:
        return
    bytes_to_use = DEFAULT_MEMORY if memory is None else memory * 2**20
    return_freed(bytes_to_use)
    enlarger = open_enlarger(model, scale, memory=bytes_to_use, device=options.device)
    work = Work(
        lambda picture, _, __: api.upscale(picture, model=enlarger),
        {"upscale": enlarger.about, "pictura": __version__},
        size=lambda size: (size[0] * scale, size[1] * scale),
        less_memory="enlarge a smaller picture, or less with --scale",
    )
    run_batch(to_do, work, options)
