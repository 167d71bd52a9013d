"""`pictura synthesize`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli import provenance as recipes
from pictura.cli.options import Changes, RunOptions, with_settings
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura synthesize pebbles.jpg -o more.png --size 512x512",
    "pictura synthesize pebbles.jpg -o more.png --size 1024x256 --loss gram --seed 7",
)


@with_settings("texture")
def synthesize(
    texture: Annotated[Path, typer.Argument(help="A picture of the texture.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of the result in pixels.")] = "512x512",
    options: RunOptions,
    changes: Changes,
) -> None:
    """Make a new picture with the texture of another, of any size."""
    recipe = recipes.load_provenance(options.config, "texture").with_changes(changes)
    if options.config is not None:
        recipes.refuse_foreign_names(recipe.model_copy(update={"styles": ()}), options.config, changes)
    height_width = _parse_size(size)
    use_threads(options.threads)
    from pictura import api
    from pictura.cli.batch import Work, check_jobs, run_batch
    from pictura.cli.jobs import plan_jobs
    from pictura.methods.iterative.init import read_init_image
    from pictura.picture.writing import check_size
    from pictura.tasks.optimize import open_encoder

    settings = recipe.settings
    jobs = check_jobs(plan_jobs([texture], output, "").jobs, options)
    for job in jobs:
        check_size(job.target, height_width)
    read_init_image(settings)
    encoder = open_encoder(settings, options.device)
    work = Work(
        lambda picture, tell, stop: api.synthesize(
            picture, height_width, settings, encoder=encoder, callback=tell, stop=stop
        ),
        recipe.model_dump(mode="json"),
        size=lambda _: height_width,
        patient=True,
        less_memory="make a smaller picture, for example --size 256x256",
    )
    run_batch(jobs, work, options)


def _parse_size(text: str) -> tuple[int, int]:
    """(height, width) of WIDTHxHEIGHT."""
    match = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", text)
    if match is None:
        raise PicturaError(f"'{text}' is not a valid size: expected WIDTHxHEIGHT in pixels, for example 512x384.")
    return int(match[2]), int(match[1])
