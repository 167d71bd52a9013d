"""`pictura synthesize`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from pictura.cli import provenance as recipes
from pictura.cli.jobs import plan
from pictura.cli.options import Changes, Manner, with_settings
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura synthesize pebbles.jpg -o more.png --size 512x512",
    "pictura synthesize pebbles.jpg -o more.png --size 1024x256 --loss gram --seed 7",
)


@with_settings
def synthesize(
    texture: Annotated[Path, typer.Argument(help="A picture of the texture.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of the result in pixels.")] = "512x512",
    manner: Manner,
    changes: Changes,
) -> None:
    """Make a new picture with the texture of another, of any size."""
    recipe = recipes.load(manner.config, "texture").changed(changes)
    height_width = _size(size)
    use_threads(manner.threads)
    from pictura import api
    from pictura.cli.batch import check, paint_all

    settings = recipe.settings
    jobs = check(plan([texture], output, ""), manner)
    api.check_init(settings)
    encoder = api.open_encoder(settings)
    paint_all(
        jobs,
        recipe,
        manner,
        lambda picture, tell: api.synthesize(picture, height_width, settings, encoder=encoder, callback=tell),
    )


def _size(text: str) -> tuple[int, int]:
    """(height, width) of WIDTHxHEIGHT."""
    match = re.fullmatch(r"([1-9]\d*)[x×]([1-9]\d*)", text)
    if match is None:
        raise PicturaError(f"'{text}' is no size: write width and height in pixels, for example 512x384.")
    return int(match[2]), int(match[1])
