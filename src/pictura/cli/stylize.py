"""`pictura stylize`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pictura.cli import recipe as recipes
from pictura.cli.jobs import plan
from pictura.cli.options import Changes, Manner, with_settings
from pictura.cli.recipe import Recipe
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.threads import use_threads

EXAMPLES = examples(
    "pictura stylize photo.jpg --style starry-night",
    "pictura stylize photo.jpg --style a.jpg --style-weight 2 --style b.jpg --style-weight 1 -o painted.png",
    "pictura stylize holidays/ --style starry-night -o painted/ --preset fast --size 800",
)


@with_settings
def stylize(
    content: Annotated[list[Path], typer.Argument(metavar="CONTENT", help="Pictures, and folders of pictures.")],
    manner: Manner,
    changes: Changes,
    style: Annotated[
        list[str] | None,
        typer.Option(help="A shipped style's name, a picture, a .style file or a folder of pictures (repeatable)."),
    ] = None,
    weight: Annotated[
        list[float] | None,
        typer.Option("--style-weight", metavar="WEIGHT", help="How much of each style, in their order (repeatable)."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A file for one content, else a folder (left out: CONTENT_STYLE.png here)."
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(min=1, help="Longest side of the result in pixels.")] = None,
) -> None:
    """Paint pictures in the manner of other pictures."""
    recipe = recipes.load(manner.config, "balanced").changed(changes, style, weight, size)
    if not recipe.styles:
        raise PicturaError("No style is named: add one, for example --style starry-night.")
    jobs = plan(content, output, recipe.label)
    use_threads(manner.threads)
    from pictura.api import stylize as paint
    from pictura.cli.painting import check, paint_all

    to_do = check(jobs, manner)
    if len(to_do) < len(jobs) and not manner.quiet:
        typer.echo(
            f"{len(jobs) - len(to_do)} of {len(jobs)} pictures are there already; --overwrite makes them anew", err=True
        )
    if not to_do:
        return
    given = _opened(recipe)
    paint_all(to_do, recipe, manner, lambda picture, tell: paint(picture, size=recipe.size, callback=tell, **given))


def _opened(recipe: Recipe) -> dict[str, Any]:
    """What all pictures share, opened once and checked: styles, settings, encoder."""
    from pictura import api

    settings = recipe.settings
    api.check_init(settings)
    encoder = api.open_encoder(settings)
    for layer in settings.content_layers:
        encoder.resolve(layer)
    styles = [api.opened_style(name, settings, encoder) for name in recipe.styles]
    api.weighted_style(styles, recipe.style_weights)
    return {"style": styles, "style_weights": recipe.style_weights, "settings": settings, "encoder": encoder}
