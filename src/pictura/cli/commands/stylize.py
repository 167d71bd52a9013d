"""`pictura stylize`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pictura.cli import provenance as recipes
from pictura.cli.jobs import plan_jobs
from pictura.cli.options import Changes, LongestSide, RunOptions, Styles, StyleWeights, with_settings
from pictura.cli.provenance import Provenance
from pictura.cli.text import examples
from pictura.runtime.errors import PicturaError
from pictura.runtime.memory import return_freed
from pictura.runtime.threads import use_threads

if TYPE_CHECKING:
    from pictura.cli.batch import PaintFunction

EXAMPLES = examples(
    "pictura stylize photo.jpg --style starry-night",
    "pictura stylize photo.jpg --style a.jpg --style-weight 2 --style b.jpg --style-weight 1 -o painted.png",
    "pictura stylize holidays/ --style starry-night -o painted/ --preset fast --size 800",
    "pictura stylize photo.jpg --style the-scream --method adain --strength 0.7",
)


Contents = Annotated[list[Path], typer.Argument(metavar="CONTENT", help="Pictures, and folders of pictures.")]
OutputPath = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A file for one content, else a folder (left out: CONTENT_STYLE.png here)."),
]
MethodName = Annotated[
    Literal["optimize", "adain", "fast"] | None,
    typer.Option(
        help="optimize: the best pictures, in seconds; adain: any style at once; "
        "fast: at once, in the styles of a trained network."
    ),
]


@dataclass(frozen=True)
class FeedForwardOptions:
    """What only the methods take that paint in one pass; None is what was not given."""

    strength: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="From 0, the photo, to 1; adain and fast.")
    ] = None
    mask: Annotated[
        list[Path] | None,
        typer.Option(help="For each style a picture, white where it is to be seen (repeatable); adain and fast."),
    ] = None
    keep_colours: Annotated[
        bool | None, typer.Option("--keep-colours", help="Keep the photo's colours; adain and fast.")
    ] = None
    model: Annotated[str | None, typer.Option(help="A bundle other than the shipped one; adain and fast.")] = None
    memory: Annotated[int | None, typer.Option(min=16, metavar="MIB", help="Memory to work in; adain and fast.")] = None


@with_settings
def stylize(
    content: Contents,
    *,
    style: Styles = None,
    weight: StyleWeights = None,
    output: OutputPath = None,
    size: LongestSide = None,
    method: MethodName = None,
    feed_forward: FeedForwardOptions,
    options: RunOptions,
    changes: Changes,
) -> None:
    """Paint pictures in the manner of other pictures."""
    recipe = recipes.load_provenance(options.config, "balanced").with_changes(
        changes,
        styles=style,
        style_weights=tuple(weight) if weight else None,
        size=size,
        method=method,
        strength=feed_forward.strength,
        masks=tuple(str(path) for path in feed_forward.mask) if feed_forward.mask else None,
        keep_colours=feed_forward.keep_colours,
        model=feed_forward.model,
    )
    if not recipe.styles:
        raise PicturaError("No style is named: add one, for example --style starry-night.")
    _check_options(recipe, changes, feed_forward, options)
    jobs = plan_jobs(content, output, recipe.label)
    use_threads(options.threads)
    from pictura.cli.batch import paint_all, pending_jobs

    if to_do := pending_jobs(jobs, options):
        work = (
            _open_iterative(recipe) if recipe.method == "optimize" else _open_feed_forward(recipe, feed_forward.memory)
        )
        paint_all(to_do, recipe, options, work)


def _check_options(recipe: Provenance, changes: Changes, once: FeedForwardOptions, manner: RunOptions) -> None:
    """Refuse options of another method than the one that paints."""
    if recipe.method == "optimize":
        if recipe.strength != 1 or recipe.masks or recipe.keep_colours or recipe.model or once.memory is not None:
            raise PicturaError("Strength, masks, colours, model and memory need --method adain or fast.")
        return
    asked = [*changes, *(name for name in ("every", "trace") if getattr(manner, name) is not None)]
    if wrong := [name for name in asked if name != "style_scale"]:
        raise PicturaError(f"--{wrong[0].replace('_', '-')} belongs to --method optimize, not to {recipe.method}.")
    if asked and recipe.method == "fast":
        raise PicturaError("--style-scale belongs to --method optimize and adain: a network for fast has one size.")


def _open_iterative(recipe: Provenance) -> "PaintFunction":
    """What all pictures share, opened once and checked: styles, settings, encoder."""
    from pictura import api

    settings = recipe.settings
    api.read_init_image(settings)
    encoder = api.open_encoder(settings)
    for layer in settings.content_layers:
        encoder.resolve(layer)
    styles = [api.prepare_style(name, settings, encoder) for name in recipe.styles]
    api.mix_styles(styles, recipe.style_weights)
    return lambda picture, tell: api.stylize(
        picture,
        styles,
        settings,
        size=recipe.size,
        style_weights=recipe.style_weights,
        encoder=encoder,
        callback=tell,
    )


def _open_feed_forward(recipe: Provenance, memory: int | None) -> "PaintFunction":
    """The same with a network that paints in one pass."""
    from pictura import api

    return_freed()
    painter = api.open_painter(
        recipe.styles,
        recipe.method,
        style_weights=recipe.style_weights,
        masks=recipe.masks,
        model=recipe.model,
        strength=recipe.strength,
        style_scale=recipe.settings.style_scale,
        keep_colours=recipe.keep_colours,
        **({} if memory is None else {"memory": memory * 2**20}),
    )
    return lambda picture, _: api.stylize_at_once(picture, painter, size=recipe.size)
